"""Records that somebody edited never make a changed task up-to-date."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from doit_invariants.rules.record import KEY
from doit_invariants.testing import Project
from tests.support import Make

DODO = """
from doit_invariants import Value
def make(targets):
    open(targets[0], "w").write("one")
def task_a():
    return {
        "actions": [make], "file_dep": ["in.txt"], "targets": ["o"], "invariants": [Value(1)],
        "ttl": "1d",
    }
"""


def _entry(place: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record["entries"]["track-code:Function(make)"][place] = value

    return change


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a time without end": lambda record: record.update(executed_at=float("inf")),
    "no number as time": lambda record: record.update(executed_at=float("nan")),
    "a time that is not a float": lambda record: record.update(executed_at=10**400),
    "a version without end": _entry(1, float("inf")),
    "a version in part": _entry(1, 2.5),
    "another kind": _entry(0, "Funktion"),
    "another plugin": _entry(4, "track-cod3"),
    "no plugin": _entry(4, None),
    "other plugins": lambda record: record.update(sources=["track-cod3", *record["sources"][1:]]),
    "letters for plugins": lambda record: record.update(sources="".join(record["sources"])),
    "another key": lambda record: record.update(
        entries={key.replace("-", "="): one for key, one in record["entries"].items()}
    ),
}


def changed(make: Make, change: Callable[[dict[str, Any]], Any]) -> Project:
    """Return a project with a changed record; then the code of its task is edited."""
    project = make({"dodo.py": DODO, "in.txt": "one"}, backend="sqlite3")
    project.run().assert_executed("a")
    connection = sqlite3.connect(project.path / ".doit.db")
    ((row,),) = connection.execute("select task_data from doit where task_id='a'").fetchall()
    data = json.loads(row)
    change(data[KEY])
    connection.execute("update doit set task_data=? where task_id='a'", (json.dumps(data),))
    connection.commit()
    connection.close()
    project.edit("dodo.py", '"one"', '"two"')
    return project


@pytest.mark.parametrize("case", CHANGES)
def test_record_that_says_other_things(doit_project: Make, case: str) -> None:
    """A record that no version of this package wrote is "never ran", and once only."""
    project = changed(doit_project, CHANGES[case])
    text = "record: the record is damaged; treated as never run"
    assert text in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    assert project.read("o") == "two"
    project.run().assert_up_to_date("a")


def test_record_of_a_newer_version_of_a_kind(doit_project: Make) -> None:
    """What a newer version tracked can't be compared: the task runs, and says why."""
    project = changed(doit_project, _entry(1, 99))
    why = project.run("invariants", "why").stdout
    assert "Function(make): recorded by another version of this kind" in why
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_record_of_a_kind_that_is_gone(doit_project: Make) -> None:
    """The findings of a plugin that was uninstalled are left out, and nothing fails."""
    gone = ["Gone", 1, "Gone", {"digest": "d"}, "my-plugin"]

    def change(record: dict[str, Any]) -> None:
        record["sources"].append("my-plugin")
        record["entries"]["my-plugin:Gone"] = gone

    project = changed(doit_project, change)
    why = project.run("invariants", "why").stdout
    assert "Function(make)" in why
    assert "Gone" not in why
    project.run().assert_executed("a")
