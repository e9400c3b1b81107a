"""What counts of an object beside what pickle would save of it.

A class may have pickle save less than an object is: the name under which it is found again, the
arguments of a function that looks it up, a state without the functions. What the object holds
itself is then looked at as well, where it is code, and all of it where only a name is saved.
"""

from __future__ import annotations

import gc
import re
import types
from collections.abc import Iterator
from typing import Any

Part = tuple[str, Any]

_NAME = re.compile(r"[^\W\d][\w.:-]*")
_OWN = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")


def says_itself(cls: type) -> bool:
    """Return whether a class says itself what pickle saves of its instances."""
    return any(name in vars(one) for one in cls.__mro__ if one is not object for name in _OWN)


def is_by_name(reduced: Any) -> bool:
    """Return whether pickle saves no more than a name, or what looks one up."""
    if isinstance(reduced, str):
        return True
    maker, arguments, *rest = reduced
    if isinstance(maker, type) or any(part is not None for part in rest):
        return False
    named = [one for one in arguments if isinstance(one, str)]
    others = (one for one in arguments if not isinstance(one, (str, int, type, types.ModuleType)))
    return not any(others) and bool(named) and all(_NAME.fullmatch(one) for one in named)


def attributes(value: Any) -> Iterator[Part]:
    """Yield what an object holds itself, by names, those of ``__slots__`` included."""
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
    """Yield what an object that is written in C holds, as the garbage collector knows."""
    for number, one in enumerate(gc.get_referents(value)):
        if one is not type(value):
            yield f"part {number}", one
