"""Runs that are killed: nothing that they recorded before is lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from doit_invariants.testing import Project, settings_toml
from tests.support import Make

from .killing import (
    DB,
    DID_NOT_END,
    JOURNAL,
    TASKS,
    contents,
    end,
    journal,
    kill_in,
    make_project,
    one_line,
    outputs,
    start,
    states,
    texts,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


# ---------------------------------------------------------------------- at a chosen moment

KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT


@pytest.mark.parametrize(
    ("backend", "runner", "how"),
    [
        ("dbm", [], KILL),
        ("json", [], TERM),
        ("sqlite3", [], INT),
        ("dbm", ["-n", "2"], INT),
        ("json", ["-n", "2"], KILL),
        ("sqlite3", ["-n", "2"], TERM),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "".join(value),
)
def test_what_had_ended_is_kept_and_what_had_begun_runs_again(
    doit_project: Make, backend: str, runner: list[str], how: signal.Signals
) -> None:
    """Although the input of the task that was killed is as it was when it last ended."""
    project = make_project(doit_project, backend)
    texts(project, "two")
    kill_in(project, "2", *runner, how=how, after=("0", "1"))
    # Ctrl-C lets doit write its DB, and nothing is left to replay.
    assert journal(project).exists() is (how is not INT)
    assert project.read("out/2") != "one"
    project.write({"in/2": "one"})

    found = states(project)
    assert [found["work:0"], found["work:1"], found["work:2"]] == ["U", "U", "R"]
    before = contents(project)
    why = project.run("invariants", "why", "work:2", "--json").json()
    assert {"code": "interrupted", "subject": "task", "text": "its last execution did not end"} in (
        why[0]["reasons"]
    )
    one_line(project.run("info", "work:2"), DID_NOT_END)
    assert contents(project) == before, "a look has written"

    outcome = project.run().assert_success()
    assert "work:2" in outcome.executed
    assert {"work:0", "work:1"} <= set(outcome.up_to_date)
    assert outputs(project) == ["two", "two", "one", "two"]
    assert not journal(project).exists()
    assert set(states(project).values()) == {"U"}


@pytest.fixture
def killed(doit_project: Make, backend: str) -> Project:
    """A project with a journal: task 0 had ended, task 1 had begun; what task 1 had is restored."""
    project = make_project(doit_project, backend, tasks=2)
    texts(project, "two", tasks=2)
    kill_in(project, "1")
    project.write({"in/1": "one"})
    return project


# One kill for all of them: each command begins with the same files.
def test_commands_that_change_something_after_a_kill(killed: Project) -> None:
    """They read the journal, keep it, and change only what they are asked to."""
    aside = killed.path.with_name("aside")
    shutil.copytree(killed.path, aside)

    def again() -> None:
        shutil.rmtree(killed.path)
        shutil.copytree(aside, killed.path)

    killed.run("forget", "work:0").assert_success()
    assert not journal(killed).exists()
    assert states(killed) == {"work:0": "R", "work:1": "R"}
    assert "never ran" in killed.run("invariants", "why", "work:0").stdout
    one_line(killed.run("invariants", "why", "work:1"), DID_NOT_END)

    again()
    killed.run("forget", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "R"}

    again()
    killed.run("forget", "--all").assert_success()
    assert states(killed) == {"work:0": "R", "work:1": "R"}

    again()
    killed.run("ignore", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "I"}
    killed.run("forget", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "R"}

    for command in (["reset-dep"], ["invariants", "accept", "work:*"]):
        again()
        killed.run(*command)
        assert not journal(killed).exists()
        assert states(killed) == {"work:0": "U", "work:1": "R"}, "it must run, accepted or not"

    killed.run("clean", "work").assert_success()
    killed.run().assert_executed("work:1")
    assert outputs(killed, 2) == ["two", "one"]
    assert set(states(killed).values()) == {"U"}


def test_a_run_of_another_task_keeps_what_is_left(doit_project: Make) -> None:
    """A task that started stays interrupted until it has run, through other runs and commands."""
    project = make_project(doit_project, "json")
    texts(project, "two")
    kill_in(project, "1")
    project.write({"in/1": "one"})
    project.run("work:0").assert_up_to_date("work:0")
    assert not journal(project).exists()
    assert states(project)["work:1"] == "R"
    project.run("work:2").assert_executed("work:2")
    one_line(project.run("invariants", "why", "work:1"), DID_NOT_END)
    project.run("work:1").assert_executed("work:1")
    assert states(project)["work:1"] == "U"


def test_a_task_that_is_up_to_date_is_killed_with_always(doit_project: Make) -> None:
    """It is unchanged, and still must run; a second kill does not alter that."""
    project = make_project(doit_project, "sqlite3")
    kill_in(project, "1", "-a")
    assert states(project) == {"work:0": "U", "work:1": "R", "work:2": "U", "work:3": "U"}
    kill_in(project, "1")
    assert states(project) == {"work:0": "U", "work:1": "R", "work:2": "U", "work:3": "U"}
    project.run().assert_executed("work:1")
    assert outputs(project) == ["one"] * TASKS


@pytest.mark.parametrize("backend", ["dbm", "json"])
def test_plain_doit_can_read_the_db(killed: Project, backend: str) -> None:
    """This holds after a run that took over the rest, and with an unread journal."""
    loader = killed.read("pyproject.toml")
    plain = settings_toml(loader=False, backend=backend)
    killed.write({"pyproject.toml": plain})
    killed.run("list").assert_success()  # dbm.sqlite3 turns the file into one with a log
    assert set(states(killed)) == {"work:0", "work:1"}
    killed.write({"pyproject.toml": loader})
    killed.run().assert_executed("work:1")
    killed.write({"pyproject.toml": plain})
    assert set(states(killed)) == {"work:0", "work:1"}
    killed.run().assert_success()
    assert set(states(killed).values()) == {"U"}
    killed.write({"pyproject.toml": loader})
    assert set(states(killed).values()) == {"U"}


@pytest.mark.parametrize("backend", ["json"])
def test_a_journal_that_plain_doit_has_overtaken(killed: Project, backend: str) -> None:
    """A run without the loader wrote the DB after the journal: the journal is older, and wrong."""
    loader = killed.read("pyproject.toml")
    killed.write({"pyproject.toml": settings_toml(loader=False, backend=backend)})
    killed.write({"in/0": "three"})
    killed.run().assert_success()
    assert killed.read("out/0") == "three"
    killed.write({"in/0": "two", "pyproject.toml": loader})
    assert states(killed)["work:0"] == "R", "its target was made from `three`"


@pytest.mark.parametrize("backend", ["json"])  # the others make a new DB, even for a look
def test_a_db_that_was_removed_takes_the_journal_with_it(killed: Project) -> None:
    """Without doit's DB, everything runs."""
    for path in killed.path.glob(f"{DB}*"):
        if path.name != JOURNAL:
            path.unlink()
    listed = killed.run("list", "-s", "--all").stdout  # doit itself makes the file again
    assert "R work:0" in listed
    assert "R work:1" in listed


