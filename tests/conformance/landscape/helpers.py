"""Helpers of the landscape."""

from __future__ import annotations

from typing import Any

LIMIT = 10
TABLE = {"b": {2, 1}, "a": frozenset({"x", "y", 3})}


def clean(text: str, *, strip: bool = True) -> str:
    """Return the text without white space around it.

    In several lines, with \\ a backslash.
    """
    return deeper(text.strip() if strip else text)


def deeper(text: str) -> str:
    """Call nothing."""
    return text + "!"


def decorate(func: Any) -> Any:
    """Wrap without functools.wraps."""

    def inner(*args: Any) -> Any:
        return func(*args), "decorated"

    return inner


class Base:
    """A class to inherit from."""

    factor = 2

    def scale(self, number: int) -> int:
        """Multiply."""
        return number * self.factor
