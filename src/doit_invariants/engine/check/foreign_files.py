"""Foreign files: files in a target directory that the task did not make.

A record covers the whole directory as it is after a success, including files that a user has put
there before. ``doit clean`` must tell the two apart. A file is foreign if it was there before the
actions ran, did not change, and was not made by an earlier run. The DB lists foreign files in rows
of their own, for the few tasks that have any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from doit_invariants.files.state import FileState, is_settled
from doit_invariants.files.tree import TreeState, ups
from doit_invariants.rules.record import PathState, Record
from doit_invariants.rules.schema import Origin

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database

# No task has such a name: the command `invariants` forbids a group of that name, as in
# :mod:`doit_invariants.engine.records.shared_details`.
_PREFIX = "invariants:others:"
_FIELD = "others:"

States = Mapping[str, PathState]


def note(
    db: Database,
    task: str,
    origin: Origin,
    before: States | None,
    previous: Record | None,
    after: States | None,
) -> None:
    """Save the foreign files in the directories that a task has made.

    :param before: the targets before the actions ran
    :param previous: the record of the task at that time
    :param after: the targets now
    """
    found: dict[str, list[str]] = {}
    for path, state in (after or {}).items():
        old = (before or {}).get(path)
        if origin != "restore" and isinstance(state, TreeState) and isinstance(old, TreeState):
            made = made_in(db, task, previous, path)
            others = _unchanged(old, state) - made
            if others:
                found[path] = sorted(others)
    if found:
        db.set(_PREFIX + task, _FIELD, found)
    elif db.has(_PREFIX + task):
        db.remove(_PREFIX + task)


def made_in(db: Database, task: str, record: Record | None, path: str) -> set[str]:
    """Return the relative paths in a directory that a task is known to have made."""
    state = (record.targets or {}).get(path) if record is not None else None
    if record is None or not isinstance(state, TreeState) or record.origin == "adopt":
        return set()
    rows = db.get(_PREFIX + task, _FIELD)
    others = rows.get(path, ()) if isinstance(rows, dict) else ()
    return {*state.entries}.difference(others)


def _unchanged(before: TreeState, after: TreeState) -> set[str]:
    """Return the entries that did not change; a directory only if nothing below it changed."""
    same = {name for name, one in after.entries.items() if _is_same(before.entries.get(name), one)}
    new = {up for name in after.entries if name not in same for up in ups(name)}
    return same - new


def _is_same(before: FileState | None, after: FileState) -> bool:
    if before is None or before.stat is None or after.stat is None or is_settled(before.stat):
        return before == after
    # A file that was written right before the run had no settled stat then, but has one now.
    return before.digest == after.digest and before.stat[:3] == after.stat[:3]
