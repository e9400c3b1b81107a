"""Split objects that pickle can't save into parts, without running their code.

The parts are attributes that C keeps, the frame of a generator, and references that the garbage
collector knows.
"""

from __future__ import annotations

import gc
import inspect
import io
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit_invariants.code.loaded.process_state import bases_of, is_volatile

Part = tuple[str, Any]
Split = Callable[[Any], Iterable[Part]]

_NOTHING = object()
_MOST_MAPPED = 1 << 24


def attributes(names: str) -> Split:
    """Return a split that reads some attributes, or attributes of attributes, if they exist.

    :param names: separated by spaces
    """

    def split(value: Any) -> Iterator[Part]:
        for name in names.split():
            found = value
            for step in name.split("."):
                found = getattr(found, step, _NOTHING)
            if found is not _NOTHING:
                yield name, found

    return split


def members(value: Any) -> Iterator[Part]:
    """Yield the attributes of an object that C keeps."""
    for cls in bases_of(type(value)):
        for name, one in sorted(vars(cls).items()):
            if isinstance(one, types.MemberDescriptorType) and not name.startswith("__"):
                yield name, getattr(value, name, None)


def references(value: Any) -> Iterator[Part]:
    """Yield what an object written in C references, except what belongs to the process."""
    known = {id(one) for one in bases_of(type(value))}
    found = []
    for one in gc.get_referents(value):
        if id(one) not in known and not is_volatile(one):
            known.add(id(one))
            found.append(one)
    for number, one in enumerate(found):
        if type(one) is dict:
            address = str(id(value))  # some names contain it
            one = {
                name: item
                for name, item in one.items()
                if not is_volatile(item) and not (type(item) is str and address in item)
            }
        yield f"held {number}", one


def running(prefix: str) -> Split:
    """Return a split for a generator or coroutine: its code, its variables, its current line."""

    def split(value: Any) -> Iterator[Part]:
        code = getattr(value, f"{prefix}_code")
        frame = getattr(value, f"{prefix}_frame")
        if frame is None:
            yield "finished", True
            return
        variables = dict(frame.f_locals)
        cells = tuple(types.CellType(variables.pop(name, None)) for name in code.co_freevars)
        yield "code", types.FunctionType(code, frame.f_globals, code.co_name, None, cells)
        yield "variables", {name: _at_start(one) for name, one in variables.items()}
        if not _is_new(value, frame, code):
            yield "line", frame.f_lineno - code.co_firstlineno

    return split


def _is_new(value: Any, frame: types.FrameType, code: types.CodeType) -> bool:
    if type(value) is types.GeneratorType:
        return inspect.getgeneratorstate(value) == inspect.GEN_CREATED
    if type(value) is types.CoroutineType:
        return inspect.getcoroutinestate(value) == inspect.CORO_CREATED
    return frame.f_lineno <= code.co_firstlineno  # only Python 3.12 has a function for these


def _at_start(value: Any) -> Any:
    """Return the iterable of an untouched iterator, because Python 3.14 makes no iterator."""
    if type(value).__module__ != "builtins" or not type(value).__name__.endswith("iterator"):
        return value
    try:
        maker, arguments, *index = value.__reduce__()
    except TypeError:
        return value
    is_new = maker is iter and len(arguments) == 1 and not any(index)
    return arguments[0] if is_new else value


def of_code(code: types.CodeType) -> Iterator[Part]:
    """Yield a function with this code that belongs to no module."""
    cells = tuple(types.CellType() for _ in code.co_freevars)
    yield "code", types.FunctionType(code, {}, code.co_name, None, cells)


def of_cell(cell: types.CellType) -> Iterator[Part]:
    try:
        yield "contents", cell.cell_contents
    except ValueError:
        return


def of_reference(reference: Any) -> Iterator[Part]:
    yield "object", reference()
    if hasattr(reference, "key"):
        yield "key", reference.key


def of_variable(variable: Any) -> Iterator[Part]:
    yield "name", variable.name
    yield "default", [one for one in gc.get_referents(variable) if one is not variable.name]


def of_iterator(iterator: Any) -> Iterator[Part]:
    yield from references(iterator)
    if type(iterator).__name__ == "count":
        yield "state", repr(iterator)


def of_set(iterator: Any) -> Iterator[Part]:
    # Each process has its own order of the items.
    yield "items", set(iterator.__reduce__()[1][0])


def of_map(memory: Any) -> Iterator[Part]:
    yield "length", len(memory)
    if len(memory) <= _MOST_MAPPED:
        yield "content", memory[:]


def of_file(file: Any) -> Iterator[Part]:
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)):  # otherwise the number of a descriptor
        yield "name", name
    yield from attributes("mode encoding errors")(file)
    buffer = getattr(file, "buffer", None)
    if isinstance(buffer, io.BytesIO):
        yield "buffer", buffer


def of_row(row: Any) -> Iterator[Part]:
    yield "names", row.keys()
    yield "values", tuple(row)


def of_hash(found: Any) -> Iterator[Part]:
    yield "name", found.name
    yield "digest", found.copy().digest() if found.digest_size else found.copy().digest(32)


def of_type_variable(variable: Any) -> Iterator[Part]:
    yield "name", variable.__name__
    for name in ("__bound__", "__constraints__", "__default__", "__covariant__"):
        try:
            found = getattr(variable, name, None)
        except Exception:
            found = None  # reading it evaluates names that may not exist
        if found is not None and type(found).__name__ != "NoDefaultType":
            yield name, found


def of_alias(alias: Any) -> Iterator[Part]:
    yield "name", alias.__name__
    try:
        yield "value", alias.__value__
    except Exception:  # reading it evaluates names as well
        yield "value", "unknown"
