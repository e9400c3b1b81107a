"""Stores that can't be used or go away, and inputs that are edited, while doit runs."""

from __future__ import annotations

import os
import shutil

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import entries_of, restored
from tests.support.runners import EACH_RUNNER

NOW = 1_700_000_000.0
DODO = """
import os, shutil
from doit_invariants import hookimpl
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "shared"}
def task_gone():
    return {"actions": [gone], "cache": False}
def gone():
    if os.environ.get("GONE"):
        while os.path.exists("../store"):  # a worker may put something in meanwhile
            shutil.rmtree("../store", ignore_errors=True)
def task_b():
    return {"actions": ["cp in.txt b.txt"], "file_dep": ["in.txt"], "targets": ["b.txt"],
            "cache": "shared"}
@hookimpl
def invariants_verdict(task, verdict):
    if os.environ.get("WHEN_CHECKED") == task.name:
        shutil.rmtree("../store", ignore_errors=True)
"""


def project_of(doit_project: Make, store: str = "../store", text: str = DODO) -> Project:
    """Return a project with this store."""
    return doit_project({"dodo.py": text, "in.txt": "in"}, settings={"store": store})


def check_without(project: Project) -> None:
    """Check that everything works, but nothing is shared."""
    for number in (1, 2):
        outcome = project.run().assert_executed("a", "b", "gone")
        assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
        assert "store" in outcome.stderr, repr(outcome)
        assert len(outcome.stderr.splitlines()) <= 4, repr(outcome)
        assert project.read("a.txt") == project.read("b.txt") == "in"
        project.run().assert_executed("gone")
        project.remove("a.txt", "b.txt")
        assert number


def test_store_is_a_file(doit_project: Make) -> None:
    """A file at the path of the store is reported, and stays."""
    project = project_of(doit_project)
    (project.path.parent / "store").write_text("precious")
    check_without(project)
    assert (project.path.parent / "store").read_text() == "precious"


def test_store_is_somebody_elses_directory(doit_project: Make) -> None:
    """A directory with other files in it is not used as a store, and nothing is written to it."""
    project = project_of(doit_project)
    store = project.path.parent / "store"
    store.mkdir()
    (store / "thesis.tex").write_text("precious")
    check_without(project)
    assert [path.name for path in store.iterdir()] == ["thesis.tex"]


def test_store_of_another_version(doit_project: Make) -> None:
    """A store that a later version of the package made is left alone."""
    project = project_of(doit_project)
    project.run().assert_success()
    (project.path.parent / "store/version").write_text("99\n")
    project.remove("a.txt", "b.txt")
    check_without(project)
    assert len(entries_of(project)) == 2


@pytest.mark.parametrize("store", ["/proc/no/store", "/dev/null/store", "in.txt/store"])
def test_store_that_cannot_be_made(doit_project: Make, store: str) -> None:
    """Where no directory can be made the tasks run, and say why they are not shared."""
    check_without(project_of(doit_project, store))


