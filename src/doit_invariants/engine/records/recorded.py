"""Reads and writes the record of a task in doit's DB, even if the DB is damaged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.core.paths import is_inside
from doit_invariants.engine.records.shared_details import MissingDetails
from doit_invariants.engine.records.triples import (
    is_superseded,
    known_file,
    known_tree,
    read_triple,
    to_triple,
)
from doit_invariants.files.state import FileState
from doit_invariants.files.tree import is_directory
from doit_invariants.rules.record import KEY, PathState, Record, Unreadable, from_json, to_json

if TYPE_CHECKING:
    from doit_invariants.engine.session import Session
    from doit_invariants.engine.tracking import TrackedSet


@dataclass(slots=True, eq=False, repr=False)
class StoredState:
    """The state of a task in the DB.

    :ivar record: our record, None if there is none
    :ivar unreadable: why the stored record can't be read, None if it can or if there is none
    :ivar states: doit's own states of ``file_dep``, by path
    :ivar superseded: whether plain doit, without us, has run the task since
    :ivar upgraded: whether a fingerprint was upgraded from an earlier version of its kind
    :ivar moved: whether the record was made when the project was in another directory
    """

    record: Record | None = None
    unreadable: str | None = None
    states: dict[str, Any] = field(default_factory=dict)
    moved: bool = False
    superseded: bool = False
    upgraded: bool = False

    def known(self, path: str, info: os.stat_result) -> PathState:
        """Return the recorded state of a ``file_dep``, None if there is none."""
        stored = self.states.get(path)
        if is_directory(info):
            return known_tree(stored, self.record, path)
        if self.record is None:
            return known_file(stored, None, info, path)
        if path in self.record.trees and stored is not None:
            return self.record.trees[path]  # it was a directory
        triple, stats = read_triple(stored), self.record.stats
        if triple is not None and path in stats and is_superseded(triple, stats[path]):
            self.superseded = True
        return known_file(stored, stats, info, path)

    def drop_implicit(self) -> None:
        """Drop what was tracked implicitly, if it is older than the last success of the task."""
        if self.record is not None and self.superseded:
            listed = {k: e for k, e in self.record.entries.items() if e.source is None}
            self.record = replace(self.record, targets=None, entries=listed, sources=())


def read(session: Session, task: str) -> StoredState:
    """Return what the DB has for a task; never raise, however damaged it is."""
    try:
        data = session.db.get(task, KEY)
    except Exception as error:
        return StoredState(unreadable=discard(session, task, error))
    if data is None:
        return StoredState()
    try:
        return StoredState(record=from_json(_whole(session, data)))
    except Unreadable as error:
        return StoredState(unreadable=str(error))


def _whole(session: Session, data: Json) -> Json:
    """Return a stored record with its shared part filled in; raises Unreadable."""
    if not isinstance(data, dict):
        return data
    try:
        return session.details.expand(data)
    except MissingDetails as error:
        raise Unreadable("the DB no longer holds what was tracked for it") from error
    except (TypeError, KeyError) as error:
        raise Unreadable("the record is damaged") from error


def write(
    session: Session, task: str, record: Record, shared_set: TrackedSet | None = None
) -> None:
    """Put a record into doit's DB; it is durable when doit closes the DB.

    The row of the task must have been read before: two of doit's backends lose the other values of
    a row that is written without being read.

    :param shared_set: the tracked set that several tasks share; its part is stored only once
    """
    for entry in record.entries.values():
        session.details.save(entry.fingerprint.get("details"))
    data = to_json(record)
    if shared_set is not None:
        tracked = {key: one for key, one in data["entries"].items() if one[4] is not None}
        content = {"entries": tracked, "sources": data["sources"]}
        data["entries"] = {k: one for k, one in data["entries"].items() if k not in tracked}
        data["sources"] = session.details.intern(shared_set, content)
    session.db.set(task, KEY, data)


def retarget(session: Session, producer: str, path: str, state: PathState) -> None:
    """Record the present state of a target, which another task edited in place, for its maker."""
    record = read(session, producer).record
    if record is not None and record.targets is not None and path in record.targets:
        targets = {**record.targets, path: state}
        write(session, producer, replace(record, targets=targets, whole="", kept=""))


def take_input(
    session: Session,
    task: str,
    path: str,
    before: PathState,
    after: PathState,
    info: os.stat_result,
) -> None:
    """Record a ``file_dep`` of a task as another task has left it.

    Nothing changes if the recorded state is not the one before that edit.

    :param before, after: its states before and after the edit
    :param info: its present stat
    """
    triple = read_triple(session.db.get(task, path))
    record = read(session, task).record
    if triple is None or before is None or triple[2] != before.digest or record is None:
        return
    if isinstance(after, FileState):
        record = replace(record, stats={**record.stats, path: after.stat})
    elif after is not None:
        record = replace(record, trees={**record.trees, path: after})
    session.db.set(task, path, to_triple(after, info))
    write(session, task, replace(record, whole="", kept=""))


def discard(session: Session, task: str, error: Exception) -> str:
    """Empty a row in memory that the backend can't decode; return the problem for the user.

    Otherwise each of doit's own reads would raise again, which makes ``doit -n`` hang. The DB on
    disk only changes if the task then runs.
    """
    session.db.discard(task)
    return f"the row of this task in the DB is damaged ({type(error).__name__})"


# ---------------------------------------------------------------------- moved projects
#
# Many `dodo.py` build absolute paths from `__file__`, which change when the project moves.


def translate(record: Record, root: str) -> Record:
    """Return a record with its paths moved to this directory."""
    old = record.root
    targets = record.targets
    return replace(
        record,
        stats={_from(path, old, root): stat for path, stat in record.stats.items()},
        trees={_from(path, old, root): tree for path, tree in record.trees.items()},
        targets=targets and {_from(path, old, root): state for path, state in targets.items()},
    )


def recorded_path(path: str, record: Record | None, root: str) -> str:
    """Return the name under which doit recorded a path."""
    if record is None or record.root == root:
        return path
    return _from(path, root, record.root)


def _from(path: str, old: str, new: str) -> str:
    # As strings: a path need not be normalized, and doit compares strings.
    return new + path[len(old) :] if is_inside(path, old) else path
