"""What other tasks make inside of a directory that is the target of a task.

It does not count as what the task has left there: else a task that makes a directory for others
would run after every run that wrote a file. Apart, as it is imported only where a target is a
directory, which few are.
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

#: Where the session keeps what the DB says of the targets of all tasks.
_RECORDED = "targets in the DB"


class Others:
    """Knows for one task what others make inside of its targets."""

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
        """Return those that other tasks have made, in whatever run.

        Of tasks that are created late, or that there are no more.
        """
        return frozenset(one for name, one in self._below(path) if name != self._task)

    def late(self, path: str) -> dict[str, Stat | None]:
        """Return those that tasks have made which may still be created in this run.

        :returns: with their stats: what has another one after the actions was made by these
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
        except Exception:  # it is damaged: nothing is known of that task
            continue
        for path in targets:
            inside = relative_to(path, root)
            absolute = path if inside is None else os.path.join(session.root, inside)
            yield name, os.path.abspath(absolute)


def after_run(
    others: Others, targets: Iterable[str], late: Mapping[str, Mapping[str, Stat | None]]
) -> dict[str, frozenset[str]]:
    """Return what others make in each target of a task whose actions have run.

    :param late: by target what :meth:`Others.late` gave before the actions ran
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

    An earlier version has recorded it as part of the directory, or its task has come since.

    :param known: the recorded state of the directory
    :param leave: what is known not to count
    """
    # What was there when the task ended it may have made itself, whoever made it before.
    there = {up for name in known.entries for up in ups(name)}
    more = (one for one in others.recorded(path) if relative(path, [one])[0] not in there)
    return frozenset(more) - leave


def without(path: str, known: TreeState, leave: Iterable[str]) -> TreeState:
    """Return the recorded state of a directory without what others make in it."""
    return narrowed(known, relative(path, leave))


def relative(path: str, absolute: Iterable[str]) -> list[str]:
    """Return paths as they are named in the state of the directory that they are in."""
    top = os.path.join(os.path.abspath(path), "")
    return [one[len(top) :].replace(os.sep, "/") for one in absolute]


def absolute(path: str, known: TreeState) -> frozenset[str]:
    """Return what did not count of a directory when it was recorded."""
    top = os.path.join(os.path.abspath(path), "")
    return frozenset(top + name for name in known.left_out)
