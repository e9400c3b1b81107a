"""Flags: what is remembered of a project beside the records of its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doit_invariants.core.model import Json

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
