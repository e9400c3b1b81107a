"""Tasks that always run, and those that never ran, are not checked needlessly."""

from __future__ import annotations

import json
import os

import pytest

from tests.support import Make

#: An argument that notes each time that somebody looks into it.
LOUD = """
import json
import os
class Loud:
    def __init__(self, n):
        self.n = n
    def __getstate__(self):
        with open(os.path.join(os.path.dirname(__file__), "looked"), "a") as stream:
            stream.write(f"{self.n} ")
        return {"n": self.n}
def act(loud):
    return {"n": loud.n}
"""

ALWAYS = (
    LOUD
    + """
def task_t():
    for n in range(3):
        yield {"name": str(n), "actions": [(act, [Loud(n)])]}
def task_gets():
    return {"actions": ["echo %(n)s"], "getargs": {"n": ("t:2", "n")}, "verbosity": 2}
"""
)


@pytest.mark.parametrize("runner", [[], ["-n", "2", "-P", "thread"]])
def test_what_always_runs_is_not_looked_at(
    doit_project: Make, backend: str, runner: list[str]
) -> None:
    """Neither a run nor a list checks it; its values are kept, but no record is."""
    project = doit_project({"dodo.py": ALWAYS}, backend=backend)
    for more in (["gets"], []):
        ran = project.run(*runner, process=False)
        ran.assert_executed("t:0", "t:1", "t:2", *more)
        assert ("\n2\n" in ran.stdout) == bool(more)
        listed = project.run("list", "-s", "--all", "t").stdout.splitlines()
        assert {line[0] for line in listed} == {"R"}
    assert not (project.path / "looked").exists()
    assert project.run("invariants", "show", "t:0").stdout == "t:0\n  no record\n"
    project.run("invariants", "why", "t:0")
    assert (project.path / "looked").exists()
    project.edit("dodo.py", "[(act, [Loud(n)])]}", '[(act, [Loud(n)])], "file_dep": ["dodo.py"]}')
    project.run("t").assert_executed("t:0", "t:1", "t:2")
    project.run("t").assert_executed()
    project.edit("dodo.py", "Loud(n)", "Loud(n + 1)")
    project.edit("dodo.py", ', "file_dep": ["dodo.py"]', "")
    project.run("t").assert_executed("t:0", "t:1", "t:2")


def test_what_others_rest_on_is_looked_at(doit_project: Make) -> None:
    """The code of a task that always runs counts for one with the invariant `Task`."""
    dodo = (
        ALWAYS
        + """
from doit_invariants import Task
def task_rests():
    return {"actions": ["true"], "invariants": [Task("t:1")]}
"""
    )
    project = doit_project({"dodo.py": dodo})
    project.run().assert_success()
    project.run("rests").assert_up_to_date("rests")
    project.edit("dodo.py", "Loud(n)", "Loud(n + 1)")
    project.run("rests").assert_executed("t:1", "rests")


FRESH = (
    LOUD
    + """
from doit_invariants import Command, Value
from doit_invariants.plugins import hookimpl
def task_plain():
    return {"actions": [(act, [Loud(1)]), "touch out"], "file_dep": ["in.txt"], "targets": ["out"]}
def task_missing():
    return {"actions": ["true"], "file_dep": ["nowhere"]}
def task_made():
    return {"actions": ["true"], "file_dep": ["out"]}
def task_tree():
    return {"actions": ["true"], "file_dep": ["tree/"]}
def task_fails():
    return {"actions": ["true"], "file_dep": ["in.txt"], "invariants": [Command("exit 3")]}
def task_value():
    return {"actions": ["true"], "file_dep": ["in.txt"], "invariants": [Value(1)]}
def task_told():
    return {"actions": ["true"], "file_dep": ["in.txt"], "uptodate": [True]}
def task_true():
    return {"actions": ["true"], "uptodate": [True]}
def task_once():
    return {"actions": ["true"], "file_dep": ["in.txt"], "targets": ["there"], "cache": "once"}
def task_bare():
    return {"actions": ["true"], "targets": ["nothing"]}
"""
).replace("from doit_invariants.plugins import hookimpl\n", "")


