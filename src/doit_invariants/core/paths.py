"""Paths in records, signatures and messages, and their translation after the project moved."""

from __future__ import annotations

import os
import re
from typing import Any

from doit_invariants.core.model import Json

# A path may begin here: not inside another path, but directly after a one-letter option.
_BEFORE = r"(?<![\w.~-])(-[A-Za-z])?"
# The name of the directory must end here: /data/project does not match /data/project2.
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
    """Return whether an absolute path is a directory or inside it; links are not resolved."""
    return relative_to(path, directory) is not None


def overlap(one: str, other: str) -> bool:
    """Return whether two absolute paths are equal or one is inside the other."""
    return is_inside(one, other) or is_inside(other, one)


def portable(path: str, root: str) -> str:
    """Return a path in a form that is the same in every checkout of the project."""
    inside = relative_to(path, root)
    return path if inside is None else inside


def as_seen_from_here(path: object) -> str:
    """Return a path as records and explanations name it: the same in every checkout.

    Absolute paths below the current directory become relative. Call this while an invariant is
    created, because then the project is the current directory. Actions may change that later.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    return portable(text, os.getcwd()) if os.path.isabs(text) else text


def moved(value: Json, old: str, new: str) -> Json:
    """Return a JSON value in which all paths below one directory are moved below another.

    Paths inside longer strings and in object keys are moved, too.

    :param old, new: absolute paths
    :returns: the same object if nothing in it names the old directory
    """
    if old == new or old == os.sep or not mentions(value, old):
        return value
    pattern = re.compile(_BEFORE + re.escape(old) + _BEHIND)
    return _moved(value, pattern, new.rstrip(os.sep))


def mentions(value: Json, directory: str) -> bool:
    """Return whether a value, nested to any depth, may name a directory."""
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
