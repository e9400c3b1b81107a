"""Runs that are killed while they store, restore, export and prune: kept results stay right."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import Project
from tests.support import Make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

TASKS = 8
DODO = f"""
import os, time

def make(dependencies, targets):
    text = open(sorted(dependencies)[0]).read()
    for target in targets:
        if target.endswith("/"):
            os.makedirs(target + "empty", exist_ok=True)
            for part in range(20):
                with open(f"{{target}}{{part}}", "w") as stream:
                    stream.write(f"{{text}} {{part}}" * 50)
        else:
            with open(target, "w") as stream:
                stream.write(text * 20_000)

def task_shared():
    for number in range({TASKS}):
        yield {{
            "name": str(number), "actions": [make], "file_dep": [f"in/{{number}}"],
            "targets": [f"out/{{number}}.txt", f"out/{{number}}/"], "cache": "shared",
        }}

def task_export():
    for number in range({TASKS}):
        yield {{
            "name": str(number), "actions": [make], "file_dep": [f"in/{{number}}"],
            "targets": [f"exp/{{number}}.txt", f"exp/{{number}}/"], "cache": "export",
            "export_dir": "published",
            "export_how": ["copy", "gzip", "hardlink", "move"][number % 4],
        }}
"""
SETTINGS = {"store": "../store", "store_max_size": "1MB"}


def expected(text: str, name: str) -> dict[str, str]:
    """Return the files of a task made from a string, by their paths."""
    files = {f"{name}/{part}": f"{text} {part}" * 50 for part in range(20)}
    return {**files, f"{name}.txt": text * 20_000}


def found(project: Path, name: str) -> dict[str, str]:
    """Return the files of a task as they are."""
    tree = [path for path in (project / name).rglob("*") if path.is_file()]
    paths = [*tree, project / f"{name}.txt"]
    return {str(path.relative_to(project)): path.read_text() for path in paths}


def run_and_kill(project: Path, chance: random.Random, *arguments: str) -> None:
    """Run doit, and kill it with all its processes at some moment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.uniform(0.25, 1.2))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def disturb(project: Path, chance: random.Random, texts: list[str]) -> None:
    """Edit or revert some inputs, remove some targets."""
    for number in range(TASKS):
        if chance.random() < 0.5:
            texts[number] = chance.choice(["one", "two", "three"]) + str(number)
            (project / f"in/{number}").write_text(texts[number])
        if chance.random() < 0.5:
            for kind in ("out", "exp"):
                shutil.rmtree(project / f"{kind}/{number}", ignore_errors=True)
                (project / f"{kind}/{number}").unlink(missing_ok=True)
                (project / f"{kind}/{number}.txt").unlink(missing_ok=True)


def hunt(project: Project, rounds: int, seed: int) -> None:
    """Kill runs, and compare what a run that is left alone then makes with what is right."""
    chance = random.Random(seed)
    path = project.path
    for directory in ("in", "out", "exp"):
        (path / directory).mkdir()
    texts = [f"one{number}" for number in range(TASKS)]
    for number, text in enumerate(texts):
        (path / f"in/{number}").write_text(text)
    made_from: list[set[str]] = [{text} for text in texts]
    for turn in range(rounds):
        disturb(path, chance, texts)
        for number, text in enumerate(texts):
            made_from[number].add(text)
        store = ["invariants", "store", "prune", "--max-size", "200kB"]
        plain = [["-n", "2"], [], ["-c"], store][turn % 4]
        run_and_kill(path, chance, *plain)
        if turn % 3:
            continue  # killed again, in the state that this one left
        project.run("-n", "2", timeout=300).assert_success()
        for number, text in enumerate(texts):
            assert found(path, f"out/{number}") == expected(text, f"out/{number}")
            whole = [expected(one, f"exp/{number}") for one in made_from[number]]
            assert found(path, f"exp/{number}") in whole, "an export is a mixture"
        verified = DirectoryStore(str(path.parent / "store")).verify()
        assert not verified.problems
        assert not list(path.glob(".doit-invariants*/**/*")), "something is left aside"
        assert not (path / ".doit-invariants").exists()


def test_killed_runs(doit_project: Make) -> None:
    """A dozen kills."""
    hunt(doit_project({"dodo.py": DODO}, settings=SETTINGS), rounds=12, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 5))
def test_killed_runs_for_long(doit_project: Make, seed: int) -> None:
    """A hundred kills."""
    hunt(doit_project({"dodo.py": DODO}, settings=SETTINGS), rounds=100, seed=seed)
