"""Finds modules that code takes out of ``sys.modules``: ``sys.modules[__name__]``.

What it does with them is not known, so all of such a module counts, as behind ``globals()``. By
which key it takes one is not followed either: each constant may be the key, and where the code
reads ``__name__`` its own module is meant.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

from doit_invariants.code.loaded.bytecode import Chain, Structure


class TakenModules:
    """What a function may take out of ``sys.modules``.

    :ivar names: its constants that may name a module, loaded or not: that differs between runs
    :ivar own: whether it may be the module of the function
    :ivar unknown: whether it may be another one, if none of the names is that of a module
    """

    def __init__(
        self, names: tuple[str, ...] = (), own: bool = False, unknown: bool = False
    ) -> None:
        self.names = names
        self.own = own
        self.unknown = unknown


def taken_modules(func: types.FunctionType, code: Structure) -> TakenModules:
    """Return which modules a function may take out of ``sys.modules``."""
    if not _looks_there(func, code):
        return TakenModules()
    names = frozenset(_names(func.__code__))
    found = dict.fromkeys(filter(_may_name, _texts(func.__code__)))
    own = "__name__" in names or "__module__" in names
    return TakenModules(tuple(found), own, "__module__" in names or not own)


def _looks_there(func: types.FunctionType, code: Structure) -> bool:
    if any(_is_registry(func, chain) for chain in code.reads):
        return True
    imports = any(one.module == "sys" for one in code.imports)
    return imports and "modules" in _names(func.__code__)


def _may_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _is_registry(func: types.FunctionType, chain: Chain) -> bool:
    value = func.__globals__.get(chain[0])
    return value is sys.modules or (value is sys and chain[1:2] == ("modules",))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _names(one)


def _texts(code: types.CodeType) -> Iterator[str]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _texts(one)
        elif isinstance(one, (tuple, frozenset)):
            yield from sorted(text for text in one if isinstance(text, str))
        elif isinstance(one, str):
            yield one
