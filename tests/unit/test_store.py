"""The directory store when nothing goes wrong: entries, contents, options, locations."""

from __future__ import annotations

import os
import pickle
import stat
import sys
from pathlib import Path

import pytest

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.units import format_size, parse_size
from doit_invariants.files.copying import WrongContent, clone_file, copy_file
from doit_invariants.hashing.digest import digest_bytes, digest_file
from doit_invariants.plugins.open_store import default_location
from doit_invariants.stores.base import LINKS, PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore

from .storing import S1, S2, made

SIZES = [0, 1, 4096, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, (1 << 21) - 1, 1 << 21, (1 << 24) + 5]


@pytest.mark.parametrize("size", SIZES)
def test_copy_file(tmp_path: Path, size: int) -> None:
    """A copy has the content and its digest, with every way to copy."""
    content = os.urandom(size)
    source, target = made(tmp_path, content), str(tmp_path / "copy")
    assert copy_file(source, target) == (digest_bytes(content), size)
    assert Path(target).read_bytes() == content
    os.unlink(target)
    assert copy_file(source, target, expect=digest_bytes(content), mode=0o640)[1] == size
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o640
    os.unlink(target)
    with pytest.raises(WrongContent):
        copy_file(source, target, expect=digest_bytes(b"x" * 3))
    assert not os.path.lexists(target)


def test_copy_file_refuses(tmp_path: Path) -> None:
    """Nothing is overwritten, no link is followed out, and only regular files are read."""
    source = made(tmp_path)
    os.symlink("nowhere", tmp_path / "link")
    for there in ("link", "made"):
        with pytest.raises(FileExistsError):
            copy_file(source, str(tmp_path / there))
    assert not (tmp_path / "nowhere").exists()
    os.mkfifo(tmp_path / "pipe")
    os.symlink(source, tmp_path / "good_link")
    for strange in ("pipe", "."):
        with pytest.raises(OSError, match="Not a regular"):
            copy_file(str(tmp_path / strange), str(tmp_path / "new"))
    with pytest.raises(OSError, match="symbolic"):
        copy_file(str(tmp_path / "good_link"), str(tmp_path / "new"), follow=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not os.path.exists("/proc/kallsyms"), reason="Linux only")
def test_copy_file_of_what_the_kernel_makes_up(tmp_path: Path) -> None:
    """A file without a size of its own is read to its end."""
    size = copy_file("/proc/self/smaps", str(tmp_path / "copy"))[1]
    assert size == (tmp_path / "copy").stat().st_size > 4096


def test_clone_file(tmp_path: Path) -> None:
    """A clone is whole, or not there."""
    target = tmp_path / "clone"
    if clone_file(made(tmp_path, b"x" * 9999), str(target)):
        assert target.read_bytes() == b"x" * 9999
    else:
        assert not target.exists()


def test_entries(store: DirectoryStore) -> None:
    """An entry is found as it was added; the first one stays."""
    entry = {"blobs": {}, "π": [1.5, None, "\udcff"]}
    assert store.find(S1) is store.peek(S1) is None
    assert store.add(S1, entry) is None
    assert store.find(S1) == store.peek(S1) == entry
    assert store.add(S1, {"other": 1}) == entry
    assert store.find(S1) == entry
    assert store.find(S2) is None
    store.remove(S1)
    store.remove(S1)
    assert store.find(S1) is None
    assert store.add(S1, {"a": {10: 1, 9: 2}}) is None
    assert store.find(S1) == {"a": {"10": 1, "9": 2}}


def test_looking_creates_nothing(store: DirectoryStore) -> None:
    """A store that is not there is empty, and stays not there."""
    assert store.find(S1) is store.peek(S1) is None
    assert list(store.entries()) == []
    assert store.verify().entries == 0
    assert store.prune(PruneLimits(everything=True)).entries == 0
    store.remove(S1)
    with pytest.raises(StoreError, match="is missing"):
        store.fetch(S1, 1, store.location + "x", 0o644)
    store.close()
    assert not os.path.exists(store.location)
    assert not os.path.exists(store.location + "x")


