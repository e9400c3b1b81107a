"""What a run of doit did, read from its output."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_LINE = re.compile(r"^(\.  |-- |!! )(.*)$", re.MULTILINE)
_FAILURE = re.compile(r"^(?:TaskFailed|\w*Error|UnmetDependency) - taskid:(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What one run of doit did.

    :ivar command: the command line
    :ivar returncode: doit's exit code
    :ivar stdout, stderr: its output
    :ivar executed, up_to_date, ignored, failed: names of tasks, in the order in which the
        console reporter or the JSON reporter names them (private tasks are in none)
    """

    command: Sequence[str]
    returncode: int
    stdout: str
    stderr: str
    executed: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def assert_executed(self, *names: str) -> Outcome:
        """Assert that these tasks and no others were executed, with success."""
        assert sorted(self.executed) == sorted(names), repr(self)
        return self.assert_success()

    def assert_up_to_date(self, *names: str) -> Outcome:
        """Assert that these tasks and no others were up-to-date."""
        assert sorted(self.up_to_date) == sorted(names), repr(self)
        return self

    def assert_failed(self, *names: str) -> Outcome:
        """Assert that these tasks and no others failed."""
        assert sorted(set(self.failed)) == sorted(names), repr(self)
        assert self.returncode != 0, repr(self)
        return self

    def assert_success(self) -> Outcome:
        """Assert that doit exited with 0."""
        assert self.returncode == 0, repr(self)
        return self

    def assert_error(self, text: str, returncode: int = 3) -> Outcome:
        """Assert that doit exited with this code and said this in one line, without a traceback."""
        output = self.stdout + self.stderr
        assert self.returncode == returncode, repr(self)
        assert any(text in line for line in output.splitlines()), f"no line has {text!r}\n{self!r}"
        assert "Traceback" not in output, repr(self)
        return self

    def json(self) -> Any:
        """Return the standard output, read as JSON."""
        return json.loads(self.stdout)

    def __repr__(self) -> str:
        """Everything that a failed assertion should show."""
        return (
            f"$ {' '.join(self.command)}\nexit code {self.returncode}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )


def read_outcome(command: Sequence[str], returncode: int, stdout: str, stderr: str) -> Outcome:
    by_mark: dict[str, list[str]] = {".  ": [], "-- ": [], "!! ": []}
    for mark, title in _LINE.findall(stdout):
        by_mark[mark].append(title)
    failed = _FAILURE.findall(stdout)
    mark_of = {"up-to-date": "-- ", "ignore": "!! ", "success": ".  ", "fail": ".  "}
    for task in _reported(stdout):
        result, name = task["result"], task["name"]
        if result in ("up-to-date", "ignore") or task.get("started"):
            by_mark[mark_of[result]].append(name)
        if result == "fail":
            failed.append(name)
    return Outcome(
        command, returncode, stdout, stderr, by_mark[".  "], by_mark["-- "], by_mark["!! "], failed
    )


def _reported(stdout: str) -> list[dict[str, Any]]:
    if not stdout.startswith("{"):
        return []
    try:
        data = json.loads(stdout)
    except ValueError:
        return []
    tasks: list[dict[str, Any]] = data.get("tasks", []) if isinstance(data, dict) else []
    return tasks