def test_what_never_ran_has_the_letter_of_plain_doit(doit_project: Make) -> None:
    """Each answer is what the full check would have found."""
    files = {"dodo.py": FRESH, "in.txt": "1", "tree/x": "1", "there": ""}
    project = doit_project(files)
    letters = {line.split()[1]: line[0] for line in project.run("list", "-s").stdout.splitlines()}
    assert letters == {
        **dict.fromkeys(["plain", "tree", "value", "told", "bare"], "R"),
        **dict.fromkeys(["missing", "made", "fails"], "E"),
        **dict.fromkeys(["true", "once"], "U"),
    }
    assert not (project.path / "looked").exists()
    project.run("plain").assert_executed("plain")
    assert (project.path / "looked").exists()
    assert "U plain" in project.run("list", "-s", "plain").stdout
    project.edit("dodo.py", "Loud(1)", "Loud(2)")
    assert "R plain" in project.run("list", "-s", "plain").stdout
    if os.getuid():  # root reads everything
        (project.path / "in.txt").chmod(0)
        assert "E told" in project.run("list", "-s", "told").stdout


def test_a_plugin_that_adds_invariants_is_asked(doit_project: Make) -> None:
    """It may find that a task can't be checked, which is an error of that."""
    dodo = """
import doit_invariants
@doit_invariants.hookimpl
def invariants_for_task(task):
    raise ValueError("no licence")
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_b():
    return {"actions": ["true"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    assert project.run("list", "-s").stdout.split() == ["E", "a", "E", "b"]
    project.run("--continue").assert_failed("a", "b")


GROUP = """
from doit_invariants import Value
def make(targets):
    open(targets[0], "w").close()
def task_t():
    yield {"name": None, **GROUP}
    for n in "ab":
        yield {"name": n, "actions": [make], "file_dep": ["in"], "targets": [f"out-{n}"],
               "invariants": [Value(1)]}
"""

#: The attributes of a group; whether `list -s` says that it runs, and whether it has a record.
GROUPS = {
    "nothing": ({}, "R", False),
    "tasks to wait for": ({"task_dep": ["t:b"]}, "R", False),
    "an input": ({"file_dep": ["in"]}, "U", True),
    "an output": ({"targets": ["out-c"]}, "R", False),
    "an input and an output": ({"file_dep": ["in"], "targets": ["out-c"]}, "U", True),
    "what is always true": ({"uptodate": [True]}, "U", False),
    "what is always false": ({"uptodate": [False]}, "R", True),
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_what_plain_doit_says(doit_project: Make, group: str) -> None:
    """It has no actions. Only its own dependencies make it up-to-date, like in plain doit."""
    given, status, recorded = GROUPS[group]
    dodo = GROUP.replace("GROUP", repr(given))
    plain = (
        dodo.replace("Value(1)", "")
        .replace('"invariants": []', "")
        .replace("from doit_invariants import Value", "")
    )
    projects = [
        doit_project(
            {"dodo.py": text, "in": "", "out-c": ""}, loader=ours, backend="json", name=name
        )
        for text, ours, name in ((plain, False, "plain"), (dodo, True, "ours"))
    ]
    for executed in (["t:a", "t:b"], [], []):
        for project in projects:
            assert sorted(project.run().assert_success().executed) == executed
    rows = []
    for project in projects:
        listed = project.run("list", "-s", "--all").stdout.splitlines()
        assert [line.split()[:2] for line in listed] == [[status, "t"], ["U", "t:a"], ["U", "t:b"]]
        shown = project.run("info", "t").stdout
        assert ("up-to-date" in shown) == (status == "U")
        rows.append(json.loads(project.read(".doit.db")).get("t"))
    assert ("invariants:" in (rows[1] or {})) is recorded
    if not recorded:
        for row in rows:
            (row or {}).pop("checker:", None)
        assert rows[1] == rows[0]
