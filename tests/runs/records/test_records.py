"""Records that are damaged or from the future are "never ran", with a reason."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from doit_invariants.rules.record import KEY
from doit_invariants.testing import Project
from tests.support import Make

DODO = """
from doit_invariants import Value
def task_a():
    return {"actions": ["true"], "file_dep": ["x"], "targets": [], "invariants": [Value(1)]}
def task_b():
    return {"actions": [(lambda: {"n": 1},)], "file_dep": ["x"]}
"""


def database(project: Project) -> dict[str, Any]:
    """Return what doit's sqlite DB holds, by task."""
    connection = sqlite3.connect(project.path / ".doit.db")
    rows = connection.execute("select task_id, task_data from doit").fetchall()
    connection.close()
    return {name: json.loads(data) for name, data in rows}


def put(project: Project, task: str, data: str) -> None:
    """Replace the row of a task in the DB by any string."""
    connection = sqlite3.connect(project.path / ".doit.db")
    connection.execute("update doit set task_data=? where task_id=?", (data, task))
    connection.commit()
    connection.close()


DAMAGE: dict[str, tuple[Any, str]] = {
    "newer": (
        {"schema": 99},
        "record: the record was written by a newer doit-invariants "
        "(schema 99, this one reads up to 1); treated as never run",
    ),
    "a text": ("garbage", "record: the record is damaged; treated as never run"),
    "a number": (7, "record: the record is damaged; treated as never run"),
    "a list": ([1, 2], "record: the record is damaged; treated as never run"),
    "no fields": ({"schema": 1}, "record: the record is damaged; treated as never run"),
    "wrong fields": (
        {
            "schema": 1,
            "executed_at": "noon",
            "origin": "run",
            "root": "/",
            "stats": 3,
            "trees": {},
            "targets": [],
            "entries": {},
            "sources": [],
        },
        "record: the record is damaged; treated as never run",
    ),
    "wrong entry": (
        {
            "schema": 1,
            "executed_at": 1,
            "origin": "run",
            "root": "/",
            "stats": {},
            "trees": {},
            "targets": [],
            "entries": {"Value#1": ["Value"]},
            "sources": [],
        },
        "record: the record is damaged; treated as never run",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_record_that_cannot_be_read(doit_project: Make, case: str) -> None:
    """The task runs, says why, and the other task keeps its state."""
    stored, text = DAMAGE[case]
    project = doit_project({"dodo.py": DODO, "x": ""}, backend="sqlite3")
    project.run().assert_executed("a", "b")
    data = database(project)["a"]
    data[KEY] = stored
    put(project, "a", json.dumps(data))
    assert text in project.run("invariants", "why", "a").stdout
    assert text.split(": ")[1].split(";")[0] in project.run("invariants", "show", "a").stdout
    project.run().assert_executed("a").assert_up_to_date("b")
    project.run().assert_up_to_date("a", "b")


@pytest.mark.parametrize("garbage", ["{", "", "[1, 2]", "3", '"x"', "null"])
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
def test_garbage_in_the_place_of_all_that_is_known(
    doit_project: Make, garbage: str, runner: list[str]
) -> None:
    """A row that the backend can't decode is "never ran" too, with any runner; nothing hangs."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend="sqlite3")
    project.run().assert_executed("a", "b")
    put(project, "a", garbage)
    assert "treated as never run" in project.run("invariants", "why", "a").stdout
    project.run(*runner).assert_executed("a").assert_up_to_date("b")
    project.run(*runner).assert_up_to_date("a", "b")


def test_damaged_state_of_a_file(doit_project: Make, backend: str) -> None:
    """Garbage where doit keeps the state of a file makes the task run."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend="json")
    project.run()
    for garbage in ("text", [1], [None, None, None], {"a": 1}, 3):
        data = json.loads(project.read(".doit.db"))
        data["b"]["x"] = garbage
        data["b"]["deps:"] = garbage if garbage != "text" else ["x"]
        project.write({".doit.db": json.dumps(data)})
        project.run().assert_executed("b").assert_up_to_date("a")


def test_stored_names_are_pinned(doit_project: Make) -> None:
    """Names that are stored are a format: to change one reruns what users have."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend="sqlite3")
    project.run()
    data = database(project)["a"]
    assert set(data) == {
        "_values_:",
        "result:",
        "checker:",
        "deps:",
        "x",
        "invariants:",
        "check:invariants",
    } - ({"result:"} - set(data))
    assert data["checker:"] == "MD5Checker"
    record = data["invariants:"]
    assert sorted(record) == [
        "entries",
        "executed_at",
        "origin",
        "root",
        "schema",
        "sources",
        "stats",
        "targets",
        "trees",
        "whole",
    ]
    assert record["schema"] == 1
    assert record["entries"]["Value#1"][:3] == ["Value", 1, "Value"]
    trackers = ["track-code", "track-actions", "track-order", "track-scripts"]
    assert record["sources"] == [*trackers, "track-scripts@2"]


def test_commands_that_read_write_nothing(doit_project: Make, backend: str) -> None:
    """list, info, why, show and kinds leave every byte of the project as it is."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend=backend)
    project.run()
    project.write({"x": "changed"})

    def contents() -> dict[str, bytes]:
        files = [path for path in project.path.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files if "__pycache__" not in path.parts}

    before = contents()
    for arguments in (
        ["list", "-s"],
        ["info", "a"],
        ["invariants", "why"],
        ["invariants", "show", "a"],
        ["invariants", "kinds"],
        ["list", "-s", "--check_file_uptodate", "timestamp"],
    ):
        project.run(*arguments, process="fork")
    assert contents() == before


def test_failed_task_is_never_up_to_date(doit_project: Make, backend: str) -> None:
    """After a failure the inputs may go back to what they were: the task runs all the same."""
    dodo = 'def task_a():\n    return {"actions": ["cp x out && grep -q good x"],'
    project = doit_project(
        {"dodo.py": dodo + ' "file_dep": ["x"], "targets": ["out"]}\n', "x": "good"},
        backend=backend,
    )
    project.run().assert_executed("a")
    project.write({"x": "bad"})
    project.run().assert_failed("a")
    project.write({"x": "good"})
    project.run().assert_executed("a")


def test_ignore_keeps_what_is_known(doit_project: Make, backend: str) -> None:
    """`doit ignore` hides a task; its record stays, which plain doit loses with two backends."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend=backend)
    project.run()
    project.run("ignore", "a").assert_success()
    assert project.run().ignored == ["a"]
    assert "invariant: Value" in project.run("invariants", "show", "a").stdout


def test_forget_and_clean_forget(doit_project: Make, backend: str) -> None:
    """`doit forget` and `doit clean --forget` delete our record too."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend=backend)
    for arguments in (["forget", "a"], ["clean", "--forget", "a"], ["forget", "--all"]):
        project.run()
        project.run(*arguments).assert_success()
        assert "no record" in project.run("invariants", "show", "a").stdout
        assert "a" in project.run().executed


def test_reset_dep_accepts_what_is_there(doit_project: Make, backend: str) -> None:
    """`doit reset-dep` takes the present state of everything that is tracked."""
    project = doit_project({"dodo.py": DODO, "x": ""}, backend=backend)
    project.run()
    project.write({"x": "changed"})
    project.edit("dodo.py", "Value(1)", "Value(2)")
    assert "processed a" in project.run("reset-dep").stdout
    project.run().assert_executed().assert_up_to_date("a", "b")
