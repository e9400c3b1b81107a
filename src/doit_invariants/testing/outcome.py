"""The outcome of a run of doit, read from its output."""

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
    """The outcome of one run of doit.

    The lists of tasks are in the order of the output. They are read from the output of the console
    reporter or the JSON reporter, and have no private tasks. The ``assert_*`` methods raise
    AssertionError with the whole output; all but :meth:`json` return the outcome itself.

    :ivar command: the command line, a list of strings
    :ivar returncode: doit's exit code
    :ivar stdout: the standard output, a string
    :ivar stderr: the standard error, a string
    :ivar executed: names of the tasks that were executed, with success or not
    :ivar up_to_date: names of the tasks that were up-to-date or restored. In the output of the
        console reporter, the name of a restored task is followed by where it was restored from
    :ivar ignored: names of the tasks that were ignored
    :ivar failed: names of the tasks that failed, or could not run because another one failed
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
        """Assert that exactly these tasks were executed, and that doit exited with 0."""
        assert sorted(self.executed) == sorted(names), repr(self)
        return self.assert_success()

    def assert_up_to_date(self, *names: str) -> Outcome:
        """Assert that exactly these tasks were up-to-date."""
        assert sorted(self.up_to_date) == sorted(names), repr(self)
        return self

    def assert_failed(self, *names: str) -> Outcome:
        """Assert that exactly these tasks failed, and that doit did not exit with 0."""
        assert sorted(set(self.failed)) == sorted(names), repr(self)
        assert self.returncode != 0, repr(self)
        return self

    def assert_success(self) -> Outcome:
        """Assert that doit exited with 0."""
        assert self.returncode == 0, repr(self)
        return self

    def assert_error(self, text: str, returncode: int = 3) -> Outcome:
        """Assert that doit exited with an error message in one line, without a traceback.

        :param text: a string that one line of the standard output or error must contain
        :param returncode: the expected exit code; 3 is doit's code for mistakes of the user
        """
        output = self.stdout + self.stderr
        assert self.returncode == returncode, repr(self)
        assert any(text in line for line in output.splitlines()), f"no line has {text!r}\n{self!r}"
        assert "Traceback" not in output, repr(self)
        return self

    def json(self) -> Any:
        """Return the standard output, decoded from JSON."""
        return json.loads(self.stdout)

    def __repr__(self) -> str:
        """Return the command, its exit code and its output, for failed assertions."""
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
