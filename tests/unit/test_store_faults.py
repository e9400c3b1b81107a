"""The directory store when everything goes wrong, with real faults instead of mocks."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import LINKS, PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore
from tests.support.processes import as_nobody

from .storing import S1, S2, made

FORK = multiprocessing.get_context("fork")


def refused(call: Callable[[], object], match: str) -> None:
    """A call raises a StoreError of one line."""
    with pytest.raises(StoreError, match=match) as caught:
        call()
    assert "\n" not in str(caught.value)


def no_litter(store: DirectoryStore) -> None:
    """Nothing half done is left."""
    assert os.listdir(os.path.join(store.location, "tmp")) == []


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory that other users can reach: another pytest would close its own."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def open_up(path: Path) -> None:
    """Let other users through to the files of a test."""
    for folder in (path, *path.parents):
        info = folder.stat()
        if info.st_uid == os.geteuid() and not info.st_mode & 0o001:
            folder.chmod(info.st_mode & 0o777 | 0o055)


def spoil_link(path: Path) -> None:
    """Move a file out of the store, and leave a link to it."""
    outside = path.parents[3] / "outside"
    os.rename(path, outside)
    path.symlink_to(outside)


def spoil_directory(path: Path) -> None:
    """Replace a file by a directory that is not empty."""
    path.unlink()
    (path / "sub").mkdir(parents=True)


def spoil_pipe(path: Path) -> None:
    """Replace a file by a pipe without a writer."""
    path.unlink()
    os.mkfifo(path)


def resize(path: Path, size: int) -> None:
    """Cut a file, or make it longer, though it may be read-only."""
    path.chmod(0o644)
    os.truncate(path, size)


def flip(path: Path) -> None:
    """Change one bit, and keep all times."""
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


SPOIL_ENTRY: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "not JSON": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "not UTF-8": lambda path: path.write_bytes(b'{"check": "\xff"}'),
    "nested": lambda path: path.write_bytes(b"[" * 200_000),
    "another type": lambda path: path.write_bytes(b"[1]"),
    "no entry": lambda path: path.write_bytes(b'{"check": 1}'),
    "edited": lambda path: path.write_bytes(path.read_bytes().replace(b"value", b"other")),
    "huge": lambda path: os.truncate(path, 1 << 40),
    "link": spoil_link,
    "directory": spoil_directory,
    "pipe": spoil_pipe,
}


@pytest.mark.parametrize("how", SPOIL_ENTRY)
def test_damaged_entry(store: DirectoryStore, how: str) -> None:
    """It is reported by name, replaced by the next add, and removed by a verification."""
    path = Path(store._layout.entry(S1))
    for repair in ("add", "verify", "remove", "prune"):
        assert store.add(S1, {"key": "value"}) is None
        SPOIL_ENTRY[how](path)
        for look in (store.find, store.peek):
            refused(lambda look=look: look(S1), f"entries/{S1[9:11]}/{S1[11:]}.json .*")
        if repair == "add":
            assert store.add(S1, {"key": "new"}) is None
            assert store.find(S1) == {"key": "new"}
            store.remove(S1)
        elif repair == "verify":
            (problem,) = store.verify().problems
            assert S1[11:] in problem
            assert "\n" not in problem
        elif repair == "remove":
            store.remove(S1)
        else:
            store.prune(PruneLimits(max_age=1000))
        assert store.find(S1) is None
        assert store.verify().problems == ()
        no_litter(store)


SPOIL_BLOB: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: resize(path, 3),
    "emptied": lambda path: resize(path, 0),
    "longer": lambda path: resize(path, 400_000),
    "flipped": flip,
    "link": spoil_link,
    "directory": spoil_directory,
    "pipe": spoil_pipe,
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("how", SPOIL_BLOB)
@pytest.mark.parametrize("size", [100, 300_000])
def test_damaged_blob(tmp_path: Path, link: str, how: str, size: int) -> None:
    """It is not restored but removed, and the next put stores it again."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(link=link))
    path = made(tmp_path, os.urandom(size))
    digest, _ = store.put(path)
    target = tmp_path / "target"
    if how == "flipped":
        # A change that no stat shows is found only when all is read: not by a link.
        store._layout.clear(store._layout.stat(digest))
    SPOIL_BLOB[how](Path(store._layout.blob(digest)))
    refused(lambda: store.fetch(digest, size, str(target), 0o644), "blobs/")
    assert not os.path.lexists(target)
    assert not os.path.lexists(store._layout.blob(digest))
    refused(lambda: store.fetch(digest, size, str(target), 0o644), "is missing")
    assert not os.path.lexists(target)
    assert store.put(path) == (digest, size)
    store.fetch(digest, size, str(target), 0o644)
    assert target.read_bytes() == Path(path).read_bytes()
    SPOIL_BLOB[how](Path(store._layout.blob(digest)))
    store.add(S1, {"blobs": {digest: size}})
    found = store.verify()
    assert len(found.problems) == 1
    assert found.lacking == {S1: (digest,)}
    assert store.verify().problems == ()
    no_litter(store)


