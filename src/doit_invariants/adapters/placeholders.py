"""Placeholders: empty targets that ``cache: "force"`` made in the place of missing ones.

They are remembered in doit's DB until the task really makes its targets, or until something else
is in their place. Not in the records of tasks: ``doit forget TASK`` must turn none into a result.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from doit_invariants.core.model import Json, Reason

#: In the place of the name of a task; see :mod:`doit_invariants.adapters.details`. Stored.
_ID = "invariants:placeholders"
_FIELD = "paths:"


class Placeholders:
    """The placeholders of a project, by their paths as tasks write them."""

    def __init__(self) -> None:
        self._dep_manager: Any = None
        self._stats: dict[str, Json] | None = None

    def open(self, dep_manager: Any) -> None:
        """Take the DB in which they are stored."""
        self._dep_manager = dep_manager

    def among(self, targets: Iterable[str]) -> list[str]:
        """Return those of some targets that are still nothing but placeholders."""
        known = self._read()
        return [path for path in targets if path in known and _mark(path) == known[path]]

    def create(self, paths: Iterable[str]) -> Iterator[str]:
        """Create placeholders, and yield the path of each; with ``/`` at its end a directory.

        :raises OSError: if one can't be created
        """
        known = dict(self._read())
        for path in paths:
            os.makedirs(os.path.dirname(path.rstrip("/")) or ".", exist_ok=True)
            if path.endswith("/"):
                os.mkdir(path)
            else:
                with open(path, "xb"):
                    pass
            known[path] = _mark(path)
            self._write(known)
            yield path

    def drop(self, paths: Iterable[str]) -> None:
        """Forget placeholders: their task has made the targets."""
        gone = self._read().keys() & set(paths)
        if gone:
            self._write({path: mark for path, mark in self._read().items() if path not in gone})

    def _read(self) -> dict[str, Json]:
        if self._stats is None:
            try:
                found = self._dep_manager._get(_ID, _FIELD)
            except Exception:
                found = None  # the DB is damaged there
            self._stats = found if isinstance(found, dict) else {}
        return self._stats

    def _write(self, known: dict[str, Json]) -> None:
        self._stats = known
        self._dep_manager._set(_ID, _FIELD, known)


def placeholder_reason(path: str) -> Reason:
    """Return why a placeholder can't count as a target."""
    return Reason("placeholder", path, "only an empty placeholder, made by cache: force")


def _mark(path: str) -> Json:
    """Return what tells a placeholder from what anybody puts there later."""
    try:
        info = os.stat(path)
        if os.path.isdir(path):
            return [info.st_ino, "directory"] if not os.listdir(path) else None
    except OSError:
        return None
    return [info.st_ino, info.st_mtime_ns] if info.st_size == 0 else None
