"""Find modules that code imports by a name that is a value: ``import_module("plugins.clean")``.

:func:`taken_modules` covers ``getattr(sys.modules[__name__], name)``.

The name is known if it is a constant, or if a global or a closure variable holds it. A name that is
made when the code runs is unknown: ``show`` mentions it, and no module counts for it.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from doit_invariants.code.loaded.access_paths import Steps, is_call, steps_from
from doit_invariants.code.loaded.operations import (
    ATTRIBUTES,
    FREE,
    LOCALS,
    SHIFT,
    Operation,
    closure_of,
    constant,
    is_constant,
    variables_of,
    with_nested,
)

IMPORTERS = frozenset({"import_module", "__import__"})
#: Stands for a module with an unknown name.
UNKNOWN = "a module whose name is known only at run time"


class Import(NamedTuple):
    """An import inside a function: the leading dots, the module, the imported names."""

    level: int
    module: str
    names: tuple[str, ...]


class Argument(NamedTuple):
    """Where an argument comes from.

    :ivar kind: ``constant``, ``global``, ``closure``, ``unknown``
    :ivar value: the constant, or the name of the variable
    :ivar steps: the steps from the variable to the argument
    """

    kind: str
    value: Any = None
    steps: Steps = ()


class DynamicImport(NamedTuple):
    """A call that imports a module: its name, and the package for a relative name."""

    name: Argument
    package: Argument = Argument("constant", None)


def imports_by_name(
    operations: Sequence[Operation], code: types.CodeType, *, inner: bool
) -> Iterator[DynamicImport]:
    """Yield the imports by name of one code object.

    :param inner: whether it is nested in other code, whose variables can't be looked up
    """
    if IMPORTERS.isdisjoint((*code.co_names, *code.co_varnames, *code.co_freevars)):
        return
    for index, one in enumerate(operations):
        if _name(one, code) in IMPORTERS and not one.name.startswith(("STORE", "IMPORT")):
            call = _call(operations, index + 1, code)
            known = not inner or all(argument.kind != "closure" for argument in call)
            yield call if known else DynamicImport(Argument("unknown"))


def resolved(call: DynamicImport, func: types.FunctionType) -> Import | None:
    """Return the import that a call in a function performs, None if that is unknown."""
    name, package = (_value(argument, func) for argument in call)
    if not isinstance(name, str):
        return None
    try:
        known = package if isinstance(package, str) else None
        return Import(0, importlib.util.resolve_name(name, known), ())
    except ImportError:
        return None


def _value(argument: Argument, func: types.FunctionType) -> Any:
    if argument.kind == "constant":
        return argument.value
    from doit_invariants.code.loaded.places import found_at

    names = func.__globals__ if argument.kind == "global" else closure_of(func)
    return found_at(names.get(argument.value), argument.steps)


def _call(operations: Sequence[Operation], index: int, code: types.CodeType) -> DynamicImport:
    if index < len(operations) and operations[index].name == "PUSH_NULL":
        index += 1
    name, index = _argument(operations, index, code)
    if index >= len(operations) or name.kind == "unknown":
        return DynamicImport(Argument("unknown"))
    if is_call(operations[index], 1):
        return DynamicImport(name)
    package, index = _argument(operations, index, code)
    if package.kind != "unknown" and _calls_with_package(operations, index, code):
        return DynamicImport(name, package)
    return DynamicImport(Argument("unknown"))


def _argument(
    operations: Sequence[Operation], index: int, code: types.CodeType
) -> tuple[Argument, int]:
    """Return an argument, and the index of the operation after it."""
    if index >= len(operations):
        return Argument("unknown"), index
    one = operations[index]
    if is_constant(one):
        return Argument("constant", constant(one, code)), index + 1
    steps = steps_from(operations, index + 1, code)
    after = index + 1 + sum(1 if step.kind == "attribute" else 2 for step in steps)
    if any(step.kind == "get" for step in steps):
        return Argument("unknown"), after
    if one.name == "LOAD_GLOBAL":
        return Argument("global", _name(one, code), steps), after
    if one.name == "LOAD_DEREF":
        return Argument("closure", _name(one, code), steps), after
    return Argument("unknown"), after


def _calls_with_package(operations: Sequence[Operation], index: int, code: types.CodeType) -> bool:
    """Return whether a call with two arguments follows; ``package`` may be a keyword."""
    following = operations[index : index + 2]
    if not following:
        return False
    if is_call(following[0], 2):
        return True
    named = is_constant(following[0]) or following[0].name == "KW_NAMES"
    if len(following) < 2 or not named or constant(following[0], code) != ("package",):
        return False
    return is_call(following[1], 2) or following[1].name in ("CALL_KW", "CALL_FUNCTION_KW")


def _name(one: Operation, code: types.CodeType) -> str | None:
    """Return the name of the variable or attribute that an operation uses."""
    if one.name in ATTRIBUTES or one.name in ("LOAD_GLOBAL", "LOAD_NAME"):
        return code.co_names[one.arg >> SHIFT.get(one.name, 0)]
    if one.opcode in LOCALS:
        return code.co_varnames[one.arg] if one.arg < len(code.co_varnames) else None
    return variables_of(code)[one.arg] if one.opcode in FREE else None


def taken_modules(
    func: types.FunctionType, reads: Iterable[tuple[str, ...]], imports: Iterable[Import]
) -> tuple[list[str], bool, bool]:
    """Return which modules a function may take out of ``sys.modules``.

    It is unknown what the function does with such a module, so all of the module counts, as with
    ``globals()``. The key is not followed either: any constant may be the key, and if the code
    reads ``__name__``, its own module counts.

    :param reads: the globals that it reads, with the attributes that it reads of them
    :param imports: the modules that it imports when it runs
    :returns: its constants that may name a module, loaded or not, because that differs between
        runs; whether the function's own module may be taken; whether another module may be, if none
        of the names is that of a module
    """
    if not _looks_there(func, reads, imports):
        return [], False, False
    names = _names(func.__code__)
    found = dict.fromkeys(filter(_may_name, _texts(func.__code__)))
    own = "__name__" in names or "__module__" in names
    return list(found), own, "__module__" in names or not own


def _looks_there(
    func: types.FunctionType, reads: Iterable[tuple[str, ...]], imports: Iterable[Import]
) -> bool:
    if any(_is_registry(func, chain) for chain in reads):
        return True
    return any(one.module == "sys" for one in imports) and "modules" in _names(func.__code__)


def _may_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _is_registry(func: types.FunctionType, chain: tuple[str, ...]) -> bool:
    value = func.__globals__.get(chain[0])
    return value is sys.modules or (value is sys and chain[1:2] == ("modules",))


def _names(code: types.CodeType) -> frozenset[str]:
    return frozenset(name for one in with_nested(code) for name in one.co_names)


def _texts(code: types.CodeType) -> Iterator[str]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _texts(one)
        elif isinstance(one, (tuple, frozenset)):
            yield from sorted(text for text in one if isinstance(text, str))
        elif isinstance(one, str):
            yield one
