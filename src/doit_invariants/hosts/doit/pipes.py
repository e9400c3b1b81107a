"""Output into a pipe that nobody reads any more: ``doit list | head``.

It goes nowhere from then on, and the command does what it would have done: a run must not end
because somebody has left the pager.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import stat
import sys
from collections.abc import Callable
from typing import Any

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