def test_layout(store: DirectoryStore) -> None:
    """Backup programs and git leave the store alone, and tmp is empty after use."""
    store.add(S1, {})
    root = Path(store.location)
    tag = root / "CACHEDIR.TAG"
    assert tag.read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (root / ".gitignore").read_text() == "*\n"
    assert (root / "version").read_text().strip() == "1"
    digits = S1.partition(":")[2]
    assert (root / "entries" / digits[:2] / f"{digits[2:]}.json").is_file()
    assert os.listdir(root / "tmp") == []
    assert len(os.listdir(root / "leases")) == 1
    store.close()
    assert os.listdir(root / "leases") == []


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("size", [0, 7, 300_000, 3_000_000])
def test_contents(tmp_path: Path, link: str, size: int) -> None:
    """A content comes out as it went in, with the mode that was asked for."""
    store = DirectoryStore(str(tmp_path / "store"), StoreOptions(link=link))
    content = os.urandom(size)
    source = made(tmp_path, content)
    assert store.put(source) == store.put(source) == (digest_bytes(content), size)
    assert os.stat(source).st_nlink == 1
    Path(source).write_bytes(b"edited in place")
    for mode in (0o644, 0o600, 0o755, 0o444):
        path = tmp_path / f"out{mode:o}"
        store.fetch(digest_bytes(content), size, str(path), mode)
        assert path.read_bytes() == content
        found = stat.S_IMODE(path.stat().st_mode)
        shared = path.stat().st_nlink > 1
        assert shared == (link == "hardlink" and mode in (0o644, 0o444) and not cloned(tmp_path))
        assert found == (0o444 if shared else mode)
    assert store.verify().problems == ()


def cloned(tmp_path: Path) -> bool:
    """Return whether the file system of the tests shares blocks."""
    target = tmp_path / "probe"
    target.unlink(missing_ok=True)
    return clone_file(made(tmp_path, b"x" * 4096, "probed"), str(target))


def test_hard_links_of_a_store_filled_without(tmp_path: Path) -> None:
    """A blob becomes read-only before it is shared, and is read in full once only."""
    if cloned(tmp_path):
        pytest.skip("blocks are shared here, hard links are never made")
    where = str(tmp_path / "store")
    digest, size = DirectoryStore(where).put(made(tmp_path))
    store = DirectoryStore(where, StoreOptions(link="hardlink"))
    store.fetch(digest, size, str(tmp_path / "a"), 0o644)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) & 0o222 == 0
    assert (tmp_path / "a").stat().st_nlink == 2
    blob = Path(store._layout.blob(digest))
    os.utime(blob, ns=(0, blob.stat().st_mtime_ns))
    store.fetch(digest, size, str(tmp_path / "b"), 0o644)
    assert (tmp_path / "b").stat().st_nlink == 3
    assert blob.stat().st_atime == 0, "it was read again"


def test_shared_blocks(tmp_path: Path) -> None:
    """Where blocks are shared, a big content is not read to be restored."""
    if not cloned(tmp_path):
        pytest.skip("blocks are not shared here")
    store = DirectoryStore(str(tmp_path / "store"))
    digest, size = store.put(made(tmp_path, os.urandom(300_000)))
    blob = Path(store._layout.blob(digest))
    os.utime(blob, ns=(0, blob.stat().st_mtime_ns))
    store.fetch(digest, size, str(tmp_path / "a"), 0o644)
    assert blob.stat().st_atime == 0, "it was read"
    assert digest_file(str(tmp_path / "a")) == digest
    os.utime(blob)
    store.fetch(digest, size, str(tmp_path / "b"), 0o755)
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert os.listdir(os.path.join(store.location, "tmp")) == []


def test_fetch_overwrites_nothing(store: DirectoryStore, tmp_path: Path) -> None:
    """A file that is at the path stays."""
    digest, size = store.put(made(tmp_path))
    for link in LINKS:
        other = DirectoryStore(store.location, StoreOptions(link=link))
        path = made(tmp_path, b"mine", f"mine-{link}")
        with pytest.raises(StoreError, match="exists"):
            other.fetch(digest, size, path, 0o644)
        assert Path(path).read_bytes() == b"mine"
    with pytest.raises(StoreError, match="bytes, not 3"):
        store.fetch(digest, 3, str(tmp_path / "new"), 0o644)
    assert not (tmp_path / "new").exists()
    store.fetch(digest, size, str(tmp_path / "new"), 0o644)


@pytest.mark.parametrize(
    "text",
    [
        *("", "xxh3_128:", "../../etc/passwd", "xxh3_128:" + "g" * 32, S1 + "\n", S1.upper(), None),
        *(3, "md5:" + "0" * 32, "xxh3_128:" + "../" * 10 + "ab", "xxh3_128:" + "٣" * 32),
    ],
)
def test_what_is_no_digest_is_refused(store: DirectoryStore, tmp_path: Path, text: str) -> None:
    """Nothing else becomes a part of a path."""
    for call in (store.find, store.peek, store.remove, lambda s: store.add(s, {})):
        with pytest.raises(StoreError, match="is not a digest"):
            call(text)
    with pytest.raises(StoreError, match="is not a digest"):
        store.fetch(text, 1, str(tmp_path / "x"), 0o644)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("entry", [[], None, {"a": {1, 2}}, {"a": b"x"}, {("a",): 1}])
