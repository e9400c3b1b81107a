"""Follow access paths into values, statically: nothing is called.

These are followed: dicts, lists and tuples, attributes that an instance or a class itself holds,
fields of named tuples, slots, members of enums. A path ends at a step that a class could implement
differently (a property, ``__getattribute__``, its own subscript, a method). The value there counts
as a whole.
"""

from __future__ import annotations

import enum
import gc
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doit_invariants.code.loaded.access_paths import Step, Steps, written
from doit_invariants.code.loaded.library import Library
from doit_invariants.code.loaded.objects import is_code
from doit_invariants.code.loaded.process_state import bases_of, of_process, without_environment
from doit_invariants.hashing.values import ValueDigester

#: Marks a missing key: the code raises, or uses its default.
MISSING = object()
#: Outline of a missing value.
NOTHING = {"$": "missing"}
_UNKNOWN = object()

_FIELD_OF_TUPLE: type = type(vars(Step)["kind"])  # Step is a named tuple
#: Classes whose ``__getattribute__`` does the same as that of object.
_ORDINARY: tuple[type, ...] = (object, types.SimpleNamespace, dict, list, tuple, set, str, int)
_ORDINARY += (float, bytes, frozenset, BaseException)
_DICT: Any = vars(type)["__dict__"]
#: Attributes in which a member of an enum keeps its name and value.
_OF_MEMBER = {"value": "_value_", "name": "_name_"}


class Place:
    """A place in a value that some code reads.

    :ivar label: the expression of the code for it
    :ivar value: the value there, :data:`MISSING` if there is none
    :ivar rest: the path to the place, a bar, and the attributes that the code reads of its value
    """

    def __init__(self, label: str, value: Any, rest: str) -> None:
        self.label, self.value, self.rest = label, value, rest


def places(
    label: str,
    value: Any,
    names: Iterable[str],
    reads: Iterable[Steps],
    stops: Callable[[Any], bool],
) -> list[Place]:
    """Return the places of a value that count.

    :param label: the expression of the code for the value
    :param names: attributes whose names are not part of the compared code: they are part of what
        counts
    :param reads: the steps that the code takes from it
    :param stops: whether a value counts as a whole for some other reason
    """
    attributes = tuple(Step("attribute", name) for name in names)
    found: dict[Steps, Place] = {}
    for steps in reads:
        try:
            inside, depth = _follow(value, steps, stops)
        except Exception:  # a key, a plugin, or a class raises
            inside, depth = value, 0
        if depth == 0:
            text = _text(attributes)
            return [Place(label + text, value, text)]
        way, left = steps[:depth], _text(attributes[depth:])
        found[way] = Place(
            label + _text(way) + left, inside, "".join(map(_spelled, way)) + "|" + left
        )
    return list(found.values())


def found_at(value: Any, steps: Steps) -> Any:
    """Return the value after some steps, also through modules; None if it is unknown."""
    for number, step in enumerate(steps):
        if not _is(value, types.ModuleType):
            found, depth = _follow(value, steps[number:], lambda _: False)
            return found if number + depth == len(steps) and found is not MISSING else None
        value = vars(value).get(step.key) if step.kind == "attribute" else None
    return value


def is_opaque(value: Any, library: Library, digester: ValueDigester | None) -> bool:
    """Return whether a value counts as a whole: code, installed, or known to a plugin."""
    if _is(value, type):
        return library.owns(value)
    return is_code(value, library) or (digester is not None and digester(value) is not None)


def _text(steps: Steps) -> str:
    return "".join(map(written, steps))


def _spelled(step: Step) -> str:
    if step.kind == "attribute":
        return f".{step.key}"
    return f".get({step.key!r})" if step.kind == "get" else f"[{step.key!r}]"


def _follow(value: Any, steps: Steps, stops: Callable[[Any], bool]) -> tuple[Any, int]:
    """Follow as many steps as possible; return the value there, and the number of steps."""
    for number, step in enumerate(steps):
        if value is MISSING or _counts_as_a_whole(value) or stops(value):
            return value, number
        inside = _STEPS[step.kind](value, step.key)
        last = number + 1 == len(steps)
        if inside is _UNKNOWN or (last and _is(value, enum.EnumMeta)):
            return (
                value,
                number,
            )  # a member itself counts with its class, as without a path
        value = inside
    return value, len(steps)


