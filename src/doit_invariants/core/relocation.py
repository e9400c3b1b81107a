"""Values that name files of a project, where the project has moved since they were saved."""

from __future__ import annotations

import os
import re
from typing import Any

from doit_invariants.core.model import Json

# Where a path may begin: not within another one, but behind an option of one letter.
_BEFORE = r"(?<![\w.~-])(-[A-Za-z])?"
# Where the name of the directory ends: /data/project2 is another one.
_BEHIND = r"(?=[/\\\s:;,\"'()\[\]{}<>=|&]|$)"


def moved(value: Json, old: str, new: str) -> Json:
    """Return a JSON value with all paths below one directory put below another.

    Within longer texts and in the names of an object, too.

    :param old, new: absolute paths
    :returns: the very value if nothing in it names the old directory
    """
    if old == new or old == os.sep or not mentions(value, old):
        return value
    pattern = re.compile(_BEFORE + re.escape(old) + _BEHIND)
    return _moved(value, pattern, new.rstrip(os.sep))


def mentions(value: Json, directory: str) -> bool:
    """Return whether a path may be anywhere in a value, which may be nested to any depth."""
    todo: list[Json] = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            if directory in one:
                return True
        elif isinstance(one, dict):
            todo += one
            todo += one.values()
        elif isinstance(one, (list, tuple)):
            todo += one
    return False


def _moved(value: Json, pattern: re.Pattern[str], new: str) -> Json:
    if isinstance(value, str):
        return pattern.sub(lambda found: (found[1] or "") + new, value)
    if isinstance(value, dict):
        return {_moved(k, pattern, new): _moved(v, pattern, new) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        items: Any = (_moved(one, pattern, new) for one in value)
        return type(value)(items) if type(value) in (list, tuple) else list(items)
    return value
