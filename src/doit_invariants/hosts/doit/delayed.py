"""Fingerprints the code of delayed tasks (``create_after``) as it was before the first action.

Delayed tasks are checked after actions have run, and those may have filled caches that the
functions hold. So everything that their creators use is fingerprinted before the first action.

A creator may change globals on purpose, from the results of earlier tasks: such changes count from
then on. Arguments and closures that it gives to actions count as they are when the task is created.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit.globals import Globals
from doit.task import DelayedLoader

from doit_invariants.code.loaded.functions import BEFORE, Functions
from doit_invariants.engine.session import Session
from doit_invariants.hosts.doit import workdir
from doit_invariants.hosts.doit.sessions import session_of


class WatchedLoader(DelayedLoader):  # type: ignore[misc]
    """doit's loader of delayed tasks, which compares globals before and after its creator runs.

    The loader's class is changed instead of its attribute ``creator``, because doit pickles the
    loader where processes are spawned, and a wrapped function can't be pickled.
    """

    @property
    def creator(self) -> Any:
        """The task-creator. doit calls it after the task that it waits for has run."""
        original = self.__dict__["creator"]
        session = session_of(Globals.dep_manager)
        if session is None:
            return original
        # Before the first action there are no changes by actions to tell apart.
        functions = session.memo.get("functions") if session.frozen else None
        return _watched(original, session, functions)

    @creator.setter
    def creator(self, creator: Any) -> None:
        self.__dict__["creator"] = creator


def watch_creators(tasks: Iterable[Any]) -> None:
    """Watch the creators of delayed tasks."""
    for task in tasks:
        if isinstance(task.loader, DelayedLoader) and not task.loader.created:
            task.loader.__class__ = WatchedLoader


def _watched(
    original: Callable[..., Any], session: Session, functions: Functions | None
) -> Callable[..., Any]:
    @functools.wraps(original)
    def create(*args: Any, **kwargs: Any) -> Any:
        note = None
        if functions is not None:
            batch = session.batch = {}
            batch[BEFORE] = functions
            note = functions.watch_globals()
        with _kept(session, original):
            made = original(*args, **kwargs)
        if inspect.isgenerator(made):
            return _watched_to_the_end(made, session, original, note)
        if note is not None:
            note()
        return made

    return create


def _watched_to_the_end(
    made: Iterator[Any],
    session: Session,
    original: Callable[..., Any],
    note: Callable[[], None] | None,
) -> Iterator[Any]:
    with _kept(session, original):
        yield from made
    if note is not None:
        note()


def _kept(session: Session, creator: Callable[..., Any]) -> contextlib.AbstractContextManager[None]:
    name = getattr(creator, "__name__", "a task-creator").removeprefix("task_")
    return workdir.kept(session, name, "its task-creator")
