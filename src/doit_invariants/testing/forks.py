"""Runs doit in a fork of this process: isolated like a new process, but without its start-up."""

from __future__ import annotations

import contextlib
import gc
import io
import multiprocessing
import os
import selectors
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest


def can_fork(*, workers: bool) -> bool:
    """Return whether this process can be forked.

    :param workers: whether doit starts processes as well. Unless these are forks too, they import
        the module that pytest was started with
    """
    return hasattr(os, "fork") and not (
        workers and multiprocessing.get_all_start_methods()[0] != "fork"
    )


def in_fork(
    arguments: list[str], cwd: Path, timeout: float, env: Mapping[str, str]
) -> tuple[int, str, str]:
    out, err = os.pipe(), os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with warnings.catch_warnings():
        # Python warns about forks of a process with threads. The child only has this thread.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _be_doit(arguments, cwd, env, out[1], err[1])
    os.close(out[1])
    os.close(err[1])
    ended = False
    try:
        ended, *printed = _read_until_the_end((out[0], err[0]), time.monotonic() + timeout)
    finally:
        if not ended:
            # Kill doit's child processes too. The process group may not exist yet.
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)
        os.close(out[0])
        os.close(err[0])
        status = os.waitpid(pid, 0)[1]
    if not ended:
        pytest.fail(
            f"doit {' '.join(arguments)}: did not end within {timeout} s\n{''.join(printed)}"
        )
    return os.waitstatus_to_exitcode(status), printed[0], printed[1]


def _read_until_the_end(pipes: tuple[int, int], limit: float) -> tuple[bool, str, str]:
    """Return whether every process has closed the pipes before the limit, and the output."""
    found = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < limit:
            for key, _ in selector.select(max(0.0, limit - time.monotonic())):
                part = os.read(key.fd, 1 << 16)
                found[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
        ended = not selector.get_map()
    texts = [bytes(found[pipe]).decode("utf-8", "backslashreplace") for pipe in pipes]
    return ended, texts[0].replace("\r\n", "\n"), texts[1].replace("\r\n", "\n")


def _be_doit(arguments: list[str], cwd: Path, env: Mapping[str, str], out: int, err: int) -> None:
    """Do what ``python -m doit`` does, and exit."""
    code, interrupted = 1, False
    try:
        gc.freeze()  # a collection would copy the memory of the parent
        _become_a_process(out, err)
        os.chdir(cwd)
        os.environ.update({"PYTHONDONTWRITEBYTECODE": "1", **env})
        code = _run_doit(arguments)
    except BaseException as error:
        traceback.print_exc()
        interrupted = isinstance(error, KeyboardInterrupt)
    finally:
        # With threads, doit may leave sys.stdout behind as the stream of an action.
        for stream in (sys.stdout, sys.__stdout__, sys.__stderr__):
            with contextlib.suppress(Exception):
                stream.flush()  # type: ignore[union-attr]
        if interrupted:  # as Python exits then
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(code)  # skips the exit handlers of pytest


def _become_a_process(out: int, err: int) -> None:
    """Set up streams, signals, warnings and the session like those of a new process."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for target, descriptor in enumerate((null, out, err)):
        os.dup2(descriptor, target)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (as long as the process)
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(  # type: ignore[misc]
        io.FileIO(2, "w", closefd=False),
        encoding="utf-8",
        errors="backslashreplace",
        write_through=True,
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    sys.dont_write_bytecode = True
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)


def _run_doit(arguments: list[str]) -> int:
    import doit.__main__
    from doit.doit_cmd import DoitMain

    sys.argv = [str(doit.__main__.__file__), *arguments]
    try:
        # By default, `doit run` writes to the sys.stdout of the time when doit was imported.
        code = DoitMain(extra_config={"GLOBAL": {"outfile": sys.stdout}}).run(arguments)
    except SystemExit as error:
        code = error.code
        if isinstance(code, str):
            print(code, file=sys.stderr)  # noqa: T201
    return code if isinstance(code, int) else 1 if code else 0
