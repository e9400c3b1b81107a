"""A changed way to compare (a hook, a version of a kind) reruns nothing."""

from __future__ import annotations

import os

import pytest

from doit_invariants.testing import Project
from tests.support import Make

TASKS = """
from doit_invariants import Files, Tree
def task_dep():
    return {"actions": ["true"], "file_dep": ["a.log", "b.txt"]}
def task_target():
    return {"actions": ["cp a.log made.log"], "file_dep": ["b.txt"], "targets": ["made.log"]}
def task_files():
    return {"actions": ["true"], "invariants": [Files("a.l*", "logs/*")]}
def task_tree():
    return {"actions": ["true"], "file_dep": ["logs"]}
def task_kind():
    return {"actions": ["true"], "invariants": [Tree("logs")]}
def task_out():
    return {"actions": ["mkdir -p out && cp a.log out/x.log"], "file_dep": ["b.txt"],
            "targets": ["out"]}
"""
HOOK = """
from doit_invariants import hookimpl
@hookimpl
def invariants_digest_file(path):
    if path.endswith(".log"):
        return "log:" + open(path).read().partition(" ")[2]
"""
LOGS = ["a.log", "made.log", "logs/x.log", "logs/deep/y.log", "out/x.log"]
NAMES = ["dep", "target", "files", "tree", "kind", "out"]


def make(make_project: Make, text: str, backend: str = "json") -> Project:
    """Return a project whose tasks have run."""
    files = {name: f"1 {name}" for name in ("a.log", "logs/x.log", "logs/deep/y.log", "b.txt")}
    project = make_project({"dodo.py": text, **files}, backend=backend)
    project.run().assert_executed(*NAMES)
    project.run().assert_up_to_date(*NAMES)
    return project


def touch(project: Project, time: int) -> None:
    """Give all logs another time."""
    for name in LOGS:
        os.utime(project.path / name, (time, time))


@pytest.mark.parametrize("backend", ["json", "sqlite3"])
@pytest.mark.parametrize(
    "steps",
    [
        (TASKS, TASKS + HOOK),
        (TASKS + HOOK, TASKS),
        (TASKS + HOOK, TASKS + HOOK.replace('"log:"', '"log 2:"')),
        (TASKS, TASKS + HOOK, TASKS, TASKS + HOOK.replace('"log:"', '"log 2:"')),
        (TASKS + HOOK, TASKS + HOOK.replace(".log", ".txt")),
    ],
    ids=["added", "removed", "changed", "again and again", "for others"],
)
def test_hook_for_files(doit_project: Make, steps: tuple[str, ...], backend: str) -> None:
    """A `touch` after it was added, removed or changed reruns nothing; an edit does."""
    project = make(doit_project, steps[0], backend)
    for number, text in enumerate(steps[1:], 1):
        project.write({"dodo.py": text})
        project.run().assert_up_to_date(*NAMES)
        touch(project, number)
        project.run().assert_up_to_date(*NAMES)
        project.run().assert_up_to_date(*NAMES)
    project.write({"a.log": "1 other", "logs/deep/y.log": "1 other"})
    project.run().assert_executed("dep", "files", "tree", "kind")
    project.write({"made.log": "1 other", "out/x.log": "1 other"})
    project.run().assert_executed("target", "out")
    if steps[-1].endswith(HOOK):
        project.write({"a.log": "2 other", "logs/deep/y.log": "2 other"})
        project.run().assert_up_to_date(*NAMES)


def test_no_false_alarm_from_the_store(doit_project: Make) -> None:
    """Results that were stored before a hook was added are still found."""
    text = "DOIT_CONFIG = {'invariants': {'store': 'store', 'cache': 'shared'}}\n" + TASKS
    project = make(doit_project, text)
    project.write({"dodo.py": text + HOOK})
    for _ in range(2):
        outcome = project.run("-a").assert_executed(*NAMES)
        assert "not reproducible" not in outcome.stdout + outcome.stderr, repr(outcome)


VALUES = """
from doit_invariants import Value, hookimpl
class Money:
    def __init__(self, cents, note):
        self.cents, self.note = cents, note
PRICE = Money(CENTS, "NOTE")
def use(price=None):
    return {"price": PRICE.cents}
def task_value():
    return {"actions": ["true"], "invariants": [Value(PRICE), Value([1, PRICE], name="list")]}
def task_code():
    return {"actions": [use], "file_dep": ["in.txt"]}
def task_given():
    return {"actions": [(use, [PRICE])], "file_dep": ["in.txt"]}
"""
TEACH = """
@hookimpl
def invariants_digest_value(value):
    return f"money {value.cents}" if type(value).__name__ == "Money" else None
"""


