"""Short outlines of values, stored with their digests to explain a later change."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit_invariants.core.model import Change
from doit_invariants.core.text import WIDTH, shorten

#: Maximum number of leaves in an outline. A larger value has only its digest.
MOST_LEAVES = 100
_DEEPEST_SET = 3
_EMPTY = (dict, list, tuple)
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})

Outline = dict[str, str]


def outline(value: object, width: int = WIDTH, clean: Callable[[str], str] = str) -> Outline | None:
    """Return ``{place: string}`` for the leaves of a value, None if it has too many.

    The digest finds a difference, the outline explains it.

    :param width: longer strings lose their middle
    :param clean: applied to each string before it is cut
    """
    leaves: Outline = {}
    for where, text in _leaves(value, "$", 0):
        leaves[where] = shorten(clean(text), width)
        if len(leaves) > MOST_LEAVES:
            return None
    return leaves


def outline_changes(old: Outline | None, new: Outline | None) -> tuple[Change, ...]:
    """Return the changes between two outlines; empty if they are equal or one is missing."""
    if old is None or new is None:
        return ()
    changes = [
        Change("changed", where, *_around_difference(text, new[where]))
        for where, text in old.items()
        if where in new and new[where] != text
    ]
    changes += [Change("removed", where, shorten(old[where])) for where in old if where not in new]
    changes += [Change("added", w, None, shorten(new[w])) for w in new if w not in old]
    return tuple(changes)


def _around_difference(old: str, new: str) -> tuple[str, str]:
    """Return two strings, each cut to one line that shows their first difference."""
    if max(len(old), len(new)) <= WIDTH:
        return old, new
    start = max(_shared(old, new) - WIDTH // 4, 0)
    head = "... " if start else ""
    return head + _first(old[start:]), head + _first(new[start:])


def _shared(old: str, new: str) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(old), len(new)))


def _first(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 4]} ..."


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
        yield where, repr(value) if type(value) in _EMPTY else f"<{type(value).__qualname__}>"


def _inside(value: Any, where: str) -> Iterable[tuple[str, Any]] | None:
    if type(value) in _PLAIN or _is_proxy(value):
        return None
    # Not isinstance(): it reads ``__class__`` of the object, which may raise.
    cls = type(value)
    if issubclass(cls, dict):
        return (
            (f"{where}.{k}" if isinstance(k, str) else f"{where}[{shorten(_leaf(k))}]", v)
            for k, v in value.items()
        )
    if issubclass(cls, (list, tuple)):
        return ((f"{where}[{n}]", item) for n, item in enumerate(value))
    if dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(value)]
        return [(f"{where}.{n}", getattr(value, n)) for n in names if hasattr(value, n)]
    return _attributes(value, where)


def _attributes(value: Any, where: str) -> Iterable[tuple[str, Any]] | None:
    if issubclass(type(value), (type, types.ModuleType)) or callable(value):
        return None
    try:
        state = object.__getattribute__(value, "__dict__")
    except Exception:
        return None  # a class can redefine access to attributes in any way
    return [(f"{where}.{name}", item) for name, item in state.items()] or None


def _leaf(value: Any, levels: int = _DEEPEST_SET) -> str:
    """Return a string that is the same in every process: no address, no hash order."""
    if type(value) not in _PLAIN and _is_proxy(value):
        return f"<{type(value).__qualname__}>"
    if issubclass(type(value), (set, frozenset)):
        return _of_set(value, levels)
    if type(value) is int and value.bit_length() > 1000:
        return f"<int of {value.bit_length()} bits>"  # Python refuses to format a very long int
    if type(value) in _PLAIN or type(value).__module__ in {"datetime", "decimal", "pathlib"}:
        return repr(value)
    return f"<{type(value).__qualname__}>"


def _of_set(value: Any, levels: int) -> str:
    """Return a string for a set: its sorted items, or only its size if it is large or deep."""
    if not levels or len(value) > MOST_LEAVES:
        return f"<{type(value).__qualname__} of {len(value)}>"
    return "{" + ", ".join(sorted([_leaf(item, levels - 1) for item in value])) + "}"


def _is_proxy(value: Any) -> bool:
    """Return whether an object is a lazy proxy (wrapt), which may create its target when read."""
    return hasattr(type(value), "__wrapped__")