@pytest.mark.parametrize("verb", ["ls", "verify", "prune"])
def test_there_is_no_store_yet(doit_project: Make, verb: str) -> None:
    """A missing store is reported as missing, and is not created."""
    project = project_of(doit_project)
    said = project.run("invariants", "store", verb).assert_success().stdout
    assert said.startswith("there is no store in ")
    assert said.endswith("store; the first shared result makes it\n")
    assert not (project.path.parent / "store").exists()
    project.run().assert_success()
    assert "there is no store" not in project.run("invariants", "store", verb).stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unreadable_mount(doit_project: Make) -> None:
    """If nobody can tell whether the store exists, one line says that it can't be read."""
    project = project_of(doit_project, "../mount/store")
    mount = project.path.parent / "mount"
    mount.mkdir()
    mount.chmod(0)
    try:
        outcome = project.run().assert_success()
    finally:
        mount.chmod(0o755)
    assert "mount/store can't be read: Permission denied; nothing is shared" in outcome.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_store(doit_project: Make) -> None:
    """A read-only store restores results, but does not get new ones."""
    project = project_of(doit_project)
    project.run().assert_success()
    store = project.path.parent / "store"
    paths = [store, *store.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        project.remove("a.txt")
        assert "a" in restored(project.run(), "the store")
        project.write({"in.txt": "two"})
        project.run().assert_executed("a", "b", "gone")
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_store_deleted_in_the_middle_of_a_run(doit_project: Make, runner: tuple[str, ...]) -> None:
    """Tasks without an entry run, and are put into a new store."""
    project = project_of(doit_project)
    project.run().assert_success()
    project.remove("a.txt", "b.txt")
    outcome = project.run(*runner, env={"GONE": "1"}).assert_success()
    assert "Traceback" not in outcome.stderr
    assert project.read("a.txt") == project.read("b.txt") == "in"
    project.remove("a.txt", "b.txt")
    project.run(*runner).assert_success()
    project.remove("a.txt", "b.txt")
    assert restored(project.run(*runner), "the store") == ["a", "b"]


@pytest.mark.parametrize("setup", [False, True])
def test_store_deleted_after_the_look_up(doit_project: Make, setup: bool) -> None:
    """If the entry vanishes before the restore, the task runs, unless its setup did not run."""
    text = DODO
    if setup:
        text = text.replace('["b.txt"],', '["b.txt"], "setup": ["s"],')
        text += 'def task_s():\n    return {"actions": ["touch set-up"], "cache": False}\n'
    project = project_of(doit_project, text=text)
    names = ("b", "s") if setup else ("b",)
    project.run("b").assert_executed(*names)
    project.remove("b.txt")
    outcome = project.run("b", env={"WHEN_CHECKED": "b"}).assert_success()
    assert "Traceback" not in outcome.stderr
    assert project.read("b.txt") == "in"
    if setup:
        assert "b" in restored(outcome, "the store"), repr(outcome)
        assert "s" not in outcome.executed
    else:
        outcome.assert_executed("b")
        assert "b: not restored: " in outcome.stderr


@pytest.mark.parametrize("edited", ["in.txt", "more/x", "tree/x", "script.py", "new"])
def test_input_edited_while_the_task_runs(doit_project: Make, edited: str) -> None:
    """A result from a mix of two contents is not stored, and the task runs again."""
    text = """
import os
from doit_invariants import Files, Tree
def task_a():
    return {"actions": ["python script.py"], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "invariants": [Files("more/*"), Tree("tree")], "cache": "shared"}
"""
    script = """
import os, pathlib
text = "".join(open(p).read() for p in ("in.txt", "more/x", "tree/x"))
open("out.txt", "w").write(text)
edit = os.environ.get("EDIT")
if edit:
    path = pathlib.Path("more/y" if edit == "new" else edit)
    path.write_text((path.read_text() if path.exists() else "") + "#edited\\n")
"""
    files = {"dodo.py": text, "script.py": script, "in.txt": "i", "more/x": "m", "tree/x": "t"}
    project = doit_project(files, settings={"store": "../store"})
    outcome = project.run(env={"EDIT": edited}).assert_executed("a")
    if edited == "script.py":
        # A comment; but in between it may have been another script.
        assert len(entries_of(project)) == 0
        return
    assert len(entries_of(project)) == 0
    assert "a: not put into the store: " in outcome.stderr, repr(outcome)
    assert "changed while it ran" in outcome.stderr
    project.run().assert_executed("a")
    assert len(entries_of(project)) == 1
    project.write(files)
    (project.path / "more/y").unlink(missing_ok=True)
    project.run().assert_executed("a")
    assert project.read("out.txt") == "imt"
    assert len(entries_of(project)) == 2


def test_script_edited_while_the_task_runs(doit_project: Make) -> None:
    """A script that is edited, and a module that it imports, count like other inputs."""
    text = """
def task_a():
    return {"actions": ["python s.py"], "targets": ["out.txt"], "cache": "shared"}
"""
    for edited in ("s.py", "m.py"):
        main = f"""
import m, os
open("out.txt", "w").write(m.text + "1")
if os.environ.get("EDIT"):
    text = open("{edited}").read().replace('"1"', '"2"')
    open("{edited}", "w").write(text)
"""
        files = {"dodo.py": text, "s.py": main, "m.py": 'text = "1"\n', "x": ""}
        project = doit_project(files, settings={"store": "store"}, name=edited[0])
        outcome = project.run(env={"EDIT": "1"}).assert_executed("a")
        assert "not put into the store" in outcome.stderr, repr(outcome)
        project.run().assert_executed("a")


def test_place_of_the_target_cannot_be_written(doit_project: Make) -> None:
    """If the target can't be put in place, the task runs and fails as usual, with a reason."""
    text = DODO.replace("a.txt", "d/a.txt").replace("cp in", "mkdir -p d && cp in")
    project = project_of(doit_project, text=text)
    project.run().assert_success()
    shutil.rmtree(project.path / "d")
    project.write({"d": "a file"})
    outcome = project.run("a").assert_failed("a")
    assert "a: not restored: " in outcome.stderr, repr(outcome)
    assert project.read("d") == "a file"
    project.remove("d")
    assert "a" in restored(project.run("a"), "the store")
