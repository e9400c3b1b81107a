"""Records of the first version: parts that they lack are adopted, others are compared."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import wrapt

from doit_invariants.code.loaded.functions import Functions
from doit_invariants.code.loaded.graph import CodeGraph
from doit_invariants.hashing.values import digest_value
from doit_invariants.kinds.action import Action
from doit_invariants.rules.invariant import Fingerprint

from .contexts import MemoryContext


def decorated(added: int, body: int) -> Callable[[], int]:
    """Return a function behind a decorator; the first version knew nothing of the decorator."""

    def around(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return wrapped() + added

    def func() -> int:
        return body

    wrapper: Callable[[], int] = wrapt.FunctionWrapper(func, around)
    return wrapper


def using(held: Any) -> Callable[[], bool]:
    """Return a function that uses an object."""
    return lambda: held is None


def first_version(func: Any, kept: dict[str, Any]) -> Fingerprint:
    """Return the fingerprint that the first version recorded."""
    context = MemoryContext(kept)
    functions = Functions(context)
    explorer = functions.explorers[True, False]
    found = functions.describe(CodeGraph(explorer, explorer.unit(func)), None, context)
    return {key: value for key, value in found.items() if key != "looks"}


def compared(func: Any, old: Fingerprint, kept: dict[str, Any]) -> tuple[bool, Fingerprint]:
    """Return whether a function is the same as recorded, and its present fingerprint."""
    context = MemoryContext(kept)
    functions = Functions(context)
    new = functions.describe(functions.graph(func, previous=old), old, context)
    return functions.difference(old, new, context) is None, new


def test_what_was_not_looked_at_is_adopted_once() -> None:
    """The decorator is adopted; an edit of it that comes later is seen."""
    kept: dict[str, Any] = {}
    old = first_version(decorated(1, 1), kept)
    same, adopted = compared(decorated(1, 1), old, kept)
    assert same
    assert compared(decorated(1, 1), adopted, kept) == (True, adopted)
    assert not compared(decorated(2, 1), adopted, kept)[0]
    assert compared(decorated(1, 1), adopted, kept)[0]


def test_what_was_looked_at_is_compared() -> None:
    """An edit of the function itself is seen, whatever else is adopted."""
    kept: dict[str, Any] = {}
    old = first_version(decorated(1, 1), kept)
    assert not compared(decorated(1, 2), old, kept)[0]


def test_objects_that_were_left_out() -> None:
    """A union in a list is adopted; the list beside it is compared."""
    kept: dict[str, Any] = {}
    old = first_version(using([1, int | str]), kept)
    assert compared(using([1, int | str]), old, kept)[0]
    assert not compared(using([2, int | str]), old, kept)[0]
    _, adopted = compared(using([1, int | str]), old, kept)
    assert not compared(using([1, int | bytes]), adopted, kept)[0]


def test_unchanged_records_are_marked() -> None:
    """An addition to code that already counted as a whole is an edit, not adopted."""
    kept: dict[str, Any] = {}
    plain = functools.partial(int, "1")
    old = first_version(plain, kept)
    _, marked = compared(plain, old, kept)
    assert marked["looks"]
    assert marked["digest"] == old["digest"]


def test_arguments() -> None:
    """A part of an argument that was left out before is adopted; the other parts count."""
    kept: dict[str, Any] = {}

    def fingerprint(given: Any, previous: Fingerprint | None) -> Fingerprint:
        return Action({"argument 0": given}, name="work").fingerprint(MemoryContext(kept), previous)

    context = MemoryContext(kept)
    explorer = Functions(context).explorers[True, False]
    unit = explorer.group("work", [("argument 0", (1, int | str))])
    old = {"digest": digest_value([[ref.label, ref.leaf] for ref in unit.refs]), "shown": {}}
    action = Action({"argument 0": (1, int | str)}, name="work")
    adopted = fingerprint((1, int | str), old)
    assert action.difference(old, adopted, context) is None
    assert action.difference(adopted, fingerprint((1, int | str), adopted), context) is None
    assert action.difference(adopted, fingerprint((1, int | bytes), adopted), context)
    assert action.difference(old, fingerprint((2, int | str), old), context)
