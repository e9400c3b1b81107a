"""Paths as records, signatures and messages name them, also after the project has moved."""

from __future__ import annotations

import os
import re
from typing import Any

from doit_invariants.core.model import Json

# Where a path may begin: not within another one, but behind an option of one letter.
_BEFORE = r"(?<![\w.~-])(-[A-Za-z])?"
# Where the name of the directory ends: /data/project2 is another one.
_BEHIND = r"(?=[/\\\s:;,\"'()\[\]{}<>=|&]|$)"


def relative_to(path: str, root: str) -> str | None:
    """Return the path relative to a directory with ``/`` between its parts, None if outside.

    :param path, root: absolute paths; nothing is looked up on disk, links are not resolved
    """
    if path == root:
        return "."
    prefix = root if root.endswith(os.sep) else root + os.sep
    if not path.startswith(prefix):
        return None
    return path[len(prefix) :].replace(os.sep, "/")


def is_inside(path: str, directory: str) -> bool:
    """Return whether an absolute path is a directory or lies in it, links not resolved."""
    return relative_to(path, directory) is not None


def overlap(one: str, other: str) -> bool:
    """Return whether of two absolute paths one is the other or lies inside it."""
    return is_inside(one, other) or is_inside(other, one)


def portable(path: str, root: str) -> str:
    """Return a path as it reads in any checkout of the project."""
    inside = relative_to(path, root)
    return path if inside is None else inside


def as_seen_from_here(path: object) -> str:
    """Return a path as it is named in records and explanations: the same in any checkout.

    Absolute paths below the current directory become relative. To be called when an invariant
    is made, in the directory of the project: actions may change the directory later.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    return portable(text, os.getcwd()) if os.path.isabs(text) else text


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
