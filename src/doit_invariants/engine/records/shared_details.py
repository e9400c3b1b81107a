"""What fingerprints keep beside the records: stored once, however many tasks refer to it.

Ten thousand tasks may share one function. Its parts and their sources, which explain what
changed, would make most of the DB if each record held them, and each run would read them; the
record of a task therefore has a key only, the digest of what is kept.
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

#: Before the key in doit's DB, in the place of the name of a task: no task has this one, as the
#: command `invariants` forbids the group, and a digest names no sub-task. Stored: never change.
_PREFIX = "invariants:"
_FIELD = "details:"
#: Not worth a look at every record.
_FEW = 100


class MissingDetails(Exception):
    """What several tasks have in common is not in the DB any more."""


class Details:
    """The details of one run of doit, read from its DB when they are asked for."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[str, Json] = {}
        self._saved: set[str] = set()
        self._grown = False

    def keep(self, details: Json) -> str:
        """Keep JSON for this run; return its key."""
        key = digest_json(details)
        self._kept[key] = details
        return key

    def intern(self, tracked: TrackedSet, details: Json) -> str:
        """Put into the DB what several tasks have in common; return its key.

        :param tracked: what these tasks are tracked by; of most of them the same is recorded
        """
        key, content = tracked.stored
        if not key or content != details:
            key = self.keep(details)
            tracked.stored = (key, details)
            self.save(key)
        return key

    def recall(self, key: object) -> Json:
        """Return what was kept under a key in this or an earlier run, None if it is gone."""
        if not isinstance(key, str):
            return None
        if key not in self._kept:
            try:
                found = self._db.get(_PREFIX + key, _FIELD)
            except Exception:
                return None  # the DB is damaged there
            if found is None or digest_json(found) != key:
                return None
            self._kept[key] = found
            self._saved.add(key)
        return self._kept.get(key)

    def expand(self, record: Json) -> Json:
        """Return a stored record with what is kept once for it and others; not to be changed.

        :raises MissingDetails: if that is not there any more
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
        """Put what was kept under a key into the DB, if it is not there."""
        if isinstance(key, str) and key not in self._saved and key in self._kept:
            self._saved.add(key)
            try:
                stored = self._db.get(_PREFIX + key, _FIELD)
                whole = stored is not None and digest_json(stored) == key
            except Exception:
                whole = False  # the DB is damaged there
            if not whole:
                self._db.set(_PREFIX + key, _FIELD, self._kept[key])
                self._grown = True

    def sweep(self) -> None:
        """Remove from the DB what no record refers to any more, when that has become the most.

        Looking at every record takes time, so it is done when there are twice as many details
        as were in use the last time. A record that can't be read refers to nothing: its task
        runs, whatever is kept.
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
        with contextlib.suppress(Exception):  # it is damaged
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
