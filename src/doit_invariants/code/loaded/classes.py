"""The parts of a class that count: bases, methods, attributes; not what decorators add."""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.loaded.hints import classes as annotated
from doit_invariants.code.loaded.hints import resolved
from doit_invariants.code.loaded.library import Library

Part = tuple[str, Any]

# Installed classes make many attributes with two underscores; only these count.
_SPECIAL = frozenset({"__slots__", "__hash__", "__attrs_attrs__", "__pydantic_fields__"})
#: Data that msgspec keeps about a class, in attributes of its metaclass.
_KEPT_BY_METACLASS = (
    "__struct_fields__",
    "__struct_encode_fields__",
    "__struct_defaults__",
    "__struct_config__",
    "__match_args__",
)
# Data that Python, abc, typing and dataclasses keep on classes.
_BOOKKEEPING = frozenset(
    {"_abc_impl", "_is_protocol", "_is_runtime_protocol"}
    | {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"}
    | {"__annotate__", "__annotate_func__", "__annotations_cache__", "__type_params__"}
    | {"__firstlineno__", "__static_attributes__", "__classcell__", "__classdictcell__"}
    | {"__signature__"}  # by pydantic, from parts that already count
    | {"__slotnames__"}  # by copyreg, when an instance is encoded
    | {"__abstractmethods__", "__parameters__", "__orig_bases__", "__protocol_attrs__"}
    | {"__non_callable_proto_members__", "__dataclass_fields__", "__dataclass_params__"}
)
# Methods that dataclass and attrs generate.
_COMPILED = frozenset(
    {"__init__", "__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"}
    | {"__setattr__", "__delattr__", "__getstate__", "__setstate__", "__replace__"}
)
# Attributes of a dataclass field that change what the class does.
_OF_FIELD = (
    *("name", "default", "default_factory", "init", "repr"),
    *("hash", "compare", "kw_only", "metadata"),
)


def parts(cls: type, library: Library, *, as_before: bool = False) -> Iterator[Part]:
    """Yield the parts of a project class that count, each with a label.

    All methods count: it is unknown which ones are called.

    :param as_before: whether to yield only what the first version of records had
    """
    for number, base in enumerate(cls.__bases__):
        if base is not object:
            yield f"base {number}", base
    if type(cls) not in (type, type(enum.Enum)):  # the latter's name depends on the version
        yield "metaclass", type(cls)
    if as_before:
        yield from _annotations_as_before(cls, library)
    else:
        yield from _annotations(cls, library)
    if issubclass(cls, enum.Enum):
        yield from _of_enum(cls, library)
    elif issubclass(cls, tuple) and "_fields" in vars(cls):
        yield from _of_namedtuple(cls, library)
    else:
        yield from _of_fields(cls)
        yield from _attributes(cls, library)


def _annotations(cls: type, library: Library) -> Iterator[Part]:
    if _has_foreign_base(cls, library) or "__pydantic_fields__" in vars(cls):
        # An installed class may read annotations: pydantic and msgspec do.
        yield "annotations", resolved(cls)
        yield from _of_libraries(cls)
    elif _names_classes(cls):
        # An object of the class contains objects of these classes.
        named = [one for one in annotated(cls) if not library.owns(one) and one is not cls]
        if named:
            yield "classes of fields", tuple(named)


def _annotations_as_before(cls: type, library: Library) -> Iterator[Part]:
    if _has_foreign_base(cls, library):
        found = vars(cls).get("__annotations__", {})
        yield "annotations", tuple((name, str(one)) for name, one in found.items())


def _names_classes(cls: Any) -> bool:
    """Return whether annotations define the fields of a class."""
    kept = vars(cls)
    typed = "_fields" in kept or type(cls).__name__ in ("_TypedDictMeta", "_ProtocolMeta")
    return typed or "__dataclass_fields__" in kept or "__attrs_attrs__" in kept


def _of_libraries(cls: Any) -> Iterator[Part]:
    """Yield data that pydantic and msgspec keep about a class outside its own attributes."""
    for name in _KEPT_BY_METACLASS:
        found = getattr(cls, name, None) if hasattr(type(cls), "__struct_fields__") else None
        if found is not None:
            yield f"kept {name}", found
    decorators = vars(cls).get("__pydantic_decorators__")
    for kind in dir(decorators) if decorators is not None else ():
        found = getattr(decorators, kind) if not kind.startswith("_") else None
        if isinstance(found, dict) and found:
            # Not the functions: they are attributes of the class.
            infos = {name: getattr(one, "info", None) for name, one in found.items()}
            yield f"decorators {kind}", infos


def _of_enum(cls: Any, library: Library) -> Iterator[Part]:
    members = cls.__members__.items()
    yield "members", tuple((name, one.value, _set_on_member(one)) for name, one in members)
    for name, value in sorted(vars(cls).items()):
        if name not in cls.__members__ and _is_written(name, value, library):
            yield f"attribute {name}", value


def _of_namedtuple(cls: Any, library: Library) -> Iterator[Part]:
    yield "fields", cls._fields
    yield "defaults", tuple(cls._field_defaults.items())
    for name, value in sorted(vars(cls).items()):
        if name not in cls._fields and _is_written(name, value, library):
            yield f"attribute {name}", value


def _of_fields(cls: type) -> Iterator[Part]:
    fields = vars(cls).get("__dataclass_fields__")
    if fields is None:
        return
    for name, one in fields.items():
        yield f"field {name}", tuple(_plain(getattr(one, key, None)) for key in _OF_FIELD)
    params = vars(cls).get("__dataclass_params__")
    names = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")
    yield "fields", (*fields, *(getattr(params, name, None) for name in names))


def _attributes(cls: type, library: Library) -> Iterator[Part]:
    fields = vars(cls).get("__dataclass_fields__", {})
    foreign = _has_foreign_base(cls, library) or "__pydantic_fields__" in vars(cls)
    generated = fields or "__attrs_attrs__" in vars(cls)
    for name, value in sorted(vars(cls).items()):
        if name in _BOOKKEEPING or (name.startswith("__pydantic_") and name not in _SPECIAL):
            continue  # pydantic's compiled data contains addresses
        if isinstance(value, types.GetSetDescriptorType):
            continue
        if isinstance(value, types.MemberDescriptorType) or name in fields:
            continue  # a slot; or a field, whose default is listed with it
        if _is_code(value):
            if not (generated and name in _COMPILED and _is_made(value)) and not (
                _is_pythons(name, value, library)
            ):
                yield f"attribute {name}", value
        elif not name.startswith("__") or not foreign or name in _SPECIAL:
            yield f"attribute {name}", value


def _set_on_member(member: enum.Enum) -> dict[str, Any]:
    """Return the attributes of a member except those that enum sets."""
    return {name: value for name, value in vars(member).items() if not name.startswith("_")}


def _is_written(name: str, value: Any, library: Library) -> bool:
    """Return whether an attribute was written in the body of an enum or named tuple."""
    inner = getattr(value, "__func__", value)
    if isinstance(inner, types.FunctionType):
        made = str(inner.__globals__.get("__name__")).startswith("namedtuple_")
        return not made and not library.owns(inner)
    return not name.startswith("_") and type(value).__name__ != "_tuplegetter"


def _is_code(value: Any) -> bool:
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property)) or (
        callable(value) and not isinstance(value, type)
    )


def _is_made(value: Any) -> bool:
    """Return whether a decorator such as ``dataclass`` generated this function."""
    inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    inner = getattr(inner, "__wrapped__", inner)  # reprlib.recursive_repr
    code = getattr(inner, "__code__", None)
    return isinstance(code, types.CodeType) and code.co_filename.startswith(("<string>", "<attrs"))


def _is_pythons(name: str, value: Any, library: Library) -> bool:
    """Return whether a special method comes from Python's library, which varies by version."""
    inner = getattr(value, "__func__", value)
    if not name.startswith("__") or not isinstance(inner, types.FunctionType):
        return False
    return library.owns(inner) and not library.version(str(inner.__globals__.get("__name__")))


def _has_foreign_base(cls: type, library: Library) -> bool:
    return any(library.owns(one) and library.version(one.__module__) for one in cls.__mro__[1:])


def _plain(value: Any) -> Any:
    return "nothing" if value is dataclasses.MISSING else value
