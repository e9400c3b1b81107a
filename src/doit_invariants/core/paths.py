"""Paths as they are named in records, signatures and messages."""

from __future__ import annotations

import os


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


def as_seen_from_here(path: object) -> str:
    """Return a path as it is named in records and explanations: the same in any checkout.

    Absolute paths below the current directory become relative. To be called when an invariant
    is made, in the directory of the project: actions may change the directory later.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    inside = relative_to(text, os.getcwd()) if os.path.isabs(text) else None
    return text if inside is None else inside
