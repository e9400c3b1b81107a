"""A directory store behaves as a dict of entries and a dict of contents do."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.core.model import Json
from doit_invariants.core.units import format_size, parse_size
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import LINKS, PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore
from tests.support.choices import examples

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(st.text(max_size=5), values, max_size=3)
keys = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("add"), keys, entries),
    st.tuples(st.just("keep"), keys, st.lists(st.binary(max_size=40), max_size=3)),
    st.tuples(st.just("remove"), keys),
    st.tuples(st.just("prune"), st.integers(0, 200)),
    st.tuples(
        st.just("close"),
    ),
    st.tuples(st.just("again"), st.sampled_from(LINKS)),
)


def put(store: DirectoryStore, directory: str, contents: list[bytes]) -> dict[str, int]:
    """Put contents, and return their row for an entry."""
    found = {}
    for content in contents:
        path = os.path.join(directory, "file")
        with open(path, "wb") as stream:
            stream.write(content)
        digest, size = store.put(path)
        assert (digest, size) == (digest_bytes(content), len(content))
        found[digest] = size
    return found


@given(st.lists(steps, max_size=20))
@examples(60)
def test_store_is_a_dict(todo: list[tuple[Json, ...]]) -> None:
    """An entry is always found as it was first added, and its blobs are there."""
    model: dict[str, Json] = {}
    with tempfile.TemporaryDirectory() as directory:
        store = DirectoryStore(os.path.join(directory, "store"))
        for what, *arguments in todo:
            key = digest_bytes(repr(arguments[:1]).encode())
            if what in ("add", "keep"):
                entry = arguments[1]
                if what == "keep":
                    entry = {"blobs": put(store, directory, entry)}
                elif "blobs" in entry:
                    continue
                expected = model.get(key)
                assert store.add(key, entry) == expected
                model.setdefault(key, entry)
            elif what == "remove":
                store.remove(key)
                model.pop(key, None)
            elif what == "prune":
                limit = arguments[0]
                store.prune(PruneLimits(max_size=limit))
                model = {
                    name: entry for name, entry in model.items() if store.peek(name) is not None
                }
                found = store.verify()
                assert found.size <= limit
            elif what == "close":
                store.close()
            else:
                store = DirectoryStore(store.location, StoreOptions(link=arguments[0]))
            check(store, directory, model)


def check(store: DirectoryStore, directory: str, model: dict[str, Json]) -> None:
    """The store has the same entries as the model, and all can be restored."""
    assert {stored.signature: stored.entry for stored in store.entries()} == model
    for name, entry in model.items():
        assert store.find(name) == entry
        for digest, size in entry.get("blobs", {}).items():
            path = os.path.join(directory, "out")
            store.fetch(digest, size, path, 0o644)
            with open(path, "rb") as stream:
                assert digest_bytes(stream.read()) == digest
            os.unlink(path)
    found = store.verify()
    assert (found.problems, found.lacking) == ((), {})


@given(st.text())
@examples(200)
def test_no_text_gets_out_of_the_store(text: str) -> None:
    """A string that is not a digest never becomes a path."""
    store = DirectoryStore("/nowhere/at/all")
    with pytest.raises(StoreError) as caught:
        store.find(text)
    assert "\n" not in str(caught.value)


@given(st.integers(0, 2**60), st.sampled_from(["", "K", "MB", "gib", "PiB"]))
def test_sizes(number: int, unit: str) -> None:
    """Sizes are exact, and printed sizes are close."""
    size = parse_size(f"{number}{unit}")
    assert size % max(number, 1) == 0
    assert abs(parse_size(format_size(size)) - size) <= size * 0.05 + 1


@given(st.dictionaries(st.integers() | st.text() | st.booleans(), values, max_size=4))
@examples(50)
def test_keys_of_any_kind(entry: dict[object, Json]) -> None:
    """What JSON makes of keys is what the check is over: such an entry is not found damaged."""
    with tempfile.TemporaryDirectory() as directory:
        store = DirectoryStore(os.path.join(directory, "store"))
        assert store.add(digest_bytes(b"x"), entry) is None
        assert store.find(digest_bytes(b"x")) is not None
