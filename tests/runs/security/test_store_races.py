"""Attacks on a shared store while a run reads, writes and prunes it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doit_invariants.files.copying import WrongContent, copy_file
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore

Attack = Callable[[str, Callable[[], object]], None]

S1 = digest_bytes(b"one")
_attacks: dict[str, Callable[[], object]] = {}


def _audit(event: str, _: tuple[object, ...]) -> None:
    if event in _attacks:
        _attacks.pop(event)()


@pytest.fixture(scope="module")
def _audited() -> None:
    sys.addaudithook(_audit)  # for good: none can be taken away again


@pytest.fixture
def attack(_audited: None) -> Iterator[Attack]:
    """Have something done right before the next system call of a sort: the moment of a race."""
    yield _attacks.__setitem__
    _attacks.clear()


def replace_by_link(path: str | Path, target: Path) -> Callable[[], object]:
    """Return a function that replaces a path by a link, and keeps the original beside it."""

    def act() -> None:
        os.rename(path, f"{path}.away")
        os.symlink(target, path)

    return act


# ---------------------------------------------------------------------- a shared store


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A file of a user that others must not read, written long ago."""
    path = tmp_path / "id_rsa"
    path.write_text("secret")
    path.chmod(0o600)
    os.utime(path, (1, 1))
    return path


def filled(tmp_path: Path) -> tuple[DirectoryStore, str, str]:
    """Return a store, the digest of its one blob, and the path of that."""
    store = DirectoryStore(str(tmp_path / "store"))
    (tmp_path / "made").write_text("content")
    digest, size = store.put(str(tmp_path / "made"))
    store.add(S1, {"blobs": {digest: size}})
    return store, digest, store._layout.blob(digest)


@pytest.mark.parametrize("event", ["os.chmod", "os.link"])
def test_blob_that_is_replaced_while_it_is_linked(
    tmp_path: Path, private: Path, attack: Attack, event: str
) -> None:
    """A link to another file instead of a blob neither opens that file nor is restored."""
    store, digest, blob = filled(tmp_path)
    store = DirectoryStore(store.location, StoreOptions(link="hardlink"))
    attack(event, replace_by_link(blob, private))
    with pytest.raises(StoreError, match="symbolic links"):
        store.fetch(digest, 7, str(tmp_path / "restored"), 0o644)
    assert event not in _attacks
    assert private.stat().st_mode & 0o777 == 0o600
    assert not os.path.lexists(tmp_path / "restored")


def test_times_of_other_files(tmp_path: Path, private: Path, attack: Attack) -> None:
    """Only entries and blobs are marked as used, never the destination of a link."""
    store, _, blob = filled(tmp_path)
    attack("os.utime", replace_by_link(store._layout.entry(S1), private))
    assert store.find(S1) is not None
    attack("os.utime", replace_by_link(blob, private))
    store.put(str(tmp_path / "made"))
    assert not _attacks
    assert private.stat().st_mtime == 1


@pytest.mark.parametrize("name", ["tmp", "leases", "blobs", "blobs/*"])
def test_directory_that_is_replaced_while_it_is_pruned(
    tmp_path: Path, attack: Attack, name: str
) -> None:
    """Only files in the store are removed, even if a link replaces a directory."""
    store, _, blob = filled(tmp_path)
    store.remove(S1)
    file = blob if name.startswith("blobs") else str(tmp_path / "store" / name / "host-1-ab")
    Path(file).touch()
    os.utime(file, (1, 1))
    folder = Path(file).parent if name.endswith("*") else tmp_path / "store" / name.split("/")[0]
    home = tmp_path / "home"
    mine = home / os.path.relpath(file, folder)
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    os.utime(mine, (1, 1))
    attack("os.remove", replace_by_link(folder, home))
    with contextlib.suppress(StoreError):  # of what can't be removed any more
        DirectoryStore(store.location).prune(PruneLimits(everything=True))
    assert not _attacks
    assert mine.read_text() == "mine"


def test_store_with_a_link_is_refused(tmp_path: Path) -> None:
    """The error names the directory of the store that is not a directory."""
    store, _, _ = filled(tmp_path)
    os.rename(tmp_path / "store/stats", tmp_path / "away")
    (tmp_path / "store/stats").symlink_to(tmp_path / "away")
    for call in (lambda one: one.find(S1), lambda one: one.put(str(tmp_path / "made"))):
        with pytest.raises(StoreError, match="can't be used: stats in it is a link"):
            call(DirectoryStore(store.location))


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_file_that_grows_while_it_is_copied(tmp_path: Path, attack: Attack, size: int) -> None:
    """No more than a byte too many is copied of what should have another size."""
    source = tmp_path / "source"
    source.write_bytes(bytes(size))

    def grow() -> None:
        os.truncate(source, 2**33)

    # The second file that is opened is the copy; the size was read before.
    attack("open", lambda: attack("open", grow))
    with pytest.raises(WrongContent) as caught:
        copy_file(str(source), str(tmp_path / "copy"), size=size)
    assert caught.value.size == size + 1
    assert not (tmp_path / "copy").exists()
