"""What is remembered of a project beside the records of its tasks, in doit's DB."""

from __future__ import annotations

from typing import Any

from doit_invariants.core.model import Json

_FIELD = "marks:"

#: The mark and the reason of a task that had begun when its run was ended.
INTERRUPTED = "interrupted"


class Marks:
    """A JSON object in doit's DB, under a name that no task can have.

    :param name: of the object. Stored: never change one
    """

    def __init__(self, name: str) -> None:
        # The command `invariants` forbids the group, as in :mod:`.shared_details`.
        self._id = f"invariants:{name}"
        self._dep_manager: Any = None
        self._known: dict[str, Json] | None = None

    def open(self, dep_manager: Any) -> None:
        """Take the DB in which it is stored."""
        self._dep_manager = dep_manager

    def read(self) -> dict[str, Json]:
        """Return it; it is empty where the DB is damaged. Not to be changed."""
        if self._known is None:
            try:
                found = self._dep_manager._get(self._id, _FIELD)
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
        self._dep_manager._set(self._id, _FIELD, known)
