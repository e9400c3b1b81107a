"""A short readable outline of a value, kept beside its digest to say later what changed inside."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Iterator
from typing import Any

from doit_invariants.core.model import Change

#: How many leaves of a value are kept; of a larger one only the digest is.
MOST_LEAVES = 100
_WIDTH = 60
_PLAIN = (type(None), bool, int, float, complex, str, bytes)

Outline = dict[str, str]


def outline(value: object) -> Outline | None:
    """Return ``{place: text}`` for the leaves of a value, None if it has too many to keep.

    The texts are cut to a readable length: they explain a difference, the digest finds it.
    """
    leaves: Outline = {}
    for where, text in _leaves(value, "$", 0):
        leaves[where] = text
        if len(leaves) > MOST_LEAVES:
            return None
    return leaves


def outline_changes(old: Outline | None, new: Outline | None) -> tuple[Change, ...]:
    """Return what differs between two outlines; empty where one is missing or none differs."""
    if old is None or new is None:
        return ()
    changes = [
        Change("changed", where, text, new[where])
        for where, text in old.items()
        if where in new and new[where] != text
    ]
    changes += [Change("removed", where, text) for where, text in old.items() if where not in new]
    changes += [Change("added", where, None, new[w]) for w in new if (where := w) not in old]
    return tuple(changes)


def shorten(text: str) -> str:
    """Return the text cut in its middle to what fits into one line of an explanation."""
    if len(text) <= _WIDTH:
        return text
    half = (_WIDTH - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def _leaves(value: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    inside = _inside(value, where) if depth < 8 else None
    if inside is None:
        yield where, _leaf(value)
        return
    empty = True
    for place, item in inside:
        empty = False
        yield from _leaves(item, place, depth + 1)
    if empty:
        yield where, shorten(repr(value))


def _inside(value: Any, where: str) -> Iterable[tuple[str, Any]] | None:
    if isinstance(value, dict):
        return (
            (f"{where}.{k}" if isinstance(k, str) else f"{where}[{_leaf(k)}]", v)
            for k, v in value.items()
        )
    if isinstance(value, (list, tuple)):
        return ((f"{where}[{n}]", item) for n, item in enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ((f"{where}.{f.name}", getattr(value, f.name)) for f in dataclasses.fields(value))
    return _attributes(value, where)


def _attributes(value: Any, where: str) -> Iterable[tuple[str, Any]] | None:
    if isinstance(value, (type, types.ModuleType)) or callable(value):
        return None
    try:
        state = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return [(f"{where}.{name}", item) for name, item in state.items()] or None


def _leaf(value: Any) -> str:
    """Return a text that is the same in every process: no address, no order of a hash."""
    if isinstance(value, (set, frozenset)):
        return shorten("{" + ", ".join(sorted(map(_leaf, value))) + "}")
    if type(value) is int and value.bit_length() > 1000:
        return f"<int of {value.bit_length()} bits>"  # Python refuses to write out very long ones
    if type(value) in _PLAIN or type(value).__module__ in {"datetime", "decimal", "pathlib"}:
        return shorten(repr(value))
    return f"<{type(value).__qualname__}>"
