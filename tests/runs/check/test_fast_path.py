"""The fast check calls nothing up-to-date that the full check would reject."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from doit_invariants.engine.check import aspects
from doit_invariants.files.tree import TreeState
from doit_invariants.testing import Project
from tests.support.choices import one_in
from tests.support.runners import EACH_RUNNER

DODO = """
from doit_invariants import TTL, Env, Value
LIMIT = 3

def helper():
    return LIMIT

def make(dependencies, targets, more=0):
    for target in targets:
        with open(target, "w") as out:
            out.write(str(helper() + more))

def task_bare():
    return {"actions": [make], "file_dep": ["a", "b"], "targets": ["x", "y"]}

def task_given():
    return {"actions": [(make, [], {"more": 1})], "file_dep": ["a"], "targets": ["z"],
            "invariants": [Value(7), Env("QUICK"), TTL("1d")]}

def task_asked():
    return {"actions": [make], "targets": ["w"], "uptodate": [True]}
"""

FILES = {"dodo.py": DODO, "a": "a", "b": "b"}
Edit = Callable[[Project], object]


DIRECTORIES = """
from doit_invariants import Tree

def make(targets):
    from pathlib import Path
    Path(targets[0], "sub").mkdir(parents=True, exist_ok=True)
    Path(targets[0], "sub", "x").write_text("x")
    Path(targets[0], "y").write_text("y")

def copy(targets):
    with open(targets[0], "w") as out:
        out.write("copy")

def task_reads():
    return {"actions": [copy], "file_dep": ["data", "a"], "targets": ["data/own"]}

def task_makes():
    return {"actions": [make], "file_dep": ["a"], "targets": ["made"]}

def task_tree():
    return {"actions": [copy], "targets": ["t"], "invariants": [Tree("data", exclude=["own"])]}
"""
IN_DIRECTORIES = {
    "dodo.py": DIRECTORIES,
    "a": "a",
    "data/one": "1",
    "data/sub/two": "2",
    "data/sub/deep/three": "3",
}


def damage(project: Project) -> None:
    """Have the record of each task say that it was made by a newer version."""
    stored = json.loads(project.read(".doit.db"))
    stored.pop("check:invariants", None)
    for row in stored.values():
        if "invariants:" in row:
            row["invariants:"]["schema"] = 99
    project.write({".doit.db": json.dumps(stored)})


def touch(project: Project) -> None:
    """Give an input another time."""
    os.utime(project.path / "a", (1, 1))


def edit_unseen(project: Project) -> None:
    """Give an input another content of the same size under the same time."""
    before = (project.path / "a").stat()
    project.write({"a": "c"})
    os.utime(project.path / "a", ns=(before.st_atime_ns, before.st_mtime_ns))


def settled(project: Project) -> Project:
    """Have the tasks run, and recorded with files that were written long enough before."""
    project.run()
    time.sleep(0.03)
    project.run()
    return project


EDITS: dict[str, Edit] = {
    "nothing": lambda project: None,
    "input": lambda project: project.write({"a": "other"}),
    "input, unseen": edit_unseen,
    "a day": lambda project: None,
    "input, as long": lambda project: project.write({"a": "c"}),
    "touched": touch,
    "replaced": lambda project: (project.remove("a"), project.write({"a": "a"})),
    "target": lambda project: project.write({"y": "by hand"}),
    "no target": lambda project: project.remove("x"),
    "no input": lambda project: project.remove("b"),
    "code": lambda project: project.edit("dodo.py", "+ more", "- more"),
    "global": lambda project: project.edit("dodo.py", "LIMIT = 3", "LIMIT = 4"),
    "argument": lambda project: project.edit("dodo.py", '"more": 1', '"more": 2'),
    "value": lambda project: project.edit("dodo.py", "Value(7)", "Value(8)"),
    "age": lambda project: project.edit("dodo.py", 'TTL("1d")', 'TTL("0s")'),
    "variable": lambda project: project.edit("dodo.py", 'Env("QUICK")', 'Env("HOME")'),
    "one more": lambda project: project.edit("dodo.py", "Value(7)", "Value(7), Value(9)"),
    "one less": lambda project: project.edit("dodo.py", "Value(7), ", ""),
    "input added": lambda project: project.edit("dodo.py", '["a"]', '["a", "b"]'),
    "input removed": lambda project: project.edit("dodo.py", '["a", "b"]', '["a"]'),
    "targets in another order": lambda project: project.edit("dodo.py", '"x", "y"', '"y", "x"'),
    "false": lambda project: project.edit("dodo.py", "[True]", "[False]"),
    "policy": lambda project: project.edit("dodo.py", '"uptodate"', '"cache": False, "uptodate"'),
    "a newer record": damage,
}


def link(project: Project) -> None:
    """Add a hard link to a directory: its content is there under a second name."""
    (project.path / "data" / "link").symlink_to("one")


def unseen(path: str) -> Edit:
    """Return what gives a file another content of the same size under the same time."""

    def edit(project: Project) -> None:
        before = (project.path / path).stat()
        project.write({path: "z"})
        os.utime(project.path / path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edit


def no_directory(name: str, text: str | None = None) -> Edit:
    """Return a function that removes a directory, and may replace it by a file."""

    def edit(project: Project) -> None:
        shutil.rmtree(project.path / name)
        if text is not None:
            project.write({name: text})

    return edit


def exclude(project: Project) -> None:
    """Make a file not count."""
    text = project.read("pyproject.toml")
    project.write({"pyproject.toml": f'{text}\n[tool.doit.invariants]\ntree_exclude = ["one"]\n'})


def with_rows(change: Callable[[dict[str, Any]], object]) -> Edit:
    """Return what changes what is recorded of each task, as plain doit would write it."""

    def edit(project: Project) -> None:
        stored = json.loads(project.read(".doit.db"))
        stored.pop("check:invariants", None)
        for row in stored.values():
            if "invariants:" in row:
                row.pop("check:invariants", None)
                change(row)
        project.write({".doit.db": json.dumps(stored)})

    return edit


def unpack(row: dict[str, Any]) -> None:
    """Record directories as the first version did: an entry for each file."""
    record = row["invariants:"]
    record["trees"] = {k: TreeState.from_json(one).shown() for k, one in record["trees"].items()}
    for target in record["targets"]:
        if isinstance(target[1], dict):
            target[1] = TreeState.from_json(target[1]).shown()


def spoil(row: dict[str, Any]) -> None:
    """Have a byte of each directory be another."""
    record = row["invariants:"]
    states = [*record["trees"].values(), *(one for _, one in record["targets"])]
    states += [entry[3] for entry in record["entries"].values()]
    for one in states:
        if isinstance(one, dict) and "blocks" in one:
            last = one["blocks"]["directories"][-1]
            last[2] = last[2][:-2] + "AA"


def other_digest(row: dict[str, Any]) -> None:
    """Have doit's own state of the directory be that of another content."""
    if "data" in row:
        row["data"][2] = "xxh3_128:" + "0" * 32


