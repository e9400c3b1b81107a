"""The record of a task in doit's DB: one JSON object under one key, with a schema version."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from doit_invariants.core.model import Json
from doit_invariants.files.state import FileState, Stat, stat_from_json
from doit_invariants.rules.invariant import Fingerprint, Invariant
from doit_invariants.rules.schema import KEY as KEY
from doit_invariants.rules.schema import ORIGINS, SCHEMA, Origin

if TYPE_CHECKING:
    from doit_invariants.files.tree import TreeState

#: State of a tracked path: a file or a directory, None if it did not exist.
PathState: TypeAlias = "FileState | TreeState | None"


class RecordedInvariant(NamedTuple):
    """One recorded invariant.

    :ivar kind, version: from the class
    :ivar label: the name for explanations, kept for when the invariant is gone
    :ivar fingerprint: what the kind recorded
    :ivar source: None if the user listed it, otherwise the plugin that adds it
    """

    kind: str
    version: int
    label: str
    fingerprint: Fingerprint
    source: str | None = None

    def older(self, other: Invariant) -> bool:
        """Return whether an earlier version of this kind recorded it."""
        return self.kind == other.kind and self.version < other.version

    def comparable(self, other: Invariant) -> bool:
        """Return whether a fingerprint of this kind and version means the same."""
        return self.kind == other.kind and self.version == other.version


@dataclass(frozen=True, slots=True)
class Record:
    """The state in which a task last succeeded or was accepted.

    :ivar executed_at: when its actions last succeeded, in seconds since the epoch; None if never
    :ivar origin: whether the task ran, was restored, was accepted, or was found up-to-date by plain
        doit
    :ivar root: directory of the project at that time, to recognize a moved checkout
    :ivar stats: for each file in ``file_dep``, the fields that doit's own triple lacks
    :ivar trees: for each directory in ``file_dep``, its entries
    :ivar targets: state of the targets in their order, None if they were not tracked
    :ivar entries: invariants by their id within the task
    :ivar sources: plugins that were asked for implicit invariants, even if they gave none
    :ivar whole: identifies what the result depends on besides everything recorded here; empty if
        something was adopted or accepted since, or another task has edited a target: then the
        targets need not be the result of what is recorded
    :ivar kept: location of the store that has the result, empty if none is known to
    """

    executed_at: float | None
    origin: Origin
    root: str
    stats: dict[str, Stat | None] = field(default_factory=dict)
    trees: dict[str, TreeState] = field(default_factory=dict)
    targets: dict[str, PathState] | None = None
    entries: dict[str, RecordedInvariant] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    whole: str = ""
    kept: str = ""

    def covers(self, other: Record) -> bool:
        """Return whether another record compares the same things in the same way."""
        return (
            self.sources == other.sources
            and (self.targets is None) == (other.targets is None)
            and self.entries.keys() == other.entries.keys()
            and all(
                (one.version, one.fingerprint["digest"])
                == (other.entries[key].version, other.entries[key].fingerprint["digest"])
                for key, one in self.entries.items()
            )
        )


class Unreadable(Exception):
    """This version can't read the stored record; the message says why."""


def to_json(record: Record) -> Json:
    """Return the record in its stored form."""
    targets = record.targets
    more = {name: text for name in _MORE if (text := getattr(record, name))}
    return {
        "schema": SCHEMA,
        "executed_at": record.executed_at,
        "origin": record.origin,
        "root": record.root,
        "stats": {path: list(stat) if stat else None for path, stat in record.stats.items()},
        "trees": {path: tree.to_json() for path, tree in record.trees.items()},
        # A list: the order of the targets counts, and JSON objects have no guaranteed order.
        "targets": targets
        if targets is None
        else [[path, state_to_json(state)] for path, state in targets.items()],
        "entries": {
            key: [entry.kind, entry.version, entry.label, entry.fingerprint, entry.source]
            for key, entry in record.entries.items()
        },
        "sources": list(record.sources),
        **more,
    }


#: Fields that most records lack.
_MORE = ("whole", "kept")


def from_json(data: Json) -> Record:
    """Read a stored record.

    :raises Unreadable: if it is damaged, or was written by a newer version
    """
    if not isinstance(data, dict) or type(data.get("schema")) is not int:
        raise Unreadable("the record is damaged")
    if data["schema"] > SCHEMA:
        raise Unreadable(
            f"the record was written by a newer doit-invariants (schema {data['schema']}, "
            f"this one reads up to {SCHEMA})"
        )
    try:
        return _parse(data)
    except _DAMAGED as error:
        raise Unreadable("the record is damaged") from error


# Exceptions that reading a damaged record can raise.
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


def state_to_json(state: PathState) -> Json:
    """Return the stored form of a path's state: a list for a file, a dict for a directory."""
    return None if state is None else state.to_json()


def state_from_json(data: Json) -> PathState:
    """Read the state of a path; raises any of ``_DAMAGED`` for a damaged one."""
    if data is None:
        return None
    return _tree_from_json(data) if isinstance(data, dict) else FileState.from_json(data)


def _tree_from_json(data: Json) -> TreeState:
    from doit_invariants.files.tree import TreeState  # late: few tasks have directories

    return TreeState.from_json(data)


def _parse(data: dict[str, Json]) -> Record:
    executed_at, origin = data["executed_at"], data["origin"]
    if executed_at is not None and not math.isfinite(executed_at := float(executed_at)):
        raise ValueError(executed_at)
    if origin not in ORIGINS:
        raise ValueError(origin)
    targets, sources = data["targets"], data["sources"]
    if not isinstance(sources, list):
        raise TypeError(sources)
    return Record(
        executed_at=executed_at,
        origin=origin,
        root=str(data["root"]),
        stats={str(path): stat_from_json(stat) for path, stat in data["stats"].items()},
        trees={str(path): _tree_from_json(tree) for path, tree in data["trees"].items()},
        targets=None
        if targets is None
        else {str(path): state_from_json(state) for path, state in targets},
        entries={key: _parse_entry(key, one, sources) for key, one in data["entries"].items()},
        sources=tuple(str(source) for source in sources),
        whole=str(data.get("whole", "")),
        kept=str(data.get("kept", "")),
    )


def _parse_entry(key: str, data: Json, sources: list[Json]) -> RecordedInvariant:
    kind, version, label, fingerprint, source = data
    if not isinstance(fingerprint, dict) or not isinstance(fingerprint["digest"], str):
        raise ValueError(label)
    # The tracker is stored twice, because an invariant of an unknown tracker would be adopted.
    whole = source is None or source in sources
    if not whole or not key.startswith(kind if source is None else f"{source}:{kind}"):
        raise ValueError(key)
    if type(version) is not int:
        raise TypeError(version)
    return RecordedInvariant(kind, version, str(label), fingerprint, source)
