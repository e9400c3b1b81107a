"""Restores and files at the path of a target: no data that a task did not make is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support import Make
from tests.support.results import STORE, restored

DIRECTORY = """
def task_t():
    return {"actions": ["mkdir -p out; cp in out/x"], "file_dep": ["in"], "targets": ["out"],
            "cache": "shared"}
"""


@pytest.mark.parametrize("what", ["notes.txt", ".hidden", "deep/notes.txt", "link"])
@pytest.mark.parametrize("how", ["same input", "other input", "lost DB"])
def test_directory_with_more_in_it(doit_project: Make, what: str, how: str) -> None:
    """A11: what no task made is still there after every run."""
    project = doit_project({"dodo.py": DIRECTORY, "in": "x"}, settings=STORE)
    project.run().assert_executed("t")
    if how == "other input":
        project.write({"in": "y"})
        project.run().assert_executed("t")
    if what == "link":
        project.write({"elsewhere": "mine"})
        (project.path / "out/link").symlink_to("../elsewhere")
    else:
        project.write({f"out/{what}": "mine"})
    project.write({"in": "x"})
    if how == "lost DB":
        for path in project.path.glob(".doit*"):
            path.unlink()
    outcome = project.run().assert_executed("t")
    assert project.read(f"out/{what}") == "mine", repr(outcome)
    assert (project.path / "out/link").is_symlink() == (what == "link")
    assert project.read("out/x") == "x"
    assert "which the task did not create; it runs" in outcome.stderr


def test_directory_without_more_in_it(doit_project: Make) -> None:
    """A11, the other side: what the task itself left there goes."""
    dodo = DIRECTORY.replace("cp in out/x", "rm -f out/*; cp in out/`cat in`")
    project = doit_project({"dodo.py": dodo, "in": "x"}, settings=STORE)
    project.run().assert_executed("t")
    project.write({"in": "y"})
    project.run().assert_executed("t")
    project.write({"in": "x"})
    assert restored(project.run(), "the store") == ["t"]
    assert os.listdir(project.path / "out") == ["x"]


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "-n2"])
@pytest.mark.parametrize("inputs", ["1", "12", "121"])
def test_target_in_the_target_of_another(
    doit_project: Make, inputs: str, runner: list[str]
) -> None:
    """A12: both become up-to-date, even once both are stored, and with a changed input."""
    dodo = (
        DIRECTORY
        + """
def task_u():
    return {"actions": ["cp in out/y"], "file_dep": ["in"], "targets": ["out/y"],
            "task_dep": ["t"], "cache": "shared"}
"""
    )
    project = doit_project({"dodo.py": dodo}, settings=STORE)
    for text in inputs:
        project.write({"in": text})
        for _ in range(2):
            project.run().assert_success()
            assert [project.read(f"out/{name}") for name in "xy"] == [text, text]
    project.run().assert_success()
    outcome = project.run(*runner).assert_up_to_date("t", "u")
    assert [project.read(f"out/{name}") for name in "xy"] == [inputs[-1]] * 2, repr(outcome)


def test_db_in_a_target(doit_project: Make, backend: str) -> None:
    """A13: a directory in which doit's DB lies is not replaced."""
    dodo = """
DOIT_CONFIG = {"dep_file": "build/db"}
def task_a():
    return {"actions": ["cp in a"], "file_dep": ["in"], "targets": ["a"]}
def task_t():
    return {"actions": ["mkdir -p build; cp in build/x"], "file_dep": ["in"],
            "targets": ["build"], "task_dep": ["a"], "cache": "shared"}
"""
    files = {"dodo.py": dodo, "in": "good", "build/": ""}
    project = doit_project(files, settings=STORE, backend=backend)
    project.run().assert_executed("a", "t")
    project.write({"build/x": "bad"})
    outcome = project.run().assert_executed("t")
    assert project.read("build/x") == "good", repr(outcome)
    project.run().assert_up_to_date("a", "t")  # the DB is still there
    project.remove("build/x")
    assert "the DB of doit is part of its target build" in project.run("invariants", "why").stdout


def test_store_in_a_target(doit_project: Make) -> None:
    """A13: a directory with the store in it is not stored: it would contain itself."""
    dodo = DIRECTORY.replace('"out"', '"build"').replace("out", "build")
    project = doit_project({"dodo.py": dodo, "in": "x"}, settings={"store": "build/store"})
    for text in "xyx":
        project.write({"in": text})
        outcome = project.run().assert_executed("t")
        assert project.read("build/x") == text, repr(outcome)
        assert "was written while" not in outcome.stderr
    project.write({"in": "y"})
    assert "the store is part of its target" in project.run("invariants", "why").stdout


@pytest.mark.parametrize("what", ["file", "directory"])
def test_link_in_the_place_of_a_target(doit_project: Make, what: str) -> None:
    """A14: a file written through a link exists after each run, and so does the link."""
    dodo = DIRECTORY
    if what == "file":
        dodo = dodo.replace("mkdir -p out; cp in out/x", "cp in out")
    project = doit_project({"dodo.py": dodo}, settings=STORE)
    big = project.path.parent / "big"
    big.mkdir()
    (big / "o").touch()
    (project.path / "out").symlink_to(big / "o" if what == "file" else big)
    for text in "xyxy":
        project.write({"in": text})
        outcome = project.run().assert_success()
        assert (project.path / "out").is_symlink(), repr(outcome)
        assert (big / ("o" if what == "file" else "x")).read_text() == text, repr(outcome)


