"""Two doits on one DB: the second one waits or refuses, and nothing of either is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from doit_invariants.testing import Outcome, Project
from doit_invariants.testing.outcome import read_outcome
from tests.support import Make
from tests.support.processes import start_doit, wait_until
from tests.support.runners import EACH_RUNNER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


DB = ".doit.db"
WORDS = ("a", "b", "c", "d", "e", "f", "g", "h")
DODO = """
import os, time
def make(targets):
    open("begun-" + os.path.basename(targets[0]), "w").close()
    while os.path.exists("hold"):
        time.sleep(0.01)
    with open(targets[0], "w") as out:
        out.write(open("in.txt").read())
def task_work():
    for word in "abcdefgh":
        yield {"name": word, "actions": [make], "file_dep": ["in.txt"], "targets": ["out/" + word]}
def task_fails():
    return {"actions": ["exit 1"], "file_dep": ["in.txt"]}
"""
ALL = [f"work:{word}" for word in WORDS]


def make_project(make: Make, backend: str) -> Project:
    """Return a project with a DB in which nothing is recorded."""
    return make({"dodo.py": DODO, "in.txt": "one", "out/": ""}, backend=backend)


def end(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a doit."""
    try:
        stdout, stderr = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return read_outcome(["doit"], process.returncode, stdout, stderr)


