"""Targets of other tasks inside a directory that is the target of a task.

They do not count as part of the directory. Otherwise a task that makes a directory for other tasks
would run again whenever one of them wrote a file there. This module is separate because it is only
imported for targets that are directories, which few are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from doit_invariants.core.paths import relative_to
from doit_invariants.files.state import Stat, stat_key
from doit_invariants.files.tree import TreeState, narrowed, ups
from doit_invariants.rules.schema import KEY

if TYPE_CHECKING:
    from doit_invariants.engine.session import Session

#: Key in the memo of a run: the recorded targets of all tasks.
_RECORDED = "targets in the DB"


class Others:
    """Finds, for one task, what other tasks make inside its targets."""

    def __init__(self, session: Session, task: str) -> None:
        self._session = session
        self._task = task

    @property
    def _tasks(self) -> Mapping[str, Any]:
        return self._session.tasks

    def declared(self, path: str) -> frozenset[str]:
        """Return the absolute paths in a directory that are targets of other tasks."""
        graph = self._session.graph
        return frozenset(graph.others_inside(path, self._task, self._tasks))

    def recorded(self, path: str) -> frozenset[str]:
        """Return the absolute paths in a directory that other tasks made in any run.

        They include those of delayed tasks, and of tasks that no longer exist.
        """
        return frozenset(one for name, one in self._below(path) if name != self._task)

    def late(self, path: str) -> dict[str, Stat | None]:
        """Return the recorded targets of delayed tasks that this run may still create.

        :returns: paths with their stats; if a stat differs after the actions ran, the actions
            wrote the file
        """
        late = {name for name, task in self._tasks.items() if task.loader}
        found = [one for name, one in self._below(path) if name.split(":")[0] in late]
        return {one: _stat(one) for one in found}

    def _below(self, path: str) -> Iterator[tuple[str, str]]:
        session = self._session
        if _RECORDED not in session.memo:
            session.memo[_RECORDED] = list(_all_recorded(session))
        top = os.path.join(os.path.abspath(path), "")
        for name, one in session.memo[_RECORDED]:
            if one.startswith(top) and one != top:
                yield name, one


def _stat(path: str) -> Stat | None:
    try:
        return stat_key(os.stat(path))
    except OSError:
        return None


def _all_recorded(session: Session) -> Iterator[tuple[str, str]]:
    for name in session.db.names():
        try:
            record = session.db.get(name, KEY)
            targets = [str(path) for path, _ in record["targets"] or ()] if record else ()
            root = str(record["root"]) if record else ""
        except Exception:  # the row is damaged: nothing is known about that task
            continue
        for path in targets:
            inside = relative_to(path, root)
            absolute = path if inside is None else os.path.join(session.root, inside)
            yield name, os.path.abspath(absolute)


def after_run(
    others: Others, targets: Iterable[str], late: Mapping[str, Mapping[str, Stat | None]]
) -> dict[str, frozenset[str]]:
    """Return what other tasks make in each target of a task whose actions have run.

    :param late: by target, the result of :meth:`Others.late` before the actions ran
    """
    found = {}
    for path in targets:
        untouched = {one for one, stat in late.get(path, {}).items() if _stat(one) == stat}
        found[path] = others.declared(path) | untouched
    return found


def made_later(
    others: Others, path: str, known: TreeState, leave: frozenset[str]
) -> frozenset[str]:
    """Return what other tasks have made in a directory since its own task ended.

    It does not count, although the record may include it: an earlier version recorded it as part of
    the directory, or the other task was added later.

    :param known: the recorded state of the directory
    :param leave: paths that are known not to count
    """
    # The task itself may have made whatever was there when it ended, so all of that counts.
    there = {up for name in known.entries for up in ups(name)}
    more = (one for one in others.recorded(path) if relative(path, [one])[0] not in there)
    return frozenset(more) - leave


def without(path: str, known: TreeState, leave: Iterable[str]) -> TreeState:
    """Return the recorded state of a directory without what other tasks make in it."""
    return narrowed(known, relative(path, leave))


def relative(path: str, absolute: Iterable[str]) -> list[str]:
    """Return absolute paths relative to the directory, as its state names them."""
    top = os.path.join(os.path.abspath(path), "")
    return [one[len(top) :].replace(os.sep, "/") for one in absolute]


def absolute(path: str, known: TreeState) -> frozenset[str]:
    """Return the absolute paths that did not count when a directory was recorded."""
    top = os.path.join(os.path.abspath(path), "")
    return frozenset(top + name for name in known.left_out)
