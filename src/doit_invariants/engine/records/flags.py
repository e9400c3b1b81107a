"""Flags: what is remembered of a project beside the records of its tasks; so are placeholders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doit_invariants.core.model import Json, Reason

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database

_FIELD = "marks:"

#: The flag and the reason of a task that had begun when its run was ended.
INTERRUPTED = "interrupted"


class Flags:
    """A JSON object in doit's DB, under a name that no task can have.

    :param name: of the object. Stored: never change one
    :param db: where it is stored
    """

    def __init__(self, name: str, db: Database) -> None:
        # The command `invariants` forbids the group, as in :mod:`.shared_details`.
        self._id = f"invariants:{name}"
        self._db = db
        self._known: dict[str, Json] | None = None

    def read(self) -> dict[str, Json]:
        """Return it; it is empty where the DB is damaged. Not to be changed."""
        if self._known is None:
            try:
                found = self._db.get(self._id, _FIELD)
            except Exception:
                found = None
            self._known = found if isinstance(found, dict) else {}
        return self._known

    def set(self, key: str, value: Json) -> None:
        """Remember a value under a key."""
        self._write({**self.read(), key: value})

    def update(self, found: dict[str, Json], most: int) -> None:
        """Remember several values, and of all the newest.

        :param most: how many are kept
        """
        known = self.read()
        if not found.items() <= known.items():
            rest = {key: value for key, value in known.items() if key not in found}
            self._write(dict([*rest.items(), *found.items()][-most:]))

    def drop(self, *keys: str) -> None:
        """Forget keys, where there are any."""
        known = self.read()
        if not known.keys().isdisjoint(keys):
            self._write({key: value for key, value in known.items() if key not in keys})

    def _write(self, known: dict[str, Json]) -> None:
        self._known = known
        self._db.set(self._id, _FIELD, known)


class Placeholders:
    """The placeholders of a project, by their paths as tasks write them.

    They are empty targets that ``cache: "force"`` made in the place of missing ones: remembered
    in doit's DB until the task really makes its targets, or until something else is in their
    place. Not in the records of tasks: ``doit forget TASK`` must turn none into a result.
    """

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
