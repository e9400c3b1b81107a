"""Pruning a directory store: removed entries, and those kept for runs in progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doit_invariants.files.flock import locked
from doit_invariants.files.processes import STALE, owned_name
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.stores.base import PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore

DAY = 86400.0
LONG_AGO = time.time() - 100 * DAY


def signature(number: int) -> str:
    """Return the signature of the entry with this number."""
    return digest_bytes(b"entry %d" % number)


def keep(store: DirectoryStore, number: int, *contents: bytes, days: float = 0) -> list[str]:
    """Add an entry that was last used so many days ago; return the digests of its blobs."""
    blobs = {}
    for content in contents:
        path = Path(store.location).parent / "made"
        path.write_bytes(content)
        digest, size = store.put(str(path))
        blobs[digest] = size
    assert store.add(signature(number), {"blobs": blobs}) is None
    when = time.time() - days * DAY
    os.utime(store._layout.entry(signature(number)), (when, when))
    return list(blobs)


def there(store: DirectoryStore) -> set[int]:
    """Return the numbers of the entries that are there."""
    return {n for n in range(20) if store.peek(signature(n)) is not None}


def blobs(store: DirectoryStore) -> set[str]:
    """Return the digests of the blobs that are there."""
    return {digest for digest, _ in store._layout.scan("blobs")}


def test_least_recently_used_go_first(store: DirectoryStore) -> None:
    """Entries go until the rest fits; a blob goes with the last entry that needs it."""
    (shared, _) = keep(store, 1, b"s" * 100, b"a" * 100, days=4)
    keep(store, 2, b"b" * 100, days=3)
    keep(store, 3, b"c" * 100, days=2)
    keep(store, 4, b"s" * 100, days=1)
    assert store.prune(PruneLimits(max_size=400)).entries == 0
    done = store.prune(PruneLimits(max_size=399, dry_run=True))
    assert (done.entries, done.blobs, done.freed, done.kept, done.size) == (1, 1, 100, 3, 300)
    assert there(store) == {1, 2, 3, 4}
    assert store.prune(PruneLimits(max_size=399)) == done
    assert there(store) == {2, 3, 4}
    assert shared in blobs(store)
    store.find(signature(2))
    assert store.prune(PruneLimits(max_size=200)).freed == 100
    assert there(store) == {2, 4}
    found = store.verify()
    assert (found.size, found.problems, found.lacking) == (200, (), {})


def test_age(store: DirectoryStore) -> None:
    """Entries that were not used for so long are removed."""
    keep(store, 1, b"a", days=10)
    keep(store, 2, b"b", days=1)
    assert store.prune(PruneLimits(max_age=5 * DAY)).entries == 1
    assert there(store) == {2}
    assert len(blobs(store)) == 1


def test_everything_and_orphans(store: DirectoryStore) -> None:
    """Everything is removed, even unused blobs; the store can be used again."""
    keep(store, 1, b"a" * 50)
    keep(store, 2, b"b" * 50)
    store.remove(signature(2))
    done = store.prune(PruneLimits())
    assert (done.entries, done.blobs, done.freed, done.size) == (0, 1, 50, 50)
    done = store.prune(PruneLimits(everything=True))
    assert (done.entries, done.blobs, done.freed, done.size) == (1, 1, 50, 0)
    assert there(store) == blobs(store) == set()
    keep(store, 1, b"a" * 50)
    assert there(store) == {1}


def test_damage_does_not_disturb(store: DirectoryStore) -> None:
    """Damaged entries and foreign files do not stop it."""
    keep(store, 1, b"a" * 50)
    keep(store, 2)
    path = Path(store._layout.entry(signature(2)))
    path.write_text("[]")
    store.add(signature(3), {"blobs": {"../../../x": 1, digest_bytes(b"a" * 50): "big", "": None}})
    store.add(signature(4), {"blobs": {digest_bytes(b"not there"): 10**12}})
    stranger = Path(store.location, "blobs", "zz")
    stranger.mkdir()
    (path.parent / "README").write_text("mine")
    done = store.prune(PruneLimits(max_size=50))
    assert (done.entries, done.kept) == (1, 3)
    assert there(store) == {1, 3, 4}
    assert stranger.exists()
    assert (path.parent / "README").exists()


RUN = """
import sys
from doit_invariants.stores.local.store import DirectoryStore
store = DirectoryStore(sys.argv[1])
for line in sys.stdin:
    what, argument = line.split()
    print(what, bool(getattr(store, what)(argument)), flush=True)
