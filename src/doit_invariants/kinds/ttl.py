"""``TTL``: the age of the last run."""

from __future__ import annotations

import datetime
import math
from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.core.units import format_age, parse_age
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

_CALENDAR = {"day": "%Y-%m-%d", "week": "%G-%V", "month": "%Y-%m"}

_ALLOWED = (
    "allowed are a string like '90s', '15m', '36h', '1d12h' or '2w', a number of seconds, a "
    "timedelta, or 'day', 'week', 'month'"
)


class TTL(Invariant):
    """Unchanged while the last run of the actions is younger than an age.

    :param age: a string of numbers with the units s, m, h, d, w (``"1d12h"``, ``"1.5h"``), a
        number of seconds, or a timedelta. ``"day"``, ``"week"`` and ``"month"`` last until the
        calendar turns, in local time; weeks begin on Monday

    A result expires when it reaches the age; with an age of 0 it has always expired. Only a run
    of the actions makes a result younger: a check, a restore or an accept does not. A task that
    never ran counts as expired. So does a result from the future, because the clock went
    backwards. A changed age applies to existing records, too.
    """

    kind: ClassVar[str] = "TTL"

    def __init__(self, age: str | float | datetime.timedelta) -> None:
        self.age = age

    def identity(self) -> str:
        """Return nothing: a task has one TTL, and it stays the same when its age changes."""
        return ""

    def label(self) -> str:
        """``TTL(1d)``."""
        return f"TTL({self.age})"

    def validate(self) -> None:
        """Accept an age that can be parsed and is not negative."""
        if isinstance(self.age, str) and self.age in _CALENDAR:
            return
        seconds = parse_age(self.age)
        if seconds is None or math.isnan(seconds) or seconds < 0:
            raise InvalidOption(f"TTL: {self.age!r:.60} is not an age; {_ALLOWED}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record nothing: the record of the task has the time of the run."""
        return {"digest": ""}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Return that the result has expired, and how old it is."""
        executed, now = context.executed_at, context.now
        if executed is None:
            return Difference("expired: never executed", code="expired")
        if executed > now:
            return Difference("expired: the clock went backwards", code="expired")
        if isinstance(self.age, str) and self.age in _CALENDAR:
            form = _CALENDAR[self.age]
            if _local(executed).strftime(form) == _local(now).strftime(form):
                return None
            when = _local(executed).strftime("%Y-%m-%d %H:%M")
            return Difference(f"expired: executed {when}, before this {self.age}", code="expired")
        seconds = parse_age(self.age)
        if seconds is not None and now - executed < seconds:
            return None
        return Difference(f"expired: {format_age(now - executed)} old", code="expired")


def _local(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment)
