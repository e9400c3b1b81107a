"""Find the parts of an object that pickle does not save.

pickle can't save some objects at all: unions, generators, ufuncs, decoders. Two tables list their
parts by the name of the class, so that nothing needs to be imported. In one table the parts are the
complete object, in the other they are only some of it.

For other objects pickle saves less than they contain, because their class defines it so: the name
to look the object up, the arguments of a function that looks it up, a state without the functions.
Code that such an object itself holds counts as well. If pickle saves only a name, everything that
the object holds counts.

Reading the parts runs no code of the object: it uses attributes that C keeps, the frame of a
generator, and the references known to the garbage collector.
"""

from __future__ import annotations

import functools
import gc
import itertools
import re
import types
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.loaded import object_parts as parts
from doit_invariants.code.loaded.object_parts import Part, Split
from doit_invariants.code.loaded.process_state import names_of


def all_parts(value: Any) -> list[Part] | None:
    """Return all parts of an object, None if the table has no rule for its class.

    :raises Exception: any exception that the object raises when it is inspected
    """
    split = _find(type(value), _WHOLE)
    return None if split is None else list(split(value))


def some_parts(value: Any) -> list[Part]:
    """Return the comparable parts of an object that has others too, such as a file's name."""
    split = _find(type(value), _SOME)
    if split is None:
        return []
    try:
        return list(split(value))
    except Exception:
        return []  # closed, not connected


def is_proxy(value: Any) -> bool:
    """Return whether an object passes itself off as another one (wrapt)."""
    return any(name.partition(".")[0] in _PROXIES for name in names_of(type(value)))


def is_union(value: Any) -> bool:
    """Return whether this is ``int | str``, however it was written."""
    return type(value).__name__ in ("UnionType", "_UnionGenericAlias")


def _find(cls: type, table: dict[str, Split]) -> Split | None:
    names = names_of(cls)
    is_whole = table is _WHOLE
    if is_whole and any(name.startswith(_OF_PACKAGES) for name in names):
        table = _with_packages()
    for name in names:
        if name in table:
            if name == _ARRAY and names[0].partition(".")[0] in ("numpy", "pandas"):
                return None
            return table[name]
        if is_whole and name.partition(".")[0] in _PROXIES:
            return parts.references
    return None


@functools.cache
def _with_packages() -> dict[str, Split]:
    # Imported late: few values are objects of these packages.
    from doit_invariants.code.loaded.package_objects import OF_PACKAGES

    return {**_WHOLE, **OF_PACKAGES}


def customises_pickle(cls: type) -> bool:
    """Return whether a class defines what pickle saves of its instances."""
    return any(name in vars(one) for one in cls.__mro__ if one is not object for name in _OWN)


def is_saved_by_name(reduced: Any) -> bool:
    """Return whether pickle saves only a name, or a call that looks one up."""
    if isinstance(reduced, str):
        return True
    maker, arguments, *rest = reduced
    if isinstance(maker, type) or any(part is not None for part in rest):
        return False
    named = [one for one in arguments if isinstance(one, str)]
    others = (one for one in arguments if not isinstance(one, (str, int, type, types.ModuleType)))
    return not any(others) and bool(named) and all(_NAME.fullmatch(one) for one in named)


def own_attributes(value: Any) -> Iterator[Part]:
    """Yield the object's own attributes by name, including those in ``__slots__``."""
    found: dict[str, Any] = {}
    for cls in type(value).__mro__:
        for name, one in vars(cls).items():
            if isinstance(one, types.MemberDescriptorType):
                try:
                    found[name] = one.__get__(value)
                except Exception:
                    continue  # not assigned
    try:
        found.update(object.__getattribute__(value, "__dict__"))
    except Exception:
        found.update({})  # it has none
    yield from sorted((str(name), one) for name, one in found.items() if name != "__weakref__")


def referents(value: Any) -> Iterator[Part]:
    """Yield the objects that an object written in C references, from the garbage collector."""
    for number, one in enumerate(gc.get_referents(value)):
        if one is not type(value):
            yield f"part {number}", one


_NAME = re.compile(r"[^\W\d][\w.:-]*")
_OWN = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")
#: Packages whose objects have rules of their own.
PACKAGES = frozenset({"joblib", "msgspec", "numba", "numpy", "pandas", "pydantic", "pydantic_core"})
_OF_PACKAGES = tuple(f"{name}." for name in PACKAGES)
_ARRAY = "numpy.ndarray"
_PROXIES = frozenset({"wrapt", "_wrappers"})
_DIALECT = (
    "delimiter doublequote escapechar lineterminator quotechar quoting skipinitialspace strict"
)

#: The parts are the complete object.
_WHOLE: dict[str, Split] = {
    "types.UnionType": parts.attributes("__args__"),
    "typing.Union": parts.attributes("__args__"),  # its name in Python 3.14
    "typing._UnionGenericAlias": parts.attributes("__args__"),
    "typing.TypeVar": parts.of_type_variable,
    "typing.ParamSpec": parts.of_type_variable,
    "typing.TypeVarTuple": parts.of_type_variable,
    "typing.TypeAliasType": parts.of_alias,
    "typing_extensions.TypeAliasType": parts.of_alias,
    "typing.NewType": parts.attributes("__name__ __supertype__"),
    "typing.ForwardRef": parts.attributes("__forward_arg__"),
    "annotationlib.ForwardRef": parts.attributes("__forward_arg__"),
    "builtins.generator": parts.running("gi"),
    "builtins.coroutine": parts.running("cr"),
    "builtins.async_generator": parts.running("ag"),
    "builtins.code": parts.of_code,
    "builtins.cell": parts.of_cell,
    "builtins.set_iterator": parts.of_set,
    "re.Match": parts.attributes("re string pos endpos regs"),
    "weakref.ReferenceType": parts.of_reference,
    "functools.KeyWrapper": parts.references,
    "_contextvars.ContextVar": parts.of_variable,
    "itertools.pairwise": parts.references,
    "mmap.mmap": parts.of_map,
    "_csv.Dialect": parts.attributes(_DIALECT),
    "_ctypes.CField": parts.attributes("offset size"),
    "_ctypes.CFuncPtr": parts.attributes("__name__ restype argtypes"),
    "_json.Scanner": parts.members,
    "_thread._local": parts.attributes("__dict__"),
    "os.DirEntry": parts.attributes("path"),
    "posix.DirEntry": parts.attributes("path"),
    "nt.DirEntry": parts.attributes("path"),
    "sqlite3.Row": parts.of_row,
    "subprocess.Popen": parts.attributes("args"),
}

#: The parts are only some of the object.
_SOME: dict[str, Split] = {
    "_io._IOBase": parts.of_file,
    "_socket.socket": parts.attributes("family type proto"),
    "_csv.reader": lambda value: [*parts.attributes("dialect")(value), *parts.references(value)],
    "_csv.writer": parts.attributes("dialect"),
    "_csv.Writer": parts.attributes("dialect"),
    "_hashlib.HASH": parts.of_hash,
    "_hashlib.HASHXOF": parts.of_hash,
    "_hashlib.HMAC": parts.of_hash,
    "_ctypes._Pointer": parts.attributes("_type_ _objects"),
    "_ssl._SSLContext": parts.attributes("protocol options verify_mode check_hostname"),
    "sqlite3.Connection": parts.attributes("isolation_level row_factory text_factory"),
    "numpy.nditer": parts.attributes("operands shape dtypes"),
    "numpy.broadcast": parts.attributes("shape index"),
    # From Python 3.14 on these can't be pickled.
    **{f"itertools.{name}": parts.of_iterator for name in vars(itertools)},
}
