"""What is done to the process in which doit runs: it starts cheaply, and outlives its readers.

Three things are cheaper, and nothing is different: the installed distributions are scanned once
instead of at each question, the source of ``dodo.py`` is not taken apart to learn in which line a
function begins, and the garbage collector leaves alone what lives until the end anyway.

Output into a pipe that nobody reads any more, as of ``doit list | head``, goes nowhere from then
on, and the command does what it would have done: a run must not end because somebody has left the
pager.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import inspect
import os
import stat
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from doit import loader as doit_loader
from doit import plugin as doit_plugin

from doit_invariants.plugins.manager import entry_points


def install() -> None:
    """Have doit use what is cheaper; calling it again changes nothing."""
    doit_plugin.entry_points = entry_points
    doit_loader.inspect = _INSPECT


class _Inspect:
    """The module ``inspect`` as doit sees it, which tells cheaply where functions begin."""

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)

    @staticmethod
    def getsourcelines(creator: Any) -> tuple[list[str], int]:
        """Return the line in which a task-creator begins, and no lines.

        doit sorts its creators by that. ``inspect`` reads the file, looks through all modules for
        the one that it belongs to, and splits the function into tokens to find its end, which doit
        does not want: a tenth of a run of a small project.
        """
        function = inspect.unwrap(creator)
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if isinstance(code, types.CodeType):
            return [], code.co_firstlineno  # of its first decorator, as there
        return inspect.getsourcelines(creator)


_INSPECT = _Inspect()

# The garbage collector looks at all objects again and again while their number grows: a third of
# the time that thousands of tasks take to load and to check, in which it finds nothing.

#: So many objects may pile up in a process that runs doit again and again.
_MANY = 500_000
#: How many there were after the last time that all were looked at.
_kept = [0]
#: Python counts them one by one, so ask only once about this many may have been added ...
_SOME = 250_000
#: ... and count each pause as at least so many, for what was made outside of the pauses.
_AT_LEAST = 1_000
_added = [_SOME]


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Have nothing collected meanwhile, and what there is then left alone until the next time.

    What nothing refers to any more is freed all the same; here it is about circles of objects.
    At the end of the process Python has less to look at, too.
    """
    if not gc.isenabled():
        yield
        return
    if _added[0] >= _SOME:
        _added[0] = 0
        if gc.get_freeze_count() > _MANY + _kept[0]:
            # Cycles left by earlier runs in a notebook; not each time because it takes long.
            gc.unfreeze()
            gc.collect()
            _kept[0] = len(gc.get_objects())
    gc.disable()
    try:
        yield
    finally:
        _added[0] += max(gc.get_count()[0], _AT_LEAST)
        gc.freeze()
        gc.enable()


# ---------------------------------------------------------------------- output into pipes

_MARK = "invariants_quiet"


def outlive_readers() -> None:
    """Have what is written to standard output and error survive the end of their readers."""
    for stream in (sys.stdout, sys.stderr):
        try:
            descriptor = stream.fileno()
            mode = os.fstat(descriptor).st_mode
        except (AttributeError, OSError, ValueError):
            continue  # none at all, or captured
        if (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not hasattr(stream, _MARK):
            _guard(stream, descriptor)


def _guard(stream: Any, descriptor: int) -> None:
    """Put guarded methods on a stream: doit and its reporters have got hold of it already."""

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            try:
                return original(*args)
            except BrokenPipeError:
                # What is in its buffer goes the same way when Python ends.
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, descriptor)
                os.close(null)
                return len(args[0]) if args else None

        return call

    with contextlib.suppress(AttributeError):  # a stream of somebody's own
        stream.write, stream.flush = guarded(stream.write), guarded(stream.flush)
        setattr(stream, _MARK, True)
        # Python flushes it at its very end, where nothing can be caught any more.
        atexit.register(stream.flush)
