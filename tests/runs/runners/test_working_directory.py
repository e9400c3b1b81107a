"""Actions that change the working directory: it is put back for the tasks after them."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import contextlib, os, pathlib, shutil

def write(targets):
    pathlib.Path(targets[0]).write_text(os.getcwd())

def enter(path):
    os.chdir(path)

def inside():
    os.chdir("sub")

def above():
    os.chdir("..")

def absolute():
    os.chdir("/")

def gone():
    os.makedirs("temporary")
    os.chdir("temporary")
    os.rmdir("../temporary")

def fails():
    os.chdir("sub")
    raise ValueError("no")

def returns_false():
    os.chdir("sub")
    return False

class Changer:
    def __call__(self):
        os.chdir("sub")

@contextlib.contextmanager
def directory(path):
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)

def polite():
    with directory("sub"):
        pathlib.Path("polite.txt").write_text("")

LEAVING = {"inside": [inside], "above": [above], "absolute": [absolute], "gone": [gone],
           "fails": [fails], "returns_false": [returns_false], "object": [Changer()],
           "given": [(enter, ["sub"])], "lambda": [lambda: os.chdir("sub")],
           "two": [inside, above, inside]}

def task_leave():
    for name, actions in LEAVING.items():
        yield {"name": name, "actions": actions}
        yield {"name": f"after-{name}", "actions": [write], "file_dep": ["in.txt"],
               "targets": [f"out/{name}"]}

def task_polite():
    return {"actions": [polite, "cd sub", "touch polite.txt"], "file_dep": ["in.txt"],
            "targets": ["sub/polite.txt"]}

def task_together():
    return {"actions": [(enter, ["sub"]), "pwd > together.txt"], "file_dep": ["in.txt"],
            "targets": ["sub/together.txt"]}
"""
FILES = {"dodo.py": DODO, "in.txt": "", "out/": "", "sub/": ""}
LEAVING = {
    "inside": "sub",
    "above": "/",
    "absolute": "/",
    "gone": "one that does not exist any more",
    "fails": "sub",
    "returns_false": "sub",
    "object": "sub",
    "given": "sub",
    "lambda": "sub",
    "two": "sub",
}


@pytest.mark.parametrize("runner", [[], ["-n", "2"], ["-n", "1", "-P", "thread"]], ids=" ".join)
def test_directory_of_the_tasks_after_it(doit_project: Make, runner: list[str]) -> None:
    """They write where they are meant to, the DB is where it was, and one line says it."""
    project = doit_project(FILES)
    ran = project.run("-c", *runner)
    assert set(ran.failed) == {"leave", "leave:fails", "leave:returns_false"}, repr(ran)
    for name, place in LEAVING.items():
        assert project.read(f"out/{name}") == str(project.path), name
        line = f"leave:{name}: an action changed the working directory to {place}"
        assert sum(line in one for one in ran.stderr.splitlines()) == 1, (name, repr(ran))
    assert ran.stderr.count("polite") == 0, repr(ran)
    assert project.read("sub/together.txt").strip() == str(project.path / "sub")
    assert [path.name for path in (project.path / "sub").iterdir() if "doit" in path.name] == []
    made = [f"leave:after-{name}" for name in LEAVING]
    again = project.run("-c", *runner)
    assert set(made) | {"polite", "together"} == set(again.up_to_date), repr(again)


def test_failure_if_the_settings_say_so(doit_project: Make) -> None:
    """The task that leaves fails, and those after it are where they are meant to be."""
    project = doit_project(FILES, settings={"chdir": "fail"})
    ran = project.run("-c")
    leaving = {f"leave:{name}" for name in LEAVING}
    assert set(ran.failed) == leaving | {"leave", "together"}, repr(ran)
    assert "an action changed the working directory to sub; change it back" in ran.stdout
    assert "Traceback" in ran.stdout, "of the action that raises"
    for name in LEAVING:
        assert project.read(f"out/{name}") == str(project.path), name
    project.edit("pyproject.toml", '"fail"', '"nowhere"')
    project.run().assert_error("setting 'chdir' must be one of restore, fail, got 'nowhere'")


