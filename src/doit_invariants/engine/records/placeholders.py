"""Placeholders: empty targets that ``cache: "force"`` made in the place of missing ones.

They are remembered in doit's DB until the task really makes its targets, or until something else
is in their place. Not in the records of tasks: ``doit forget TASK`` must turn none into a result.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doit_invariants.core.model import Json, Reason
from doit_invariants.engine.records.flags import Flags

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database


class Placeholders:
    """The placeholders of a project, by their paths as tasks write them."""

    def __init__(self, db: Database) -> None:
        self._flags = Flags("placeholders", db)

    def among(self, targets: Iterable[str]) -> list[str]:
        """Return those of some targets that are still nothing but placeholders."""
        known = self._flags.read()
        return [path for path in targets if path in known and _mark(path) == known[path]]

    def create(self, paths: Iterable[str]) -> Iterator[str]:
        """Create placeholders, and yield the path of each; with ``/`` at its end a directory.

        :raises OSError: if one can't be created
        """
        for path in paths:
            os.makedirs(os.path.dirname(path.rstrip("/")) or ".", exist_ok=True)
            if path.endswith("/"):
                os.mkdir(path)
            else:
                with open(path, "xb"):
                    pass
            self._flags.set(path, _mark(path))
            yield path

    def remove(self, targets: Iterable[str]) -> None:
        """Remove placeholders: their task is about to make the targets."""
        for path in self.among(targets):
            with contextlib.suppress(OSError):
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)

    def drop(self, paths: Iterable[str]) -> None:
        """Forget placeholders: their task has made the targets."""
        self._flags.drop(*paths)


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
