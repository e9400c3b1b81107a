"""The stored form of records."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.files.state import FileState
from doit_invariants.files.tree import TreeState
from doit_invariants.rules import record as records

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(), s, max_size=4),
    max_leaves=10,
)


def test_records_survive_json() -> None:
    """A record is read back equal to what was written."""
    import json

    state = FileState("xxh3_128:00", (1, 2, 3, 4))
    record = records.Record(
        executed_at=1.5,
        origin="run",
        root="/p",
        stats={"x": (1, 2, 3, 4), "y": None},
        trees={"d": TreeState("t", {"a": state, "b": FileState("directory", None)})},
        targets={"z": state, "a": None, "d": TreeState("t", {})},
        entries={"Value#1": records.RecordedInvariant("Value", 1, "Value", {"digest": "d"}, None)},
        sources=("track-code",),
    )
    assert records.from_json(json.loads(json.dumps(records.to_json(record)))) == record


@given(
    json_values,
    st.sampled_from(
        [
            "executed_at",
            "origin",
            "root",
            "stats",
            "trees",
            "targets",
            "entries",
            "sources",
            "schema",
        ]
    ),
)
def test_damaged_records_are_unreadable_never_an_exception(junk: Any, where: str) -> None:
    """Any value in a field gives a record, or "unreadable"."""
    data = records.to_json(records.Record(1.0, "run", "/"))
    data[where] = junk
    for damaged in (junk, data):
        with contextlib.suppress(records.Unreadable):
            assert isinstance(records.from_json(damaged), records.Record)


def _record(*entries: str, digest: str = "d", **fields: Any) -> records.Record:
    one = records.RecordedInvariant("Value", 1, "Value", {"digest": digest}, None)
    return records.Record(1.0, "run", "/", entries=dict.fromkeys(entries, one), **fields)


def test_a_record_covers_only_what_compares_the_same_things() -> None:
    """Neither record may have an invariant, a plugin or targets that the other one lacks."""
    record = _record("a", "b")
    assert record.covers(_record("a", "b"))
    assert record.covers(_record("b", "a"))
    different = [
        _record("a"),
        _record("a", "b", "c"),
        _record("a", "b", digest="e"),
        _record("a", "b", targets={}),
        _record("a", "b", sources=("plugin",)),
    ]
    for other in different:
        assert not record.covers(other)
        assert not other.covers(record)