def test_what_is_no_entry_is_refused(store: DirectoryStore, entry: object) -> None:
    """An entry is what JSON can hold; the text is one line."""
    with pytest.raises(StoreError) as caught:
        store.add(S1, entry)
    assert "\n" not in str(caught.value)
    nested: dict[str, object] = {}
    nested["self"] = nested
    with pytest.raises(StoreError):
        store.add(S1, nested)
    assert store.find(S1) is None


def test_entries_lists_all(store: DirectoryStore, tmp_path: Path) -> None:
    """The listing has sizes and times, and what is damaged with its problem."""
    digest, size = store.put(made(tmp_path))
    store.add(S1, {"blobs": {digest: size, "bad": 3, S2: "x"}})
    store.add(S2, {"blobs": 7})
    Path(store._layout.entry(S2)).write_text("{")
    found = {stored.signature: stored for stored in store.entries()}
    assert found[S1].size == size
    assert found[S1].problem is None
    assert found[S1].last_used == os.stat(store._layout.entry(S1)).st_mtime
    assert found[S2].entry is None
    assert "damaged" in str(found[S2].problem)


def test_find_marks_and_peek_does_not(store: DirectoryStore) -> None:
    """The last use is the time of the entry's file."""
    store.add(S1, {})
    path = store._layout.entry(S1)
    os.utime(path, (1, 1))
    store.peek(S1)
    assert os.stat(path).st_mtime == 1
    store.find(S1)
    assert os.stat(path).st_mtime > 1e9


def test_pickled_and_forked(store: DirectoryStore) -> None:
    """A worker has a lease of its own, and leaves that of its parent alone."""
    store.add(S1, {"a": 1})
    leases = Path(store.location, "leases")
    (mine,) = os.listdir(leases)
    copy = pickle.loads(pickle.dumps(store))
    assert copy.options == store.options
    copy.close()
    assert os.listdir(leases) == [mine]
    pid = os.fork()
    if not pid:
        store.close()  # of what is its parent's
        ok = os.listdir(leases) == [mine]
        ok = ok and store.find(S1) == {"a": 1} and len(os.listdir(leases)) == 2
        store.close()
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.listdir(leases) == [mine]


def test_umask(tmp_path: Path) -> None:
    """Nothing in the store is readable by more than the umask says."""
    before = os.umask(0o027)
    try:
        for link in LINKS:
            store = DirectoryStore(str(tmp_path / link), StoreOptions(link=link))
            digest, size = store.put(made(tmp_path))
            store.add(S1, {})
            store.close()
            store.fetch(digest, size, str(tmp_path / f"{link}.out"), 0o666)
    finally:
        os.umask(before)
    for folder, directories, files in os.walk(tmp_path):
        for name in directories:
            assert stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode) & 0o027 == 0
        for name in files:
            mode = stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode)
            if name.endswith(".out"):
                assert mode in (0o666, 0o440)  # as asked for, or a name of the blob
            else:
                assert mode & 0o027 == 0


def test_options() -> None:
    """A wrong option is refused in one line."""
    with pytest.raises(StoreError, match="link must be one of auto, hardlink, copy"):
        DirectoryStore("x", StoreOptions(link="symlink"))
    assert DirectoryStore("x").location == os.path.abspath("x")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("20GB", 20 * 10**9), ("500MiB", 500 << 20), (7, 7), ("7", 7), (" 1.5 kib ", 1536)),
        *(("1k", 1000), ("0", 0), ("12 B", 12), ("9007199254740993", 2**53 + 1), ("0.1GB", 10**8)),
    ],
)
def test_parse_size(text: str | int, size: int) -> None:
    """Sizes are read with the units of both kinds."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", -1, "1XB", True, 1.5, None, "1e3", "٣MB", "1 2"])
def test_parse_size_refuses(text: str) -> None:
    """A string that is not a size is an error that says so."""
    with pytest.raises(InvalidOption, match="is not a size"):
        parse_size(text)


def test_format_size() -> None:
    """Sizes are short."""
    sizes = (0, 1023, 1024, 1536, 1 << 20, (1 << 20) - 1, 5 << 30, 3 << 50)
    texts = ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "5.0 GiB", "3.0 PiB"]
    assert [format_size(size) for size in sizes] == texts


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_default_location(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG's variable counts if it is absolute, as XDG says."""
    monkeypatch.setenv("HOME", "/home/me")
    for value, base in (("/c", "/c"), ("c", "/home/me/.cache"), ("", "/home/me/.cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert default_location() == base + "/doit-invariants/store"


def test_digest_is_that_of_the_core(store: DirectoryStore, tmp_path: Path) -> None:
    """The checks of files and the store compute the same digests."""
    path = made(tmp_path, os.urandom(5_000_000))
    assert store.put(path)[0] == digest_file(path)