def values(cents: int, note: str, teach: str = TEACH) -> str:
    """Return a dodo.py."""
    return VALUES.replace("CENTS", str(cents)).replace("NOTE", note) + teach


def test_hook_for_values(doit_project: Make) -> None:
    """A hook for values that is added reruns nothing, and counts from there on."""
    names = ["value", "code", "given"]
    project = doit_project({"dodo.py": values(1, "a", ""), "in.txt": ""})
    project.run().assert_executed(*names)
    project.write({"dodo.py": values(1, "a")})
    for _ in range(2):
        project.run().assert_up_to_date(*names)
    project.write({"dodo.py": values(1, "b")})
    assert "value" in project.run().up_to_date
    project.write({"dodo.py": values(2, "b")})
    project.run().assert_executed(*names)


def test_hook_for_values_added_with_an_edit(doit_project: Make) -> None:
    """A change at the same time counts."""
    project = doit_project({"dodo.py": values(1, "a", ""), "in.txt": ""})
    project.run().assert_success()
    project.write({"dodo.py": values(2, "a")})
    project.run().assert_executed("value", "code", "given")


KIND = """
from doit_invariants import Invariant, hookimpl
class Lines(Invariant):
    kind = "Lines"
    def __init__(self, path):
        self.path = path
    def identity(self):
        return self.path
    def fingerprint(self, context, previous):
        return {"digest": f"v1:{len(open(self.path).readlines())}"}
@hookimpl
def invariants_register_kinds():
    return [Lines]
@hookimpl
def invariants_for_task(task):
    return [Lines("in.txt")] if task.name == "tracked" else []
def task_listed():
    return {"actions": ["true"], "invariants": [Lines("in.txt")]}
def task_tracked():
    return {"actions": ["true"], "file_dep": ["other"]}
"""
SECOND = KIND.replace('kind = "Lines"', 'kind = "Lines"\n    version = 2').replace(
    'f"v1:{len(open(self.path).readlines())}"', '"v2:" + open(self.path).read()'
)
UPGRADE = SECOND.replace(
    "    def fingerprint",
    """    def upgrade(self, old, version):
        assert version == 1
        same = old["digest"] == f"v1:{len(open(self.path).readlines())}"
        return self.fingerprint(None, None) if same else {"digest": "other"}
    def fingerprint""",
)


def started(make_project: Make, text: str = KIND) -> Project:
    """Return a project whose two tasks have run."""
    project = make_project({"dodo.py": text, "in.txt": "a\n", "other": ""})
    project.run().assert_executed("listed", "tracked")
    return project


@pytest.mark.parametrize("text", [SECOND, UPGRADE], ids=["adopted", "upgraded"])
def test_new_version_of_a_kind(doit_project: Make, text: str) -> None:
    """It reruns nothing, and what it says counts from there on."""
    project = started(doit_project)
    project.write({"dodo.py": text})
    why = project.run("invariants", "why")
    assert why.stdout.count(": up-to-date") == 2, repr(why)
    for _ in range(2):
        project.run().assert_up_to_date("listed", "tracked")
    assert "v2:a" in project.run("invariants", "show", "listed").stdout
    project.write({"in.txt": "b\n"})
    project.run().assert_executed("listed", "tracked")


def test_new_version_that_knows_better(doit_project: Make) -> None:
    """A kind with `upgrade` sees an edit from before the new version."""
    project = started(doit_project)
    project.write({"dodo.py": UPGRADE, "in.txt": "a\nb\n"})
    project.run().assert_executed("listed", "tracked")
    project = doit_project({"dodo.py": KIND, "in.txt": "a\n", "other": ""}, name="broken")
    project.run().assert_success()
    project.write({"dodo.py": UPGRADE.replace("assert version == 1", "raise KeyError('x')")})
    outcome = project.run("--continue").assert_failed("listed", "tracked")
    assert "upgrade() failed with KeyError" in outcome.stdout, repr(outcome)


def test_new_version_beside_another_change(doit_project: Make) -> None:
    """Other changes are reasons as always; a version older than the recorded one is too."""
    project = started(doit_project)
    project.write({"dodo.py": SECOND, "other": "x"})
    project.run().assert_executed("tracked")
    project.run().assert_up_to_date("listed", "tracked")
    project.write({"dodo.py": KIND})
    why = project.run("invariants", "why", "listed")
    assert "recorded by another version of this kind" in why.stdout, repr(why)
    project.run().assert_executed("listed", "tracked")
