"""Shared details of fingerprints: stored once, however many tasks refer to them.

Ten thousand tasks may share one function. Its parts and their sources explain what changed. If each
record had a copy, the copies would be most of the DB, and each run would read them. So the record
of a task only has a key: the digest of the details.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from doit_invariants.core.model import Json
from doit_invariants.hashing.digest import ALGORITHM, digest_json
from doit_invariants.rules.schema import KEY

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database
    from doit_invariants.engine.tracking import TrackedSet

#: Prefix of the row's name in doit's DB. No task has such a name: the command `invariants` forbids
#: a group of that name. Stored: never change.
_PREFIX = "invariants:"
_FIELD = "details:"
#: With fewer details than this a sweep is not worth reading every record.
_FEW = 100


class MissingDetails(Exception):
    """The DB no longer has the details that several tasks share."""


class Details:
    """The details of one run of doit, read from its DB on demand."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[str, Json] = {}
        self._saved: set[str] = set()
        self._grown = False

    def keep(self, details: Json) -> str:
        """Keep details in memory for this run; return their key."""
        key = digest_json(details)
        self._kept[key] = details
        return key

    def intern(self, tracked: TrackedSet, details: Json) -> str:
        """Store the part of a record that several tasks share; return its key.

        :param tracked: the tracked set of these tasks; most of them record the same
        """
        key, content = tracked.stored
        if not key or content != details:
            key = self.keep(details)
            tracked.stored = (key, details)
            self.save(key)
        return key

    def recall(self, key: object) -> Json:
        """Return the details under a key, from this or an earlier run; None if they are gone."""
        if not isinstance(key, str):
            return None
        if key not in self._kept:
            try:
                found = self._db.get(_PREFIX + key, _FIELD)
            except Exception:
                return None  # the row is damaged
            if found is None or digest_json(found) != key:
                return None
            self._kept[key] = found
            self._saved.add(key)
        return self._kept.get(key)

    def expand(self, record: Json) -> Json:
        """Return a stored record with its shared part filled in; it must not be changed.

        :raises MissingDetails: if the shared part is gone
        :raises TypeError, KeyError: if the record is damaged
        """
        key = record.get("sources")
        if not isinstance(key, str) or not key.startswith(ALGORITHM):
            return record
        kept = self.recall(key)
        if kept is None:
            raise MissingDetails(key)
        entries = {**record["entries"], **kept["entries"]}
        return {**record, "entries": entries, "sources": kept["sources"]}

    def save(self, key: object) -> None:
        """Store the details under a key in the DB, if they are not there."""
        if isinstance(key, str) and key not in self._saved and key in self._kept:
            self._saved.add(key)
            try:
                stored = self._db.get(_PREFIX + key, _FIELD)
                whole = stored is not None and digest_json(stored) == key
            except Exception:
                whole = False  # the row is damaged
            if not whole:
                self._db.set(_PREFIX + key, _FIELD, self._kept[key])
                self._grown = True

    def sweep(self) -> None:
        """Remove details from the DB that no record refers to.

        This reads every record, so it only happens when there are twice as many details as were in
        use the last time. A record that can't be read refers to nothing: its task runs in any case.
        """
        if not self._grown:
            return
        ids = list(self._db.names())
        stored = [one for one in ids if one.startswith(f"{_PREFIX}{ALGORITHM}:")]
        if len(stored) <= 2 * max(_FEW, self._db.get(_PREFIX, _FIELD) or 0):
            return
        used = {_PREFIX + key for task in ids for key in self._used_by(task)}
        for one in stored:
            if one not in used:
                self._db.remove(one)
        self._db.set(_PREFIX, _FIELD, len(used))

    def _used_by(self, task: str) -> Iterable[str]:
        """Return the keys of the details that the record of a task refers to."""
        with contextlib.suppress(Exception):  # the record is damaged
            record = self._db.get(task, KEY)
            if record is None:
                return
            entries = [*record["entries"].values()]
            if isinstance(record["sources"], str):
                yield record["sources"]
                tracked = self.recall(record["sources"])
                entries += tracked["entries"].values() if tracked is not None else ()
            for _, _, _, fingerprint, _ in entries:
                yield from (fingerprint.get("modules") or {}).values()
                if "details" in fingerprint:
                    yield fingerprint["details"]
