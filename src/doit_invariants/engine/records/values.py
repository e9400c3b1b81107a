"""Saved values and results of tasks, with their paths moved to this directory.

A ``calc_dep`` returns names of files, and tasks read values of other tasks. If the project was
moved or copied since, the saved paths would point to files in the former directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.core.paths import mentions, moved
from doit_invariants.rules.schema import KEY, VALUES_ROOT

if TYPE_CHECKING:
    from doit_invariants.engine.session import Session

VALUES = "_values_:"
RESULT = "result:"


def values_of(session: Session, task: str) -> dict[str, Json]:
    """Return the saved values of a task."""
    found: dict[str, Json] = with_present_paths(session, task, session.db.get(task, VALUES)) or {}
    return found


def result_of(session: Session, task: str) -> Json:
    """Return the saved result of a task: the digest of a string, a dict as it is, or None."""
    return with_present_paths(session, task, session.db.get(task, RESULT))


def with_present_paths(session: Session, task: str, saved: Any) -> Any:
    """Return saved values or a saved result with their paths moved to this directory."""
    if not saved or isinstance(saved, str):
        return saved
    old = session.db.get(task, VALUES_ROOT)
    if old is None:  # saved by an earlier version
        record = session.db.get(task, KEY)
        old = record.get("root") if isinstance(record, dict) else None
    return moved(saved, old, session.root) if isinstance(old, str) else saved


def save_root(session: Session, task: str, values: Any) -> None:
    """Save to which directory the paths in values belong, because a task may have no record."""
    if mentions(values, session.root):
        session.db.set(task, VALUES_ROOT, session.root)


def save_values(session: Session, task: str, values: dict[str, Any], result: Any) -> None:
    """Save the values and the result of a task, and nothing that could make it up-to-date."""
    session.db.save_values(task, values, result)
    save_root(session, task, values)


def resave_values(session: Session, task: str) -> None:
    """Save the values of a task with present paths, before its record names this directory."""
    values, result = values_of(session, task), result_of(session, task)
    if values:
        session.db.set(task, VALUES, values)
    if isinstance(result, dict):
        session.db.set(task, RESULT, result)
    session.db.set(task, VALUES_ROOT, session.root)
