"""The same code is the same in every environment; and an edit is seen in every environment."""

from __future__ import annotations

import os
import py_compile
import sys
import zipfile
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make

from .execute import run_doit
from .lands import COUNTS, DOES_NOT_COUNT, hits, make_landscape, run

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.skipif(sys.platform == "win32", reason="the tasks use a POSIX shell"),
]


@pytest.fixture
def landscape(tmp_path: Path) -> Project:
    """The landscape, after every task has run."""
    project = make_landscape(tmp_path / "landscape")
    first = run(project, PYTHONHASHSEED="0")
    assert len(first.executed) >= 40
    return project


def test_hash_seed_does_not_matter(landscape: Project) -> None:
    """Sets are in another order in every process, and nothing runs again."""
    for seed in ("1", "random", "random"):
        run(landscape, PYTHONHASHSEED=seed).assert_executed()
    COUNTS["set"].apply(landscape)
    run(landscape, PYTHONHASHSEED="random").assert_executed(*COUNTS["set"].hits)
    run(landscape, PYTHONHASHSEED="random").assert_executed()


def test_optimisation_does_not_matter(landscape: Project) -> None:
    """-O and -OO have slots of their own: nothing runs, back and forth; and edits are seen."""
    for level in ("1", "2", "1", "", "2"):
        run(landscape, PYTHONOPTIMIZE=level).assert_executed()
    edits = [COUNTS["closure"], COUNTS["default"], COUNTS["helper"]]
    for edit in edits:
        edit.apply(landscape)
    run(landscape, PYTHONOPTIMIZE="").assert_executed(*hits(*edits))
    run(landscape, PYTHONOPTIMIZE="2").assert_executed()
    for edit in edits:
        edit.undo(landscape)
    run(landscape, PYTHONOPTIMIZE="1").assert_executed(*hits(*edits))


def test_edits_hit_their_tasks_alone(landscape: Project) -> None:
    """Each edit of the landscape runs the tasks that it concerns; others run nothing."""
    for name, edit in {**DOES_NOT_COUNT, **COUNTS}.items():
        edit.apply(landscape)
        outcome = run_doit(landscape).assert_success()
        assert sorted(outcome.executed) == sorted(edit.hits), name


def test_two_at_a_time(landscape: Project) -> None:
    """In the processes of ``-n 2`` the same is seen."""
    run(landscape, "-n", "2", PYTHONHASHSEED="random").assert_executed()
    for edit in (*COUNTS.values(), *DOES_NOT_COUNT.values()):
        edit.apply(landscape)
    run(landscape, "-n", "2").assert_executed(*hits(*COUNTS.values()))
    run(landscape, "-n", "2").assert_executed()


def test_line_ends_and_marks_do_not_matter(landscape: Project) -> None:
    """All Python files are rewritten with other line ends, with a byte order mark, and back."""
    texts = {path: path.read_bytes() for path in landscape.path.rglob("*.py")}
    assert len(texts) >= 5
    mark = b"\xef\xbb\xbf"
    for before, line_end in ((b"", b"\r\n"), (mark, b"\r\n"), (mark, b"\n"), (b"", b"\n")):
        for path, text in texts.items():
            path.write_bytes(before + text.replace(b"\n", line_end))
        run_doit(landscape).assert_success().assert_executed()


HELPERS = '"""Help."""\nN = 1\ndef f(x=2):\n    """Add."""\n    return x + N\n'
USES = """
import helpers

def work(targets):
    with open(targets[0], "w") as out:
        out.write(repr(helpers.f()))

def task_work():
    return {"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("x + N", "x - N", True),
        ("x=2", "x=3", True),
        ("N = 1", "N = 2", True),
        ("Add", "Subtract", False),
        ("N = 1", "\n\nN = 1  # one", False),
    ],
)
def test_module_that_is_only_there_compiled(
    doit_project: Make, tmp_path: Path, old: str, new: str, counts: bool
) -> None:
    """A module without its source is compared by its bytecode and its values."""
    project = doit_project({"dodo.py": USES, "in.txt": ""})
    source = tmp_path / "helpers.py"

    def compile_(text: str) -> None:
        source.write_text(text)
        py_compile.compile(
            str(source), str(project.path / "helpers.pyc"), dfile="helpers.py", doraise=True
        )

    compile_(HELPERS)
    run_doit(project).assert_executed("work")
    compile_(HELPERS)
    run_doit(project).assert_executed()
    compile_(HELPERS.replace(old, new))
    run_doit(project).assert_executed(*["work"] * counts)
    run_doit(project).assert_executed()


@pytest.mark.parametrize("process", [False, True])
def test_source_edited_while_doit_runs(doit_project: Make, process: bool) -> None:
    """The loaded code counts, not the file, which an action edits in the meantime."""
    dodo = """
import os
import other, steps