def no_time(row: dict[str, Any]) -> None:
    """Have doit's own state of the directory be damaged."""
    if "data" in row:
        row["data"][0] = "now"


EDITS_IN_DIRECTORIES: dict[str, Edit] = {
    "nothing": lambda project: None,
    "content": lambda project: project.write({"data/sub/two": "other"}),
    "content, unseen": unseen("data/sub/deep/three"),
    "touched": lambda project: os.utime(project.path / "data" / "one", (1, 1)),
    "written again": lambda project: project.write({"data/one": "1"}),
    "time of the directory": lambda project: os.utime(project.path / "data", (1, 1)),
    "one more": lambda project: project.write({"data/sub/more": ""}),
    "one less": lambda project: project.remove("data/sub/two"),
    "renamed": lambda project: (project.path / "data/one").rename(project.path / "data/two"),
    "an empty directory": lambda project: (project.path / "data/empty").mkdir(),
    "link": link,
    "excluded": lambda project: project.write({"data/.git/x": "", "data/.doit.db-x": ""}),
    "excluded from now on": exclude,
    "pattern": lambda project: project.edit("dodo.py", '["own"]', '["own", "one"]'),
    "own target": lambda project: project.write({"data/own": "by hand"}),
    "target": lambda project: project.write({"made/sub/x": "by hand"}),
    "target, unseen": unseen("made/y"),
    "file in a target": lambda project: project.write({"made/more": ""}),
    "no file in a target": lambda project: project.remove("made/y"),
    "no target": no_directory("made"),
    "a file for a target": no_directory("made", ""),
    "no input": no_directory("data"),
    "a file for an input": no_directory("data", ""),
    "first layout": with_rows(unpack),
    "damage": with_rows(spoil),
    "digest of doit": with_rows(other_digest),
    "time of doit": with_rows(no_time),
}
EXCLUDE = "[tool.doit.plugins.invariants]\n"


