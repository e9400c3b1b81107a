"""A target that is a directory in which other tasks have their targets."""

from __future__ import annotations

import json
import time

import pytest

from doit_invariants.engine.check import aspects
from doit_invariants.testing import Project
from tests.support.runners import EACH_RUNNER

DODO = """
import os
from doit import create_after

def own(targets):
    os.makedirs("mixed/own/deep", exist_ok=True)
    for path in ("mixed/own/deep/x", "mixed/y", "mixed/shared/z"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").write("own")

# Directories alone, spelled in several ways; made again each time; with content of their own.
def task_dirs():
    return {"actions": ["mkdir -p raw out ./sp/elled"], "file_dep": ["in.txt"],
            "targets": ["raw", "out/", "./sp/elled/"]}
def task_fresh():
    return {"actions": ["rm -rf fresh && mkdir fresh"], "file_dep": ["in.txt"],
            "targets": ["fresh"]}
def task_mixed():
    return {"actions": [own], "file_dep": ["in.txt"], "targets": ["mixed"]}

# Nested: a directory in a directory, each with a task below.
def task_outer():
    return {"actions": ["mkdir -p outer"], "file_dep": ["in.txt"], "targets": ["outer"]}
def task_inner():
    return {"actions": ["mkdir -p outer/a/inner"], "file_dep": ["in.txt"], "task_dep": ["outer"],
            "targets": ["outer/a/inner"]}

def write(path, maker, **more):
    return {"name": path, "actions": [f"mkdir -p $(dirname {path})", f"cat data.txt > {path}"],
            "file_dep": ["data.txt"], "targets": [path], "task_dep": [maker], **more}

def task_write():
    yield write("raw/1", "dirs")
    yield write("raw/deep/down/2", "dirs")
    yield write("./out/3", "dirs")
    yield write(os.path.abspath("out/4"), "dirs")
    yield write("out/../out/5", "dirs")
    yield write("sp/elled/6", "dirs")
    yield write("fresh/7", "fresh")
    yield write("fresh/deep/8", "fresh")
    yield write("mixed/shared/9", "mixed")
    yield write("mixed/other/10", "mixed")
    yield write("outer/11", "outer")
    yield write("outer/a/12", "outer")
    yield write("outer/a/inner/13", "inner")
    yield {"name": "tree", "actions": ["mkdir -p raw/tree/a && cat data.txt > raw/tree/a/14"],
           "file_dep": ["data.txt"], "targets": ["raw/tree"], "task_dep": ["dirs"]}

@create_after("dirs")
def task_late():
    yield write("out/late/15", "dirs")
    yield write("fresh/16", "fresh")
"""
MAKERS = {"dirs", "fresh", "mixed", "outer", "inner"}
FILES = {"dodo.py": DODO, "in.txt": "1", "data.txt": "1"}


def executed(project: Project, *arguments: str) -> set[str]:
    """Return which tasks run, without their paths."""
    outcome = project.run(*arguments).assert_success()
    return {name.split(":")[0] for name in outcome.executed}


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_what_others_make_does_not_count(
    doit_project, monkeypatch, runner: tuple[str, ...], quick: bool
) -> None:
    if not quick:
        monkeypatch.setattr(aspects, "_is_unchanged", lambda *args, **kwargs: False)
    project = doit_project(FILES)
    project.run(*runner).assert_success()
    assert executed(project, *runner) == set()
    # All that others made changes; only those run.
    project.write({"data.txt": "22"})
    assert executed(project, *runner) == {"write", "late"}
    assert executed(project, *runner) == set()
    # The makers run: what they removed is made once more, and that was it.
    project.write({"in.txt": "2"})
    assert executed(project, *runner) >= MAKERS
    assert executed(project, *runner) == set()
    assert project.read("fresh/deep/8") == project.read("fresh/16") == "22"


