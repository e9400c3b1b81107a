"""Values that name files of the project mean those of where the project is now."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from doit_invariants.core.paths import moved as put_below
from doit_invariants.testing import Project
from tests.support import Make

DODO = """
import os
from pathlib import Path
BASE = Path(__file__).resolve().parent

def join(dependencies, targets):
    Path(targets[0]).write_text("".join(sorted(Path(one).read_text() for one in dependencies)))

def joins(name, *calc, **more):
    return {"actions": [join], "targets": [f"{name}.out"], "calc_dep": list(calc), **more}

def gives(**values):
    return {"actions": [lambda: values], "file_dep": ["dodo.txt"]}

# Several keys, nested directories; several tasks that calculate; beside paths of its own.
def task_a():
    return joins("a", "a_deps")
def task_a_deps():
    return gives(file_dep=[str(BASE / "in.txt"), str(BASE / "sub/deep/in.txt")], task_dep=["b"])
def task_b():
    return joins("b", "b_deps", "b_more", file_dep=[str(BASE / "in.txt"), "sub/in.txt"])
def task_b_deps():
    return gives(file_dep=[str(BASE / "sub/deep/in.txt"), "in.txt"])
def task_b_more():
    return gives(file_dep=[os.path.join(BASE, "sub", "..", "in.txt")])

# One that always runs, and so has no record; one that gives a task by its path.
def task_c():
    return joins("c", "c_deps")
def task_c_deps():
    return {"actions": [lambda: {"file_dep": [str(BASE / "in.txt")]}]}
def task_d():
    return joins("d", "d_deps", file_dep=["in.txt"])
def task_d_deps():
    return gives(task_dep=[f"d_made:{BASE}/d.txt"], file_dep=[str(BASE / "d.txt")])
def task_d_made():
    yield {"name": f"{BASE}/d.txt", "actions": ["cp in.txt d.txt"], "file_dep": ["in.txt"],
           "targets": ["d.txt"]}

# By getargs: a path, a longer text, an object, a text that a command wrote.
def read(path, text, table, words, targets):
    assert text == f"-I{BASE} --in={BASE}/in.txt {BASE}:{BASE}/sub", text
    assert list(table) == [f"{BASE}/in.txt"] and table[f"{BASE}/in.txt"] == [1, [f"{BASE}/sub"]]
    assert words.strip() == str(BASE / "in.txt"), words
    Path(targets[0]).write_text(Path(path).read_text())
def task_e():
    names = ("path", "text", "table")
    getargs = {name: ("e_gives", name) for name in names}
    return {"actions": [read], "targets": ["e.out"], "file_dep": ["in.txt"],
            "getargs": {**getargs, "words": ("e_said", "words")}}
def e_gives():
    return {"path": str(BASE / "in.txt"), "table": {f"{BASE}/in.txt": [1, [f"{BASE}/sub"]]},
            "text": f"-I{BASE} --in={BASE}/in.txt {BASE}:{BASE}/sub"}
def task_e_gives():
    return {"actions": [e_gives], "file_dep": ["dodo.txt"]}
def task_e_said():
    from doit.action import CmdAction
    return {"actions": [CmdAction(f"echo {BASE}/in.txt", save_out="words")],
            "file_dep": ["dodo.txt"]}
