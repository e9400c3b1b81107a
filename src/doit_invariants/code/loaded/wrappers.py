"""Objects of installed classes that wrap a function: the parts besides that function.

What such an object received counts: the decorator's own function, its arguments. Its working state
does not: cached values, compiled code, counters, locks. The general rule is to use its attributes
without working state. Some classes need rules of their own, which are in
:mod:`~doit_invariants.code.loaded.beyond_pickle`.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.loaded import beyond_pickle
from doit_invariants.code.loaded.process_state import is_volatile

Part = tuple[str, Any]

#: Attributes in which tools that replace a function by an object keep the function.
_WRAPPED = ("__wrapped__", "py_func")
#: Types of class attributes that are not the wrapped function.
_NO_FUNCTION = (type, property, types.MemberDescriptorType, types.GetSetDescriptorType)
#: Names of attributes for the working state of a wrapper.
_KEPT = re.compile(
    r"cache|memo|stat(s|istics)$|hits$|misses$|count(er|s)?$|uuid|time_?stamp|created|started"
    r"|elapsed|duration|pending|overloads|results?$|history",
    re.IGNORECASE,
)
#: Parameters of a cache.
_OF_CACHE = ("maxsize", "ttl", "getsizeof", "ttu", "timer")


def wrapped(obj: Any) -> Any:
    """Return the function, or other wrapper, that an object stands for; None for other objects."""
    if beyond_pickle.is_proxy(obj):
        return None  # counts as a value; inspecting a lazy one would make it work
    # Statically: an object may create an attribute of any name.
    for name in _WRAPPED:
        found = inspect.getattr_static(obj, name, None)
        if type(found) is types.FunctionType or _is_callable(found):
            return found
    return None


def _is_callable(found: Any) -> bool:
    return callable(found) and not issubclass(type(found), _NO_FUNCTION)


def state(obj: Any) -> Iterator[Part]:
    """Yield the parts of an object besides the function that it stands for."""
    function = wrapped(obj)
    known = beyond_pickle.all_parts(obj)
    for name, value in known if known is not None else beyond_pickle.own_attributes(obj):
        if value is not function and not _is_kept(name, value, known is not None):
            yield f"state {name}", _without_contents(value)


def _is_kept(name: str, value: Any, is_known: bool) -> bool:
    if is_volatile(value):
        return True
    if is_known:
        return False
    if name.startswith("__"):  # copied by functools.update_wrapper
        return True
    given = isinstance(value, (str, bool, types.FunctionType, type, functools.partial))
    return bool(_KEPT.search(name)) and not given and not _is_cache(value)


def _is_cache(value: Any) -> bool:
    return hasattr(type(value), "__getitem__") and hasattr(type(value), "maxsize")


def _without_contents(value: Any) -> Any:
    """Return the parameters of a cache; return other values unchanged."""
    if not _is_cache(value):
        return value
    given = {name: getattr(value, name, None) for name in _OF_CACHE}
    return [type(value), {name: one for name, one in given.items() if one is not None}]
