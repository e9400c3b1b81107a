"""What objects hold of which pickle saves nothing: unions, generators, ufuncs, decoders.

Two tables say it, by the name of the class, so that nothing is imported for them: what of an
object is all that it is, and what is only a part of it. Nothing that is read here runs code of
the object: attributes that C keeps, the frame of a generator, what the garbage collector knows.
"""

from __future__ import annotations

import itertools
from typing import Any

from doit_invariants.code.loaded import splits
from doit_invariants.code.loaded.packages import OF_PACKAGES
from doit_invariants.code.loaded.splits import Part, Split
from doit_invariants.code.loaded.volatile import names_of


def whole(value: Any) -> list[Part] | None:
    """Return all that an object is, None if that is not known of its class.

    :raises Exception: whatever an object raises that can't be looked at
    """
    split = _find(type(value), _WHOLE)
    return None if split is None else list(split(value))


def some(value: Any) -> list[Part]:
    """Return what can be compared of an object that is more than that: a file's name."""
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
    for name in names:
        if name in table:
            if name == _ARRAY and names[0].partition(".")[0] in ("numpy", "pandas"):
                return None
            return table[name]
        if name.partition(".")[0] in _PROXIES and table is _WHOLE:
            return splits.references
    return None


_ARRAY = "numpy.ndarray"
_PROXIES = frozenset({"wrapt", "_wrappers"})
_DIALECT: tuple[str, ...] = (
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
)
_DIALECT += ("skipinitialspace", "strict")

#: All that an object is.
_WHOLE: dict[str, Split] = {
    "types.UnionType": splits.attributes("__args__"),
    "typing.Union": splits.attributes("__args__"),  # what it is called in Python 3.14
    "typing._UnionGenericAlias": splits.attributes("__args__"),
    "typing.TypeVar": splits.of_type_variable,
    "typing.ParamSpec": splits.of_type_variable,
    "typing.TypeVarTuple": splits.of_type_variable,
    "typing.TypeAliasType": splits.of_alias,
    "typing_extensions.TypeAliasType": splits.of_alias,
    "typing.NewType": splits.attributes("__name__", "__supertype__"),
    "typing.ForwardRef": splits.attributes("__forward_arg__"),
    "annotationlib.ForwardRef": splits.attributes("__forward_arg__"),
    "builtins.generator": splits.running("gi"),
    "builtins.coroutine": splits.running("cr"),
    "builtins.async_generator": splits.running("ag"),
    "builtins.code": splits.of_code,
    "builtins.cell": splits.of_cell,
    "builtins.set_iterator": splits.of_set,
    "re.Match": splits.attributes("re", "string", "pos", "endpos", "regs"),
    "weakref.ReferenceType": splits.of_reference,
    "functools.KeyWrapper": splits.references,
    "_contextvars.ContextVar": splits.of_variable,
    "itertools.pairwise": splits.references,
    "mmap.mmap": splits.of_map,
    "_csv.Dialect": splits.attributes(*_DIALECT),
    "_ctypes.CField": splits.attributes("offset", "size"),
    "_ctypes.CFuncPtr": splits.attributes("__name__", "restype", "argtypes"),
    "_json.Scanner": splits.members,
    "_thread._local": splits.attributes("__dict__"),
    "os.DirEntry": splits.attributes("path"),
    "posix.DirEntry": splits.attributes("path"),
    "nt.DirEntry": splits.attributes("path"),
    "sqlite3.Row": splits.of_row,
    "subprocess.Popen": splits.attributes("args"),
    **OF_PACKAGES,
}

#: A part of what an object is.
_SOME: dict[str, Split] = {
    "_io._IOBase": splits.of_file,
    "_socket.socket": splits.attributes("family", "type", "proto"),
    "_csv.reader": lambda value: [*splits.attributes("dialect")(value), *splits.references(value)],
    "_csv.writer": splits.attributes("dialect"),
    "_csv.Writer": splits.attributes("dialect"),
    "_hashlib.HASH": splits.of_hash,
    "_hashlib.HASHXOF": splits.of_hash,
    "_hashlib.HMAC": splits.of_hash,
    "_ctypes._Pointer": splits.attributes("_type_", "_objects"),
    "_ssl._SSLContext": splits.attributes("protocol", "options", "verify_mode", "check_hostname"),
    "sqlite3.Connection": splits.attributes("isolation_level", "row_factory", "text_factory"),
    "numpy.nditer": splits.attributes("operands", "shape", "dtypes"),
    "numpy.broadcast": splits.attributes("shape", "index"),
    # Of Python 3.14 on they can't be pickled.
    **{f"itertools.{name}": splits.of_iterator for name in vars(itertools)},
}