"""
FILES = {"dodo.py": DODO, "dodo.txt": "", "in.txt": "1", "sub/in.txt": "2", "sub/deep/in.txt": "3"}
TASKS = ("a", "b", "c", "d", "e")
#: All but what always runs, what needs that, and what has another name elsewhere.
QUIET = ("a", "b", "e", "a_deps", "b_deps", "b_more", "d_deps", "e_gives", "e_said")


def moved(project: Project, name: str, how: str) -> Project:
    """Return the project in another place: copied or moved."""
    there = Project(project.path.parent / name)
    if how == "copied":
        shutil.copytree(project.path, there.path, symlinks=True)
    else:
        project.path.rename(there.path)
    return there


def assert_quiet(project: Project, *arguments: str) -> None:
    """Run, and assert that only that runs which always does, or has another name here."""
    outcome = project.run(*arguments).assert_success()
    assert set(outcome.executed) <= {"c_deps", f"d_made:{project.path}/d.txt"}


def outputs(project: Project) -> list[str]:
    """Return what each task has written."""
    return [project.read(f"{name}.out") for name in TASKS]


@pytest.mark.parametrize("backend", ["json", "sqlite3"])
@pytest.mark.parametrize("how", ["copied", "moved"])
def test_nothing_runs_and_every_edit_is_seen(doit_project, how: str, backend: str) -> None:
    project = doit_project(FILES, backend=backend)
    project.run().assert_success()
    assert outputs(project) == ["13", "11123", "1", "11", "1"]
    there = moved(project, "there", how)
    for _ in range(2):
        # As the next command sees it, which runs nothing; only what always runs does.
        there.run("invariants", "why", *QUIET).assert_success()
        assert_quiet(there)
    there.write({"in.txt": "5"})
    outcome = there.run().assert_success()
    assert set(TASKS) <= set(outcome.executed)
    assert outputs(there) == ["35", "23555", "5", "55", "5"]
    there.write({"sub/deep/in.txt": "7"})
    assert set(there.run().assert_success().executed) == {"a", "b", "c_deps"}


def test_moved_back_and_on(doit_project) -> None:
    """This holds before all tasks have been checked there, and with -n."""
    project = doit_project(FILES)
    project.run().assert_success()
    there = moved(project, "there", "moved")
    there.run("a", "e").assert_success()
    again = moved(there, "again", "moved")
    again.run("-n", "2", "b").assert_success()
    back = moved(again, project.path.name, "moved")
    assert_quiet(back)
    on = moved(back, "on", "copied")
    back.write({"in.txt": "9"})
    assert_quiet(on, "-n", "2")
    assert outputs(on) == ["13", "11123", "1", "11", "1"]
    on.write({"in.txt": "5"})
    on.run("-n", "2").assert_success()
    assert outputs(on) == ["35", "23555", "5", "55", "5"]


def test_values_of_an_earlier_version(doit_project) -> None:
    """They do not say where they were saved; the record of their task does."""
    project = doit_project(FILES, backend="json")
    project.run().assert_success()
    stored = json.loads(project.read(".doit.db"))
    for row in stored.values():
        row.pop("check:invariants", None)
        row.pop("invariants:root", None)
    project.write({".doit.db": json.dumps(stored)})
    there = moved(project, "there", "copied")
    for _ in range(2):
        assert_quiet(there)
    there.write({"in.txt": "5"})
    there.run().assert_success()
    assert outputs(there) == ["35", "23555", "5", "55", "5"]


def test_a_link_to_the_project(doit_project) -> None:
    """Started through a link it is the same project."""
    project = doit_project(FILES)
    project.run().assert_success()
    (project.path.parent / "link").symlink_to(project.path.name)
    linked = Project(project.path.parent / "link")
    assert_quiet(linked)


def test_what_is_restored_from_a_store(doit_project, tmp_path) -> None:
    """The values that another checkout has stored."""
    toml = f"""
[tool.doit]
loader = "invariants"
[tool.doit.invariants]
store = "{tmp_path / "store"}"
cache = "shared"
"""
    one = doit_project({**FILES, "pyproject.toml": toml}, name="one")
    one.run().assert_success()
    two = doit_project({**FILES, "pyproject.toml": toml, "in.txt": "5"}, name="two")
    outcome = two.run().assert_success()
    assert outputs(two) == ["35", "23555", "5", "55", "5"]
    assert "not reproducible" not in outcome.stderr
    assert "restored" in outcome.stdout
    one.write({"dodo.txt": "edited"})
    two.write({"dodo.txt": "edited"})
    one.run().assert_success()
    two.run("-a").assert_success()
    assert "not reproducible" not in two.run("-a", process="fork").stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/old/place", "/new"),
        ("/old/place/in.txt", "/new/in.txt"),
        ("-I/old/place/a -L/old/place", "-I/new/a -L/new"),
        ("--in=/old/place/a", "--in=/new/a"),
        ("file:///old/place/a", "file:///new/a"),
        ("/old/place:/old/place/lib", "/new:/new/lib"),
        ("'/old/place/a'\n/old/place\n", "'/new/a'\n/new\n"),
        # Other directories.
        ("/old/place2/a", None),
        ("/old/place-2", None),
        ("/old/place.bak/a", None),
        ("/old/place+more/a", None),
        ("/up/old/place/a", None),
        ("~/old/place/a", None),
        ("/old/plac", None),
        ("../old/place", None),
    ],
)
def test_what_names_a_file_of_the_project(text: str, expected: str | None) -> None:
    expected = text if expected is None else expected
    assert put_below({text: [1, (text, None)]}, "/old/place", "/new") == {
        expected: [1, (expected, None)]
    }
    assert put_below(text, "/old/place", "/old/place") == text
    assert put_below(text, "/", "/new") == text


def test_moved_project_with_paths_that_are_not_normalised(doit_project: Make) -> None:
    """Absolute paths are translated by their text, with a slash at their end or dots inside."""
    dodo = """
import os
HERE = os.path.dirname(os.path.abspath(__file__))
def task_a():
    return {"actions": ["true"], "file_dep": [HERE + "/data/", HERE + "/data/../in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "data/x": "", "in.txt": ""})
    project.run().assert_executed("a")
    moved = Project(project.path.parent / "moved")
    shutil.copytree(project.path, moved.path)
    os.rename(project.path, project.path.parent / "gone")
    moved.run().assert_executed().assert_up_to_date("a")
