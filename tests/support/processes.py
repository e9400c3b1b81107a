"""Helpers for tests with other processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from doit_invariants.testing import Project

NOBODY = 65534


def in_child(action: Callable[[], None]) -> int:
    """Start a forked process that calls a function; return its id."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    return pid


def succeeded(pid: int) -> None:
    """Wait for a forked process, which must exit with 0."""
    assert os.waitpid(pid, 0)[1] == 0


def as_nobody(action: Callable[[], None]) -> None:
    """Call a function in a process without the rights of root; it must not raise."""

    def act() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        action()

    succeeded(in_child(act))


def start_doit(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start doit in a session of its own, so that a signal reaches all its processes."""
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened; fail after five minutes."""
    until = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def wait_for_file(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a process has made a file; fail if it ends without it."""

    def made() -> bool:
        assert path.exists() or process.poll() is None, process.communicate()
        return path.exists()

    wait_until(made)


def outputs_with_hash_seeds(code: str, *seeds: str) -> set[str]:
    """Return the different outputs of a script in processes with these hash seeds."""
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        for seed in seeds
    }