def test_edited_through_a_hard_link(tmp_path: Path) -> None:
    """Editing a restored hard link in place damages the blob, which is noticed."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(link="hardlink"))
    digest, size = store.put(made(tmp_path))
    store.fetch(digest, size, str(tmp_path / "a"), 0o644)
    if (tmp_path / "a").stat().st_nlink == 1:
        pytest.skip("no hard links here")
    (tmp_path / "a").chmod(0o644)
    (tmp_path / "a").write_bytes(b"CONTENT")
    refused(lambda: store.fetch(digest, size, str(tmp_path / "b"), 0o644), "the wrong content")
    assert (tmp_path / "a").read_bytes() == b"CONTENT"
    store.put(str(tmp_path / "made"))
    store.fetch(digest, size, str(tmp_path / "b"), 0o644)
    assert (tmp_path / "b").read_bytes() == b"content"


def test_entry_that_lacks_blobs_is_replaced(store: DirectoryStore, tmp_path: Path) -> None:
    """Contents that can't be restored do not stop those that can."""
    digest, size = store.put(made(tmp_path))
    store.add(S1, {"blobs": {digest: size}, "n": 1})
    assert store.add(S1, {"n": 2}) == {"blobs": {digest: size}, "n": 1}
    os.unlink(store._layout.blob(digest))
    assert store.add(S1, {"n": 2}) is None
    assert store.find(S1) == {"n": 2}