"""


class Run:
    """Another process that uses a store."""

    def __init__(self, location: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, location],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def does(self, what: str, argument: str) -> str:
        """Have a method called; return whether its result was true."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what} {argument}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()[1]

    def end(self) -> None:
        """Kill it: its lease stays."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def run(store: DirectoryStore) -> Iterator[Run]:
    """Another process."""
    other = Run(store.location)
    yield other
    other.end()


def test_run_in_progress(store: DirectoryStore, run: Run, tmp_path: Path) -> None:
    """Its entries stay while the process lives; after its end, even by a kill, they may go."""
    keep(store, 1, b"a" * 50, days=9)
    keep(store, 2, b"b" * 50, days=8)
    (old,) = keep(store, 3, b"c" * 50, days=8)
    store.remove(signature(3))
    for folder, _, files in os.walk(os.path.join(store.location, "blobs")):
        for name in files:
            os.utime(os.path.join(folder, name), (LONG_AGO, LONG_AGO))
    time.sleep(2.1)  # the change times can't be set, and leases have a margin for coarse clocks
    assert run.does("find", signature(1)) == "True"
    (tmp_path / "again").write_bytes(b"c" * 50)
    assert run.does("put", str(tmp_path / "again")) == "True"
    done = store.prune(PruneLimits(everything=True))
    assert (done.entries, done.blobs, done.in_use, done.kept) == (1, 1, 1, 1)
    assert there(store) == {1}
    assert blobs(store) == {digest_bytes(b"a" * 50), old}
    assert len(os.listdir(os.path.join(store.location, "leases"))) == 2
    run.end()
    done = store.prune(PruneLimits(everything=True))
    assert (done.entries, done.blobs, done.in_use) == (1, 2, 0)
    assert len(os.listdir(os.path.join(store.location, "leases"))) == 1


def test_leases_and_litter_left_behind(store: DirectoryStore) -> None:
    """Those of the dead go; those of another machine after two days."""
    keep(store, 1, b"a")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = owned_name().rsplit("-", 2)[0]
    old = time.time() - STALE - 60
    names = {
        f"{host}-{process.pid}-00": (None, False),
        f"{host}-{os.getppid()}-00": (old, True),
        "elsewhere-1-00": (None, True),
        "elsewhere-2-00": (old, False),
        "strange": (None, True),
        "strange-old": (old, False),
    }
    for folder in ("leases", "tmp"):
        for name, (when, _) in names.items():
            path = Path(store.location, folder, name)
            path.write_text("")
            if when is not None:
                os.utime(path, (when, when))
    litter = Path(store.location, "tmp", f"{host}-{process.pid}-01")
    (litter / "directory").mkdir(parents=True)
    assert store.prune(PruneLimits(everything=True)).in_use == 1
    left = {name for name, (_, stays) in names.items() if stays}
    assert set(os.listdir(os.path.join(store.location, "tmp"))) == left
    assert set(os.listdir(os.path.join(store.location, "leases"))) > left
    Path(store.location, "leases", f"{host}-{os.getppid()}-00").unlink()
    Path(store.location, "leases", "elsewhere-1-00").unlink()
    Path(store.location, "leases", "strange").unlink()
    assert store.prune(PruneLimits(everything=True)).entries == 1


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="Linux only")
def test_lease_of_a_process_whose_id_is_another_one_now(store: DirectoryStore) -> None:
    """An id may be reused, especially after a reboot; the start of the process differs then."""
    keep(store, 1, b"a")
    host = owned_name().rsplit("-", 2)[0]
    path = Path(store.location, "leases", f"{host}-{os.getppid()}-00")
    path.write_text("12")
    assert store.prune(PruneLimits(everything=True)).in_use == 0
    assert not path.exists()


def test_one_at_a_time(store: DirectoryStore) -> None:
    """While another process prunes, this one says so and does nothing."""
    keep(store, 1, b"a")
    with locked(os.path.join(store.location, "prune.lock"), wait=False) as held:
        assert held
        assert "another process" in str(store.prune(PruneLimits(everything=True)).skipped)
        store.close()
    assert there(store) == {1}
    assert store.prune(PruneLimits(everything=True)).skipped is None
    assert there(store) == set()


PRUNER = """
import sys
from doit_invariants.stores.base import PruneLimits
from doit_invariants.stores.local.store import DirectoryStore
store = DirectoryStore(sys.argv[1])
print("ready", flush=True)
store.prune(PruneLimits(everything=True))
"""


@pytest.mark.parametrize("kind", ["entries", "blobs"])
def test_killed_pruners(store: DirectoryStore, kind: str) -> None:
    """Entries go before blobs: one that is found has its blobs, whenever a pruner dies."""
    total, halfway = 300, 0
    for _ in range(10):
        for number in range(total):
            if store.peek(signature(number)) is None:
                keep(store, number, b"%d" % number)
        store.close()
        paths = [path for _, path in store._layout.scan(kind)]
        first = paths[0] if kind == "blobs" else min(paths, key=os.path.getmtime)
        command = [sys.executable, "-c", PRUNER, store.location]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as pruner:
            while os.path.exists(first) and pruner.poll() is None:
                pass
            pruner.kill()
        found = store.verify()
        assert (found.problems, found.lacking) == ((), {})
        if 0 < len(list(store._layout.scan(kind))) < total:
            halfway += 1
        if halfway == 2:
            return
    assert halfway, f"none was killed while it removed {kind}"


def test_linked_folders_are_not_entered(store: DirectoryStore, tmp_path: Path) -> None:
    """Nothing outside of the store is listed or removed."""
    (blob,) = keep(store, 1, b"a")
    for path in (store._layout.blob(blob), store._layout.entry(signature(1))):
        folder = os.path.dirname(path)
        outside = tmp_path / f"outside-{os.path.basename(folder)}"
        os.rename(folder, outside)
        os.symlink(outside, folder)
    assert list(store.entries()) == []
    assert store.prune(PruneLimits(everything=True)).blobs == 0
    assert [len(list(outside.iterdir())) for outside in tmp_path.glob("outside-*")] == [1, 1]


def estimate(store: DirectoryStore) -> int:
    """Return the estimate of the size of a store."""
    return int(json.loads(Path(store.location, "size").read_text())["bytes"])


def test_closing_keeps_the_maximum(tmp_path: Path) -> None:
    """A run that leaves more than the maximum prunes to nine tenths of it, and no other does."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(max_size=1000))
    for number in range(10):
        keep(store, number, bytes([number]) * 100, days=20 - number)
    store.close()
    assert estimate(store) == 1000
    assert len(there(store)) == 10
    store.find(signature(0))
    keep(store, 10, b"x", days=1)
    store.close()
    assert there(store) == {0, *range(3, 11)}
    assert estimate(store) == 801
    assert store.verify().size == 801
    store.find(signature(4))
    store.close()
    assert len(there(store)) == 9


