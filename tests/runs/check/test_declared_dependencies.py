"""Stories of bugs that were found by trying to break the thing, one a test."""

from __future__ import annotations

import os
import shutil

from doit_invariants.testing import Project
from tests.support import Make


def test_task_without_dependencies_for_a_while(doit_project: Make, backend: str) -> None:
    """What a task did while it had nothing to compare is not forgotten when it has again."""
    dodo = """
from doit_invariants import Value
V = {v}
def task_a():
    return {{"actions": ["echo {v} > server"] {more}}}
"""
    listed = ', "invariants": [Value(V)]'
    project = doit_project({"dodo.py": dodo.format(v=1, more=listed)}, backend=backend)
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo.format(v=2, more="")})
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo.format(v=1, more=listed)})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_all_inputs_taken_away_and_given_back(doit_project: Make, backend: str) -> None:
    """A file_dep that comes back is an added one, though doit's DB still has its old state."""
    dodo = """
def join(dependencies, targets):
    open(targets[0], "w").write(repr(dependencies))
def task_a():
    return {"actions": [join], "file_dep": ["in.txt"], "targets": ["out.txt"], "cache": True}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""}, backend=backend)
    project.run().assert_executed("a")
    project.edit("dodo.py", '["in.txt"]', "[]")
    project.run().assert_executed("a")
    project.edit("dodo.py", '"file_dep": []', '"file_dep": ["in.txt"]')
    assert "in.txt: file_dep added" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    assert project.read("out.txt") == "['in.txt']"


def test_file_that_becomes_a_directory_and_back(doit_project: Make) -> None:
    """Another type is another content, an empty directory in the place of a file too."""
    dodo = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["in"]}\n'
    project = doit_project({"dodo.py": dodo, "in": "text"})
    project.run().assert_executed("a")
    project.remove("in")
    project.write({"in/": ""})
    assert "in: was a file, is a directory" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    (project.path / "in").rmdir()
    project.write({"in": ""})
    assert "in: was a directory, is a file" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")


def test_signature_covers_items_and_calculated_dependencies(doit_project: Make) -> None:
    """Task(x) sees what x lists in uptodate, and what a calc_dep gives it."""
    dodo = """
from doit_invariants import Task, Value, invariants
def calc():
    return {"file_dep": ["g.txt"]}
def task_calc():
    return {"actions": [calc], "file_dep": ["dodo.py"]}
def task_server():
    return {"actions": ["true"], "calc_dep": ["calc"], "uptodate": [invariants(Value(80))]}
def task_m():
    return {"actions": ["true"], "setup": ["server"], "invariants": [Task("server")]}
"""
    project = doit_project({"dodo.py": dodo, "g.txt": "1"})
    project.run("m")
    project.run("m")
    project.run("m").assert_executed()
    project.edit("dodo.py", "Value(80)", "Value(81)")
    project.run("m").assert_executed("calc", "server", "m")
    project.run("m").assert_executed()
    project.write({"g.txt": "2"})
    assert "m" in project.run("m").executed
    project.run("server", "m")
    project.run("m").assert_executed()


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


def test_file_whose_name_looks_like_a_pattern(doit_project: Make) -> None:
    """A file that exists under the very name is meant."""
    dodo = """
from doit_invariants import Files
def task_a():
    return {"actions": ["true"], "invariants": [Files("data[1].csv")]}
"""
    project = doit_project({"dodo.py": dodo, "data[1].csv": "1"})
    project.run().assert_executed("a")
    project.write({"data[1].csv": "2"})
    project.run().assert_executed("a")


def test_file_hook_that_returns_no_text(doit_project: Make, backend: str) -> None:
    """It fails the tasks that ask it, in one line, and loses nothing of the others."""
    dodo = """
from doit_invariants import hookimpl
@hookimpl
def invariants_digest_file(path):
    return b"bytes" if path == "in.txt" else None
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_b():
    return {"actions": ["true"], "file_dep": ["dodo.py"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""}, backend=backend)
    outcome = project.run("-c")
    outcome.assert_error("it must return a string or None, not bytes", returncode=2)
    project.run("-c").assert_up_to_date("b")


def test_mistakes_in_patterns_and_keys_of_settings(doit_project: Make) -> None:
    """A range that runs backwards and a key that is no text are one line each."""
    plain = "def task_a(): pass\n"
    project = doit_project({"dodo.py": plain}, settings={"tree_exclude": ["[z-a].txt"]})
    project.run().assert_error("patterns ['[z-a].txt']: bad character range")
    tree = "from doit_invariants import Tree\ndef task_a():\n    return {'actions': [], "
    project = doit_project(
        {"dodo.py": tree + "'invariants': [Tree('.', include=['[z-a]'])]}\n"}, name="tree"
    )
    project.run().assert_error("task 'a': patterns ['[z-a]']: bad character range")
    project = doit_project(
        {"dodo.py": plain + "DOIT_CONFIG = {'invariants': {1: 2}}\n"}, name="key"
    )
    project.run().assert_error("DOIT_CONFIG['invariants']: unknown setting 1")


def test_own_invariants_beat_the_defaults_of_the_project(doit_project: Make) -> None:
    """A default of the project neither clashes with a task's own nor with its item."""
    dodo = """
from doit_invariants import Env, TTL, invariants
DOIT_CONFIG = {"invariants": {"invariants": [Env("A")], "ttl": "1d"}}
def task_a():
    return {"actions": ["true"], "uptodate": [invariants(Env("B"))]}
def task_b():
    return {"actions": ["true"], "invariants": [TTL("1h")]}
"""
    project = doit_project({"dodo.py": dodo})
    project.run(now=1_700_000_000).assert_executed("a", "b")
    project.run(now=1_700_000_000 + 7200).assert_executed("b")


def test_accept_of_a_task_with_calculated_dependencies(doit_project: Make) -> None:
    """What a calc_dep gave belongs to what is accepted."""
    dodo = """
def calc():
    return {"file_dep": ["b.txt"]}
def task_calc():
    return {"actions": [calc], "file_dep": ["in.txt"]}
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"], "calc_dep": ["calc"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "", "b.txt": ""})
    project.run().assert_executed("calc", "a")
    project.write({"b.txt": "changed"})
    assert project.run("invariants", "accept", "a").stdout == "accepted a\n"
    project.run("a").assert_executed()


def test_database_inside_a_tracked_directory(doit_project: Make, backend: str) -> None:
    """doit's DB does not count, whatever it is called."""
    dodo = """
from doit_invariants import Tree
DOIT_CONFIG = {"dep_file": "state.json"}
def task_a():
    return {"actions": ["true"], "invariants": [Tree(".")]}
def task_b():
    return {"actions": ["true"], "file_dep": ["."]}
"""
    project = doit_project({"dodo.py": dodo}, backend=backend)
    project.run().assert_executed("a", "b")
    project.run().assert_executed()


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