def test_target_that_can_not_be_replaced(doit_project: Make) -> None:
    """A25: where a restore fails the task runs, with the setup that it needs."""
    dodo = """
def task_setup():
    return {"actions": ["echo s > st"]}
def task_t():
    return {"actions": ["rm -rf deep; mkdir -p deep; cat st in > deep/su"], "file_dep": ["in"],
            "targets": ["deep/su"], "cache": "shared", "setup": ["setup"]}
"""
    project = doit_project({"dodo.py": dodo, "in": "in"}, settings=STORE)
    project.run().assert_executed("setup", "t")
    project.remove("deep/su", "st")
    (project.path / "deep").rmdir()
    project.write({"deep": ""})
    outcome = project.run().assert_executed("setup", "t")
    assert project.read("deep/su") == "s\nin", repr(outcome)
    project.remove("deep/su", "st")
    assert restored(project.run("t"), "the store") == ["t"]  # and its setup did not run
    assert project.read("deep/su") == "s\nin"
    assert not (project.path / "st").exists()


def test_file_in_the_place_of_a_directory(doit_project: Make) -> None:
    """B4: a directory target is restored where a file lies."""
    dodo = DIRECTORY.replace("mkdir -p out", "mkdir out && echo >> ran")
    project = doit_project({"dodo.py": dodo, "in": "x"}, settings=STORE)
    project.run().assert_executed("t")
    project.remove("out/x")
    (project.path / "out").rmdir()
    project.write({"out": ""})
    assert restored(project.run(), "the store") == ["t"]
    assert project.read("out/x") == "x"
    assert project.read("ran") == "\n"


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "-n2"])
def test_why_a_failed_task_was_not_restored(doit_project: Make, runner: list[str]) -> None:
    """B5: it is reported even if the actions that run instead of the restore fail."""
    dodo = DIRECTORY.replace("mkdir -p out", "mkdir out || exit 1")
    project = doit_project({"dodo.py": dodo, "in": "x"}, settings=STORE)
    project.run().assert_executed("t")
    project.write({"out/mine": "mine"})
    outcome = project.run(*runner).assert_failed("t")
    assert "t: not restored: its target out contains mine" in outcome.stderr
    assert project.read("out/mine") == "mine"


PLACEHOLDER = """
def task_a():
    return {"actions": ["mkdir -p a; cp in a/z"], "file_dep": ["in"], "targets": ["a"],
            "cache": "shared"}
"""
INSIDE = """
def task_b():
    return {"actions": ["cp in a/b"], "file_dep": ["in"], "targets": ["a/b"], "task_dep": ["a"],
            "cache": "shared"}
"""


@pytest.mark.parametrize("more", ["", INSIDE], ids=["alone", "with a target in it"])
def test_placeholder_of_a_directory(doit_project: Make, more: str) -> None:
    """A36: it does not stop the task that makes it, or another one."""
    project = doit_project({"dodo.py": PLACEHOLDER + more, "in": "in"}, settings=STORE)
    outcome = project.run("--cache", "force")
    if more:
        outcome.assert_error("no placeholder can be made for a/b", returncode=2)
    else:
        outcome.assert_success()
    outcome = project.run().assert_success()
    assert project.read("a/z") == "in", repr(outcome)
    assert not more or project.read("a/b") == "in"
    for _ in range(2):
        project.run().assert_success()
    assert project.run().executed == []


def leftovers(directory: Path) -> list[str]:
    """Return what staging left in a project."""
    return [path.name for path in directory.rglob("*") if re.match(r"\d+-", path.name)]


@pytest.mark.parametrize(
    "place", [".doit-invariants", "./.doit-invariants/x", "pub/../.doit-invariants"]
)
@pytest.mark.parametrize("where", ["task", "settings"])
def test_export_among_our_own_files(doit_project: Make, place: str, where: str) -> None:
    """A37: exports can't be where staging clears up; said in one line."""
    dodo = """
def task_a():
    return {"actions": ["mkdir -p 2024-r; cp in 2024-r/z"], "file_dep": ["in"],
            "targets": ["2024-r"], "cache": "export", "export_dir": "#"}
def task_b():
    return {"actions": ["cp in b"], "file_dep": ["in"], "targets": ["b"], "cache": "shared"}
"""
    if where == "settings":
        dodo = dodo.replace(', "export_dir": "#"', "")
    settings = {**STORE, "export_dir": place} if where == "settings" else STORE
    project = doit_project({"dodo.py": dodo.replace("#", place), "in": ""}, settings=settings)
    outcome = project.run()
    assert outcome.returncode == 3, repr(outcome)
    outcome.assert_error("must not be inside .doit-invariants")
    assert leftovers(project.path) == []
