"""The operations of a code object, as :mod:`dis` documents them, without internal ones."""

from __future__ import annotations

import bisect
import contextlib
import dis
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

# Internal operations of the interpreter. The last three are determined by the closure variables,
# and their order by the names of those.
_SILENT = frozenset(
    {"CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "RESUME", "PRECALL", "GEN_START"}
    | {"MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE"}
)
# The same operation, if the interpreter need not count a reference (Python 3.14).
_BORROWED = {"LOAD_FAST_BORROW": "LOAD_FAST"}
# Two operations in one if both are on one line, which is layout (Python 3.13).
_FUSED = {
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_CACHE = 0 if sys.version_info >= (3, 11) else -1
NAMES = frozenset(dis.hasname)
CONSTS = frozenset(dis.hasconst)
# Python 3.14 lists LOAD_DEREF among the local variables.
FREE = frozenset(dis.hasfree) | {dis.opmap["LOAD_DEREF"]}
LOCALS = frozenset(dis.haslocal) - FREE
RELATIVE = frozenset(dis.hasjrel)
ABSOLUTE = frozenset(dis.hasjabs)
# Number of flag bits below the index of a name (Python 3.11, 3.12).
SHIFT = {
    "LOAD_GLOBAL": 1 if sys.version_info >= (3, 11) else 0,
    "LOAD_ATTR": 1 if sys.version_info >= (3, 12) else 0,
    "LOAD_SUPER_ATTR": 2,
}
ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


@functools.cache
def slot() -> str:
    """Return the name of the slot for code of this interpreter: ``cpython-3.11``, ``...-O1``.

    Optimized code (``-O``, ``-OO``) lacks assertions or docstrings, so it has its own slot.
    """
    version = f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{version}-O{sys.flags.optimize}" if sys.flags.optimize else version


class Operation(NamedTuple):
    """One operation: its offset, and its argument including extensions."""

    offset: int
    name: str
    opcode: int
    arg: int
    after: int  # the offset after it and its caches, which relative jumps count from


def operations_of(code: types.CodeType) -> Iterator[Operation]:
    """Decode the operations of a code object, and join extended arguments."""
    raw, extended = code.co_code, 0
    at, end = 0, len(raw)
    while at < end:
        opcode, arg = raw[at], raw[at + 1] | extended
        start, at = at, at + 2
        name = dis.opname[opcode]
        if name == "EXTENDED_ARG":
            extended = arg << 8
            continue
        extended = 0
        while at < end and raw[at] == _CACHE:
            at += 2
        if name in _FUSED:
            first, second = _FUSED[name]
            yield Operation(start, first, dis.opmap[first], arg >> 4, at)
            yield Operation(start + 1, second, dis.opmap[second], arg & 15, at)
        elif name in _BORROWED:
            name = _BORROWED[name]
            yield Operation(start, name, dis.opmap[name], arg, at)
        elif name not in _SILENT:
            yield Operation(start, name, opcode, arg, at)


def variables_of(code: types.CodeType) -> tuple[str, ...]:
    """Return the names of the variables that operations on cells use, indexed by their argument."""
    cells, plain = code.co_cellvars, code.co_varnames
    if sys.version_info < (3, 11):
        return (*cells, *code.co_freevars)
    return (*plain, *(name for name in cells if name not in plain), *code.co_freevars)


def with_nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object and all code nested in it, outer before inner."""
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from with_nested(one)


def closure_of(func: types.FunctionType) -> dict[str, Any]:
    """Return the assigned closure variables of a function by their names."""
    found: dict[str, Any] = {}
    for name, cell in zip(func.__code__.co_freevars, func.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):
            found[name] = cell.cell_contents
    return found


def is_constant(one: Operation) -> bool:
    """Return whether an operation loads a constant."""
    return one.opcode in CONSTS or one.name == "LOAD_SMALL_INT"


def constant(one: Operation, code: types.CodeType) -> Any:
    """Return the constant that an operation loads, or takes as its argument."""
    # Python 3.14 stores small numbers in the operation.
    return one.arg if one.name == "LOAD_SMALL_INT" else code.co_consts[one.arg]


def jumps_back(one: Operation) -> bool:
    """Return whether a relative jump goes backwards."""
    return "BACKWARD" in one.name or (
        one.name == "END_ASYNC_FOR" and one.opcode in RELATIVE  # Python 3.14
    )


def flags(one: Operation) -> int:
    """Return the flag bits below the index of a name in an argument."""
    return one.arg & ((1 << SHIFT.get(one.name, 0)) - 1)


def jump_target(one: Operation, starts: list[int]) -> int:
    """Return the index of the operation that a jump leads to.

    :param starts: the offsets of all operations
    """
    if one.opcode in ABSOLUTE:
        target = one.arg * 2
    elif jumps_back(one):
        target = one.after - one.arg * 2
    else:
        target = one.after + one.arg * 2
    return bisect.bisect_left(starts, target)


def exception_table(code: types.CodeType, operations: list[Operation]) -> bytes:
    """Write which handlers cover which operations (Python 3.11 and later)."""
    if not getattr(code, "co_exceptiontable", b""):
        return b""
    starts = [one.offset for one in operations]
    rows = (
        (
            *(bisect.bisect_left(starts, at) for at in (row.start, row.end, row.target)),
            row.depth,
            row.lasti,
        )
        for row in dis._parse_exception_table(code)  # type: ignore[attr-defined]  # noqa: SLF001
    )
    return b"".join(b"%d %d %d %d %d;" % row for row in rows)
