"""Tasks that are created late, with ``create_after``: their code counts as it was at first.

They are looked at when actions have run, which may have filled a cache that their functions hold.
So what their creators use is looked at before the first action. What a creator itself changes,
from the results of the tasks before it, is meant, and counts as it is from then on. What it gives
to the actions, as arguments or in closures, counts as it is when they are made.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit.globals import Globals
from doit.task import DelayedLoader

from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.session import Session, session_of
from doit_invariants.core.code.functions import BEFORE, Functions, functions_of


class WatchedLoader(DelayedLoader):  # type: ignore[misc]
    """doit's loader of late tasks, which looks at globals before and after its creator runs.

    The class of a loader is changed, not its attribute ``creator``: where processes are spawned
    doit pickles it, and a function that wraps another can't be.
    """

    @property
    def creator(self) -> Any:
        """The task-creator; doit calls it once the task that it waits for has run."""
        original = self.__dict__["creator"]
        session = session_of(Globals.dep_manager)
        functions = session.memo.get("functions") if session is not None else None
        if session is None or functions is None or not session.frozen:
            return original
        return _watched(original, session, functions)

    @creator.setter
    def creator(self, creator: Any) -> None:
        self.__dict__["creator"] = creator


def look_at_creators(session: Session, tasks: Iterable[Any]) -> None:
    """Look at what the creators of late tasks use, and watch them."""
    for task in tasks:
        loader = task.loader
        if not isinstance(loader, DelayedLoader) or loader.created:
            continue
        creator = loader.creator
        loader.__class__ = WatchedLoader
        with contextlib.suppress(Exception):
            context = TaskContext(session, task, None, _no_signature)
            functions_of(context).look_at_creator(creator)


def _watched(
    original: Callable[..., Any], session: Session, functions: Functions
) -> Callable[..., Any]:
    @functools.wraps(original)
    def create(*args: Any, **kwargs: Any) -> Any:
        batch = session.batch = {}
        batch[BEFORE] = functions
        note = functions.watch_globals()
        made = original(*args, **kwargs)
        if inspect.isgenerator(made):
            return _then(made, note)
        note()
        return made

    return create


def _then(made: Iterator[Any], note: Callable[[], None]) -> Iterator[Any]:
    yield from made
    note()


def _no_signature(task: str) -> str:
    raise NotImplementedError(task)  # no code looks at other tasks
