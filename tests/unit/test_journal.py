"""The journal with real files and processes: only the results of system calls are simulated."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xxhash import xxh3_64_hexdigest

from doit_invariants.files.journal import Entries, Journal
from tests.support.processes import in_child, succeeded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """A journal that is not there yet."""
    journal = Journal(str(path))
    yield journal
    journal.close()


def test_format(journal: Journal, path: Path) -> None:
    """A line is a checksum and JSON in ASCII, its keys in their order."""
    journal.append({"b": [1, None, "ü\n"], "a": 1.5})
    data = b'{"b":[1,null,"\\u00fc\\n"],"a":1.5}'
    assert path.read_bytes() == xxh3_64_hexdigest(data).encode() + b" " + data + b"\n"


def test_nothing_there(journal: Journal, path: Path) -> None:
    """A journal that was never written is empty, and can be removed and closed."""
    assert journal.read() == Entries([], 0)
    journal.remove()
    journal.close()
    assert not path.exists()


def test_life_of_a_journal(journal: Journal, path: Path) -> None:
    """It is continued by others and after it was closed; after a removal, it starts again."""
    journal.append(1)
    journal.close()
    journal.append(2)
    other = Journal(str(path))
    other.append(3)
    assert journal.read() == other.read() == Entries([1, 2, 3], 0)
    journal.remove()
    assert not path.exists()
    journal.append(4)
    assert journal.read() == Entries([4], 0)


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays where it was when the journal was made, even if a task changes directory."""
    monkeypatch.chdir(tmp_path)
    journal = Journal("journal")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    journal.append(1)
    assert (tmp_path / "journal").exists()


def test_umask(journal: Journal, path: Path) -> None:
    """The file is made with the permissions that the umask gives."""
    old = os.umask(0o027)
    try:
        journal.append(1)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("entry", [{1, 2}, object(), {"a": b""}])
def test_not_json(journal: Journal, path: Path, entry: Any) -> None:
    """A value that JSON can't hold is refused before anything is written."""
    with pytest.raises(TypeError):
        journal.append(entry)
    assert not path.exists()


def test_unusable_places(tmp_path: Path) -> None:
    """A journal that can't be opened raises the error of the system, each time, without leaks."""
    before = os.listdir("/dev/fd")
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "missing" / "journal", tmp_path / "pipe"):
        journal = Journal(str(place))
        for _ in range(2):
            with pytest.raises(OSError, match=r"directory|Not a regular file"):
                journal.append(1)
    (tmp_path / "link").symlink_to("elsewhere")
    for name in (".", "pipe", "link"):
        with pytest.raises(OSError, match=r"Not a regular file|symbolic links"):
            Journal(str(tmp_path / name)).read()
    with pytest.raises(OSError, match="symbolic links"):
        Journal(str(tmp_path / "link")).append(1)
    assert not (tmp_path / "elsewhere").exists()
    assert Journal(str(tmp_path / "missing" / "journal")).read() == Entries([], 0)
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize("left", ["", "ab", "0123456789abcdef ", '0123456789abcdef {"a":'])
def test_partial_line_of_another_run(journal: Journal, path: Path, left: str) -> None:
    """A new line is begun after what a killed process left."""
    path.write_text(left)
    journal.append(1)
    journal.append(2)
    assert journal.read() == Entries([1, 2], 1 if left else 0)
    assert path.read_text().splitlines()[:-2] == ([left] if left else [])


def test_last_line_without_newline(journal: Journal, path: Path) -> None:
    """It counts if it is whole, also after it was continued."""
    journal.append("one")
    journal.close()
    os.truncate(path, path.stat().st_size - 1)
    assert journal.read() == Entries(["one"], 0)
    journal.append("two")
    assert journal.read() == Entries(["one", "two"], 0)


def test_glued_lines(journal: Journal, path: Path) -> None:
    """Entries that others wrote right after a partial line, or one without newline, are found."""
    for entry in ("one", {"two": [2]}, 3, 4):
        journal.append(entry)
    one, two, three, four = path.read_bytes().splitlines()
    path.write_bytes(one[:-2] + two + three + four + b"\n" + one + b"\n")
    assert journal.read() == Entries([{"two": [2]}, 3, 4, "one"], 1)
    path.write_bytes(b"ab0" + three + b"\n" + two + four[:-1])
    assert journal.read() == Entries([3], 2)
    path.write_bytes(one + two + b"\n")
    assert journal.read() == Entries(["one", {"two": [2]}], 0)