TEARDOWN = """
import os, pathlib

def write(targets):
    pathlib.Path(targets[0]).write_text(os.getcwd())

def enter(path):
    os.chdir(path)

def leave():
    os.chdir("sub")
    raise KeyboardInterrupt

def task_first():
    return {"actions": [write], "file_dep": ["in.txt"], "targets": ["first.txt"],
            "teardown": [(enter, ["sub"])]}

def task_second():
    return {"actions": [write], "file_dep": ["in.txt"], "targets": ["second.txt"],
            "teardown": [lambda: pathlib.Path("torn.txt").write_text("")]}

def task_third():
    return {"actions": [leave] if os.environ.get("STOP") else [], "task_dep": ["second"]}
"""


def test_teardown_and_interrupt(doit_project: Make, backend: str) -> None:
    """The teardown of others runs where it is meant to, and doit's DB is written there."""
    project = doit_project(
        {"dodo.py": TEARDOWN, "in.txt": "", "sub/": ""}, backend=backend, settings={}
    )
    assert project.run(env={"STOP": "1"}, process="fork").returncode != 0
    assert list((project.path / "sub").iterdir()) == []
    assert project.run().up_to_date[:2] == ["first", "second"]
    project.write({"in.txt": "edited"})
    project.run().assert_executed("first", "second")
    assert (project.path / "torn.txt").exists()
    assert list((project.path / "sub").iterdir()) == []


def test_directory_that_dodo_itself_enters(doit_project: Make) -> None:
    """A run that starts in another directory stays there, without a message."""
    dodo = """
import os, pathlib

def write(targets):
    pathlib.Path(targets[0]).write_text(os.getcwd())

def task_make():
    os.chdir("sub")
    return {"actions": [write], "targets": ["out.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "sub/": ""})
    ran = project.run().assert_executed("make")
    assert ran.stderr == ""
    assert project.read("sub/out.txt") == str(project.path / "sub")


CALLED_EARLY = """
import os, pathlib
from doit import create_after

def write(targets):
    pathlib.Path(targets[0]).write_text(os.getcwd())

def enter():
    os.chdir("sub")
    return True

def enter_and_return():
    os.chdir("sub")
    os.chdir("..")
    return True

def make(name, **more):
    return {"actions": [write], "file_dep": ["in.txt"], "targets": [f"out/{name}"], **more}

def task_asks():
    return make("asks", uptodate=[enter])

def task_polite():
    return make("polite", uptodate=[enter_and_return])

@create_after(executed="asks")
def task_dict():
    os.chdir("sub")
    return make("dict")

@create_after(executed="asks")
def task_parts():
    os.chdir("sub")
    for name in os.listdir("."):
        yield {"name": name, **make(name)}
"""


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=" ".join)
def test_directory_after_what_doit_calls_itself(doit_project: Make, runner: list[str]) -> None:
    """Functions in `uptodate` and late task-creators do not take the tasks after them away."""
    project = doit_project(
        {"dodo.py": CALLED_EARLY, "in.txt": "", "out/": "", "sub/one": "", "sub/two": ""}
    )
    every = ["asks", "polite", "dict", "parts:one", "parts:two"]
    for ran in (project.run(*runner), project.run(*runner)):
        for name in ("asks", "polite", "dict", "one", "two"):
            assert project.read(f"out/{name}") == str(project.path), repr(ran)
        assert sorted(ran.stderr.splitlines()) == [
            "asks: an uptodate item changed the working directory to sub; it was put back",
            "dict: its task-creator changed the working directory to sub; it was put back",
            "parts: its task-creator changed the working directory to sub; it was put back",
        ], repr(ran)
    ran.assert_up_to_date(*every)
    assert [path.name for path in (project.path / "sub").iterdir() if "doit" in path.name] == []


def test_action_that_leaves_the_directory(doit_project: Make) -> None:
    """Relative paths mean the project's directory, wherever an action went to."""
    dodo = """
import os
from doit_invariants import Files, Tree
DOIT_CONFIG = {"backend": "sqlite3", "dep_file": os.path.abspath("state.db")}
def go():
    open("out.txt", "w").write("x")
    os.chdir("sub")
def task_a():
    return {"actions": [go], "targets": ["out.txt"], "file_dep": ["y.txt"]}
def task_b():
    return {"actions": ["true"], "task_dep": ["a"], "invariants": [Files("*.txt"), Tree("d")]}
"""
    files = {"y.txt": "1", "d/z": "1", "sub/x.txt": "1", "sub/d/z": "1"}
    project = doit_project({"dodo.py": dodo, **files})
    project.run().assert_executed("a", "b")
    project.run().assert_executed().assert_up_to_date("a", "b")
    project.write({"d/z": "2"})
    project.run().assert_executed("b")