def test_read_only_store(tmp_path: Path) -> None:
    """Without write permission, restoring works and storing is an error in one line."""
    store = DirectoryStore(str(tmp_path / "store"))
    digest, size = store.put(made(tmp_path))
    store.add(S1, {"blobs": {digest: size}})
    store.close()
    open_up(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    before = sorted(os.listdir(store.location))
    if os.geteuid():
        for folder, _, _ in os.walk(store.location):
            os.chmod(folder, 0o555)

    def use() -> None:
        other = DirectoryStore(store.location)
        assert other.find(S1) == {"blobs": {digest: size}}
        other.fetch(digest, size, str(out / "a"), 0o644)
        assert (out / "a").read_bytes() == b"content"
        refused(lambda: other.add(S2, {}), "Permission denied")
        refused(lambda: other.put(str(out / "a")), "Permission denied")
        refused(lambda: other.remove(S1), "Permission denied")
        refused(lambda: other.prune(PruneLimits(everything=True)), "Permission denied")
        assert other.prune(PruneLimits(everything=True, dry_run=True)).entries == 1
        assert other.verify().problems == ()
        other.close()
        refused(lambda: other.fetch(digest, size, "/proc/x", 0o644), "can't be restored")

    as_nobody(use)
    assert sorted(os.listdir(store.location)) == before
    assert os.listdir(os.path.join(store.location, "leases")) == []
    if os.geteuid():
        for folder, _, _ in os.walk(store.location):
            os.chmod(folder, 0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_unreadable(tmp_path: Path) -> None:
    """An error says which files another user keeps private."""
    store = DirectoryStore(str(tmp_path / "store"))
    digest, size = store.put(made(tmp_path))
    store.add(S1, {})
    os.chmod(store._layout.entry(S1), 0o600)
    os.chmod(store._layout.blob(digest), 0o600)
    open_up(tmp_path)

    def use() -> None:
        other = DirectoryStore(store.location)
        refused(lambda: other.find(S1), "can't be read: Permission denied")
        refused(lambda: other.fetch(digest, size, "/tmp/x", 0o644), "Permission denied")
        assert len(other.verify().problems) == 2

    as_nobody(use)
    assert store.find(S1) == {}
    assert store.verify().problems == ()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    where = tmp_path / "tiny"
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(where)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("can't mount")
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with open(path, "wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 4096):
            pass


def test_full_disk(tmp_path: Path, tiny: Path) -> None:
    """Contents that do not fit are refused and leave nothing behind; the rest still works."""
    store = DirectoryStore(str(tiny / "store"))
    small = store.put(made(tmp_path))
    store.add(S1, {"blobs": dict([small])})
    for size in (900_000, 3_000_000):  # the one way of copying, and the other
        big = made(tmp_path, os.urandom(size), f"big{size}")
        if size < 1 << 20:
            store.put(made(tmp_path, os.urandom(300_000), "filler"))
        refused(lambda big=big: store.put(big), "No space left")
        no_litter(store)
    refused(lambda: store.add(S2, {"x": "y" * 2_000_000}), "No space left")
    no_litter(store)
    assert store.find(S2) is None
    fill(tiny / "rest")
    refused(lambda: store.add(S2, {}), "No space left")
    assert store.find(S1) is not None
    store.fetch(*small, str(tmp_path / "out"), 0o644)
    found = store.verify()
    assert (found.entries, found.blobs, found.problems) == (1, 2, ())
    store.close()

    outside = DirectoryStore(str(tmp_path / "outside"))
    digest, size = outside.put(str(tmp_path / "big3000000"))
    refused(lambda: outside.fetch(digest, size, str(tiny / "x"), 0o644), "No space left")
    assert not (tiny / "x").exists()
    assert outside.verify().blobs == 1


def test_deleted_in_the_middle(store: DirectoryStore, tmp_path: Path) -> None:
    """A store that goes away is empty, and is made again by the next write."""
    path = made(tmp_path)
    for how in ("put", "add", "look"):
        digest, size = store.put(path)
        store.add(S1, {"n": how})
        shutil.rmtree(store.location)
        if how == "look":
            assert store.find(S1) is None
            assert store.verify().problems == ()
            refused(lambda d=digest, s=size: store.fetch(d, s, path + "x", 0o644), "is missing")
            store.close()
            assert not os.path.exists(path + "x")
        elif how == "put":
            store.put(path)
        else:
            assert store.add(S1, {"n": 1}) is None
            assert store.find(S1) == {"n": 1}
            store.remove(S1)
        if how != "look":
            assert Path(store.location, "CACHEDIR.TAG").exists()
            assert store.verify().problems == ()


def test_put_of_what_is_not_there(store: DirectoryStore, tmp_path: Path) -> None:
    """The error is about the file; no store is made for it."""
    refused(lambda: store.put(str(tmp_path / "none")), "none can't be put .*No such file")
    refused(lambda: store.put(str(tmp_path)), "Not a regular file")
    store.add(S1, {})
    refused(lambda: store.put(str(tmp_path)), "Not a regular file")
    no_litter(store)


@pytest.mark.parametrize("text", ["2", "99", "", "x", "-1"])
def test_other_version(store: DirectoryStore, tmp_path: Path, text: str) -> None:
    """A store of a later version is left alone."""
    store.add(S1, {})
    path = made(tmp_path)
    Path(store.location, "version").write_text(text)
    later = DirectoryStore(store.location)
    for call in (
        lambda: later.find(S1),
        lambda: later.peek(S1),
        lambda: later.put(path),
        lambda: later.add(S2, {}),
        lambda: later.fetch(S1, 1, path + "x", 0o644),
        lambda: later.remove(S1),
        lambda: list(later.entries()),
        later.verify,
        lambda: later.prune(PruneLimits(everything=True)),
    ):
        refused(call, "version")
    later.close()
    assert Path(store._layout.entry(S1)).exists()


def test_strange_places(tmp_path: Path) -> None:
    """A directory that is used for something else is not made a store, a file neither."""
    made(tmp_path, b"x", "dodo.py")
    store = DirectoryStore(str(tmp_path))
    refused(lambda: store.add(S1, {}), "is not a store: it contains 'dodo.py'")
    refused(lambda: store.put(str(tmp_path / "dodo.py")), "is not a store")
    assert os.listdir(tmp_path) == ["dodo.py"]
    store = DirectoryStore(str(tmp_path / "dodo.py"))
    refused(lambda: store.find(S1), "Not a directory")
    refused(lambda: store.add(S1, {}), "Not a directory")
    store.close()
    half = tmp_path / "half"
    (half / "tmp").mkdir(parents=True)
    assert DirectoryStore(str(half)).add(S1, {}) is None


def _race(location: str, number: int, rounds: int, barrier: object, results: object) -> None:
    store = DirectoryStore(location)
    won = []
    for index in range(rounds):
        barrier.wait(30)  # type: ignore[attr-defined]
        mine = {"writer": number if index % 2 else 0, "pid": os.getpid(), "n": index}
        other = store.add(digest_bytes(b"%d" % index), mine)
        won.append(mine if other is None else [other])
    store.close()
    results.put(won)  # type: ignore[attr-defined]


@pytest.mark.parametrize("damaged", [False, True])
def test_two_add_the_same_signature(store: DirectoryStore, damaged: bool) -> None:
    """Exactly one wins, and all others get its entry, even if the old one was damaged."""
    rounds, writers = 60, 3
    if damaged:
        for index in range(rounds):
            store.add(digest_bytes(b"%d" % index), {"old": 1})
            Path(store._layout.entry(digest_bytes(b"%d" % index))).write_bytes(b"{")
    barrier, results = FORK.Barrier(writers), FORK.Queue()
    processes = [
        FORK.Process(target=_race, args=(store.location, n, rounds, barrier, results))
        for n in range(1, writers + 1)
    ]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join(30)
    winners = set()
    for index, answers in enumerate(zip(*outcomes, strict=True)):
        (won,) = [answer for answer in answers if isinstance(answer, dict)]
        assert all(answer == [won] for answer in answers if isinstance(answer, list))
        assert store.find(digest_bytes(b"%d" % index)) == won
        winners.add(won["pid"])
    no_litter(store)
    assert len(winners) > 1, "they did not race"


WRITER = """
import os, sys, random
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import StoreOptions
from doit_invariants.stores.local.store import DirectoryStore
where, seed, link = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rng = random.Random(seed)
store = DirectoryStore(where + "/store", StoreOptions(link=link))
print("ready", flush=True)
n = 0
while True:
    blobs = {}
    for part in range(3):
        path = f"{where}/file{part}"
        with open(path, "wb") as stream:
            stream.write(rng.randbytes(rng.choice([10, 5_000, 400_000, 2_500_000])))
        digest, size = store.put(path)
        blobs[digest] = size
    # Some signatures come again, in this process and in others.
    store.add(digest_bytes(b"%d" % rng.randrange(200)), {"blobs": blobs, "text": "x" * 5000})
    print("added", flush=True)
    n += 1
    if n % 10 == 0:
        store.close()
"""


def _kill_writers(tmp_path: Path, rounds: int) -> int:
    rng = random.Random(7)
    found = 0
    for index in range(rounds):
        link = LINKS[index % len(LINKS)]
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(index), link], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            for _ in range(rng.randrange(3)):  # however slow the machine is just now
                assert writer.stdout.readline() == b"added\n"
            time.sleep(rng.random() * 0.06)
            writer.send_signal(signal.SIGKILL)
        assert writer.returncode == -signal.SIGKILL
        found = _all_intact(DirectoryStore(str(tmp_path / "store")))
        if index % 10 == 9:  # the disk of the machine is not ours alone
            DirectoryStore(str(tmp_path / "store")).prune(PruneLimits(max_size=4_000_000))
    return found


def _all_intact(store: DirectoryStore) -> int:
    count = 0
    for stored in store.entries():
        assert stored.problem is None
        entry = store.find(stored.signature)
        for digest, size in entry["blobs"].items():
            data = Path(store._layout.blob(digest)).read_bytes()
            assert (digest_bytes(data), len(data)) == (digest, size)
        count += 1
    found = store.verify()
    assert (found.entries, found.problems, found.lacking) == (count, (), {})
    store.close()
    return count


def test_killed_writers(tmp_path: Path) -> None:
    """Every entry that is found is complete, no matter when a writer dies."""
    found = _kill_writers(tmp_path, 8)
    assert found, "they were all killed too early"
    store = DirectoryStore(str(tmp_path / "store"))
    store.prune(PruneLimits())
    no_litter(store)
    assert os.listdir(os.path.join(store.location, "leases")) == []


@pytest.mark.long
def test_killed_writers_again_and_again(tmp_path: Path) -> None:
    """The same, longer."""
    assert _kill_writers(tmp_path, 100) > 3


def test_entry_files_say_their_own_check(store: DirectoryStore) -> None:
    """The format is what the documentation of the module says."""
    store.add(S1, {"b": 1, "a": 2})
    data = json.loads(Path(store._layout.entry(S1)).read_bytes())
    assert data == {"check": digest_bytes(b'{"a":2,"b":1}'), "entry": {"b": 1, "a": 2}}