# ---------------------------------------------------------------------- in this process


def interrupting(make: Make, backend: str = "json") -> Project:
    """Return a project whose task is ended by Ctrl-C when there is a file `stop`."""
    dodo = """
import os

def make():
    if os.path.exists("stop"):
        raise KeyboardInterrupt

def task_make():
    return {"actions": [make], "file_dep": ["in.txt"]}
"""
    return make({"dodo.py": dodo, "in.txt": "one"}, backend=backend)


def stopped(project: Project) -> None:
    """Run, and be interrupted."""
    with contextlib.suppress(KeyboardInterrupt):
        project.run()


def test_ctrl_c_in_a_process_that_has_not_run_before(doit_project: Make, backend: str) -> None:
    """The earlier state of the task is forgotten, in doit's DB itself."""
    project = interrupting(doit_project, backend)
    project.run("-v0", process=True).assert_executed("make")
    project.write({"stop": "", "in.txt": "two"})
    stopped(project)
    project.remove("stop")
    project.write({"in.txt": "one"})
    assert not journal(project).exists()
    one_line(project.run("invariants", "why"), DID_NOT_END)
    project.run().assert_executed("make")
    project.run().assert_up_to_date("make")


def test_ctrl_c_in_a_process_that_has_run_before(doit_project: Make, backend: str) -> None:
    """As with ``run()`` of a script, a notebook, a watcher: each run has its own journal."""
    project = interrupting(doit_project, backend)
    project.run().assert_executed("make")
    project.write({"stop": "", "in.txt": "two"})
    stopped(project)
    project.remove("stop")
    project.write({"in.txt": "one"})
    one_line(project.run("invariants", "why"), DID_NOT_END)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_no_journal_stays_open(doit_project: Make) -> None:
    """A process that runs doit again and again does not collect open files."""
    project = interrupting(doit_project)
    project.run().assert_executed("make")
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(os.readlink(entry))
    assert [link for link in links if str(project.path) in link] == []


