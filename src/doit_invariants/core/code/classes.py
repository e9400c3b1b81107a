"""What counts of a class: bases, methods, attributes; not what Python and decorators add."""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Iterator
from typing import Any

from doit_invariants.core.code.library import Library

Part = tuple[str, Any]

# Of the data attributes with two underscores these alone say something about behaviour.
_SPECIAL = frozenset({"__slots__", "__hash__", "__attrs_attrs__", "__pydantic_fields__"})
# What abc and typing keep on classes.
_BOOKKEEPING = frozenset(
    {"_abc_impl", "_is_protocol", "_is_runtime_protocol"}
    | {"_fields_defaults", "_field_types", "_field_defaults", "_fields"}
)
# Fields of a dataclass: what of them changes what the class does.
_OF_FIELD = ("name", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")


def parts(cls: type, library: Library) -> Iterator[Part]:
    """Yield what counts of a class of the project, each under a label.

    A method counts whether it is called or not: which ones are can't be known.
    """
    for number, base in enumerate(cls.__bases__):
        if base is not object:
            yield f"base {number}", base
    if type(cls) not in (type, type(enum.Enum)):  # the latter's name depends on the version
        yield "metaclass", type(cls)
    if _has_foreign_base(cls, library):
        # An installed class may read them: pydantic and typing.TypedDict do.
        yield "annotations", {k: str(v) for k, v in vars(cls).get("__annotations__", {}).items()}
    if issubclass(cls, enum.Enum):
        yield from _of_enum(cls)
    elif issubclass(cls, tuple) and "_fields" in vars(cls):
        yield from _of_namedtuple(cls)
    else:
        yield from _of_fields(cls)
        yield from _attributes(cls, library)


def _of_enum(cls: Any) -> Iterator[Part]:
    yield "members", [(name, member.value) for name, member in cls.__members__.items()]
    for name, value in sorted(vars(cls).items()):
        if name not in cls.__members__ and _is_written(name, value, cls):
            yield f"attribute {name}", value


def _of_namedtuple(cls: Any) -> Iterator[Part]:
    yield "fields", cls._fields
    yield "defaults", dict(cls._field_defaults)
    for name, value in sorted(vars(cls).items()):
        if name not in cls._fields and _is_written(name, value, cls):
            yield f"attribute {name}", value


def _of_fields(cls: type) -> Iterator[Part]:
    fields = vars(cls).get("__dataclass_fields__")
    if fields is None:
        return
    for name, one in fields.items():
        yield f"field {name}", [_plain(getattr(one, key, None)) for key in _OF_FIELD]
    params = vars(cls).get("__dataclass_params__")
    names = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
    yield "fields", [list(fields), [getattr(params, name, None) for name in names]]


def _attributes(cls: type, library: Library) -> Iterator[Part]:
    fields = vars(cls).get("__dataclass_fields__", {})
    generated = fields or "__attrs_attrs__" in vars(cls)
    for name, value in sorted(vars(cls).items()):
        if name in _BOOKKEEPING or isinstance(value, types.GetSetDescriptorType):
            continue
        if isinstance(value, types.MemberDescriptorType) or name in fields:
            continue  # of __slots__; of a field, whose default is listed with it
        if _is_code(value):
            if not (generated and name.startswith("__") and _is_made(value)) and not (
                _is_pythons(name, value, library)
            ):
                yield f"attribute {name}", value
        elif not name.startswith("__") or name in _SPECIAL:
            yield f"attribute {name}", value


def _is_written(name: str, value: Any, cls: type) -> bool:
    """Return whether somebody wrote this into the body of an enum or named tuple."""
    if not _is_code(value) or _is_made(value):
        return False
    inner = getattr(value, "__func__", value)
    if isinstance(inner, types.FunctionType):
        return inner.__globals__.get("__name__") == cls.__module__
    return not name.startswith("_") or isinstance(value, property)


def _is_code(value: Any) -> bool:
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property)) or (
        callable(value) and not isinstance(value, type)
    )


def _is_made(value: Any) -> bool:
    """Return whether a decorator wrote and compiled this function, as ``dataclass`` does."""
    inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    inner = getattr(inner, "__wrapped__", inner)  # reprlib.recursive_repr
    code = getattr(inner, "__code__", None)
    return isinstance(code, types.CodeType) and code.co_filename.startswith(("<string>", "<attrs"))


def _is_pythons(name: str, value: Any, library: Library) -> bool:
    """Return whether Python's library put a special method there, which depends on its version."""
    inner = getattr(value, "__func__", value)
    if not name.startswith("__") or not isinstance(inner, types.FunctionType):
        return False
    return library.owns(inner) and not library.version(str(inner.__globals__.get("__name__")))


def _has_foreign_base(cls: type, library: Library) -> bool:
    return any(library.owns(one) and library.version(one.__module__) for one in cls.__mro__[1:])


def _plain(value: Any) -> Any:
    return "nothing" if value is dataclasses.MISSING else value