@pytest.mark.parametrize(
    "case",
    one_in(
        3,
        [
            *((FILES, edit) for edit in EDITS.items()),
            *((IN_DIRECTORIES, edit) for edit in EDITS_IN_DIRECTORIES.items()),
        ],
    ),
    ids=[*EDITS, *(f"directories: {name}" for name in EDITS_IN_DIRECTORIES)],
)
def test_both_ways_agree(
    doit_project, monkeypatch, case: tuple[dict[str, str], tuple[str, Edit]]
) -> None:
    found = []
    files, (name, change) = case
    for quick in (True, False):
        with monkeypatch.context() as patch:
            if not quick:
                patch.setattr(aspects, "_is_unchanged", lambda *args, **kwargs: False)
            project = settled(doit_project(files, backend="json", name=f"quick-{quick}"))
            change(project)
            now = time.time() + (86_500 if name == "a day" else 0)
            runs = [project.run("--continue", now=now) for _ in range(2)]
            found.append([(run.returncode, sorted(run.executed)) for run in runs])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("files", "tasks"),
    [(FILES, ["bare", "given", "asked"]), (IN_DIRECTORIES, ["reads", "makes", "tree"])],
)
def test_the_short_way_is_taken_for_what_is_as_it_was(
    doit_project, monkeypatch, files: dict[str, str], tasks: list[str]
) -> None:
    asked: dict[str, bool] = {}
    original = aspects._is_unchanged

    def spy(session, task, *args, **kwargs) -> bool:
        asked[task.name] = original(session, task, *args, **kwargs)
        return asked[task.name]

    project = settled(doit_project(files, backend="json"))
    monkeypatch.setattr(aspects, "_is_unchanged", spy)
    project.run().assert_up_to_date(*tasks)
    assert asked == dict.fromkeys(tasks, True)


def stats_recorded(project: Project) -> dict[str, list[int]]:
    """Return the stat that is recorded of each file, by task and path."""
    found = {}
    for task, row in json.loads(project.read(".doit.db")).items():
        record = row.get("invariants:", {})
        files = {**record.get("stats", {}), **{p: s[1] for p, s in record.get("targets") or ()}}
        found |= {f"{task} {path}": stat for path, stat in files.items()}
    return found


@pytest.mark.parametrize("quick", [True, False])
def test_new_stats_are_recorded(doit_project, monkeypatch, quick: bool) -> None:
    """A touched file is read once, and not by every later run, unlike in plain doit."""
    if not quick:
        monkeypatch.setattr(aspects, "_is_unchanged", lambda *args, **kwargs: False)
    project = settled(doit_project(FILES, backend="json"))
    before = json.loads(project.read(".doit.db"))
    for name in ("a", "b", "x", "z"):
        os.utime(project.path / name, (1_000_000_000, 1_000_000_000))
    time.sleep(0.03)
    project.run().assert_up_to_date("bare", "given", "asked")
    recorded = stats_recorded(project)
    assert len(recorded) == 7
    for key, stat in recorded.items():
        now = (project.path / key.split()[1]).stat()
        assert stat == [now.st_mtime_ns, now.st_size, now.st_ino, now.st_ctime_ns], key
    after = json.loads(project.read(".doit.db"))
    assert after["bare"]["a"] == [1_000_000_000.0, *before["bare"]["a"][1:]]
    for row in (before["bare"], after["bare"]):
        for key in ("a", "b"):
            del row[key]
        for key in ("stats", "targets"):
            del row["invariants:"][key]
    assert after["bare"] == before["bare"]


def test_new_stats_are_not_recorded_by_who_only_looks(doit_project) -> None:
    project = settled(doit_project(FILES, backend="json"))
    before = project.read(".doit.db")
    touch(project)
    project.run("list", "-s").assert_success()
    assert project.read(".doit.db") == before


ODD = """
import os
from doit_invariants import Policy, hookimpl

class Odd(Policy):
    name = "odd"
    def reasons(self):
        raise RuntimeError("it is odd")

@hookimpl
def invariants_register_policies():
    return [Odd]

def leave():
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")

def task_a():
    return {"actions": ["echo made > a"], "targets": ["a"], "file_dep": ["in"], "cache": "odd"}

def task_b():
    return {"actions": [leave], "file_dep": ["in"]}

def task_c():
    return {"actions": ["true"], "file_dep": ["in"], "task_dep": ["b"]}

DOIT_CONFIG = {"default_tasks": ["a"]}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_what_a_policy_raises_is_said(doit_project, runner: tuple[str, ...]) -> None:
    project = doit_project({"dodo.py": ODD, "in": ""})
    outcome = project.run(*runner, process="fork")
    assert outcome.returncode == 2
    assert "RuntimeError: it is odd" in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_a_directory_that_an_action_has_removed(doit_project, runner: tuple[str, ...]) -> None:
    """The next tasks fail, or run where workers have left the directory; nothing hangs."""
    project = doit_project({"dodo.py": ODD, "in": ""})
    outcome = project.run("run", *runner, "--continue", "b", "c", process="fork")
    assert outcome.returncode in (0, 2, 3), repr(outcome)
    assert project.run("run", "--cache", "True", "a").returncode == 0