def _counts_as_a_whole(value: Any) -> bool:
    if _is(value, types.ModuleType) or _is(value, types.FunctionType):
        return True
    return of_process(value) is not None or without_environment(value) is not value


# ---------------------------------------------------------------------- by key


def _item(value: Any, key: Any) -> Any:
    owner = _owner(type(value), "__getitem__")
    if owner is types.MappingProxyType:
        inside = gc.get_referents(value)
        return _item(inside[0], key) if len(inside) == 1 else _UNKNOWN
    if owner is dict:
        found = dict.get(value, key, MISSING)
        missing = found is MISSING and _owner(type(value), "__missing__") is not None
        return _UNKNOWN if missing else found
    if owner in (list, tuple, str) and type(key) is int:
        return _at(owner, value, key)
    return _UNKNOWN


def _at(owner: Any, value: Any, key: int) -> Any:
    try:
        return owner.__getitem__(value, key)
    except IndexError:
        return MISSING


def _get(value: Any, key: Any) -> Any:
    owner = _owner(type(value), "get")
    if owner is types.MappingProxyType:
        inside = gc.get_referents(value)
        return _get(inside[0], key) if len(inside) == 1 else _UNKNOWN
    if owner is not dict or "get" in (_own(value) or ()):
        return _UNKNOWN
    return dict.get(value, key, MISSING)


# ---------------------------------------------------------------------- by name


def _attribute(value: Any, name: str) -> Any:
    if name.startswith("__"):
        return _UNKNOWN
    return _of_class(value, name) if _is(value, type) else _of_instance(value, name)


def _of_instance(value: Any, name: str) -> Any:
    cls = type(value)
    if _owner(cls, "__getattribute__") not in _ORDINARY:
        return _UNKNOWN
    if _is(value, enum.Enum) and name in _OF_MEMBER:
        return _of_member(value, name)
    owner = _owner(cls, name)
    found = _dict(owner)[name] if owner is not None else _UNKNOWN
    if isinstance(found, (types.MemberDescriptorType, _FIELD_OF_TUPLE)):
        return _from_slot(value, found)
    if _takes(type(found), "__set__") or _takes(type(found), "__delete__"):
        return _UNKNOWN
    own = _own(value)
    if own is not None and name in own:
        return own[name]
    return _UNKNOWN if _takes(type(found), "__get__") else found


def _from_slot(value: Any, slot: Any) -> Any:
    try:
        return slot.__get__(value)
    except (AttributeError, TypeError, IndexError):
        return _UNKNOWN  # not set, or of another class


def _of_member(member: enum.Enum, name: str) -> Any:
    owner = _owner(type(member), name)
    ours = owner is not None and owner.__module__ == "enum"
    own = _own(member) or {}
    return own.get(_OF_MEMBER[name], _UNKNOWN) if ours and name not in own else _UNKNOWN


def _of_class(cls: type, name: str) -> Any:
    meta = type(cls)
    if _owner(meta, "__getattribute__") is not type:
        return _UNKNOWN
    if _is(cls, enum.EnumMeta):
        members = _dict(cls).get("_member_map_", {})
        return members.get(name, _UNKNOWN) if meta is enum.EnumMeta else _UNKNOWN
    if _owner(meta, name) is not None:
        return _UNKNOWN
    owner = _owner(cls, name)
    found = _dict(owner)[name] if owner is not None else _UNKNOWN
    if type(found) is staticmethod:
        return found.__func__
    return _UNKNOWN if _takes(type(found), "__get__") else found


# ---------------------------------------------------------------------- how Python looks up


def _dict(cls: type) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _DICT.__get__(cls)
    return found


def _is(value: Any, cls: type) -> bool:
    """Do the same as isinstance without asking the object, which may be a proxy."""
    return cls in bases_of(type(value))


def _own(value: Any) -> dict[str, Any] | None:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return found if isinstance(found, dict) else None


def _owner(cls: type, name: str) -> type | None:
    """Return the class that provides an attribute for instances of a class."""
    return next((one for one in bases_of(cls) if name in _dict(one)), None)


def _takes(cls: type, name: str) -> bool:
    return _owner(cls, name) is not None


_STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "attribute": _attribute,
    "item": _item,
    "get": _get,
}