def holding(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start a doit that is in the middle of ``work:a`` for as long as there is a file ``hold``."""
    project.write({"hold": ""})
    (project.path / "begun-a").unlink(missing_ok=True)
    process = start_doit(project, *arguments, "work:a")
    wait_until((project.path / "begun-a").exists)
    return process


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_the_second_waits(doit_project: Make, backend: str, runner: tuple[str, ...]) -> None:
    """It says for whom, and both have what they did recorded."""
    project = make_project(doit_project, backend)
    project.run("work:h").assert_success()
    first = holding(project, *runner)
    second = start_doit(project, *runner, "work:b")
    assert second.stderr is not None
    line = second.stderr.readline()
    assert line.startswith(f"{DB}: in use by process {first.pid} since "), line
    assert line.endswith(" (doit run); waiting for it\n"), line
    assert not (project.path / "begun-b").exists()
    project.remove("hold")
    end(first).assert_executed("work:a")
    end(second).assert_executed("work:b")
    project.run("work:a", "work:b", "work:h").assert_up_to_date("work:a", "work:b", "work:h")


def test_no_wait(doit_project: Make, backend: str) -> None:
    """One line, doit's exit code for mistakes, and nothing was run."""
    project = make_project(doit_project, backend)
    first = holding(project)
    for command in ((), ("forget",), ("ignore", "work:b"), ("reset-dep",), ("clean",)):
        verb, names = command[:1], command[1:]
        outcome = project.run(*verb, "--no-wait", *names, process="fork")
        assert outcome.returncode == 3, repr(outcome)
        (line,) = outcome.stderr.splitlines()
        assert line.startswith(f"ERROR: doit's DB '{DB}' is in use by process {first.pid} "), line
        assert "without --no-wait" in line
    outcome = project.run("invariants", "accept", "work:b", "--no-wait", process="fork")
    assert outcome.returncode == 3, repr(outcome)
    assert not (project.path / "begun-b").exists()
    project.remove("hold")
    end(first).assert_executed("work:a")
    project.run("--no-wait", "work:a").assert_up_to_date("work:a")


def test_commands_that_read_do_not_wait(doit_project: Make, backend: str) -> None:
    """They show what is recorded."""
    project = make_project(doit_project, backend)
    project.run("work:h").assert_success()
    first = holding(project)
    for command in (
        ("list", "-s", "--all"),
        ("info", "work:h"),
        ("invariants", "why", "work:h"),
        ("invariants", "show", "work:h"),
        ("help",),
    ):
        outcome = project.run(*command, process="fork")
        assert outcome.returncode == 0, repr(outcome)
        assert "in use" not in outcome.stderr
    assert "U work:h" in project.run("list", "-s", "--all", process="fork").stdout
    project.remove("hold")
    end(first).assert_executed("work:a")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_who_is_dead_keeps_nobody_waiting(
    doit_project: Make, backend: str, how: signal.Signals
) -> None:
    """The first one may end in any way, even if its workers live on."""
    project = make_project(doit_project, backend)
    first = holding(project, "-n", "2")
    second = start_doit(project, "work:b")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    try:
        first.send_signal(how)
        if how == signal.SIGKILL:
            first.wait(30)
            wait_until((project.path / "begun-b").exists)
        project.remove("hold")
        end(second).assert_executed("work:b")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
    project.run("--no-wait", "work:a", "work:b", process="fork").assert_up_to_date("work:b")


def test_what_the_other_did_meanwhile_counts(doit_project: Make, backend: str) -> None:
    """The DB is read after the wait, not before it: the second has nothing left to do."""
    project = make_project(doit_project, backend)
    project.run("work").assert_success()
    project.write({"in.txt": "two"})
    first = holding(project)
    second = start_doit(project, "work:a")
    forget = start_doit(project, "forget", "work:b")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    project.remove("hold")
    end(first).assert_executed("work:a")
    assert end(second).executed == []
    assert end(forget).returncode == 0
    project.run("work:a", "work:b", process="fork").assert_executed("work:b")


NESTED = """
import subprocess, sys
def inner(*arguments):
    command = [sys.executable, "-m", "doit", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    print(done.stdout, done.stderr, sep="")
    return done.returncode == 0
def task_outer():
    return {"actions": [(inner, ["inner"])], "verbosity": 2}
def task_looks():
    return {"actions": [(inner, ["list", "-s"])], "verbosity": 2}
def task_apart():
    return {"actions": [(inner, ["--db-file", "other.db", "inner"])], "verbosity": 2}
def task_inner():
    return {"actions": ["echo inner"]}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_a_task_that_starts_doit(doit_project: Make, runner: tuple[str, ...]) -> None:
    """On the same DB, each would wait for the other forever."""
    project = doit_project({"dodo.py": NESTED})
    outcome = project.run(*runner, "outer", process="fork").assert_failed("outer")
    text = outcome.stdout + outcome.stderr
    assert "is in use by the doit that started this one" in text
    assert "Traceback" not in text
    outcome = project.run(*runner, "looks", "apart", process="fork")
    assert sorted(outcome.assert_success().executed) == ["apart", "inner", "looks"]
    assert "R inner" in outcome.stdout


def test_a_mistake_lets_go(doit_project: Make) -> None:
    """In a process that lives on, like that of a notebook."""
    project = make_project(doit_project, "json")
    outcome = project.run("nonsense")  # in this very process
    assert outcome.returncode == 3
    project.run("--no-wait", "work:a", process="fork").assert_executed("work:a")
    project.write({"dodo.py": "def task_x():\n    return {'actions': 3}\n"})
    assert project.run().returncode == 3
    project.write({"dodo.py": DODO})
    project.run("--no-wait", "work:a", process="fork").assert_success()


def test_one_process_may_run_one_after_the_other(doit_project: Make, backend: str) -> None:
    """And leaves nothing behind."""
    project = make_project(doit_project, backend)
    for word in "abc":
        project.run("--no-wait", f"work:{word}").assert_executed(f"work:{word}")
    assert "DOIT_INVARIANTS_LOCK" not in os.environ
    project.run("--no-wait", *ALL, process="fork").assert_up_to_date("work:a", "work:b", "work:c")


def test_commands_see_no_lock(doit_project: Make) -> None:
    """A Command that says what is in the environment says the same in each run."""
    dodo = """
from doit_invariants import Command
def task_a():
    return {"actions": ["true"], "invariants": [Command("env | grep DOIT_INVARIANTS; true")]}
"""
    project = doit_project({"dodo.py": dodo})
    project.run(process="fork").assert_executed("a")
    project.run(process="fork").assert_up_to_date("a")


def test_where_there_are_no_locks(doit_project: Make) -> None:
    """If something else is at the path of the lock, doit behaves like plain doit."""
    project = make_project(doit_project, "json")
    (project.path / f"{DB}.lock").mkdir()
    project.run("--no-wait", "work:a", process="fork").assert_executed("work:a")
    project.run("work:a", process="fork").assert_up_to_date("work:a")


def rounds(project: Project, count: int, processes: int) -> None:
    """Have each of several doits do its own task at once, and then each find all up-to-date."""
    words = WORDS[:processes]
    for number in range(count):
        project.write({"in.txt": f"round {number}"})
        started = [start_doit(project, "-c", f"work:{word}", "fails") for word in words]
        for word, process in zip(words, started, strict=True):
            outcome = end(process)
            assert f".  work:{word}" in outcome.stdout, repr(outcome)
            assert "Traceback" not in outcome.stderr, repr(outcome)
        names = [f"work:{word}" for word in words]
        project.run(*names, process="fork").assert_up_to_date(*names)


def test_many_at_once(doit_project: Make, backend: str) -> None:
    """No record is lost: one round by default."""
    rounds(make_project(doit_project, backend), 1, 4)


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("processes", [2, 8])
def test_many_at_once_for_long(doit_project: Make, backend: str, processes: int) -> None:
    """No record is lost in fifty rounds."""
    rounds(make_project(doit_project, backend), 50, processes)
