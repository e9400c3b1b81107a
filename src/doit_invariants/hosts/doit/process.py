"""Makes doit start faster, and lets it continue after the reader of its output has exited.

Three speed-ups do not change what doit does. Installed distributions are scanned once instead of at
each call. The source of ``dodo.py`` is not tokenized just to find the line of a function. The
garbage collector skips objects that live until the end of the process.

When the reader of a pipe exits, as in ``doit list | head``, further output is discarded, and the
command continues: closing the pager must not end a run.
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
    """Install the speed-ups in doit; calling it again changes nothing."""
    doit_plugin.entry_points = entry_points
    doit_loader.inspect = _INSPECT


class _Inspect:
    """A replacement of ``inspect`` for doit, with a faster way to find the line of a function."""

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)

    @staticmethod
    def getsourcelines(creator: Any) -> tuple[list[str], int]:
        """Return the line number of a task-creator, and an empty list instead of its source.

        doit only uses the number, to sort the creators. ``inspect`` reads the file, searches all
        modules for the one of the function, and tokenizes the function to find its end. That takes
        a tenth of the time of a run of a small project.
        """
        function = inspect.unwrap(creator)
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if isinstance(code, types.CodeType):
            return [], code.co_firstlineno  # of its first decorator, as in inspect
        return inspect.getsourcelines(creator)


_INSPECT = _Inspect()

# While the number of objects grows, the garbage collector scans them all again and again, and finds
# nothing. That takes a third of the time that it takes to load and check thousands of tasks.

#: The number of new frozen objects after which a process that runs doit repeatedly collects
#: garbage.
_MANY = 500_000
#: The number of objects after the last full collection.
_kept = [0]
#: Counting the frozen objects is slow: do it only after about this many were added ...
_SOME = 250_000
#: ... and count at least this many for each pause, for objects created outside of pauses.
_AT_LEAST = 1_000
_added = [_SOME]


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector, and have it skip all objects that exist at the end.

    Objects without references are still freed: the collector only finds cycles. Python also has
    fewer objects to scan when the process exits.
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
    """Keep writes to standard output and error from failing after their reader has exited."""
    for stream in (sys.stdout, sys.stderr):
        try:
            descriptor = stream.fileno()
            mode = os.fstat(descriptor).st_mode
        except (AttributeError, OSError, ValueError):
            continue  # no stream, or a captured one
        if (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not hasattr(stream, _MARK):
            _guard(stream, descriptor)


def _guard(stream: Any, descriptor: int) -> None:
    """Replace methods of a stream; doit and its reporters already refer to the stream itself."""

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            try:
                return original(*args)
            except BrokenPipeError:
                # Python flushes the buffer when it exits: that output is discarded too.
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, descriptor)
                os.close(null)
                return len(args[0]) if args else None

        return call

    with contextlib.suppress(AttributeError):  # a stream of another type
        stream.write, stream.flush = guarded(stream.write), guarded(stream.flush)
        setattr(stream, _MARK, True)
        # Otherwise Python flushes it at its very end, where errors can't be caught.
        atexit.register(stream.flush)
