"""A project that was moved or checked out elsewhere: absolute paths in its records are translated.

Relative paths need nothing. But many ``dodo.py`` anchor their paths on ``__file__``, and to
plain doit every such path is another file after a move.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.core.paths import is_inside, mentions, moved
from doit_invariants.rules.record import Record
from doit_invariants.rules.schema import KEY, VALUES_ROOT

if TYPE_CHECKING:
    from doit_invariants.hosts.doit.dependency import InvariantsDependency


def translate(record: Record, root: str) -> Record:
    """Return a record with the paths that its files have in this directory."""
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
    # By the text: a path need not be normalised, and doit compares texts.
    return new + path[len(old) :] if is_inside(path, old) else path


def values_here(dep_manager: InvariantsDependency, task: str, values: Json) -> Json:
    """Return values of a task with the paths that files of the project have in this directory.

    A ``calc_dep`` gives names of files, and what one task gives another one reads: left as they
    are these would be the files of the directory that the project was copied from.
    """
    old = dep_manager._get(task, VALUES_ROOT)
    if old is None:  # saved by an earlier version
        record = dep_manager._get(task, KEY)
        old = record.get("root") if isinstance(record, dict) else None
    return moved(values, old, dep_manager.session.root) if isinstance(old, str) else values


def save_root(dep_manager: InvariantsDependency, task: str, values: Any) -> None:
    """Save where the values of a task have their paths; the task may have no record."""
    if mentions(values, dep_manager.session.root):
        dep_manager._set(task, VALUES_ROOT, dep_manager.session.root)


def resave_values(dep_manager: InvariantsDependency, task: str) -> None:
    """Save the values of a task as they are here, before its record says that it is of here."""
    values = dep_manager.get_values(task)
    if values:
        dep_manager._set(task, "_values_:", values)
    result = dep_manager.get_result(task)
    if isinstance(result, dict):
        dep_manager._set(task, "result:", result)
    dep_manager._set(task, VALUES_ROOT, dep_manager.session.root)
