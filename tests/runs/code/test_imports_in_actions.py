"""Modules that actions import when they run, and that are edited, even there and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.choices import rest_in_matrix

DODO = """
import os, pathlib, sys
from doit_invariants import Module

ONE = "VALUE = 1\\n"

def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)

def edited(path, back, load):
    \"\"\"Do something while a file is another one.\"\"\"
    how = pathlib.Path("how").read_text()
    if how == "":
        return load()
    if how == "moved":
        os.rename(path, "away")
    write(path, "VALUE = 2\\n")
    found = load()
    if how == "moved":
        os.replace("away", path)
    elif how == "back":
        write(path, ONE)
    return found

def plain(targets):
    def load():
        import m_plain
        return m_plain.VALUE
    write(targets[0], str(edited("m_plain.py", True, load)))

def from_(targets):
    def load():
        from m_from import VALUE
        return VALUE
    write(targets[0], str(edited("m_from.py", True, load)))

def indirect(targets):
    def load():
        import m_indirect
        return m_indirect.m_below.VALUE
    write(targets[0], str(edited("m_below.py", True, load)))

def package(targets):
    def load():
        import package.inner
        return package.VALUE
    write(targets[0], str(edited("package/__init__.py", True, load)))

class Given:
    def __call__(self):
        import m_given
        return m_given.VALUE

def given(load, targets):
    write(targets[0], str(edited("m_given.py", True, load)))

def listed(targets):
    def load():
        return __import__("m_" + "listed").VALUE
    write(targets[0], str(edited("m_listed.py", True, load)))

ACTIONS = {"plain": plain, "from": from_, "indirect": indirect, "package": package,
           "given": (given, [Given()]), "listed": listed}

def task_make():
    for name, action in ACTIONS.items():
        more = {"invariants": [Module("m_listed")]} if name == "listed" else {}
        yield {"name": name, "actions": [action], "file_dep": ["in.txt"],
               "targets": [f"out/{name}"], **more}
"""
NAMES = ("plain", "from", "indirect", "package", "given", "listed")
SOURCES = dict.fromkeys(
    ("m_plain.py", "m_from.py", "m_below.py", "package/__init__.py", "m_given.py", "m_listed.py"),
    "VALUE = 1\n",
)
FILES = {
    **SOURCES,
    "dodo.py": DODO,
    "in.txt": "",
    "out/": "",
    "m_indirect.py": "import m_below\n",
    "package/inner.py": "",
}


def values(project: Project) -> set[str]:
    """Return what the tasks have written."""
    return {path.read_text() for path in (project.path / "out").iterdir()}


@pytest.mark.parametrize("runner", rest_in_matrix([[], ["-n", "2"]]), ids="".join)
@pytest.mark.parametrize("how", ["back", "moved", "stays"])
def test_edited_while_the_action_runs_that_imports_it(
    doit_project: Make, how: str, runner: list[str], tmp_path: Path
) -> None:
    """It is unknown which code has run, so the task runs again, and its result is not shared."""
    settings = {"store": str(tmp_path / "store"), "cache": "shared"}
    project = doit_project({**FILES, "how": how}, settings=settings)
    project.run(*runner).assert_success()
    assert values(project) == {"2"}
    project.write({"how": "", **SOURCES})
    project.run(*runner).assert_executed(*(f"make:{name}" for name in NAMES))
    assert values(project) == {"1"}
    project.run(*runner).assert_up_to_date(*(f"make:{name}" for name in NAMES))


SEVERAL = """
import os, pathlib

def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)

def first(targets):
    write("m.py", pathlib.Path("between").read_text())
    import m
    write("m.py", "VALUE = 1\\n")

def second(targets):
    import m
    write(targets[0], str(m.VALUE))

def task_first():
    return {"actions": [first]}

def task_second():
    return {"actions": [second], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "task_dep": ["first"]}
"""


@pytest.mark.parametrize("runner", [[], ["-n", "1"]], ids="".join)
def test_what_the_process_has_loaded_for_another_task(
    doit_project: Make, runner: list[str]
) -> None:
    """This task runs too, no matter how the file changed before it began."""
    files = {"dodo.py": SEVERAL, "in.txt": "", "m.py": "VALUE = 1\n", "between": "VALUE = 2\n"}
    project = doit_project(files)
    project.run(*runner, process="fork").assert_executed("first", "second")
    assert project.read("out.txt") == "2"
    project.write({"between": "VALUE = 1\n"})
    project.run(*runner, process="fork").assert_executed("first", "second")
    assert project.read("out.txt") == "1"
    project.run(*runner, process="fork").assert_up_to_date("second")


QUIET = """
import pathlib

def generate():
    pathlib.Path("made.py").write_text("VALUE = 1\\n")

def task_generate():
    return {"actions": [generate]}

def use(targets):
    import made, kept
    pathlib.Path(targets[0]).write_text(str(made.VALUE + kept.VALUE))

def task_use():
    return {"actions": [use], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "task_dep": ["generate"]}

def own(targets):
    pathlib.Path("own_one.py").write_text("VALUE = 1\\n")
    import own_one
    pathlib.Path(targets[0]).write_text(str(own_one.VALUE))

def task_own():
    return {"actions": [own], "file_dep": ["in.txt"], "targets": ["own.txt"]}
"""


def test_what_tasks_write_as_it_is(doit_project: Make) -> None:
    """A generator that always runs makes no other run again; one that writes its own does twice."""
    files = {"dodo.py": QUIET, "in.txt": "", "made.py": "VALUE = 1\n", "kept.py": "VALUE = 1\n"}
    project = doit_project({**files, "own_one.py": "VALUE = 1\n"})
    project.run().assert_executed("generate", "use", "own")
    project.run().assert_executed("generate", "own").assert_up_to_date("use")
    project.run().assert_executed("generate").assert_up_to_date("use", "own")
    project.write({"in.txt": "edited"})
    project.run().assert_executed("generate", "use", "own")
    project.run().assert_executed("generate").assert_up_to_date("use", "own")
    project.write({"kept.py": "VALUE = 2\n"})
    project.run().assert_executed("generate", "use")


MADE = """
def make():
    open("helper.py", "w").write(open("template").read())
def use(targets):
    import helper
    open(targets[0], "w").write(str(helper.V))
def task_make():
    return {"actions": [make], "file_dep": ["template"], "targets": ["helper.py"]}
def task_use():
    return {"actions": [use], "file_dep": ["in.txt"], "task_dep": ["make"], "targets": ["out.txt"]}
"""


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "processes"])
def test_a_module_that_a_task_of_the_run_makes(doit_project: Make, runner: list[str]) -> None:
    """It counts as it is when the importing task is checked, in the same run."""
    files = {"dodo.py": MADE, "in.txt": "", "helper.py": "V = 0\n", "template": "V = 1\n"}
    project = doit_project(files)
    for number in (1, 2):
        project.write({"template": f"V = {number}\n"})
        project.run(*runner, process="fork").assert_executed("make", "use")
        assert project.read("out.txt") == str(number)
        project.run(*runner, process="fork").assert_executed()
    project.write({"template": "V = 2  # comment\n"})
    project.run(*runner, process="fork").assert_executed("make")
