"""How the last attempt at a task ended, where that was no success.

doit forgets a task that failed, and those that could not run because of it: all of them look as if
they had never run. What happened is kept here for who asks later, in rows of doit's DB that are no
task's. One row for each task, as a run of thousands that fail writes each end to its journal.
"""

from __future__ import annotations

import datetime
from typing import Any

from doit.exceptions import BaseFail, DependencyError, UnmetDependency

from doit_invariants.core.model import Json, Reason
from doit_invariants.core.text import one_line

# The command `invariants` forbids the group, as in :mod:`.shared_details`.
_PREFIX = "invariants:end:"
_FIELD = "end:"

#: Of what a task has printed so much is kept, of so many tasks in a run.
_MOST_CHARACTERS = 1000
_MOST_LINES = 12
_MOST_TASKS = 100


class Ends:
    """The ends of tasks in one doit's DB."""

    def __init__(self) -> None:
        self._dep_manager: Any = None
        self._noted = 0

    def open(self, dep_manager: Any) -> None:
        """Take the DB in which they are kept."""
        self._dep_manager = dep_manager

    def note(self, task: Any, fail: BaseFail, now: float) -> None:
        """Keep how a task ended; in a run it goes to the journal with what doit then records."""
        if isinstance(fail, UnmetDependency):
            end = {"how": "unmet", "at": now, "text": str(fail.message)}
        elif isinstance(fail, DependencyError):
            end = {
                "how": "unchecked",
                "at": now,
                "text": one_line(str(fail.message))[:_MOST_CHARACTERS],
            }
        else:
            self._noted += 1
            output = _end_of_output(task, fail) if self._noted <= _MOST_TASKS else []
            end = {"how": "failed", "at": now, "text": "", "output": output}
        self._dep_manager._set(_PREFIX + task.name, _FIELD, end)

    def drop(self, task: str) -> None:
        """Forget how a task ended: it has succeeded since, or is to be forgotten."""
        if self._dep_manager is not None and self._dep_manager._in(_PREFIX + task):
            self._dep_manager.remove(_PREFIX + task)

    def sweep(self, tasks: Any) -> None:
        """Forget tasks that are gone, if this run has kept anything: so the DB does not grow."""
        if not self._noted or not tasks:
            return
        ids = [one for one in self._dep_manager.backend.ids() if one.startswith(_PREFIX)]
        for one in ids:
            if one.removeprefix(_PREFIX) not in tasks:
                self._dep_manager.remove(one)

    def reason(self, task: str) -> Reason | None:
        """Return what is said of a task in the place of "never ran", None if nothing is known."""
        try:
            return _reason(self._dep_manager._get(_PREFIX + task, _FIELD))
        except Exception:
            return None  # a damaged row, which nothing rests on


def _reason(end: Json) -> Reason | None:
    if not isinstance(end, dict):
        return None
    when = f"{datetime.datetime.fromtimestamp(end['at']):%Y-%m-%d %H:%M:%S}"
    text = str(end["text"])
    if end["how"] == "unmet":
        return Reason(
            "not_run", "task", f"not run on {when}: before it failed, or was not run: {text}"
        )
    if end["how"] == "unchecked":
        return Reason("not_run", "task", f"could not be checked on {when}: {text}")
    output = tuple(map(str, end["output"]))
    tail = "; the end of its output:" if output else ""
    return Reason("failed", "task", f"failed on {when}{tail}", detail=output)


def _end_of_output(task: Any, fail: BaseFail) -> list[str]:
    """Return the last lines of what a task has printed, and of what doit says of its failure."""
    printed = [str(text) for one in task.actions for text in (one.out, one.err) if text]
    lines = "\n".join([*printed, fail.get_msg()])[-_MOST_CHARACTERS:].splitlines()
    return [line.rstrip() for line in lines if line.strip()][-_MOST_LINES:]