# ---------------------------------------------------------------------- at random moments

MANY = 10


def disturb(project: Project, chance: random.Random) -> None:
    """Edit some inputs, or have them as they were once."""
    for number in range(MANY):
        if chance.random() < 0.6:
            project.write({f"in/{number}": chance.choice(["one", "two", "three"])})


def check(project: Project, seen: str) -> None:
    """A task with a target that does not match its input is never up-to-date."""
    for name, state in states(project).items():
        number = name.partition(":")[2]
        if state == "U":
            assert project.read(f"out/{number}") == project.read(f"in/{number}"), (seen, name)


def hunt(project: Project, runner: list[str], kills: int, seed: int) -> None:
    """Kill runs; what had ended stays, what had begun is not up-to-date."""
    chance = random.Random(seed)
    for turn in range(kills):
        disturb(project, chance)
        (project.path / "log").unlink(missing_ok=True)
        how = chance.choice([KILL, KILL, TERM, INT])
        process = start(project, *runner, takes=0.03)
        if chance.random() < 0.7:
            log = project.path / "log"
            until = time.monotonic() + 3
            while not log.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.4))
        else:
            time.sleep(chance.uniform(0.1, 1))
        end(process, how)
        seen = f"kill {turn} of seed {seed} ({how.name})"
        check(project, seen)
        with contextlib.suppress(FileNotFoundError):
            begun = project.read("log").split()
            found = states(project)
            # One after the other: when one begins, the one before has ended.
            for name in begun[:-1] if not runner else []:
                assert found[f"work:{name}"] == "U", (seen, name)
        disturb(project, chance)
        check(project, seen)
        if turn % 4 == 3 or turn == kills - 1:
            project.run(*runner, timeout=300).assert_success()
            for number in range(MANY):
                assert project.read(f"out/{number}") == project.read(f"in/{number}"), seen
            assert not journal(project).exists()
            assert set(states(project).values()) == {"U"}, seen


@pytest.mark.parametrize(("backend", "runner"), [("dbm", []), ("sqlite3", ["-n", "2"])])
def test_random_kills(doit_project: Make, backend: str, runner: list[str]) -> None:
    """A few."""
    project = make_project(doit_project, backend, tasks=MANY)
    hunt(project, runner, 2, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("backend", ["dbm", "json", "sqlite3"])
def test_random_kills_for_long(doit_project: Make, backend: str, runner: list[str]) -> None:
    """Three hundred in all."""
    project = make_project(doit_project, backend, tasks=MANY)
    hunt(project, runner, 50, seed=2)
