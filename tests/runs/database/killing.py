"""Projects whose runs are killed, and checks of them afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from doit_invariants.testing import Outcome, Project
from tests.support import Make
from tests.support.processes import wait_until

DB = ".doit.db"
JOURNAL = ".doit.db.journal"
DID_NOT_END = "task: its last execution did not end"
TASKS = 4
# Each action writes half of its target and waits; with a file in `hold` until it is killed.
DODO = """
import os, time

def make(dependencies, targets):
    text = open(dependencies[0]).read()
    name = os.path.basename(targets[0])
    with open(targets[0], "w") as stream:
        stream.write(text[:1])
        stream.flush()
        with open("log", "a") as log:
            log.write(name + "\\n")
        if os.path.exists("hold/" + name):
            open("held", "w").close()
            time.sleep(60)
        time.sleep(float(os.environ.get("TAKES", "0")))
        stream.write(text[1:])

def task_work():
    for name in sorted(os.listdir("in")):
        yield {
            "name": name, "actions": [make], "file_dep": ["in/" + name],
            "targets": ["out/" + name],
        }
"""
# Without tracked targets only the journal shows that a target is half written.
UNTRACKED = {"track_targets": False}


def texts(project: Project, text: str, tasks: int = TASKS) -> None:
    """Write the inputs of all tasks."""
    project.write({f"in/{number}": text for number in range(tasks)})


def make_project(make: Make, backend: str, *, tasks: int = TASKS, tracked: bool = False) -> Project:
    """Return a project whose tasks have run, with `one` as the input of each."""
    settings = {} if tracked else UNTRACKED
    project = make({"dodo.py": DODO, "out/": "", "hold/": ""}, backend=backend, settings=settings)
    texts(project, "one", tasks)
    project.run().assert_success()
    assert not journal(project).exists()
    return project


def journal(project: Project) -> Path:
    """Return the path of the journal."""
    return project.path / JOURNAL


def start(project: Project, *arguments: str, takes: float = 0) -> subprocess.Popen[bytes]:
    """Start doit in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project.path,
        env={**os.environ, "TAKES": str(takes)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End doit with all its processes: its workers outlive it otherwise."""
    os.killpg(process.pid, how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=300)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_in(
    project: Project,
    name: str,
    *arguments: str,
    how: signal.Signals = signal.SIGKILL,
    after: tuple[str, ...] = (),
) -> None:
    """Run doit, and end it in the middle of a task, when others have ended."""
    project.write({f"hold/{name}": ""})
    process = start(project, *arguments)
    try:
        wait_until((project.path / "held").exists)
        for other in after:
            ended = f'"ended":"work:{other}"'
            wait_until(lambda ended=ended: ended in project.read(JOURNAL))
    finally:
        end(process, how)
    project.remove("held", f"hold/{name}")


def states(project: Project) -> dict[str, str]:
    """Return what ``doit list -s`` says of the tasks; nothing of the project changes by that."""
    before = contents(project)
    outcome = project.run("list", "-s", "--all").assert_success()
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    # doit opens the DB, and SQLite then rolls back or removes what the kill has cut short.
    if not any(name.startswith(f"{DB}-") for name in before):
        assert contents(project) == before
    assert contents(project).get(JOURNAL) == before.get(JOURNAL)
    found = [line.split()[:2] for line in outcome.stdout.splitlines()]
    return {name: state for state, name in found if ":" in name}


def contents(project: Project) -> dict[str, bytes]:
    """Return the contents of doit's DB and the journal."""
    paths = [path for path in project.path.glob(f"{DB}*") if path.is_file()]
    return {path.name: path.read_bytes() for path in paths}


def outputs(project: Project, tasks: int = TASKS) -> list[str]:
    """Return what the targets of the tasks have."""
    return [project.read(f"out/{number}") for number in range(tasks)]


def one_line(outcome: Outcome, text: str) -> None:
    """Assert that exactly one line contains a string, and that there is no traceback."""
    lines = (outcome.stdout + outcome.stderr).splitlines()
    assert len([line for line in lines if text in line]) == 1, repr(outcome)
    assert not any("Traceback" in line for line in lines), repr(outcome)
