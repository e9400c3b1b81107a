"""Former names in the contracts for plugins: each one still works, and warns.

A plugin that was written for the names of an earlier version must not fail, and must not be
ignored in silence either: a kind whose ``portable`` nobody calls would share wrong results.
Imported when a former name is met, which is rare.
"""

from __future__ import annotations

import warnings
from typing import Any

#: Former to present names of what a context offers.
_IN_CONTEXT = {"keep": "intern", "recall": "lookup", "teach": "digester"}


def in_context(context: Any, name: str) -> Any:
    """Return what a context offers under another name now.

    :raises AttributeError: if it never offered such a thing
    """
    new = _IN_CONTEXT.get(name)
    if new is None:
        raise AttributeError(f"{type(context).__name__!r} object has no attribute {name!r}")
    warn(name, new)
    return getattr(context, new)


def adopt_portable(kind: type[Any]) -> None:
    """Let the method ``portable`` of a kind be its ``signature_part``."""
    # Two levels more: ``type`` itself, in Python, calls ``__init_subclass__``.
    warn(f"{kind.__qualname__}.portable", "signature_part", level=5)
    if "signature_part" not in vars(kind):
        kind.signature_part = kind.portable


def warn(old: str, new: str, level: int = 4) -> None:
    """Warn the author of a plugin.

    :param level: how many calls above this function the former name was used
    """
    warnings.warn(f"{old} is now called {new}", DeprecationWarning, stacklevel=level)