def task_edits_itself():
    return {"actions": [steps.work], "file_dep": ["in.txt"], "targets": ["out.txt"]}

def task_edited_before_it_is_checked():
    return {"actions": [other.work], "file_dep": ["in.txt"], "task_dep": ["edits_itself"]}
"""
    steps = """
import os

def work(targets):
    open(targets[0], "w").write("one")
    if not os.path.exists("edited"):
        open("edited", "w").close()
        for name, old, new in (("steps.py", "on" + "e", "two"), ("other.py", "1", "2")):
            text = open(name).read().replace(old, new)
            open(name, "w").write(text)
"""
    other = "def work():\n    open('log', 'a').write('1')\n"
    project = doit_project({"dodo.py": dodo, "steps.py": steps, "other.py": other, "in.txt": ""})
    both = ("edits_itself", "edited_before_it_is_checked")
    run_doit(project, process=process).assert_executed(*both)
    assert project.read("out.txt") == "one"
    assert project.read("log") == "1"
    run_doit(project, process=process).assert_executed(*both)
    assert project.read("out.txt") == "two"
    assert project.read("log") == "12"
    run_doit(project, process=process).assert_executed()


@pytest.mark.parametrize("process", [False, True])
def test_action_that_leaves_the_directory(doit_project: Make, process: bool) -> None:
    """Where an action went to does not matter to what is checked after it."""
    dodo = """
import os, sys
sys.path.insert(0, "lib")
import helpers

DOIT_CONFIG = {"backend": "sqlite3", "dep_file": os.path.abspath("state.db")}

def go():
    os.chdir("sub")

def task_a():
    return {"actions": [go], "file_dep": ["in.txt"]}

def work():
    return bool(helpers.f())

def task_b():
    return {"actions": [work], "file_dep": ["in.txt"], "task_dep": ["a"]}

def task_c():
    return {"actions": ["python x.py"], "file_dep": ["in.txt"], "task_dep": ["a"]}
"""
    script = "import helpers\nhelpers.f()\n"
    # an action leaves every action after it in the other directory, so the script is there
    files = {"dodo.py": dodo, "in.txt": "", "lib/helpers.py": HELPERS, "x.py": script}
    decoy = {"sub/x.py": "pass\n", "sub/lib/helpers.py": "", "helpers.py": HELPERS}
    project = doit_project({**files, **decoy})
    run_doit(project, process=process).assert_executed("a", "b", "c")
    run_doit(project, process=process).assert_executed()
    project.edit("lib/helpers.py", "x + N", "x - N")
    run_doit(project, process=process).assert_executed("b")
    run_doit(project, process=process).assert_executed()


def test_module_in_a_zip(doit_project: Make) -> None:
    """A module in a zip on sys.path is followed; what is edited in the zip is seen."""
    dodo = USES.replace(
        "import helpers", "import sys\nsys.path.insert(0, 'lib.zip')\nimport helpers"
    )
    project = doit_project({"dodo.py": dodo, "in.txt": ""})

    def pack(text: str) -> None:
        with zipfile.ZipFile(project.path / "lib.zip", "w") as file:
            file.writestr("helpers.py", text)
            file.writestr("unused.py", f"x = {len(text)}\n")

    pack(HELPERS)
    run(project).assert_executed("work")
    run(project).assert_executed()
    pack(HELPERS.replace("Add", "Add it.\n    Always").replace("x + N", "x + N  # sum"))
    run(project).assert_executed()
    pack(HELPERS.replace("x=2", "x=3"))
    run(project).assert_executed("work")
    pack(HELPERS.replace("x=2", "x=3").replace("N = 1", "N = 2"))
    run(project).assert_executed("work")
    run(project).assert_executed()


def test_functions_without_source(doit_project: Make) -> None:
    """Code from exec is compared by its bytecode, wherever its source came from."""
    dodo = """
SOURCE = open("source.txt").read()
exec(SOURCE)

def task_work():
    return {"actions": [work], "file_dep": ["in.txt"]}
"""
    source = "N = 1\ndef work():\n    open('out.txt', 'w').write(str(N + 1))\n"
    project = doit_project({"dodo.py": dodo, "source.txt": source, "in.txt": ""})
    run_doit(project).assert_executed("work")
    project.edit("source.txt", "def work", "\n# a comment\ndef work")
    run_doit(project).assert_executed()
    project.edit("source.txt", "N + 1", "N + 2")
    run_doit(project).assert_executed("work")
    project.edit("source.txt", "N = 1", "N = 5")
    run_doit(project).assert_executed("work")


def test_stale_compiled_files_have_no_effect(landscape: Project) -> None:
    """With and without ``__pycache__`` the code is the same."""
    run(landscape, PYTHONDONTWRITEBYTECODE="").assert_executed()
    assert os.path.isdir(landscape.path / "__pycache__")
    run(landscape, PYTHONDONTWRITEBYTECODE="").assert_executed()