def test_journal_inside_an_entry(journal: Journal, path: Path) -> None:
    """A damaged line gives up nothing of the text inside its entry."""
    journal.append("x")
    text = path.read_text()
    for entry in (text, text.strip(), [text], {"k": text * 3}, {text: {"": text}}):
        journal.remove()
        journal.append(entry)
        line = path.read_bytes()
        for cut in (line[1:], line[:-2], line[:-3] + b"\n"):
            path.write_bytes(cut)
            assert journal.read() == Entries([], 1)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"nul", b"[" * 200_000, b'"\xc3\xbc"', b"9" * 10_000 + b"x"]
)
def test_right_checksum_of_no_json(journal: Journal, path: Path, data: bytes) -> None:
    """It is skipped as any other garbage."""
    path.write_bytes(xxh3_64_hexdigest(data).encode() + b" " + data + b"\n")
    assert journal.read() == Entries([], 1)


def test_garbage_takes_no_time(journal: Journal, path: Path) -> None:
    """A long line where an entry might begin anywhere is not tried at each place."""
    journal.append(1)
    with open(path, "ab") as stream:
        stream.write(b"0123456789abcdef " * 200_000)
    assert journal.read() == Entries([1], 1)  # else it would take hours


@pytest.mark.parametrize("most", [1, 7])
def test_short_writes(journal: Journal, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """The rest of a partial write is written after it."""
    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: real(fd, data[:most]))
        journal.append({"a": "b" * 50})
        journal.append(2)
    assert journal.read() == Entries([{"a": "b" * 50}, 2], 0)


def test_one_write_for_each_entry(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is."""
    sizes: list[int] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        sizes.append(len(data))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    journal.append("x" * 3_000_000)
    journal.append(1)
    assert sizes == [3_000_020, 19]


def test_full_disk(journal: Journal, path: Path) -> None:
    """An append that fails says so; only its own line is lost when there is room again."""

    def use() -> None:
        journal.append("before")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        for _ in range(2):
            with pytest.raises(OSError, match="File too large") as caught:
                journal.append("x" * 1000)
            assert caught.value.errno == errno.EFBIG
        assert path.stat().st_size == 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.append("after")
        journal.append("again")

    succeeded(in_child(use))
    assert journal.read() == Entries(["before", "after", "again"], 1)
    assert [len(line) for line in path.read_bytes().splitlines()] == [25, 74, 24, 24]


def test_processes_at_once(journal: Journal) -> None:
    """Entries of any length from many processes and threads do not mix."""
    journal.append(["start", 0, ""])

    def write(name: str) -> None:
        for number in range(60):
            journal.append([name, number, name * (number * number * 5)])

    def work(name: str) -> None:
        threads = [threading.Thread(target=write, args=(name + end,)) for end in "xy"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    children = [in_child(lambda name=name: work(name)) for name in "abcd"]
    write("parent")
    for child in children:
        succeeded(child)
    found = journal.read()
    assert found.damaged == 0
    assert len(found.entries) == 1 + 9 * 60
    for name in ("parent", "ax", "ay", "dx", "dy"):
        mine = [entry for entry in found.entries if entry[0] == name]
        assert mine == [[name, number, name * (number * number * 5)] for number in range(60)]


def test_fork(journal: Journal, path: Path) -> None:
    """A child opens the file itself, whatever happened to the inherited descriptor."""
    journal.append("parent")
    assert journal._opened is not None
    inherited = journal._opened[1]

    def child() -> None:
        os.dup2(os.open(os.devnull, os.O_RDWR), inherited)
        journal.append("child")
        journal.close()

    def closing() -> None:
        journal.close()
        os.fstat(inherited)  # not the child's to close

    succeeded(in_child(child))
    succeeded(in_child(closing))
    journal.append("parent again")
    assert journal._opened == (os.getpid(), inherited)
    assert journal.read() == Entries(["parent", "child", "parent again"], 0)


def test_killed(path: Path) -> None:
    """Every entry whose append returned is there after kill -9."""
    code = (
        "import os, sys\n"
        "from doit_invariants.files.journal import Journal\n"
        "journal = Journal(sys.argv[1])\n"
        "for number in range(1_000_000):\n"
        "    journal.append([number, 'x' * 500])\n"
        "    os.write(1, b'.')\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen = len(process.stdout.read(200))
        process.kill()
        with contextlib.suppress(ValueError):
            seen += len(process.stdout.read())
    found = Journal(str(path)).read()
    assert seen <= len(found.entries) <= seen + 1
    assert [entry[0] for entry in found.entries] == list(range(len(found.entries)))
    assert found.damaged <= 1
