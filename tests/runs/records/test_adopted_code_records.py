"""Stories about records that earlier versions wrote of more than what code reads."""

from __future__ import annotations

from pathlib import Path

from doit_invariants.testing import Project
from tests.support import Make

#: The DB that version 0.1 wrote of this project, with Python 3.11.
RECORDED = Path(__file__).parent / "recorded" / "wholes.json"
DODO = """
import collections
import importlib
import sys
import types

import settings

PARAMS = {"clean": {"x": 1, "y": 2}, "fit": [3, 4]}
MODEL, PLOT = types.SimpleNamespace(alpha=5), types.SimpleNamespace(color=6)
CFG = types.SimpleNamespace(model=MODEL, plot=PLOT)

class Paths:
    SRC = 7
    OUT = 8

def helper():
    return PARAMS["fit"][0]

def by_key():
    print(PARAMS["clean"]["x"], helper())

def by_name():
    print(CFG.model.alpha)

def by_class():
    print(Paths.SRC)

def of_module():
    print(settings.TABLE["rows"])

def named():
    importlib.import_module("plugin")

def make(params):
    def inner():
        print(params["a"])
    return inner

def apply(func):
    func()

def task_code():
    for func in (by_key, by_name, by_class, of_module, named):
        yield {"name": func.__name__, "actions": [func], "uptodate": [True]}
    yield {"name": "closure", "actions": [make({"a": 9, "b": 10})], "uptodate": [True]}
    yield {"name": "given", "actions": [(apply, [by_key])], "uptodate": [True]}

def task_tool():
    return {"actions": ["python tool.py"], "uptodate": [True]}

def task_other():
    return {"actions": ["python other.py"], "uptodate": [True]}

def task_listed():
    from doit_invariants import Module
    return {"actions": [":"], "invariants": [Module("reads")]}
"""
FILES = {
    "dodo.py": DODO,
    "settings.py": "BASE = 11\nfmin = BASE * 2\nfmax = 12\nTABLE = {'rows': 13, 'columns': 14}\n",
    "plugin.py": "NAME = 15\n",
    "tool.py": "from settings import fmin\nprint(fmin)\n",
    "other.py": "import settings\nprint(settings.fmax)\n",
    "reads.py": "from settings import fmin\n",
}
FUNCTIONS = ["code:by_key", "code:by_name", "code:by_class", "code:of_module"]
FUNCTIONS += ["code:closure", "code:given"]


def _recorded(doit_project: Make) -> Project:
    project = doit_project(FILES, backend="json")
    project.write({".doit.db": RECORDED.read_bytes()})
    return project


def test_what_was_recorded_as_a_whole_is_adopted_by_places(doit_project: Make) -> None:
    """Nothing runs because of the new version; from then on the places alone count."""
    project = _recorded(doit_project)
    assert project.run().assert_success().executed == []
    project.edit("dodo.py", '"y": 2', '"y": 3')
    project.edit("dodo.py", "color=6", "color=66")
    project.edit("dodo.py", "OUT = 8", "OUT = 88")
    project.edit("dodo.py", '"b": 10', '"b": 11')
    project.edit("settings.py", "14", "15")
    project.run(*FUNCTIONS).assert_up_to_date(*FUNCTIONS)
    for name, old, new, expected in (
        ("dodo.py", '"x": 1', '"x": 2', ["code:by_key", "code:given"]),
        ("dodo.py", "[3, 4]", "[5, 4]", ["code:by_key", "code:given"]),
        ("dodo.py", "alpha=5", "alpha=6", ["code:by_name"]),
        ("dodo.py", "SRC = 7", "SRC = 8", ["code:by_class"]),
        ("dodo.py", '"a": 9', '"a": 8', ["code:closure"]),
        ("settings.py", "13", "12", ["code:of_module"]),
    ):
        project.edit(name, old, new)
        assert project.run(*FUNCTIONS).assert_success().executed == expected


def test_what_changed_since_the_record_runs(doit_project: Make) -> None:
    """The record does not show whether other parts of the whole changed."""
    project = _recorded(doit_project)
    project.edit("dodo.py", '"x": 1', '"x": 2')
    project.edit("dodo.py", "alpha=5", "alpha=6")
    project.edit("dodo.py", '"a": 9', '"a": 8')
    expected = ["code:by_key", "code:by_name", "code:closure", "code:given"]
    assert project.run(*FUNCTIONS).assert_success().executed == expected


def test_what_was_recorded_of_whole_modules_holds(doit_project: Make) -> None:
    """Scripts depend on the names that they use from then on, and on nothing else of the module."""
    scripts = ["tool", "other", "listed"]
    project = _recorded(doit_project)
    assert project.run().assert_success().executed == []
    project.edit("settings.py", "TABLE", "EXTRA = 1\nTABLE")
    project.run(*scripts).assert_up_to_date(*scripts)
    project.edit("settings.py", "fmax = 12", "fmax = 13")
    assert project.run(*scripts).assert_success().executed == ["other"]
    project.edit("settings.py", "BASE = 11", "BASE = 12")
    assert project.run(*scripts).assert_success().executed == ["tool", "listed"]


def test_what_changed_of_a_module_since_the_record_runs(doit_project: Make) -> None:
    """The record does not show which part of it changed."""
    project = _recorded(doit_project)
    project.edit("settings.py", "fmin", "EXTRA = 1\nfmin")
    executed = project.run("tool", "other", "listed").assert_success().executed
    assert executed == ["tool", "other", "listed"]
