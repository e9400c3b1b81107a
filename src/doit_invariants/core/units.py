"""Parses and formats sizes in bytes, ages and durations."""

from __future__ import annotations

import datetime
import functools
import re

from doit_invariants.core.errors import InvalidOption

_FACTORS: dict[str, int] = {
    "": 1,
    **{f"{letter}": 1000**power for power, letter in enumerate("KMGTP", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGTP", 1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGTP", 1)},
    "B": 1,
}
# Not \d, which matches the digits of every script.
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TERM = r"(\d+(?:\.\d+)?)([smhdw])"


def parse_size(value: str | int) -> int:
    """Return a size in bytes.

    :param value: a number of bytes, or a string such as ``500MiB`` (powers of 1024) or ``20GB``
        and ``20G`` (powers of 1000)
    :raises InvalidOption: if it is not a size
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = _FACTORS.get(found[2].upper()) if found else None
    if found is None or factor is None:
        raise InvalidOption(
            f"{value!r} is not a size; give a number of bytes or a string like '20GB' or '500MiB'"
        )
    whole, _, part = found[1].partition(".")
    # In integers, because a float is inexact above 2**53.
    return int(whole) * factor + int(part or 0) * factor // int("1" + "0" * len(part))


def format_size(size: int) -> str:
    """Return a size in bytes for display: ``312 B``, ``1.5 MiB``."""
    if size < 1024:
        return f"{size} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"


def parse_age(age: object) -> float | None:
    """Return the seconds in ``"1d12h"``, a number or a timedelta; None for anything else."""
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


def format_age(seconds: float) -> str:
    """Return an age for display, in its two largest units: ``1d 4h``."""
    rest = int(seconds)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def format_duration(seconds: float) -> str:
    """Return a duration for display: ``0.4s``, ``12s``, ``4m 10s``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    return format_age(seconds)
