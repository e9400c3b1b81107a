"""States of files: their digests, and when a stat proves that nothing changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from doit_invariants.engine.records.triples import float_mtime
from doit_invariants.files.state import FileState, FileView, is_racy
from doit_invariants.hashing import digest
from doit_invariants.hosts.doit.checker import ContentChecker


def test_digest_of_files(tmp_path: Path) -> None:
    """A file and the same bytes have one digest, with every expected size."""
    for size in (0, 1, 4095, 4096, 1 << 20, (1 << 20) + 1, 3 << 20):
        path = tmp_path / str(size)
        data = os.urandom(size)
        path.write_bytes(data)
        for expected in (0, size, 10 * size):
            assert digest.digest_file(str(path), expected) == digest.digest_bytes(data)


def test_equal_stat_is_not_read(tmp_path: Path) -> None:
    """A file with the recorded stat is not opened: the recorded object itself comes back."""
    path = tmp_path / "x"
    path.write_text("one")
    info = path.stat()
    known = FileState("made up", (info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns))
    assert FileView().state(str(path), known) is known


def test_each_content_is_hashed_once(tmp_path: Path) -> None:
    """A settled file is hashed once in a run, for any number of tasks."""
    path = tmp_path / "x"
    path.write_text("one")
    time.sleep(0.05)
    asked: list[str] = []
    view = FileView(lambda p: asked.append(p))  # type: ignore[func-returns-value]
    states = {view.state(str(path)) for _ in range(100)}
    assert len(states) == 1
    assert asked == [str(path)]


def test_racily_clean_file_is_looked_at_again(tmp_path: Path) -> None:
    """The stat of a file that was just written is recorded as unsettled, later as settled."""
    path = tmp_path / "x"
    path.write_text("one")
    first = FileView().state(str(path))
    assert first.stat is not None
    assert first.stat[3] == -1
    time.sleep(0.05)
    second = FileView().state(str(path), first)
    assert second.digest == first.digest
    assert second.stat is not None
    assert second.stat[3] > 0


def test_a_large_file_is_settled_at_once(tmp_path: Path) -> None:
    """To read it again in the next run would take longer than to wait for the clock of the disk."""
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(1 << 26)
    info = path.stat()
    state = FileView().state(str(path))
    assert state.stat == (info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, (1 << 18) - 1, 1 << 18, (1 << 20) + 1])
def test_digest_of_a_file_is_that_of_its_content(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "file").write_bytes(content)
    path = str(tmp_path / "file")
    expected = digest.digest_bytes(content)
    assert digest.digest_file(path) == digest.digest_file(path, size) == expected
    # A size other than the present one: the file was written in the meantime.
    assert digest.digest_file(path, size + 3) == expected
    assert digest.digest_file(path, size // 2) == expected


def test_what_is_racy() -> None:
    """Within a tick of the clock, or two seconds of a clock that keeps whole ones."""
    second = 1_000_000_000
    assert is_racy((5 * second + 1, 0, 0, 0), 5 * second + 10_000_000)
    assert not is_racy((5 * second + 1, 0, 0, 0), 5 * second + 30_000_000)
    assert is_racy((5 * second, 0, 0, 5 * second), 6 * second)
    assert not is_racy((5 * second, 0, 0, 5 * second), 8 * second)
    assert is_racy((9 * second + 1, 0, 0, 0), 5 * second)  # from the future


def test_file_that_is_written_while_it_is_read(tmp_path: Path) -> None:
    """A file that changes while it is read gets no stat."""
    path = tmp_path / "x"
    path.write_text("one")
    time.sleep(0.05)

    def teach(name: str) -> str:
        path.write_text("two, and longer")
        return "digest"

    state = FileView(teach).state(str(path))
    assert state.stat is not None
    assert state.stat[3] == -1


def test_mtime_as_float_is_that_of_the_system(tmp_path: Path) -> None:
    """Times in our triples equal those that plain doit will read from the file."""
    path = tmp_path / "x"
    path.write_text("")
    for ns in (0, 1, 999_999_999, 1_700_000_000_123_456_789, 1_700_000_000_999_999_999, 10**18 + 7):
        os.utime(path, ns=(ns, ns))
        info = path.stat()
        assert float_mtime(info.st_mtime_ns) == info.st_mtime


def test_checker_has_the_name_that_doit_knows() -> None:
    """The name of the class is stored; under another one doit would drop what it knows."""
    assert ContentChecker.__name__ == "MD5Checker"
