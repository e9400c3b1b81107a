"""The check of a store: a correct store passes, each breach of the contract is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from doit_invariants import Pruned, PruneLimits, Verification
from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import check_store


def test_the_directory_store_keeps_the_contract(tmp_path: Path) -> None:
    """The one that comes with the package passes."""
    check_store(lambda: DirectoryStore(str(tmp_path / "store")), tmp_path)


class Overwrites(DirectoryStore):
    """Replaces whatever is at the path of a file."""

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        if os.path.exists(path):
            os.remove(path)
        super().fetch(digest, size, path, mode)


class LeavesPieces(DirectoryStore):
    """Leaves a file behind that could not be fetched."""

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        try:
            super().fetch(digest, size, path, mode)
        finally:
            if not os.path.exists(path):
                Path(path).touch()


class ForgetsTheMode(DirectoryStore):
    """Makes all files alike."""

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        super().fetch(digest, size, path, 0o600)


class ReplacesEntries(DirectoryStore):
    """Keeps the last entry, not the first one."""

    def add(self, signature: str, entry: Any) -> Any:
        self.remove(signature)
        return super().add(signature, entry)


class TakesAnyName(DirectoryStore):
    """Returns False for a string that is not a digest."""

    def peek(self, signature: str) -> Any:
        return super().peek(signature) if len(signature) == 41 else None


class StaysBehind(DirectoryStore):
    """Can't be sent to a worker process."""

    def __reduce__(self) -> Any:
        raise TypeError("not to be pickled")


class PrunesWhenItMustNot(DirectoryStore):
    """Takes a dry run for a real one."""

    def prune(self, limits: PruneLimits) -> Pruned:
        return super().prune(PruneLimits(everything=limits.everything))


class FindsNothing(DirectoryStore):
    """Checks nothing."""

    def verify(self, progress: Any = None) -> Verification:
        return Verification()


BREACHES = {
    Overwrites: "DID NOT RAISE",
    LeavesPieces: "leaves no file",
    ForgetsTheMode: "sets the mode",
    ReplacesEntries: "returns the existing entry",
    TakesAnyName: "DID NOT RAISE",
    StaysBehind: "not to be pickled",
    PrunesWhenItMustNot: "a dry run removes nothing",
    FindsNothing: "everything intact",
}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda cls: cls.__name__)
def test_a_breach_is_found(tmp_path: Path, breach: type[DirectoryStore]) -> None:
    """A store that does one thing otherwise fails."""
    with pytest.raises((AssertionError, pytest.fail.Exception, TypeError), match=BREACHES[breach]):
        check_store(lambda: breach(str(tmp_path / "store")), tmp_path)
