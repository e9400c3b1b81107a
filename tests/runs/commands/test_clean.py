"""`doit clean` of directories that tasks have made."""

from __future__ import annotations

import os

import pytest

from doit_invariants.testing import Project
from tests.support import Make

DODO = """
from doit.task import clean_targets
MAKE = ("mkdir -p {0}/sub/empty && echo 1 > {0}/x && echo 2 > {0}/sub/y"
        " && ln -sf ../kept/z {0}/link && ln -sfn ../kept {0}/linked"
        " && ln -sf nowhere {0}/broken && echo 3 > {0}/.hidden")
def task_made():
    return {"actions": [MAKE.format("out")], "file_dep": ["in.txt"], "targets": ["out"],
            "clean": True}
def task_listed():
    return {"actions": [MAKE.format("listed")], "file_dep": ["in.txt"], "targets": ["listed/"],
            "clean": [clean_targets]}
def task_inner():
    return {"actions": ["echo 4 > out/inner"], "targets": ["out/inner"], "task_dep": ["made"],
            "file_dep": ["in.txt"], "clean": True}
def task_file():
    return {"actions": ["echo 5 > file"], "targets": ["file"], "file_dep": ["in.txt"],
            "clean": True}
def task_keeps():
    return {"actions": [MAKE.format("stays")], "targets": ["stays"], "file_dep": ["in.txt"]}
"""


def made(project: Project) -> list[str]:
    """Return what is in the project beside its sources."""
    return sorted({*os.listdir(project.path)} - {"dodo.py", "in.txt", "pyproject.toml", "kept"})


@pytest.fixture
def project(doit_project: Make, backend: str) -> Project:
    """A project in which all tasks have run, some of them twice."""
    files = {"dodo.py": DODO, "in.txt": "1", "kept/z": "mine", "kept/more/w": "mine"}
    project = doit_project(files, backend=backend)
    project.run().assert_success()
    project.run().assert_success()
    return project


def test_what_the_tasks_made_goes(project: Project) -> None:
    """All files are removed, links as links; a dry run prints the same and removes nothing."""
    before = made(project)
    dry = project.run("clean", "-n", "--clean-all").assert_success()
    assert made(project) == before
    assert (project.path / "out/sub/y").exists()
    done = project.run("clean", "--clean-all").assert_success()
    said = [line for line in done.stdout.splitlines() if "executing" not in line]
    # That `inner` goes first is not foreseen of the directory that it is in.
    assert set(said) <= {line.replace("7 files", "6 files") for line in dry.stdout.splitlines()} | {
        *dry.stdout.splitlines()
    } | {"made - removing dir 'out'"}
    assert "made - removing what it made in 'out': 6 files\nmade - removing dir 'out'\n" in (
        done.stdout
    )
    assert "listed - removing dir 'listed/'\n" in done.stdout
    assert "file - removing file 'file'\n" in done.stdout
    assert "cannot" not in done.stdout
    assert [one for one in made(project) if not one.startswith(".doit")] == ["stays"]
    assert project.read("kept/z") == project.read("kept/more/w") == "mine"
    project.run().assert_success()
    assert (project.path / "out/sub/empty").is_dir()


def test_what_they_did_not_make_stays(project: Project) -> None:
    """Files and directories of others, and what was edited since; all are named."""
    project.write({"out/mine": "1", "out/sub/deep/mine": "1", "out/own/": ""})
    project.write({"out/x": "edited", "out/sub/y": "2\n", "out/__pycache__/a.pyc": "1"})
    said = project.run("clean", "inner", "made").assert_success().stdout
    assert said.splitlines() == [
        "inner - removing file 'out/inner'",
        "made - removing what it made in 'out': 5 files",
        *(
            f"made - cannot remove (not made by the task, or edited since) '{path}'"
            for path in ("out/mine", "out/own", "out/sub/deep/mine", "out/x")
        ),
        "made - cannot remove (it is not empty) 'out'",
    ]
    assert sorted(os.listdir(project.path / "out")) == ["__pycache__", "mine", "own", "sub", "x"]
    assert os.listdir(project.path / "out/sub") == ["deep"]
    (project.path / "out/mine").unlink()
    project.run("made").assert_executed("made")
    said = project.run("clean", "made").stdout
    assert "'out/own'" in said
    assert "'out/sub/deep/mine'" in said
    assert "'out/x'" not in said
    assert project.read("out/sub/deep/mine") == "1"


def test_what_was_there_first_stays(doit_project: Make, backend: str) -> None:
    """Files from before any run are in the record, but were not made by the task."""
    files = {"dodo.py": DODO, "in.txt": "1", "kept/z": "", "out/notes": "mine", "out/mine/a": "1"}
    project = doit_project({**files, "out/sub/b": "1", "out/x": "old"}, backend=backend)
    for content in "123":
        project.write({"in.txt": content})
        project.run("made").assert_executed("made")
        project.write({"out/later": "mine"})
    project.run("invariants", "accept", "made").assert_success()
    project.run("clean", "made").assert_success()
    left = {str(one.relative_to(project.path / "out")) for one in (project.path / "out").rglob("*")}
    assert left == {"notes", "mine", "mine/a", "sub", "sub/b", "later"}


def test_what_was_adopted_stays(doit_project: Make) -> None:
    """Files from plain doit have an unknown origin until the task has run here."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "kept/z": ""})
    loader = project.read("pyproject.toml")
    project.write({"pyproject.toml": ""})
    project.run("made").assert_success()
    project.write({"pyproject.toml": loader, "out/notes": "mine"})
    project.run("made").assert_up_to_date("made")
    project.run("clean", "made").assert_success()
    assert project.read("out/x") == "1\n"
    project.write({"in.txt": "2"})
    project.run("made").assert_executed("made")
    project.run("clean", "made").assert_success()
    assert not (project.path / "out/x").exists()
    assert project.read("out/notes") == "mine"


def test_what_is_not_known_stays(project: Project) -> None:
    """Without a record, it is unknown what the task made: nothing is removed, as in plain doit."""
    project.run("forget", "made").assert_success()
    assert project.run("clean", "made").stdout == "made - cannot remove (it is not empty) 'out'\n"
    assert (project.path / "out/x").exists()
    project.run("clean", "--forget", "listed").assert_success()
    assert not (project.path / "listed").exists()


def test_litter_goes_with_its_directory(project: Project) -> None:
    """Leftovers of tools keep no directory; a repository does."""
    project.write({"listed/__pycache__/a.pyc": "1", "listed/sub/.DS_Store": "1"})
    assert "listed - removing dir 'listed/'\n" in project.run("clean", "listed").stdout
    assert not (project.path / "listed").exists()
    project.write({"out/.git/HEAD": "1"})
    assert "'out/.git/HEAD'" in project.run("clean", "made").stdout
    assert project.read("out/.git/HEAD") == "1"


def test_a_target_that_is_a_link_now(project: Project) -> None:
    """Nothing is removed through a link."""
    for path in ("kept/x", "kept/sub/y"):
        project.write({path: "1\n" if path == "kept/x" else "2\n"})
    project.run("clean", "inner", "made")
    os.symlink("kept", project.path / "out")
    project.run("clean", "made")
    assert project.read("kept/x") == "1\n"