EDITS = {
    # Files that the task itself makes still count, at any depth.
    "own file": (lambda p: p.write({"mixed/own/deep/x": "by hand"}), {"mixed"}),
    "own file beside another": (lambda p: p.write({"mixed/shared/z": "by hand"}), {"mixed"}),
    "own file removed": (lambda p: p.remove("mixed/y"), {"mixed"}),
    "one more file": (lambda p: p.write({"raw/deep/down/more": ""}), {"dirs"}),
    "one more directory": (lambda p: p.write({"out/empty/": ""}), {"dirs"}),
    "one more in a nested one": (lambda p: p.write({"outer/a/inner/more": ""}), {"inner"}),
    # Files that another task makes are checked by that task.
    "of another": (lambda p: p.write({"raw/deep/down/2": "by hand"}), {"write"}),
    "of another, removed": (lambda p: p.remove("fresh/7"), {"write"}),
    "of a late one": (lambda p: p.write({"out/late/15": "by hand"}), {"late"}),
    "in a directory of another": (lambda p: p.write({"raw/tree/b": ""}), {"write"}),
    # Tasks that go, that come, that are not part of the run.
    "task removed": (
        lambda p: p.edit("dodo.py", '    yield write("outer/11", "outer")\n', ""),
        set(),
    ),
    "late task removed": (
        lambda p: p.edit("dodo.py", '    yield write("fresh/16", "fresh")\n', ""),
        set(),
    ),
    "task added": (
        lambda p: p.edit(
            "dodo.py",
            '    yield write("outer/11", "outer")\n',
            '    yield write("outer/11", "outer")\n    yield write("raw/new/17", "dirs")\n',
        ),
        {"write"},
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_counts(doit_project, edit: str) -> None:
    """Each edit runs its task alone, once, even if that task is the only one in the run."""
    project = doit_project(FILES)
    project.run().assert_success()
    project.run().assert_success()
    change, expected = EDITS[edit]
    change(project)
    if not expected:
        project.run(*sorted(MAKERS)).assert_up_to_date(*MAKERS)
    found = executed(project)
    assert found >= expected
    assert found - {"late", "write"} == expected - {"late", "write"}
    assert executed(project) == set()


def test_of_tasks_that_are_not_part_of_the_run(doit_project) -> None:
    project = doit_project(FILES)
    project.run().assert_success()
    project.run(*sorted(MAKERS)).assert_up_to_date(*MAKERS)
    project.write({"data.txt": "22"})
    project.run("late", "write:raw/1").assert_success()
    project.run(*sorted(MAKERS)).assert_up_to_date(*MAKERS)


def test_why_speaks_of_what_the_task_made(doit_project) -> None:
    project = doit_project(FILES)
    project.run().assert_success()
    project.write({"data.txt": "22"})
    project.run().assert_success()
    project.write({"mixed/y": "by hand"})
    text = project.run("invariants", "why", "mixed").stdout
    assert "1 changed (mixed/y)" in text
    assert "/9" not in text
    assert "/10" not in text


def as_before(project: Project) -> None:
    """Turn the records into those of an earlier version; everything counted there."""
    from doit_invariants.files.state import FileView
    from doit_invariants.files.tree import tree_state

    stored = json.loads(project.read(".doit.db"))
    for row in stored.values():
        row.pop("check:invariants", None)
        for target in row.get("invariants:", {}).get("targets") or ():
            if isinstance(target[1], dict):
                state = tree_state(FileView(), str(project.path / target[0]))
                target[1] = state.to_json()
                assert "left_out" not in target[1]
    project.write({".doit.db": json.dumps(stored)})


def test_records_of_an_earlier_version(doit_project) -> None:
    """Nothing runs because of them, and everything that counted before still counts."""
    project = doit_project(FILES, backend="json")
    project.run().assert_success()
    as_before(project)
    project.write({"data.txt": "22"})
    assert executed(project) == {"write", "late"}
    as_before(project)
    project.write({"mixed/y": "by hand"})
    assert executed(project) == {"mixed"}


def test_the_short_way_is_taken(doit_project, monkeypatch) -> None:
    asked: dict[str, bool] = {}
    original = aspects._is_unchanged

    def spy(session, task, *args, **kwargs) -> bool:
        asked[task.name] = original(session, task, *args, **kwargs)
        return asked[task.name]

    project = doit_project(FILES)
    for _ in range(2):
        project.run().assert_success()
        time.sleep(0.03)
    monkeypatch.setattr(aspects, "_is_unchanged", spy)
    project.run().assert_success()
    assert {name: asked[name] for name in MAKERS} == dict.fromkeys(MAKERS, True)


TAKEN_OVER = """
def task_dirs():
    return {"actions": ["mkdir -p out", "cat in.txt > out/a"], "file_dep": ["in.txt"],
            "targets": ["out"]}
"""


@pytest.mark.parametrize("late", [False, True])
def test_what_a_task_takes_over(doit_project, late: bool) -> None:
    """Once the task makes the file itself, the file counts, no matter who made it before."""
    creates = """
from doit import create_after
@create_after("dirs")
def task_others():
    yield {"name": "b", "actions": ["cat in.txt > out/b"], "file_dep": ["in.txt"],
           "targets": ["out/b"], "task_dep": ["dirs"]}
"""
    a = """
    yield {"name": "a", "actions": ["cat in.txt > out/a"], "file_dep": ["in.txt"],
           "targets": ["out/a"], "task_dep": ["dirs"]}
"""
    if not late:
        creates = creates.replace('@create_after("dirs")', "")
    before = TAKEN_OVER.replace(', "cat in.txt > out/a"', "") + creates + a
    project = doit_project({"dodo.py": before, "in.txt": "1"})
    project.run().assert_executed("dirs", "others:a", "others:b")
    project.run().assert_up_to_date("dirs", "others:a", "others:b")
    project.write({"dodo.py": TAKEN_OVER + creates})
    project.run().assert_executed("dirs")
    project.run().assert_up_to_date("dirs", "others:b")
    project.write({"out/a": "by hand"})
    project.run().assert_executed("dirs")
    project.remove("out/a")
    project.run().assert_executed("dirs")
    project.run().assert_up_to_date("dirs", "others:b")


@pytest.mark.parametrize("runner", [(), ("-n", "2")])
def test_through_a_link(doit_project, tmp_path, runner: tuple[str, ...]) -> None:
    """A directory on another disk; a task names its target there by the real path."""
    scratch = tmp_path / "scratch"
    dodo = f"""
def task_dirs():
    return {{"actions": ["mkdir -p {scratch} && ln -sfn {scratch} out"], "file_dep": ["in.txt"],
            "targets": ["out"]}}
def task_a():
    return {{"actions": ["cat in.txt > {scratch}/a"], "file_dep": ["in.txt"], "task_dep": ["dirs"],
            "targets": ["{scratch}/a"]}}
def task_b():
    return {{"actions": ["cat in.txt > out/b"], "file_dep": ["in.txt"], "task_dep": ["dirs"],
            "targets": ["out/b"]}}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "1"})
    for text in ("1", "22"):
        project.write({"in.txt": text})
        assert executed(project, *runner) == {"dirs", "a", "b"}
        assert executed(project, *runner) == set()


SHARED = """
def task_dirs():
    return {"actions": ["mkdir -p out && cat in.txt > out/own"], "file_dep": ["in.txt"],
            "targets": ["out"], "cache": CACHE}
def task_a():
    return {"actions": ["cat data.txt > out/a"], "file_dep": ["data.txt"], "targets": ["out/a"],
            "task_dep": ["dirs"]}
"""


@pytest.mark.parametrize("cache", ["shared", "export", "once"])
def test_with_a_policy(doit_project, cache: str) -> None:
    """A kept listing of the directory never replaces files that the other task makes now."""
    settings = {"store": "store", "export_dir": "published"}
    dodo = SHARED.replace("CACHE", repr(cache))
    project = doit_project({"dodo.py": dodo, "in.txt": "1", "data.txt": "1"}, settings=settings)
    project.run().assert_executed("dirs", "a")
    project.run().assert_up_to_date("dirs", "a")
    project.write({"data.txt": "22"})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("dirs", "a")
    for name in ("own", "a"):
        project.remove(f"out/{name}")
    (project.path / "out").rmdir()
    project.run().assert_success()
    project.run().assert_success()
    assert project.read("out/a") == "22"
    assert executed(project) == set()
