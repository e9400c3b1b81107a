"""Former names in the contracts for plugins: each one still works, with a warning.

A plugin that uses the names of an earlier version must not fail. It must not be silently ignored
either: a kind whose ``portable`` is never called would share wrong results. This module is imported
only when a former name is used, which is rare.
"""

from __future__ import annotations

import warnings
from typing import Any

#: Former to present names in a context.
_IN_CONTEXT = {"keep": "intern", "recall": "lookup", "teach": "digester"}


def in_context(context: Any, name: str) -> Any:
    """Return the attribute of a context that replaced a former one.

    :raises AttributeError: if the name was never an attribute
    """
    new = _IN_CONTEXT.get(name)
    if new is None:
        raise AttributeError(f"{type(context).__name__!r} object has no attribute {name!r}")
    warn(name, new)
    return getattr(context, new)


def adopt_portable(kind: type[Any]) -> None:
    """Use the method ``portable`` of a kind as its ``signature_part``."""
    # Two more levels: ``type`` itself, in Python, calls ``__init_subclass__``.
    warn(f"{kind.__qualname__}.portable", "signature_part", level=5)
    if "signature_part" not in vars(kind):
        kind.signature_part = kind.portable


def warn(old: str, new: str, level: int = 4) -> None:
    """Warn the author of a plugin.

    :param level: how many calls above this function the former name was used
    """
    warnings.warn(f"{old} is now called {new}", DeprecationWarning, stacklevel=level)
