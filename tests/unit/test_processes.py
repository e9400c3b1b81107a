"""Names of temporary files, and whether the process that made them still lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from doit_invariants.files.processes import is_alive, is_orphaned, owned_name, owner, start_of


def test_own_names() -> None:
    """A name contains its process, which lives; no two are the same."""
    name = owned_name()
    assert owner(name) == (True, os.getpid())
    assert name != owned_name()
    assert not is_orphaned(name, modified=0.0)
    assert owner("4711-0a") == (False, 4711), "staged by a version that wrote no host"
    assert owner("notes.txt") is None


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="Linux only")
def test_killed_process_that_nobody_asked_about() -> None:
    """A zombie holds nothing, even though the system still knows its id."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert is_alive(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while is_alive(process.pid) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(process.pid, 0)  # the id is still taken: nobody has waited for the process
        assert not is_alive(process.pid)
    finally:
        process.communicate()
    assert not is_alive(process.pid)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="Linux only")
def test_id_that_is_another_process_now() -> None:
    """The start of a process distinguishes it from a later one with its id."""
    name = owned_name()
    assert not is_orphaned(name, 0.0, start_of(os.getpid()))
    assert is_orphaned(name, 0.0, "12")
