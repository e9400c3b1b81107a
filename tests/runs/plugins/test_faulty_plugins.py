"""Records, values, kinds and hooks that are not as they should be: faults.md."""

from __future__ import annotations

import json
import sqlite3

import pytest

from doit_invariants.rules.record import KEY
from doit_invariants.testing import Outcome, Project, settings_toml
from tests.support import Make
from tests.support.choices import rest_in_matrix

DODO = """
import sys
from doit_invariants import Invariant, Value, hookimpl
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous):
        {kind}
@hookimpl
def invariants_register_kinds():
    return [Odd]
class Strange:
    pass
{hook}
def task_a():
    return {{"actions": ["touch out"], "targets": ["out"], "file_dep": ["in.txt"], {option}}}
def task_b():
    return {{"actions": ["true"], "file_dep": ["other.txt"]}}
"""
FILES = {"in.txt": "1", "other.txt": "1", "export/out": "exported"}


def make_project(make: Make, *, kind: str = "pass", hook: str = "", option: str = "") -> Project:
    """Return a project in which only the task `a` meets what is wrong."""
    return make({"dodo.py": DODO.format(kind=kind, hook=hook, option=option), **FILES})


def check(project: Project, code: int, text: str, *runner: str) -> None:
    """Check that one task fails in one line, twice, and that the other is recorded."""
    for number in range(2):
        outcome = project.run("-c", *runner, timeout=300)
        output = outcome.stdout + outcome.stderr
        assert outcome.returncode == code, repr(outcome)
        assert "Traceback" not in output, repr(outcome)
        assert [text in line for line in output.splitlines()].count(True) == 1, repr(outcome)
        assert outcome.failed == ["a"], repr(outcome)
        assert "b" in (outcome.up_to_date if number else outcome.executed), repr(outcome)


# ---------------------------------------------------------------------- records and values

PLAIN = """
def give():
    return {value}
def task_a():
    return {{"actions": [give], "file_dep": ["in.txt"]}}
def task_b():
    return {{"actions": ["true"], "file_dep": ["other.txt"]}}
"""


def test_record_from_the_future(doit_project: Make) -> None:
    """It is treated as never run, with the reason; plain doit does not read it."""
    project = doit_project({"dodo.py": PLAIN.format(value=None), **FILES}, backend="json")
    project.run().assert_executed("a", "b")
    data = json.loads(project.read(".doit.db"))
    data["a"][KEY]["schema"] = 99
    project.write({".doit.db": json.dumps(data)})
    ours = project.read("pyproject.toml")
    project.write({"pyproject.toml": settings_toml(loader=False, backend="json")})
    project.run().assert_up_to_date("a", "b")
    project.write({"pyproject.toml": ours, ".doit.db": json.dumps(data)})
    why = project.run("invariants", "why", "a").stdout
    assert "the record was written by a newer doit-invariants" in why
    project.run().assert_executed("a").assert_up_to_date("b")
    project.run().assert_up_to_date("a", "b")


def test_row_that_is_garbage(doit_project: Make) -> None:
    """Its task never ran; plain doit ends with a traceback."""
    files = {"dodo.py": PLAIN.format(value=None), **FILES}
    for loader in (False, True):
        project = doit_project(files, backend="sqlite3", loader=loader, name=f"loader{loader}")
        project.run().assert_executed("a", "b")
        connection = sqlite3.connect(project.path / ".doit.db")
        connection.execute("update doit set task_data='{' where task_id='a'")
        connection.commit()
        connection.close()
        if loader:
            assert "treated as never run" in project.run("invariants", "why", "a").stdout
            project.run().assert_executed("a").assert_up_to_date("b")
        else:
            outcome = project.run()
            assert outcome.returncode == 3, repr(outcome)
            assert "Traceback" in outcome.stderr, repr(outcome)


#: Exit codes of plain doit: of that run, and of the next one, when nothing is wrong any more.
LOST = {"json": (3, 3), "sqlite3": (3, 0), "dbm": (3, 0)}


def test_value_that_json_cannot_hold(doit_project: Make, backend: str) -> None:
    """Plain doit loses the run, and with json the DB; here it is one failed task."""
    files = {"dodo.py": PLAIN.format(value="{'x': object()}"), **FILES}
    plain = doit_project(files, backend=backend, loader=False, name="plain")
    codes = [plain.run("-c", process=True).returncode]
    plain.edit("dodo.py", "{'x': object()}", "None")
    codes.append(plain.run("-c", process=True).returncode)
    assert tuple(codes) == LOST[backend]
    project = doit_project(files, backend=backend)
    check(project, 1, "an action returned a value that can't be saved as JSON")
    project.edit("dodo.py", "{'x': object()}", "None")
    project.run().assert_executed("a").assert_up_to_date("b")


def test_value_that_cannot_be_pickled(doit_project: Make) -> None:
    """Plain doit hangs on this with -n (see runners/test_hangs.py); here one task fails."""
    project = doit_project({"dodo.py": PLAIN.format(value="{'x': lambda: 1}"), **FILES})
    check(project, 1, "an action returned a value that can't be saved as JSON", "-n", "2")


