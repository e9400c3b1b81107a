"""One store for several versions of Python: what one made the others restore."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project, settings_toml
from tests.support.results import restored

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tasks use a POSIX shell")

DODO = '''
import dataclasses, helpers
from doit_invariants import Env, Files, Function, Module, Script, Tree, Value
DOIT_CONFIG = {"invariants": {"cache": "shared"}}
N = 3
@dataclasses.dataclass
class Options:
    """Options."""
    depth: int = 2
    names: tuple = ("a", "b")
def closure(n):
    def inner(targets, *, factor=1.5):
        """A docstring."""
        text = [f"{n * factor:.2f}" for _ in range(N) if n in {1, 2, 3}]
        try:
            helpers.write(targets[0], " ".join(text))
        except (OSError, ValueError) as error:
            raise RuntimeError from error
    return inner
def task_python():
    for n in (1, 2):
        yield {"name": n, "actions": [closure(n)], "targets": [f"p{n}.txt"],
               "file_dep": ["in.txt"], "invariants": [Env("REGION"), Value(Options())]}
def task_command():
    return {"actions": ["tr a-z A-Z < in.txt > c.txt"], "file_dep": ["in.txt"],
            "targets": ["c.txt"], "invariants": [Files("*.cfg"), Tree("data")]}
def task_script():
    return {"actions": ["python script.py"], "targets": ["s.txt"], "file_dep": ["in.txt"]}
def task_values():
    return {"actions": [helpers.values], "file_dep": ["in.txt"],
            "invariants": [Module(helpers)], "cache": "shared"}
def task_use():
    return {"actions": [(helpers.use, [], {"o": Options(depth=3)})], "targets": ["u.txt"],
            "getargs": {"v": ("values", "v")}}
'''
HELPERS = """
def write(path, text):
    with open(path, "w") as stream:
        stream.write(text + "\\n")
def values(dependencies):
    return {"v": [len(open(path).read()) for path in sorted(dependencies)]}
def use(o, v, targets):
    write(targets[0], f"{o.depth} {v}")
"""
SCRIPT = """
import helpers
helpers.write("s.txt", open("in.txt").read() * 2)
"""
FILES = {
    "dodo.py": DODO,
    "helpers.py": HELPERS,
    "script.py": SCRIPT,
    "in.txt": "one",
    "a.cfg": "",
    "data/x": "1",
}
ALL = ("command", "python:1", "python:2", "script", "use", "values")


def checkout(directory: Path, name: str) -> Project:
    """Return a checkout of the project that uses the one store."""
    project = Project(directory / name)
    project.path.mkdir(parents=True)
    settings = {"store": str(directory / "store")}
    project.write({"pyproject.toml": settings_toml(backend="json", settings=settings), **FILES})
    return project


def run(project: Project, python: str) -> Outcome:
    """Run with an interpreter; scripts run with it too."""
    path = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH", "")])
    env = {"PATH": path, "PYTHONHASHSEED": "random", "REGION": "eu"}
    return project.run(process=True, python=python, env=env).assert_success()


def test_from_each_version_to_each(pythons: dict[int, str], tmp_path: Path) -> None:
    """All versions restore the results of any version, in directories of other names."""
    first, *others = sorted(pythons)
    run(checkout(tmp_path, "first"), pythons[first]).assert_executed(*ALL)
    for version in others:
        project = checkout(tmp_path, f"with-{version}/deep")
        outcome = run(project, pythons[version])
        assert outcome.executed == [], repr(outcome)
        assert restored(outcome, "the store") == list(ALL)
        assert project.read("s.txt") == "oneone\n"
        run(project, pythons[first]).assert_executed()


def test_edits_in_another_version(pythons: dict[int, str], tmp_path: Path) -> None:
    """An edit runs the tasks that it concerns, once over all versions; undoing it restores."""
    old, new = min(pythons), max(pythons)
    one, other = checkout(tmp_path, "one"), checkout(tmp_path, "other")
    run(one, pythons[new]).assert_executed(*ALL)
    run(other, pythons[old]).assert_executed()
    edits = {
        "data/x": ("1", "2", ["command"]),
        "script.py": ("* 2", "* 3", ["script"]),
        "dodo.py": ("factor=1.5", "factor=2.5", ["python:1", "python:2"]),
        "helpers.py": ('"{o.depth} {v}"', '"{o.depth}, {v}"', ["script", "use", "values"]),
    }
    for name, (before, after, hits) in edits.items():
        other.edit(name, before, after)
        executed = run(other, pythons[old]).executed
        assert set(executed) <= set(hits), (name, executed)
        assert executed, name
        one.edit(name, before, after)
        outcome = run(one, pythons[new])
        assert outcome.executed == [], (name, repr(outcome))
        assert restored(outcome, "the store") == sorted(executed), (name, repr(outcome))
        for project, version in ((one, new), (other, old)):
            project.edit(name, after, before)
            outcome = run(project, pythons[version])
            assert outcome.executed == [], (name, repr(outcome))


def test_what_does_not_count(pythons: dict[int, str], tmp_path: Path) -> None:
    """Comments, docstrings and layout are no other signature in the version that made it."""
    for version in sorted(pythons):
        one = checkout(tmp_path, f"one{version}")
        run(one, pythons[version])
        other = checkout(tmp_path, f"other{version}")
        other.edit("dodo.py", "A docstring.", "Another, longer.\n        docstring")
        other.edit("dodo.py", "    return inner", "    # a comment\n\n    return inner")
        other.edit("helpers.py", "def use(o, v, targets):", "def use(o: object, v, targets):  # x")
        outcome = run(other, pythons[version])
        assert outcome.executed == [], repr(outcome)