def test_the_estimate(tmp_path: Path) -> None:
    """It grows with each put, and is counted again when it is wrong, old, or too large."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(max_size=10_000))
    keep(store, 1, b"a" * 100)
    store.close()
    path = Path(store.location, "size")
    for text, expected in (
        (json.dumps({"bytes": 5000, "counted": time.time()}), 5000 + 10),  # taken for true
        (json.dumps({"bytes": 5000, "counted": time.time() - 2 * DAY}), None),
        (json.dumps({"bytes": 9_999, "counted": time.time()}), None),
        (json.dumps({"bytes": 5000, "counted": time.time() + DAY}), None),
        (json.dumps({"bytes": 1e999, "counted": 0}), None),
        ("[]", None),
        ("{", None),
    ):
        path.write_text(text)
        keep(store, 2, os.urandom(10))
        store.close()
        store.remove(signature(2))
        assert estimate(store) == (expected or store.verify().size)
    path.unlink()
    path.mkdir()
    keep(store, 2, os.urandom(10))
    store.close()


def test_no_maximum(tmp_path: Path) -> None:
    """Without a maximum nothing is counted."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(max_size=None))
    keep(store, 1, b"a" * 100)
    store.close()
    assert not os.path.exists(os.path.join(store.location, "size"))
    assert there(store) == {1}


def test_what_workers_put_counts(tmp_path: Path) -> None:
    """A run whose workers store results keeps the maximum too."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(max_size=100))
    (tmp_path / "made").write_bytes(b"x" * 200)
    digest, size = DirectoryStore(store.location).put(str(tmp_path / "made"))
    store.add(signature(1), {"blobs": {digest: size}})
    store.close()
    assert there(store) == set()


def test_close_never_raises(store: DirectoryStore) -> None:
    """Not without a store, not twice, not over what is strange."""
    store.close()
    keep(store, 1, b"a")
    os.mkdir(os.path.join(store.location, "prune.lock"))
    store.close()
    store.close()
    with pytest.raises(StoreError, match="can't be pruned"):
        store.prune(PruneLimits())