# ---------------------------------------------------------------------- kinds and hooks

KINDS = {
    "raises": ("raise RuntimeError('no')", "Odd: failed with RuntimeError: no"),
    "exits": ("sys.exit('bye')", "SystemExit: bye"),
    "returns nothing": ("pass", "Odd: fingerprint() must return a dict"),
    "returns a number": ("return 3", "Odd: fingerprint() must return a dict"),
    "returns no JSON": (
        "return {'digest': 'x', 'y': object()}",
        "Odd: the fingerprint is not JSON",
    ),
}


@pytest.mark.parametrize(
    "runner", rest_in_matrix([("-n", "2"), ("-n", "2", "-P", "thread")]), ids="".join
)
@pytest.mark.parametrize("case", KINDS)
def test_kind(doit_project: Make, case: str, runner: tuple[str, ...]) -> None:
    """It fails its task, for every way to misbehave."""
    body, text = KINDS[case]
    check(make_project(doit_project, kind=body, option="'invariants': [Odd()]"), 2, text, *runner)


HOOK = """
@hookimpl
def invariants_{name}({arguments}):
    if {which}:
        {body}
"""
#: The arguments, the condition under which only the task `a` is meant, and what the task needs.
ASKED = {
    "digest_value": ("value", "isinstance(value, Strange)", "'invariants': [Value(Strange())]"),
    "digest_file": ("path", "path == 'in.txt'", ""),
    "for_task": ("task", "task.name == 'a'", ""),
}
NONSENSE = [
    "raise RuntimeError('no')",
    "sys.exit('bye')",
    "return 3",
    "return [3]",
    "return {3: 4}",
]


@pytest.mark.parametrize("runner", [(), ("-n", "2")], ids="".join)
@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("name", ASKED)
def test_hook_that_answers(
    doit_project: Make, name: str, body: str, runner: tuple[str, ...]
) -> None:
    """A hook that raises or answers nonsense fails the task that asks, alone."""
    arguments, which, option = ASKED[name]
    hook = HOOK.format(name=name, arguments=arguments, which=which, body=body)
    check(
        make_project(doit_project, hook=hook, option=option),
        2,
        "ERROR: Task 'a' checking dependencies: ",
        *runner,
    )


LISTENERS = {
    "verdict": ("task, verdict", ""),
    "saved": ("task, record", ""),
    "restored": ("task, entry", "'cache': 'export', 'export_dir': 'export'"),
}


def listening(make: Make, name: str, body: str) -> Project:
    """Return a project with a listener."""
    arguments, option = LISTENERS[name]
    hook = HOOK.format(name=name, arguments=arguments, which="task.name == 'a'", body=body)
    return make_project(make, hook=hook, option=option)


def ended_well(outcome: Outcome) -> None:
    """Assert that both tasks are done."""
    outcome.assert_success()
    assert "b" in outcome.executed, repr(outcome)


@pytest.mark.parametrize("runner", [(), ("-n", "2")], ids="".join)
@pytest.mark.parametrize("name", LISTENERS)
def test_listener(doit_project: Make, name: str, runner: tuple[str, ...]) -> None:
    """Its return value does not count. An exception before a task runs fails the task."""
    for number, body in enumerate(["return 3", "return [3]", "raise RuntimeError('no')"]):
        project = listening(lambda files, n=number: doit_project(files, name=f"p{n}"), name, body)
        if "raise" in body and name == "verdict":
            check(project, 2, "RuntimeError: no", *runner)
            continue
        outcome = project.run(*runner, timeout=300)
        ended_well(outcome)
        text = f"a: invariants_{name} failed with RuntimeError: no"
        assert outcome.stderr.count(text) == ("raise" in body), repr(outcome)
        project.run().assert_up_to_date("a", "b")


@pytest.mark.parametrize("name", ["saved", "restored"])
def test_listener_that_exits(doit_project: Make, name: str) -> None:
    """The task has succeeded, and nothing of the others is lost by a listener."""
    ended_well(listening(doit_project, name, "sys.exit('bye')").run("-n", "2", timeout=300))


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("name", ["policies", "stores"])
def test_hook_that_registers(doit_project: Make, name: str, body: str) -> None:
    """Nothing runs: one line names the plugin, before any task."""
    hook = HOOK.format(name=f"register_{name}", arguments="", which="True", body=body)
    outcome = make_project(doit_project, hook=hook).run(process="exit" in body)
    if "exit" in body:
        assert outcome.returncode == 1, repr(outcome)
        assert outcome.stderr == "bye\n"
    else:
        outcome.assert_error("plugin 'dodo'", 3)
        assert len(outcome.stderr.splitlines()) == 1, repr(outcome)
    assert outcome.executed == []


def test_hook_that_returns_a_class(doit_project: Make) -> None:
    """The message says to return a list, not that a class can't be iterated."""
    dodo = DODO.format(kind="pass", hook="", option="").replace("return [Odd]", "return Odd")
    outcome = doit_project({"dodo.py": dodo, **FILES}).run()
    outcome.assert_error("failed with TypeError: it returned the class Odd: return a list, [Odd]")


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
