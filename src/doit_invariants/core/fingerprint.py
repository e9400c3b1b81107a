"""Fingerprints of functions: the structure of their code objects.

What counts: operations with their resolved arguments, constants with their types, nested code,
the number and kinds of arguments and their names. What does not: line numbers, file names,
docstrings, annotations, the name of the function, and the names of its locals. The digest
does not depend on the hash seed (a ``frozenset`` constant is encoded in a fixed order) nor on
addresses. It is the digest of one Python version's code: each version has a slot of its own.

Method: a walk over the instructions as :mod:`dis` decodes them, with jumps by the ordinal of
their target. ``marshal.dumps`` would be shorter, but its output depends on reference counts.
"""

from __future__ import annotations

import bisect
import dis
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from doit_invariants.core.encode import digest_value
from doit_invariants.core.errors import CannotFingerprint

# Flags that say how a code object is run: *args, **kwargs, generator, coroutine and so on. Those
# that a `from __future__ import annotations` leaves behind do not matter to what it does.
_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
# Operations that only carry other operations' data or the interpreter's bookkeeping.
_SILENT = {"CACHE", "EXTENDED_ARG", "NOP", "RESUME", "PRECALL"}
# Who calls one of these may use locals by their names.
_BY_NAME = {"locals", "eval", "exec", "vars", "dir"}
_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)
_LOCALS = frozenset(dis.haslocal)

Function = Callable[..., Any]


def slot() -> str:
    """Return the name of the slot for code of this interpreter: ``cpython-3.11``, ``...-O1``.

    Optimised code (``-O``, ``-OO``) lacks assertions or docstrings, so it has its own.
    """
    version = f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{version}-O{sys.flags.optimize}" if sys.flags.optimize else version


def code_of(func: object) -> list[types.CodeType]:
    """Return the code objects that a callable consists of, outermost first.

    ``functools.partial``, bound methods, callable objects and ``__wrapped__`` (as
    ``functools.wraps`` and ``lru_cache`` leave it) are seen through. Not followed: what the
    code calls.

    :raises CannotFingerprint: if no code can be found, as for what is written in C
    """
    if type(func) is types.FunctionType and not hasattr(func, "__wrapped__"):
        return [func.__code__]
    codes: list[types.CodeType] = []
    seen: set[int] = set()
    todo: list[object] = [func]
    while todo:
        item = todo.pop()
        if id(item) not in seen:
            seen.add(id(item))
            code = getattr(item, "__code__", None)
            if isinstance(code, types.CodeType):
                codes.append(code)
            todo += _parts(item)
    if not codes:
        raise CannotFingerprint(f"{func!r:.80} has no Python code to fingerprint")
    return codes


def _parts(item: object) -> list[object]:
    """Return the callables that a callable consists of, but for its own code."""
    parts: list[object] = []
    if isinstance(item, functools.partial):
        parts.append(item.func)
    elif isinstance(item, types.MethodType):
        parts.append(item.__func__)
    elif not isinstance(item, (type, types.FunctionType)):
        call = getattr(type(item), "__call__", None)  # noqa: B004 - the function is wanted
        parts += [call] if isinstance(call, types.FunctionType) else []
    wrapped = getattr(item, "__wrapped__", None)
    return parts if wrapped is None else [*parts, wrapped]


def code_digest(codes: list[types.CodeType]) -> str:
    """Return the digest of code objects, in their order."""
    return digest_value([_structure(code) for code in codes])


@functools.cache
def _structure(code: types.CodeType) -> tuple[Any, ...]:
    """Return the parts of a code object that matter, as plain nested tuples.

    Cached: code objects compare by value, and thousands of tasks may share one function.
    """
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += bool(code.co_flags & inspect.CO_VARARGS)
    arguments += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return (
        code.co_flags & _FLAGS,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_varnames[:arguments],
        code.co_freevars,
        (code.co_varnames, code.co_cellvars) if _BY_NAME & set(code.co_names) else (),
        _operations(code),
        _exception_table(code),
    )


def _instructions(code: types.CodeType) -> list[dis.Instruction]:
    return [one for one in dis.get_instructions(code) if one.opname not in _SILENT]


def _operations(code: types.CodeType) -> tuple[Any, ...]:
    instructions = _instructions(code)
    offsets = [one.offset for one in instructions]
    return tuple((one.opname, _argument(code, one, offsets)) for one in instructions)


def _argument(code: types.CodeType, one: dis.Instruction, offsets: list[int]) -> Any:
    if one.arg is None:
        return None
    if one.opname == "KW_NAMES":  # Python 3.11: dis does not resolve it
        return code.co_consts[one.arg]
    if one.opcode in _JUMPS:
        return bisect.bisect_left(offsets, one.argval)
    if one.opcode in dis.hasconst:
        return _constant(one.argval)
    if one.opcode in _LOCALS:
        return one.arg
    return one.argval if isinstance(one.argval, (str, int)) else one.arg


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _structure(value)
    if isinstance(value, tuple):
        return tuple(map(_constant, value))
    return value


def _exception_table(code: types.CodeType) -> tuple[Any, ...]:
    """Return which instructions are covered by which handlers (Python 3.11 and later)."""
    parse = getattr(dis, "_parse_exception_table", None)
    if parse is None:
        return ()
    offsets = [one.offset for one in _instructions(code)]
    return tuple(
        (
            *(bisect.bisect_left(offsets, at) for at in (row.start, row.end, row.target)),
            row.depth,
            row.lasti,
        )
        for row in parse(code)
    )
