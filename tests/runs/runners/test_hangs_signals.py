"""Signals to a run with ``-n``, and to one that would never end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

LIMIT = 300  # seconds; a run takes one, on a machine with nothing else to do
GOOD = """
import os, time
def task_good():
    for name in "xyz":
        yield {"name": name, "actions": ["touch " + name], "file_dep": ["in.txt"]}
"""
KIND = """
from doit_invariants import Invariant, hookimpl
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous):
        open("held", "w").close()
        time.sleep(60)
@hookimpl
def invariants_register_kinds():
    return [Odd]
def task_a():
    return {"actions": ["true"], "invariants": [Odd()]}
"""
HOOK = """
from doit_invariants import hookimpl
@hookimpl
def invariants_verdict(task):
    if task.name == "a":
        open("held", "w").close()
        time.sleep(60)
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""


@contextlib.contextmanager
def started(project: Project, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start doit in a group of processes; all of them are ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project.path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=LIMIT)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_workers_end_when_doit_is_killed(doit_project: Make, how: signal.Signals) -> None:
    """They finish what they are at, begin nothing else, and go."""
    dodo = """
def work():
    open(f"pid{os.getpid()}", "w").close()
    open("begun", "a").write("x")
    time.sleep(1)
def task_a():
    for number in range(20):
        yield {"name": str(number), "actions": [work]}
"""
    project = doit_project({"dodo.py": GOOD + dodo, "in.txt": "1"})

    def workers() -> list[str]:
        return [path.name[3:] for path in project.path.glob("pid*")]

    with started(project, "-n", "2", "a") as process:
        wait_until(lambda: len(workers()) == 2)
        process.send_signal(how)
        process.wait(timeout=LIMIT)
        wait_until(lambda: not any(Path("/proc", pid).exists() for pid in workers()))
    assert len(project.read("begun")) <= 4

    plain = doit_project({"dodo.py": GOOD + dodo}, loader=False, name="plain")
    with started(plain, "-n", "2", "a") as process:
        wait_until(lambda: len(list(plain.path.glob("pid*"))) == 2)
        process.send_signal(how)
        process.wait(timeout=LIMIT)
        time.sleep(4)
        pids = [path.name[3:] for path in plain.path.glob("pid*")]
        assert all(Path("/proc", pid).exists() for pid in pids), "they wait forever"


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids="".join)
@pytest.mark.parametrize("where", ["kind", "hook"])
def test_what_never_returns_is_ended_by_ctrl_c(
    doit_project: Make, where: str, arguments: tuple[str, ...]
) -> None:
    """A kind or a hook that hangs: the signal to doit alone is enough, and nothing is lost."""
    project = doit_project({"dodo.py": GOOD + (KIND if where == "kind" else HOOK), "in.txt": "1"})
    project.run("good").assert_success()
    project.write({"in.txt": "2"})
    with started(project, *arguments, "good", "a") as process:
        wait_until((project.path / "held").exists)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=LIMIT)
    states = project.run("list", "-s", "--all", "good").assert_success().stdout
    assert arguments or states.count("U good:") == 3, states
