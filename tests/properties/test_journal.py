"""All entries come back, and nothing else does, whatever becomes of the file."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from doit_invariants.files.journal import Entries, Journal
from tests.support.choices import examples

TEXTS = st.text(max_size=8) | st.sampled_from(["0123456789abcdef {}", "\n", "\r\n", "\ud800"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
LISTS = st.lists(JSON, max_size=4)
few = functools.partial(
    examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is; each example begins with none."""
    return tmp_path / "journal"


def made(path: Path, data: bytes) -> Journal:
    """Return a journal with these bytes."""
    # ext4 brings a file to the disk that is overwritten, but not one that is new.
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return Journal(str(path))


def written(path: Path, entries: list[Any]) -> list[bytes]:
    """Return the lines of a new journal of the entries."""
    journal = made(path, b"")
    for entry in entries:
        journal.append(entry)
    journal.close()
    return path.read_bytes().splitlines(keepends=True)


def read(path: Path, data: bytes) -> Entries:
    """Return what a journal with these bytes holds."""
    return made(path, data).read()


def shown(entries: list[Any]) -> list[str]:
    """Return the entries so that 1, True and 1.0 differ."""
    return [json.dumps(entry, sort_keys=True) for entry in entries]


def contains(some: list[str], all_of: list[str]) -> bool:
    """Return whether the one list is the other with items left out."""
    rest: Iterator[str] = iter(all_of)
    return all(item in rest for item in some)


@few(60)
@given(entries=LISTS)
def test_round_trip(path: Path, entries: list[Any]) -> None:
    """Every entry comes back, in order, of the same types."""
    lines = written(path, entries)
    assert len(lines) == len(entries)
    found = read(path, b"".join(lines))
    assert (shown(found.entries), found.damaged) == (shown(entries), 0)


@few(25)
@given(entries=LISTS)
def test_truncated_anywhere(path: Path, entries: list[Any]) -> None:
    """The rest is a prefix; it includes a line that lacks only its newline."""
    lines, expected = written(path, entries), shown(entries)
    # Where each line ends, without its newline.
    ends = [len(b"".join(lines[: number + 1])) - 1 for number in range(len(lines))]
    for size in range(ends[-1] if ends else 0, -1, -1):
        os.truncate(path, size)
        found = Journal(str(path)).read()
        whole = sum(end <= size for end in ends)
        assert shown(found.entries) == expected[:whole]
        # One past the last whole line is its newline.
        assert found.damaged == (size > (ends[whole - 1] + 1 if whole else 0))


@few(60)
@given(entries=st.lists(JSON, min_size=1, max_size=4), data=st.data())
def test_changed_byte(path: Path, entries: list[Any], data: st.DataObject) -> None:
    """Only the line with the damage is lost, and this is reported."""
    lines = written(path, entries)
    changed = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    start, lost = 0, 0
    while place >= start + len(lines[lost]):
        start += len(lines[lost])
        lost += 1
    found = read(path, bytes(changed))
    expected = shown(entries)
    assert shown(found.entries) == expected[:lost] + expected[lost + 1 :]
    assert 1 <= found.damaged <= 2


@few(60)
@given(entries=LISTS, garbage=st.lists(st.binary(max_size=30), min_size=5, max_size=5))
def test_garbage_between_lines(path: Path, entries: list[Any], garbage: list[bytes]) -> None:
    """It is skipped, and everything but newlines is reported."""
    lines = written(path, entries)
    pieces = [junk + b"\n" + line for junk, line in zip(garbage, [*lines, b""], strict=False)]
    found = read(path, b"".join(pieces))
    assert shown(found.entries) == shown(entries)
    used = garbage[: len(lines) + 1]
    assert found.damaged == sum(1 for junk in used for part in junk.split(b"\n") if part)


@few(60)
@given(entries=LISTS, data=st.data())
def test_pieces_in_any_order(path: Path, entries: list[Any], data: st.DataObject) -> None:
    """Entries that were never appended are never read, however the file was cut."""
    whole = b"".join(written(path, entries))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    ends = zip([0, *cuts], [*cuts, len(whole)], strict=True)
    pieces = data.draw(st.permutations([whole[start:end] for start, end in ends]))
    found = read(path, b"".join(pieces))
    assert set(shown(found.entries)) <= set(shown(entries))


@few(60)
@given(entries=LISTS, place=st.integers(0, 200), junk=st.binary(min_size=1, max_size=20))
def test_appended_to_what_is_damaged(
    path: Path, entries: list[Any], place: int, junk: bytes
) -> None:
    """An entry is never lost to what was in the file before."""
    whole = b"".join(written(path, entries))
    journal = made(path, whole[:place] + junk)
    journal.append(["last"])
    journal.close()
    found = shown(journal.read().entries)
    assert found[-1] == '["last"]'
    assert contains(found[:-1], shown(entries))


@few(60)
@given(data=st.binary(max_size=300) | st.text("0123456789abcdef {}\n", max_size=300))
def test_any_bytes(path: Path, data: bytes | str) -> None:
    """Reading never raises, and finds nothing where nothing is."""
    raw = data.encode() if isinstance(data, str) else data
    assert read(path, raw).entries == []
