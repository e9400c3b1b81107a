"""``TTL``: the age of the last execution."""

from __future__ import annotations

import datetime
import functools
import math
import re
from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TERM = r"(\d+(?:\.\d+)?)([smhdw])"
_CALENDAR = {"day": "%Y-%m-%d", "week": "%G-%V", "month": "%Y-%m"}

_ALLOWED = (
    "allowed are a text like '90s', '15m', '36h', '1d12h' or '2w', a number of seconds, a "
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
        seconds = seconds_of(self.age)
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
            return Difference(f"expired: executed {when}, another {self.age}", code="expired")
        seconds = seconds_of(self.age)
        if seconds is not None and now - executed < seconds:
            return None
        return Difference(f"expired: {describe(now - executed)} old", code="expired")


def describe(seconds: float) -> str:
    """Return an age as a person says it, in its two largest units: ``1d 4h``."""
    rest = int(seconds)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _local(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment)


def seconds_of(age: object) -> float | None:
    """Return an age in seconds: of ``"1d12h"``, a number or a timedelta; None for anything else."""
    if isinstance(age, datetime.timedelta):
        return age.total_seconds()
    if isinstance(age, (int, float)) and not isinstance(age, bool):
        return float(age)
    return _seconds_in(age) if isinstance(age, str) else None


@functools.lru_cache(maxsize=100)
def _seconds_in(age: str) -> float | None:
    terms = age.replace(" ", "")
    if not re.fullmatch(f"(?:{_TERM})+", terms):
        return None
    return sum(float(n) * _UNITS[u] for n, u in re.findall(_TERM, terms))
