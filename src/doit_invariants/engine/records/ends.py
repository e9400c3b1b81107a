"""How the last attempt at a task ended, if it did not succeed.

doit forgets a task that failed, and those that could not run because of it: all of them look as if
they had never run. What happened is kept here, in rows of the DB that belong to no task. There is
one row for each task, because a run of thousands that fail writes each end to its journal.
"""

from __future__ import annotations

import datetime
from collections.abc import Container
from typing import TYPE_CHECKING, Literal

from doit_invariants.core.model import Json, Reason
from doit_invariants.core.text import one_line

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database

#: A task before it failed, it could not be checked, or its actions failed.
How = Literal["unmet", "unchecked", "failed"]

# The command `invariants` forbids the group, as in :mod:`.shared_details`.
_PREFIX = "invariants:end:"
_FIELD = "end:"

#: Of what a task has printed so much is kept, of so many tasks in a run.
_MOST_CHARACTERS = 1000
_MOST_LINES = 12
_MOST_TASKS = 100


class Ends:
    """The ends of tasks in one doit's DB."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._noted = 0
        #: How tasks have ended in this run.
        self.now: dict[str, How] = {}

    def note(self, task: str, how: How, text: str, now: float) -> None:
        """Keep how a task ended; in a run it goes to the journal with what the host then records.

        :param text: why it did not run; if it failed, what it has printed and how it failed
        :param now: in seconds since the epoch
        """
        self.now[task] = how
        end: dict[str, Json] = {"how": how, "at": now, "text": one_line(text)[:_MOST_CHARACTERS]}
        if how == "failed":
            self._noted += 1
            output = _last_lines(text) if self._noted <= _MOST_TASKS else []
            end |= {"text": "", "output": output}
        elif how == "unmet":
            end["text"] = text
        self._db.set(_PREFIX + task, _FIELD, end)

    def drop(self, task: str) -> None:
        """Forget how a task ended: it has succeeded since, or is to be forgotten."""
        if self._db.has(_PREFIX + task):
            self._db.remove(_PREFIX + task)

    def sweep(self, tasks: Container[str]) -> None:
        """Forget tasks that are gone, if this run has kept anything: so the DB does not grow."""
        if not self._noted or not tasks:
            return
        for one in [one for one in self._db.names() if one.startswith(_PREFIX)]:
            if one.removeprefix(_PREFIX) not in tasks:
                self._db.remove(one)

    def reason(self, task: str) -> Reason | None:
        """Return what is said of a task in the place of "never ran", None if nothing is known."""
        try:
            return _reason(self._db.get(_PREFIX + task, _FIELD))
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


def _last_lines(text: str) -> list[str]:
    lines = text[-_MOST_CHARACTERS:].splitlines()
    return [line.rstrip() for line in lines if line.strip()][-_MOST_LINES:]
