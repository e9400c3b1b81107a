"""``TTL``: the age of the last execution."""

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
    """Unchanged while the last real execution is younger than an age.

    :param age: a text of numbers with the units s, m, h, d, w (``"1d12h"``, ``"1.5h"``), seconds
        as a number, or a timedelta; or ``"day"``, ``"week"``, ``"month"``: until the calendar
        turns, in local time, weeks beginning on Monday

    At the age itself the result has expired; with 0 it always has. What counts is when the
    actions ran: a check, a restore or an accept does not make a result younger. A task that
    was never executed, and a clock that went backwards, count as expired. Another age applies
    to what was recorded before.
    """

    kind: ClassVar[str] = "TTL"

    def __init__(self, age: str | float | datetime.timedelta) -> None:
        self.age = age

    def identity(self) -> str:
        """None of its own: a task has one TTL, and changing its age is no other invariant."""
        return ""

    def label(self) -> str:
        """``TTL(1d)``."""
        return f"TTL({self.age})"

    def validate(self) -> None:
        """An age that can be understood and is not negative."""
        if isinstance(self.age, str) and self.age in _CALENDAR:
            return
        seconds = parse_age(self.age)
        if seconds is None or math.isnan(seconds) or seconds < 0:
            raise InvalidOption(f"TTL: {self.age!r:.60} is not an age; {_ALLOWED}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Nothing of its own: the time of the execution is in the record of the task."""
        return {"digest": ""}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Expired, and how old the result is."""
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
