"""The kind ``TTL``: which ages are valid, and when a result has expired."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants import TTL
from doit_invariants.core.errors import InvalidOption

from .contexts import MemoryContext

HOUR, DAY = 3600.0, 86400.0
NOON = datetime.datetime(2023, 11, 14, 12).timestamp()  # a Tuesday, in local time


def expired(age: Any, executed: float | None, now: float) -> str | None:
    """Return why a result has expired, None if it has not."""
    one, context = TTL(age), MemoryContext()
    one.validate()
    context.executed_at, context.now = executed, now
    fingerprint = one.fingerprint(context, None)
    difference = one.difference(fingerprint, fingerprint, context)
    if difference is None:
        return None
    assert difference.code == "expired"
    return difference.text


AGES: dict[str, tuple[Any, float]] = {
    "days": ("1d", DAY),
    "seconds": ("90s", 90),
    "minutes": ("15m", 900),
    "several units": ("1d12h", 1.5 * DAY),
    "a fraction": ("1.5h", 1.5 * HOUR),
    "weeks": ("2w", 14 * DAY),
    "an int": (60, 60),
    "a float": (0.5, 0.5),
    "a timedelta": (datetime.timedelta(hours=2), 2 * HOUR),
}


@pytest.mark.parametrize("age", AGES)
def test_a_result_expires_when_it_reaches_the_age(age: str) -> None:
    value, seconds = AGES[age]
    assert expired(value, NOON, NOON) is None
    assert expired(value, NOON, NOON + seconds * 0.999) is None
    assert str(expired(value, NOON, NOON + seconds)).startswith("expired: ")
    assert expired(value, NOON, NOON + 100 * seconds) is not None


def test_the_reason_says_how_old_the_result_is() -> None:
    assert expired("1d", NOON, NOON + DAY) == "expired: 1d old"
    assert expired("1d", NOON, NOON + 1.5 * DAY) == "expired: 1d 12h old"


@pytest.mark.parametrize("age", ["1d", 0, "day"])
def test_a_task_that_never_ran_has_expired(age: Any) -> None:
    assert expired(age, None, NOON) == "expired: never executed"


@pytest.mark.parametrize("age", ["1d", 0, "day", "month"])
def test_a_result_from_the_future_has_expired(age: Any) -> None:
    assert expired(age, NOON, NOON - 1) == "expired: the clock went backwards"


@given(st.floats(min_value=0, max_value=1e9))
def test_with_an_age_of_zero_every_result_has_expired(passed: float) -> None:
    assert expired(0, NOON, NOON + passed) is not None


@pytest.mark.parametrize(
    ("age", "same", "other"),
    [("day", 8 * HOUR, 16 * HOUR), ("week", 4 * DAY, 7 * DAY), ("month", 10 * DAY, 20 * DAY)],
)
def test_calendar_ages_last_until_the_calendar_turns(age: str, same: float, other: float) -> None:
    assert expired(age, NOON, NOON + same) is None
    text = f"expired: executed 2023-11-14 12:00, before this {age}"
    assert expired(age, NOON, NOON + other) == text


@pytest.mark.parametrize(
    ("age", "last", "first"),
    [
        ("day", "2023-11-14 23:59", "2023-11-15 00:00"),
        ("week", "2023-11-19 23:59", "2023-11-20 00:00"),  # Sunday, Monday
        ("month", "2023-11-30 23:59", "2023-12-01 00:00"),
        ("week", "2024-12-29 23:59", "2024-12-30 00:00"),  # of another year, by its weeks
        ("month", "2023-12-31 23:59", "2024-01-01 00:00"),
    ],
)
def test_the_calendar_turns_at_midnight(age: str, last: str, first: str) -> None:
    before, after = (datetime.datetime.fromisoformat(one).timestamp() for one in (last, first))
    assert expired(age, before - 60, before) is None
    assert expired(age, before, after) is not None
    assert expired(age, after, after + 60) is None


def test_the_same_month_of_another_year_is_another_month() -> None:
    assert expired("month", NOON, NOON + 366 * DAY) is not None


def test_another_age_is_the_same_invariant() -> None:
    """So a changed age applies to existing records."""
    assert TTL("1d").identity() == TTL("day").identity() == ""
    assert TTL("1d").fingerprint(MemoryContext(), None) == TTL(5).fingerprint(MemoryContext(), None)


@pytest.mark.parametrize("age", [-1, "-1d", "1x", "", "d", "year", float("nan"), None, [], "1d 2"])
def test_other_ages_are_refused(age: Any) -> None:
    with pytest.raises(InvalidOption, match="is not an age; allowed are a string like"):
        TTL(age).validate()
