"""Checks that a store keeps the contract of ``Store``: for authors of stores."""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import PruneLimits, Store, StoreError

_CONTENT = b"content\r\n\0 of a file"
_SIGNATURE, _OTHER = digest_bytes(b"a signature"), digest_bytes(b"another signature")
_NO_DIGESTS = ("", "xxh3_128:12", "../../etc/passwd", _SIGNATURE + "/..", _SIGNATURE.upper())


def check_store(make: Callable[[], Store], directory: Path) -> None:
    """Assert that a store keeps the contract of :class:`~doit_invariants.Store`.

    Several users, killed processes and disk errors are not tested.

    :param make: a function that returns a new store object at each call. All of them open the same
        store, which is empty at first
    :param directory: a directory for temporary files, usually ``tmp_path``
    :raises AssertionError: if the store breaks the contract, with the rule that it breaks
    """
    assert isinstance(make().name, str), "a store has a name"
    assert make().problem(look=True) == make().problem() == "", "an empty store can be used"
    _check_unknown(make(), str(directory / "target"))
    digest = _check_contents(make, directory)
    _check_entries(make, digest)
    _check_upkeep(make)


def _check_unknown(store: Store, target: str) -> None:
    assert store.find(_OTHER) is store.peek(_OTHER) is None, "an unknown signature has no entry"
    store.remove(_OTHER)
    for text in _NO_DIGESTS:
        for ask in (store.find, store.peek, lambda one: store.fetch(one, 1, target, 0o644)):
            with pytest.raises(StoreError):
                ask(text)
    assert not os.path.lexists(target), "a failed fetch() leaves no file"


def _check_contents(make: Callable[[], Store], directory: Path) -> str:
    source, target = directory / "source", directory / "target"
    source.write_bytes(_CONTENT)
    store = make()
    digest, size = store.put(str(source))
    assert (digest, size) == (digest_bytes(_CONTENT), len(_CONTENT)), "put() returns digest, size"
    assert store.put(str(source)) == (digest, size), "the same content can be put again"
    with pytest.raises(StoreError):
        store.put(str(directory / "missing"))
    # A worker process gets a pickled copy.
    worker: Store = pickle.loads(pickle.dumps(store))
    for mode in (0o755, 0o444):
        worker.fetch(digest, size, str(target), mode)
        assert target.read_bytes() == _CONTENT, "fetch() returns the content unchanged"
        assert stat.S_IMODE(target.stat().st_mode) == mode, "fetch() sets the mode"
        target.unlink()
    for wrong, length in ((_OTHER, size), (digest, size + 1)):
        with pytest.raises(StoreError):
            store.fetch(wrong, length, str(target), 0o644)
        assert not os.path.lexists(target), "a failed fetch() leaves no file"
    target.write_bytes(b"mine")
    with pytest.raises(StoreError):
        store.fetch(digest, size, str(target), 0o644)
    assert target.read_bytes() == b"mine", "fetch() overwrites nothing"
    return digest


def _check_entries(make: Callable[[], Store], digest: str) -> None:
    entry = {"signature": _SIGNATURE, "blobs": {digest: len(_CONTENT)}, "π": [1.5, None, "ü"]}
    store = make()
    assert store.add(_SIGNATURE, entry) is None, "add() returns None for a new entry"
    assert store.add(_SIGNATURE, {**entry, "π": []}) == entry, "add() returns the existing entry"
    for one in (store, make()):
        assert one.find(_SIGNATURE) == one.peek(_SIGNATURE) == entry, "the first entry stays"
    (listed,) = store.entries()
    assert (listed.signature, listed.entry, listed.problem) == (_SIGNATURE, entry, None)
    assert listed.size == len(_CONTENT)
    found = store.verify()
    assert (found.entries, found.blobs, found.problems) == (1, 1, ()), (
        "verify() finds everything intact"
    )


def _check_upkeep(make: Callable[[], Store]) -> None:
    store, everything = make(), PruneLimits(everything=True)
    store.close()
    store.close()
    assert store.prune(PruneLimits()).entries == 0, "without limits nothing is pruned"
    would = store.prune(PruneLimits(everything=True, dry_run=True))
    assert len(list(store.entries())) == 1, "a dry run removes nothing"
    done = store.prune(everything)
    assert (done.entries, done.kept) == (would.entries, would.kept) == (1, 0)
    assert store.peek(_SIGNATURE) is None, "prune() removes the entry"
    assert store.add(_SIGNATURE, {"signature": _SIGNATURE, "blobs": {}}) is None
    store.remove(_SIGNATURE)
    store.remove(_SIGNATURE)
    assert store.find(_SIGNATURE) is None, "remove() removes the entry"
    store.close()
