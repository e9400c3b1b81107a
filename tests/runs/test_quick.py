"""The short way to "up-to-date" says so of nothing that the long way has anything against."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

import pytest

from doit_invariants.adapters import dependency
from doit_invariants.testing import Project

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


@pytest.mark.parametrize("edit", EDITS)
def test_both_ways_agree(doit_project, monkeypatch, edit: str) -> None:
    found = []
    for quick in (True, False):
        with monkeypatch.context() as patch:
            if not quick:
                patch.setattr(dependency, "is_as_recorded", lambda *args, **kwargs: False)
            project = settled(doit_project(FILES, backend="json", name=f"quick-{quick}"))
            EDITS[edit](project)
            now = time.time() + (86_500 if edit == "a day" else 0)
            runs = [project.run("--continue", now=now) for _ in range(2)]
            found.append([(run.returncode, sorted(run.executed)) for run in runs])
    assert found[0] == found[1]


def test_the_short_way_is_taken_for_what_is_as_it_was(doit_project, monkeypatch) -> None:
    asked: dict[str, bool] = {}
    original = dependency.is_as_recorded

    def spy(manager, session, task, *args, **kwargs) -> bool:
        asked[task.name] = original(manager, session, task, *args, **kwargs)
        return asked[task.name]

    project = settled(doit_project(FILES, backend="json"))
    monkeypatch.setattr(dependency, "is_as_recorded", spy)
    project.run().assert_up_to_date("bare", "given", "asked")
    assert asked == {"bare": True, "given": True, "asked": True}


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
    """What was touched is read once, and not again by every later run, as by plain doit."""
    if not quick:
        monkeypatch.setattr(dependency, "is_as_recorded", lambda *args, **kwargs: False)
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
