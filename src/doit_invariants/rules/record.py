"""What is kept for a task in doit's DB: one JSON object under one key, with a schema version."""

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

#: What a path that is tracked had: a file or a directory, None if there was nothing.
PathState: TypeAlias = "FileState | TreeState | None"


class RecordedInvariant(NamedTuple):
    """One recorded invariant.

    :ivar kind, version: as the class says them
    :ivar label: the name for explanations, kept for when the invariant is gone
    :ivar fingerprint: what the kind recorded
    :ivar source: None if the user listed it, else the plugin that adds it by itself
    """

    kind: str
    version: int
    label: str
    fingerprint: Fingerprint
    source: str | None = None

    def older(self, other: Invariant) -> bool:
        """Return whether it was recorded by an earlier version of this kind."""
        return self.kind == other.kind and self.version < other.version

    def comparable(self, other: Invariant) -> bool:
        """Return whether a fingerprint of this kind and version means the same."""
        return self.kind == other.kind and self.version == other.version


@dataclass(frozen=True, slots=True)
class Record:
    """The state in which a task last succeeded, or was accepted.

    :ivar executed_at: when its actions last ran with success, in seconds since the epoch;
        None if they never did
    :ivar origin: whether the task ran, was restored, was accepted, or was found up-to-date by
        plain doit
    :ivar root: directory of the project then, to recognise a moved checkout
    :ivar stats: for each file that doit tracks as ``file_dep`` what doit's own triple lacks
    :ivar trees: for each directory among them its entries
    :ivar targets: state of the targets in their order, None if they were not tracked
    :ivar entries: invariants by their id within the task
    :ivar sources: plugins that were asked for implicit invariants, whether they gave any or not
    :ivar whole: what the result was made under, beside all that is recorded; empty where something
        was adopted or accepted since, or another task has edited a target: then it need not be the
        result of what is recorded
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
        """Return whether another record compares nothing else, and nothing in another way."""
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
    """What is stored is not a record that this version can read; says why."""


def to_json(record: Record) -> Json:
    """Return the record as it is stored."""
    targets = record.targets
    more = {name: text for name in _MORE if (text := getattr(record, name))}
    return {
        "schema": SCHEMA,
        "executed_at": record.executed_at,
        "origin": record.origin,
        "root": record.root,
        "stats": {path: list(stat) if stat else None for path, stat in record.stats.items()},
        "trees": {path: tree.to_json() for path, tree in record.trees.items()},
        # A list: the order of the targets counts, and a JSON object promises none.
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


#: What most records lack.
_MORE = ("whole", "kept")


def from_json(data: Json) -> Record:
    """Read a stored record.

    :raises Unreadable: if it was written by a newer version, or is damaged
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


# What reading a damaged record makes Python raise.
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


def state_to_json(state: PathState) -> Json:
    """Return the state of a path as it is stored: a list for a file, a dict for a directory."""
    return None if state is None else state.to_json()


def state_from_json(data: Json) -> PathState:
    """Read the state of a path; raises what a damaged one makes Python raise."""
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
    # What says who tracked it is there twice: what was never tracked would be adopted.
    whole = source is None or source in sources
    if not whole or not key.startswith(kind if source is None else f"{source}:{kind}"):
        raise ValueError(key)
    if type(version) is not int:
        raise TypeError(version)
    return RecordedInvariant(kind, version, str(label), fingerprint, source)
