"""Find which constant path code reads in a value: ``PARAMS["clean"]["x"]``.

If code reads a value only by constants, only these places in it count. Only consecutive operations
are followed, and nothing is inferred: a value that is assigned to another name first counts as a
whole. Therefore the compiler may fuse operations, use small integers, or write subscripts as binary
operators: every version of Python gives the same places.
"""

from __future__ import annotations

import opcode
import types
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from doit_invariants.code.loaded.operations import (
    ATTRIBUTES,
    SHIFT,
    Operation,
    constant,
    is_constant,
)


class Step(NamedTuple):
    """One step into a value.

    :ivar kind: ``attribute``, ``item`` (``[key]``), or ``get`` (``.get(key)``)
    :ivar key: the name, or the constant key
    """

    kind: str
    key: Any


Steps = tuple[Step, ...]
#: The value itself.
WHOLE: tuple[Steps, ...] = ((),)

_CALLS = frozenset({"CALL", "CALL_METHOD", "CALL_FUNCTION"})
#: Operations that only put one value on the stack: a default usually comes from one.
_PUSHES = ("LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_CONST", "LOAD_SMALL_INT")
_EMPTY = frozenset({"BUILD_LIST", "BUILD_MAP", "BUILD_TUPLE"})
_KEYS = (str, int, bool, float, bytes, type(None))
#: Python may refuse to write out the digits of a larger integer.
_LARGEST = 1 << 63
_NOTHING = object()


def _subscript_operator() -> int:
    """Return the argument that makes ``BINARY_OP`` a subscript (Python 3.14)."""
    names = [text for _, text in getattr(opcode, "_nb_ops", ())]
    return names.index("[]") if "[]" in names else -1


_SUBSCRIPT = _subscript_operator()


def steps_from(operations: Sequence[Operation], index: int, code: types.CodeType) -> Steps:
    """Return the steps that immediately follow from the value on the stack.

    :param index: of the operation after the one that put the value there
    """
    steps: list[Step] = []
    while index < len(operations):
        found = _item(operations, index, code) or _attribute(operations, index, code)
        if found is None:
            break
        steps.append(found[0])
        index += found[1]
    return tuple(steps)


def shortest(places: Iterable[Steps]) -> tuple[Steps, ...]:
    """Return the places that are not inside another place."""
    known = dict.fromkeys(places)
    return tuple(place for place in known if not any(place[:n] in known for n in range(len(place))))


def behind(places: Iterable[Steps], skip: int) -> tuple[Steps, ...]:
    """Remove leading attributes of modules from places; return the whole value if unsure."""
    return tuple(
        place[skip:] if all(step.kind == "attribute" for step in place[:skip]) else ()
        for place in places
    )


def is_call(one: Operation, arguments: int) -> bool:
    """Return whether an operation is a call with this number of positional arguments."""
    return one.name in _CALLS and one.arg == arguments


def _item(
    operations: Sequence[Operation], index: int, code: types.CodeType
) -> tuple[Step, int] | None:
    if index + 1 >= len(operations) or not _is_subscript(operations[index + 1]):
        return None
    key = _loaded(operations[index], code)
    return (Step("item", key), 2) if _is_key(key) else None


def _attribute(
    operations: Sequence[Operation], index: int, code: types.CodeType
) -> tuple[Step, int] | None:
    one = operations[index]
    if one.name not in ATTRIBUTES:
        return None
    name = code.co_names[one.arg >> SHIFT.get(one.name, 0)]
    return get_call(name, operations, index + 1, code) or (Step("attribute", name), 1)


def get_call(
    name: str, operations: Sequence[Operation], index: int, code: types.CodeType
) -> tuple[Step, int] | None:
    """Return the step of ``.get(key)`` and ``.get(key, default)``, None for other calls.

    :param name: the attribute that was read
    :param index: of the operation after it
    :returns: the step, and its number of operations, including the attribute
    """
    if name != "get" or index + 1 >= len(operations):
        return None
    key = _loaded(operations[index], code)
    if not _is_key(key):
        return None
    if is_call(operations[index + 1], 1):
        return Step("get", key), 3
    if index + 2 < len(operations) and _pushes_one(operations[index + 1]):
        return (Step("get", key), 4) if is_call(operations[index + 2], 2) else None
    return None


def _pushes_one(one: Operation) -> bool:
    return one.name.startswith(_PUSHES) or (one.name in _EMPTY and one.arg == 0)


def _loaded(one: Operation, code: types.CodeType) -> Any:
    return constant(one, code) if is_constant(one) else _NOTHING


def _is_subscript(one: Operation) -> bool:
    return one.name == "BINARY_SUBSCR" or (one.name == "BINARY_OP" and one.arg == _SUBSCRIPT)


def _is_key(key: Any) -> bool:
    if type(key) is int:
        return abs(key) < _LARGEST
    return type(key) in _KEYS or (type(key) is tuple and all(map(_is_key, key)))


def written(step: Step) -> str:
    """Return a step as outlines of values show it: ``.name`` for both keys and attributes."""
    if step.kind == "attribute" or (isinstance(step.key, str) and step.key.isidentifier()):
        return f".{step.key}"
    return f"[{step.key!r}]"
