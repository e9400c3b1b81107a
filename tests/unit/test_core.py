"""Pure parts of the core: patterns, outlines, digests, files, trees, records, fingerprints."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.records.triples import float_mtime
from doit_invariants.files.selection import Selection, matcher
from doit_invariants.files.state import FileState, FileView, is_racy
from doit_invariants.files.tree import TreeState, tree_difference, tree_state
from doit_invariants.hashing import digest, outline
from doit_invariants.hosts.doit.checker import ContentChecker
from doit_invariants.rules import record as records


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.csv", ["a.csv", "x/y/b.csv", ".csv"], ["a.csv.gz", "csv"]),
        ("build", ["build", "x/build"], ["builds", "build/x"]),
        ("build/", ["build"], ["x"]),
        ("a/*.csv", ["a/b.csv"], ["a/b/c.csv", "x/a/b.csv"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["a/bc", "c"]),
        ("**/c", ["c", "a/c", "a/b/c"], ["ac"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a"]),
        ("x[0-9].t", ["x1.t"], ["xa.t"]),
        ("x[!0-9].t", ["xa.t"], ["x1.t"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("a+(b).c", ["a+(b).c"], ["aab.c"]),
        ("[", ["["], ["x"]),
    ],
)
def test_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    """Patterns match names at any depth, or whole paths where they have a slash."""
    match = matcher([pattern])
    assert match is not None
    assert [path for path in yes if not match(path)] == []
    assert [path for path in no if match(path)] == []


def test_no_patterns() -> None:
    """Without patterns there is nothing to ask."""
    assert matcher([]) is None


@given(st.lists(st.text(), max_size=3), st.text())
@example(["[]"], "[]")
@example(["[!]"], "x")
def test_patterns_never_fail(patterns: list[str], path: str) -> None:
    """Whatever is written as a pattern is one, but for a range that runs backwards."""
    with contextlib.suppress(InvalidOption):
        match = matcher(patterns)
        assert match is None or match(path) in (True, False)


def test_outline_names_places_and_never_addresses() -> None:
    """Leaves are named by their place; an object without a text of its own by its class."""
    value = {"a": [1, {"b": None}], "o": object(), "e": [], 3: "x" * 100, "s": {2, 1}}
    leaves = outline.outline(value)
    assert leaves is not None
    assert leaves["$.a[1].b"] == "None"
    assert leaves["$.o"] == "<object>"
    assert leaves["$.e"] == "[]"
    assert leaves["$.s"] == "{1, 2}"
    assert len(leaves["$[3]"]) <= 60
    assert outline.outline(list(range(1000))) is None


def test_digest_of_files(tmp_path: Path) -> None:
    """A file and the same bytes have one digest, whatever size is expected."""
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
    """However many ask, a settled file is hashed once in a run."""
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
    # A size that is not the present one: the file was written meanwhile.
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
    """What changed under our eyes has no stat that stands for it."""
    path = tmp_path / "x"
    path.write_text("one")
    time.sleep(0.05)

    def teach(name: str) -> str:
        path.write_text("two, and longer")
        return "digest"

    state = FileView(teach).state(str(path))
    assert state.stat is not None
    assert state.stat[3] == -1


def test_trees(tmp_path: Path) -> None:
    """Names and contents count, and the same directory gives the same object."""
    (tmp_path / "sub" / "empty").mkdir(parents=True)
    (tmp_path / "sub" / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    time.sleep(0.05)
    view = FileView()
    first = tree_state(view, str(tmp_path))
    assert set(first.entries) == {"sub", "sub/empty", "sub/a", "b"}
    assert tree_state(view, str(tmp_path), first) is first
    os.utime(tmp_path / "b", ns=(10**18, 10**18))
    touched = tree_state(view, str(tmp_path), first)
    assert touched is not first
    assert touched.digest == first.digest
    os.rename(tmp_path / "b", tmp_path / "c")
    difference = tree_difference(first, tree_state(view, str(tmp_path)), "data/")
    assert difference is not None
    assert difference.text == "1 added (data/c), 1 removed (data/b)"


def test_difference_of_many_files_is_short(tmp_path: Path) -> None:
    """An explanation names the first few; all of them are in its changes."""
    for n in range(100):
        (tmp_path / f"{n:03}").write_text("")
    full = tree_state(FileView(), str(tmp_path))
    difference = tree_difference(TreeState("", {}), full, "d")
    assert difference is not None
    assert difference.text == "100 added (d/000, d/001, d/002, d/003, d/004 and 95 more)"
    assert len(difference.changes) == 100


def test_directory_that_changes_while_it_is_walked(tmp_path: Path) -> None:
    """Files that come and go during the walk never make it fail."""
    stop = threading.Event()

    def churn() -> None:
        n = 0
        while not stop.is_set():
            path = tmp_path / f"{n % 20}"
            path.mkdir(exist_ok=True)
            (path / "x").write_text("x")
            (path / "x").unlink()
            path.rmdir()
            n += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        states = [tree_state(FileView(), str(tmp_path)) for _ in range(200)]
    finally:
        stop.set()
        thread.join()
    assert len(states) == 200


def test_excluded_directories_are_not_entered(tmp_path: Path) -> None:
    """What is excluded is not even opened."""
    (tmp_path / "skip").mkdir()
    (tmp_path / "skip" / "x").write_text("")
    (tmp_path / "keep").write_text("")
    state = tree_state(FileView(), str(tmp_path), None, Selection(exclude=matcher(["skip"])))
    assert set(state.entries) == {"keep"}


def test_records_survive_json() -> None:
    """What is written is read back equal."""
    import json

    state = FileState("xxh3_128:00", (1, 2, 3, 4))
    record = records.Record(
        executed_at=1.5,
        origin="run",
        root="/p",
        stats={"x": (1, 2, 3, 4), "y": None},
        trees={"d": TreeState("t", {"a": state, "b": FileState("directory", None)})},
        targets={"z": state, "a": None, "d": TreeState("t", {})},
        entries={"Value#1": records.RecordedInvariant("Value", 1, "Value", {"digest": "d"}, None)},
        sources=("track-code",),
    )
    assert records.from_json(json.loads(json.dumps(records.to_json(record)))) == record


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(), s, max_size=4),
    max_leaves=10,
)


@given(
    json_values,
    st.sampled_from(
        [
            "executed_at",
            "origin",
            "root",
            "stats",
            "trees",
            "targets",
            "entries",
            "sources",
            "schema",
        ]
    ),
)
def test_damaged_records_are_unreadable_never_an_exception(junk: Any, where: str) -> None:
    """Whatever stands in a field: a record comes out, or "unreadable"."""
    data = records.to_json(records.Record(1.0, "run", "/"))
    data[where] = junk
    for damaged in (junk, data):
        with contextlib.suppress(records.Unreadable):
            assert isinstance(records.from_json(damaged), records.Record)


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
