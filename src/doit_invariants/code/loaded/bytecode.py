"""The structure of a code object: what it does, without irrelevant details.

These count: operations with their resolved arguments, constants with their types, nested code, the
number, kinds and names of arguments. These do not count: line numbers, file names, docstrings, the
names of the function, of its local and closure variables, and of the globals that it reads. A
global is written as "the third one that is read", and :class:`Structure` lists their names. The
object that a name refers to is compared instead, so that a helper can be renamed together with its
calls.

The digest depends neither on the hash seed (a ``frozenset`` constant is encoded in a fixed order)
nor on addresses. It depends on the version of Python: each version has a slot.

Method: one walk over ``co_code`` (:mod:`dis` documents the operations). The output of
:func:`dis.dis` costs a hundred times as much and shows layout. ``marshal.dumps`` would be shorter,
but its output depends on reference counts.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import Any, NamedTuple

from doit_invariants.code.loaded.access_paths import WHOLE, Steps, shortest, steps_from
from doit_invariants.code.loaded.dynamic_imports import (
    IMPORTERS,
    DynamicImport,
    Import,
    imports_by_name,
)
from doit_invariants.code.loaded.operations import (
    ABSOLUTE,
    ATTRIBUTES,
    FREE,
    LOCALS,
    NAMES,
    RELATIVE,
    SHIFT,
    Operation,
    constant,
    exception_table,
    flags,
    is_constant,
    jump_target,
    operations_of,
    variables_of,
)
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.hashing.values import encode

#: ``("helpers", "clean")`` for ``helpers.clean``: a global and the attributes read directly from
#: it.
Chain = tuple[str, ...]

# Flags that determine how a code object runs: *args, **kwargs, generator, coroutine and so on.
# Flags left by `from __future__ import annotations` do not affect that.
_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
# Names that a class body assigns for its own place, name and docstring.
_OF_CLASS = frozenset(
    {"__qualname__", "__firstlineno__", "__static_attributes__", "__doc__", "__module__"}
)
# A call of one of these may use local variables by name; the dynamic ones may use anything.
_BY_NAME = frozenset({"locals", "eval", "exec", "vars", "dir"})
_DYNAMIC = frozenset({"eval", "exec", "globals"})
#: Code with one of these names may read things that otherwise do not count.
REFLECTION = {
    "__name__": "name",
    "__qualname__": "name",
    "__doc__": "doc",
    "getdoc": "doc",
    "__annotations__": "annotations",
    "get_annotations": "annotations",
    "get_type_hints": "annotations",
    "signature": "annotations",
    "getfullargspec": "annotations",
    "__subclasses__": "subclasses",
}


class Structure(NamedTuple):
    """The parts that count of a code object and all code nested in it.

    :ivar digest: digest of the structure
    :ivar reads: the globals that it reads, in the order of their first use
    :ivar writes: the globals that it assigns
    :ivar frees: the names of its closure variables, in the order of their first use
    :ivar imports: the modules that it imports when it runs
    :ivar reflects: what else it reads: ``name``, ``doc``, ``annotations``, ``subclasses``
    :ivar dynamic: whether it may use any global without naming it
    :ivar places: for each of ``reads``, the places in that global that are read
    :ivar inside: for each of ``frees``, the places in that variable that are read
    :ivar dynamic_imports: the modules that it imports by a name that is a value
    :ivar names_importers: whether earlier versions would call it dynamic: they did not resolve such
        names
    """

    digest: str
    reads: tuple[Chain, ...]
    writes: frozenset[str]
    frees: tuple[str, ...]
    imports: tuple[Import, ...]
    reflects: frozenset[str]
    dynamic: bool
    places: tuple[tuple[Steps, ...], ...]
    inside: tuple[tuple[Steps, ...], ...]
    dynamic_imports: tuple[DynamicImport, ...]
    names_importers: bool


@functools.cache
def structure(code: types.CodeType) -> Structure:
    """Return the structure of a code object. Cached: code objects compare by value."""
    walk = _Walk()
    content = walk.code(code, {})
    return Structure(
        digest_bytes(content),
        tuple(walk.reads),
        frozenset(walk.writes),
        tuple(walk.frees),
        tuple(walk.imports),
        frozenset(walk.reflects),
        walk.dynamic,
        tuple(
            WHOLE if walk.dynamic or chain[0] in walk.writes else shortest(walk.places[number])
            for chain, number in walk.reads.items()
        ),
        tuple(WHOLE if walk.by_name else shortest(found) for found in walk.inside.values()),
        tuple(walk.dynamic_imports),
        walk.names_importers,
    )


class _Walk:
    """Writes the structure of a code object and of code nested in it, and collects its reads."""

    # No dataclass, and Structure is a tuple: defining two dataclasses costs each run a millisecond.
    def __init__(self) -> None:
        self.reads: dict[Chain, int] = {}
        self.heads: dict[str, int] = {}
        self.writes: set[str] = set()
        self.frees: dict[str, int] = {}
        self.imports: list[Import] = []
        self.reflects: set[str] = set()
        self.dynamic = self.by_name = self.names_importers = False
        self.variables = 0
        self.places: dict[int, list[Steps]] = {}
        self.inside: dict[int, list[Steps]] = {}
        self.dynamic_imports: list[DynamicImport] = []

    def code(self, code: types.CodeType, outer: dict[str, list[int]]) -> bytes:
        """Return the structure; ``outer`` holds the variables of enclosing code by their names."""
        operations = list(operations_of(code))
        scope = _Scope(self, code, outer, operations)
        parts = [scope.header()]
        self.dynamic_imports += imports_by_name(operations, code, inner=bool(outer))
        index = 0
        while index < len(operations):
            index += self._write(operations, index, scope, parts)
        parts.append(exception_table(code, operations))
        return b"\n".join(parts)

    def _write(
        self, operations: list[Operation], index: int, scope: _Scope, parts: list[bytes]
    ) -> int:
        """Write the operation at an index; return how many operations were written."""
        one = operations[index]
        following = operations[index + 1] if index + 1 < len(operations) else None
        if one.name == "LOAD_GLOBAL" or scope.reads_global(one):
            return self._read(operations, index, scope, parts)
        if following is not None and is_constant(one) and _silenced(following, scope.code):
            return 2 if following.name == "STORE_NAME" else 1  # such as that of __qualname__
        if one.name == "IMPORT_NAME":
            self._import(operations, index, scope.code)
        if one.opcode in FREE and (number := scope.free(one)) is not None:
            steps = steps_from(operations, index + 1, scope.code)
            self.inside.setdefault(number, []).append(steps if one.name == "LOAD_DEREF" else ())
        parts.append(b"%s %b" % (one.name.encode(), scope.argument(one, operations)))
        return 1

    def _read(
        self, operations: list[Operation], index: int, scope: _Scope, parts: list[bytes]
    ) -> int:
        """Write a global and the attributes read directly from it."""
        one = operations[index]
        chain: Chain = (scope.name(one),)
        parts.append(b"")
        head, count = len(parts) - 1, 1
        while (
            index + count < len(operations)
            and (attribute := operations[index + count]).name in ATTRIBUTES
        ):
            chain = (*chain, scope.name(attribute))
            parts.append(b"%s @%d" % (attribute.name.encode(), flags(attribute)))
            count += 1
        number = self.reads.setdefault(chain, len(self.reads))
        steps = steps_from(operations, index + 1, scope.code)
        self.places.setdefault(number, []).append(steps)
        # Distinguish globals that hold equal values, because one of them may be changed.
        named = self.heads.setdefault(chain[0], len(self.heads))
        parts[head] = b"LOAD_GLOBAL @%d ^%d %d" % (number, named, flags(one))
        self.mention(chain[0], chain[1:])
        return count

    def mention(self, name: str | None, attributes: Chain) -> None:
        """Collect names by which code can read more than it names."""
        if name in _DYNAMIC or not _DYNAMIC.isdisjoint(attributes):
            self.dynamic = True
        self.names_importers |= name in IMPORTERS or not IMPORTERS.isdisjoint(attributes)
        # `__name__` alone is the global of the module, and counts as such.
        words = attributes if name is None or name.startswith("__") else (name, *attributes)
        self.reflects.update(REFLECTION[word] for word in words if word in REFLECTION)

    def _import(self, operations: list[Operation], index: int, code: types.CodeType) -> None:
        level, names = (constant(one, code) for one in operations[index - 2 : index])
        module = code.co_names[operations[index].arg]
        self.imports.append(Import(level, module, names or ()))


class _Scope:
    """The variables of one code object, numbered by their first use."""

    def __init__(
        self,
        walk: _Walk,
        code: types.CodeType,
        outer: dict[str, list[int]],
        operations: list[Operation],
    ) -> None:
        self.walk = walk
        self.code = code
        self.locals: dict[int, int] = {}
        cells = code.co_cellvars
        plain = code.co_varnames
        self.deref = variables_of(code)
        # Each list holds the number of a variable once its first use has assigned one.
        self.cells = {**outer, **{name: [] for name in cells}}
        self.cell_locals = {n for n, name in enumerate(plain) if name in cells}
        self.starts: list[int] = []
        self.assigned = {
            code.co_names[one.arg] for one in operations if one.name == "STORE_NAME"
        } | {"__name__"}

    def header(self) -> bytes:
        """Write how the code is called."""
        code = self.code
        count = code.co_argcount + code.co_kwonlyargcount
        count += bool(code.co_flags & inspect.CO_VARARGS)
        count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
        for number in range(count):
            self.locals[number] = number
        names: list[Any] = [
            code.co_flags & _FLAGS,
            code.co_argcount,
            code.co_posonlyargcount,
            code.co_kwonlyargcount,
            list(code.co_varnames[:count]),
        ]
        if not _BY_NAME.isdisjoint(code.co_names):
            self.walk.by_name = True
            names += [list(code.co_varnames), list(code.co_cellvars), list(code.co_freevars)]
        # An argument that inner code uses lives in a cell, which has its own number.
        for number, name in enumerate(code.co_varnames[:count]):
            if name in code.co_cellvars:
                names.append([number, self._variable(name)])
        return encode(names)

    def name(self, one: Operation) -> str:
        """Return the name that an operation uses."""
        return self.code.co_names[one.arg >> SHIFT.get(one.name, 0)]

    def reads_global(self, one: Operation) -> bool:
        """Return whether the body of a class reads a name that it does not assign itself."""
        by_name = one.name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
        return by_name and self.name(one) not in self.assigned

    def argument(self, one: Operation, operations: list[Operation]) -> bytes:
        """Write the resolved argument of an operation."""
        if is_constant(one) or one.name == "KW_NAMES":  # dis does not list the latter
            return self._constant(constant(one, self.code))
        if one.opcode in NAMES:
            return self._named(one)
        if one.opcode in FREE:
            return b"v%d" % self._variable(self.deref[one.arg])
        if one.opcode in LOCALS:
            if one.arg in self.cell_locals or one.arg >= self.code.co_nlocals:
                return b"c"  # a cell on its way into a closure (Python 3.13)
            return b"l%d" % self.locals.setdefault(one.arg, len(self.locals))
        if one.opcode in RELATIVE or one.opcode in ABSOLUTE:
            self.starts = self.starts or [operation.offset for operation in operations]
            return b"j%d" % jump_target(one, self.starts)
        return b"%d" % one.arg

    def _named(self, one: Operation) -> bytes:
        name = self.name(one)
        if one.name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            self.walk.writes.add(name)
        if one.name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            # In a class body: a global, unless the class has the same name.
            number = self.walk.reads.setdefault((name,), len(self.walk.reads))
            self.walk.places.setdefault(number, []).append(())
            self.walk.mention(name, ())
        elif one.name in ATTRIBUTES or one.name == "LOAD_SUPER_ATTR":
            self.walk.mention(None, (name,))
        return b"%s %d" % (name.encode(), flags(one))

    def _constant(self, value: Any) -> bytes:
        if isinstance(value, types.CodeType):
            inner = self.walk.code(value, self.cells)
            return b"%d:%s" % (len(inner), inner)
        if isinstance(value, tuple) and any(isinstance(item, types.CodeType) for item in value):
            return b"(%s)" % b",".join(self._constant(item) for item in value)
        return encode(value)

    def _variable(self, name: str) -> int:
        number = self.cells.get(name)
        if number is None:  # a variable of code around the outermost code
            return -1 - self.walk.frees.setdefault(name, len(self.walk.frees))
        if not number:
            number.append(self.walk.variables)
            self.walk.variables += 1
        return number[0]

    def free(self, one: Operation) -> int | None:
        """Return the number of a variable from outside the outermost code, None for any other."""
        name = self.deref[one.arg]
        return None if self.cells.get(name) is not None else -1 - self._variable(name)


def _silenced(following: Operation, code: types.CodeType) -> bool:
    """Return whether a constant only gives the name or the place of something."""
    if following.name == "STORE_NAME":
        return code.co_names[following.arg] in _OF_CLASS
    return following.name == "MAKE_FUNCTION" and sys.version_info < (3, 11)
