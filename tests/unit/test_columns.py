"""How directories are kept in columns: nothing is lost, and nothing damaged gets by."""

from __future__ import annotations

import copy
import json
import os
import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.files import columns as blocks
from doit_invariants.files.selection import Selection, matcher
from doit_invariants.files.state import FileState, FileView
from doit_invariants.files.tree import (
    TreeState,
    entries_digest,
    in_blocks,
    is_large,
    tree_difference,
    tree_state,
    was_written,
)
from tests.properties.spoiling import DAMAGE, parsed, spoil

OURS = "xxh3_128:" + "0123456789abcdef" * 2
NUMBER = st.integers(-(2**63), 2**63 - 1)
NAME = st.sampled_from(["a", "a-b", "a.b", "b", "ab", "\u00e9", "\u4e2d", "\U0001f600", "\n", "0"])
FILES = st.builds(
    FileState,
    st.text("0123456789abcdef", min_size=32, max_size=32).map("xxh3_128:".__add__),
    st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
)
OTHERS = st.builds(
    FileState,
    st.sampled_from(["circle", "special:10000", "link:x", "taught", "\ud800"]),
    st.none() | st.tuples(*[st.integers()] * 4),
)
#: For each name below a directory a file, something else, or a directory.
TREES = st.recursive(
    st.dictionaries(NAME, FILES | OTHERS, max_size=4),
    lambda below: st.dictionaries(NAME, FILES | OTHERS | below, max_size=4),
    max_leaves=12,
)


def in_columns(tree: dict[str, Any]) -> TreeState:
    """Return the state of a directory as a walk finds it."""
    found: list[blocks.Block] = []
    others: dict[str, FileState] = {}
    waiting = [("", tree)]
    while waiting:
        path, below = waiting.pop()
        prefix = path + "/" if path else ""
        columns = {}
        for name, one in below.items():
            if isinstance(one, dict):
                waiting.append((prefix + name, one))
            elif blocks.column(one) is None:
                others[prefix + name] = one
            else:
                columns[name] = blocks.column(one)
        found.append(block_of(path, columns))
    return TreeState("digest", others, tuple(found))


def block_of(path: str, files: dict[str, Any]) -> blocks.Block:
    """Return the block of files, by name the columns of their states."""
    stats, digests = zip(*files.values(), strict=True) if files else ((), ())
    columns = blocks.Columns("/".join(files), b"".join(stats), "".join(digests))
    return blocks.packed(path, columns)


def unpacked(state: TreeState) -> list[str]:
    """Return the names of the files in each block."""
    return [block.columns().names for block in state.blocks]  # type: ignore[union-attr]


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, FileState]:
    """Return what is in a directory by relative path."""
    entries: dict[str, FileState] = {}
    for name, one in tree.items():
        if isinstance(one, dict):
            entries[prefix + name] = blocks.DIRECTORY
            entries.update(flat(one, f"{prefix}{name}/"))
        else:
            entries[prefix + name] = one
    return entries


@given(TREES)
def test_columns_hold_all(tree: dict[str, Any]) -> None:
    """Columns hold the same tree, even after JSON and pickle."""
    state = in_columns(tree)
    assert state.entries == flat(tree)
    stored = json.loads(json.dumps(state.to_json()))
    again = TreeState.from_json(stored)
    assert again == state
    assert again.entries == flat(tree)
    assert in_blocks(stored) == state
    for other in (pickle.loads(pickle.dumps(state)), copy.deepcopy(state)):
        assert (other, other.entries) == (state, flat(tree))
    assert TreeState.from_json(state.shown()).entries == flat(tree)


@given(TREES)
def test_digest_is_that_of_the_entries(tree: dict[str, Any]) -> None:
    """It is what it always was: records and stores hold it."""
    state = in_columns(tree)
    found = blocks.digest_of(state.blocks, unpacked(state), state.others)
    if found is None:
        assert any(one.digest == "\ud800" for one in state.others.values())
    else:
        assert found == entries_digest(flat(tree))


def test_digest_stays(tmp_path: Path) -> None:
    """The digest of a directory, as the first version computed it."""
    (tmp_path / "a" / "empty").mkdir(parents=True)
    (tmp_path / "a-b").write_text("1")
    (tmp_path / "a" / "x").write_text("2")
    (tmp_path / "a.b").write_text("3")
    os.symlink("nowhere", tmp_path / "link")
    assert tree_state(FileView(), str(tmp_path)).digest == (
        "xxh3_128:ad95d5f23a9d14323c687aba04887b4f"
    )


@given(TREES, TREES)
def test_difference_is_that_of_the_entries(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Only equal records are left out before entries are compared."""
    old, new = in_columns(one), replace(in_columns(other), digest="another")
    plain = tree_difference(TreeState("", flat(one)), TreeState("another", flat(other)), "d")
    assert tree_difference(old, new, "d") == plain


@given(TREES, DAMAGE)
def test_damage_is_noticed_when_it_is_read(tree: dict[str, Any], damage: Any) -> None:
    """Once a state has been read, no later access can find damage."""
    data = parsed(spoil(json.dumps(in_columns(tree).to_json()), damage))
    in_blocks(data)
    try:
        state = TreeState.from_json(data)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return
    assert all(isinstance(one, FileState) for one in state.entries.values())
    assert not is_large(data)
    TreeState.from_json(json.loads(json.dumps(state.to_json())))


TWO = {name: FileState(OURS, (1, 2, 3, 4)) for name in ("a", "b")}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("value", ["", "AAAA", "\0", "\ud800", None, 1, ["a"], {}])
def test_another_block_than_was_written(place: int, value: Any) -> None:
    """A change in any part of a block is damage."""
    data = json.loads(json.dumps(in_columns({"d": TWO}).to_json()))
    data["blocks"]["directories"][1][place] = value
    with pytest.raises((ValueError, TypeError)):
        TreeState.from_json(data)
    assert in_blocks(data) is None
    is_large(data)


@pytest.mark.parametrize(
    "value", [None, 1, [], {}, {"directories": []}, {"check": "", "directories": 1}]
)
def test_no_blocks(value: Any) -> None:
    """Values other than blocks are refused as blocks."""
    data = {"digest": "d", "entries": {}, "blocks": value}
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        TreeState.from_json(data)
    assert in_blocks(data) is None
    assert not is_large(data)


@pytest.mark.parametrize("inside", ["", "!", "eg==", "LQ==", "LWEA", "LWEAYQ=="])
def test_block_that_somebody_packed(tmp_path: Path, inside: str) -> None:
    """Under the right checksum there can be anything: it says nothing of any file."""
    (tmp_path / "a").write_text("a")
    state = tree_state(FileView(), str(tmp_path))
    (block,) = state.blocks
    forged = TreeState(
        state.digest, {}, (block._replace(packed_columns=inside, digest_of_stats="0" * 32),)
    )
    again = TreeState.from_json(json.loads(json.dumps(forged.to_json())))
    assert again.entries == {}
    now = tree_state(FileView(), str(tmp_path), again)
    assert now is not again
    assert set(now.entries) == {"a"}
    assert tree_difference(again, replace(now, digest="another"), "d") is not None
    assert not was_written(again, now)


@pytest.mark.parametrize("digests", ["", "AAAA", "!", "AAAA" * 20])
def test_digests_that_somebody_packed(tmp_path: Path, digests: str) -> None:
    """Under the right stamp and checksum: once something changed, all is read."""
    for path in ("sub/a", "b"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    first, second = state.blocks
    forged = TreeState(state.digest, {}, (first, second._replace(digests=digests)))
    again = TreeState.from_json(json.loads(json.dumps(forged.to_json())))
    assert again.entries.keys() == {"b", "sub"}
    (tmp_path / "b").write_text("other")
    now = tree_state(FileView(), str(tmp_path), again)
    assert now.digest == tree_state(FileView(), str(tmp_path)).digest
    assert now.entries.keys() == {"b", "sub", "sub/a"}


def old_layout(state: TreeState) -> TreeState:
    """Return a state as the first version stored it."""
    return TreeState.from_json(json.loads(json.dumps(state.shown())))


def counted(asked: list[str]) -> FileView:
    """Return a view that notes what is hashed."""
    return FileView(lambda path: asked.append(os.path.basename(path)))  # type: ignore[func-returns-value]


def test_what_the_first_version_recorded_is_read(tmp_path: Path) -> None:
    """An entry for each file: no file is hashed again, and columns are recorded."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    asked: list[str] = []
    again = tree_state(counted(asked), str(tmp_path), old_layout(state))
    assert (again, asked) == (state, [])
    assert again != old_layout(state)
    (tmp_path / "b").write_text("c")
    difference = tree_difference(old_layout(state), tree_state(FileView(), str(tmp_path)), "d")
    assert difference is not None
    assert difference.text == "1 changed (d/b)"


def test_only_what_changed_is_hashed(tmp_path: Path) -> None:
    """Among others in the same directory, by stat, new name or other place in the listing."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_text(name)
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    (tmp_path / "b").write_text("x")
    (tmp_path / "c").unlink()
    (tmp_path / "e").write_text("e")
    asked: list[str] = []
    now = tree_state(counted(asked), str(tmp_path), state)
    assert sorted(asked) == ["b", "e"]
    assert now.digest == tree_state(FileView(), str(tmp_path)).digest


def test_another_order_of_the_listing_is_no_change(tmp_path: Path) -> None:
    """File systems promise none."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    files = {name: blocks.column(one) for name, one in reversed(state.entries.items())}
    known = TreeState(state.digest, {}, (block_of("", files),))
    assert known.blocks != state.blocks
    assert tree_state(FileView(), str(tmp_path), known) is known
    (tmp_path / "sub").mkdir()
    now = tree_state(FileView(), str(tmp_path), known)
    assert now.digest == tree_state(FileView(), str(tmp_path)).digest
    assert now.blocks[0] is known.blocks[0]


def test_numbers_that_fit_no_column(tmp_path: Path) -> None:
    """Some file systems give out inodes of more than 63 bits."""
    huge = FileState(OURS, (1, 2, 2**63, 4))
    state = in_columns({"a": huge, "b": FileState(OURS, (1, 2, 3, -1))})
    assert set(state.others) == {"a"}
    assert TreeState.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_links_and_what_is_no_file(tmp_path: Path) -> None:
    """They are kept beside the columns, and are as they were all the same."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for name, to in {
        "broken": "no",
        "loop": "loop",
        "sub/up": "..",
        "to": "sub",
        "f": "file",
    }.items():
        os.symlink(to, tmp_path / name)
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    assert set(state.others) == {"pipe", "broken", "loop", "sub/up", "to/up"}
    assert {path: one.digest for path, one in state.others.items()}["sub/up"] == "circle"
    assert set(state.entries) - set(state.others) == {"sub", "to", "file", "f"}
    assert tree_state(FileView(), str(tmp_path), state) is state
    (tmp_path / "broken").unlink()
    os.symlink("none", tmp_path / "broken")
    now = tree_state(FileView(), str(tmp_path), state)
    assert now.digest != state.digest


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A name of bytes that are not UTF-8 counts like any other."""
    try:
        open(os.fsencode(tmp_path) + b"/\xff\xfe", "w").close()
    except OSError:
        pytest.skip("the file system wants text")
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    assert state.digest == entries_digest(state.entries)
    again = TreeState.from_json(json.loads(json.dumps(state.to_json())))
    assert tree_state(FileView(), str(tmp_path), again) is again


def test_files_written_with_what_was_there(tmp_path: Path) -> None:
    """The content is the same, but it may have been another in between."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    time.sleep(0.03)
    state = tree_state(FileView(), str(tmp_path))
    os.link(tmp_path / "a", tmp_path.parent / f"{tmp_path.name}-link")
    linked = tree_state(FileView(), str(tmp_path), state)
    assert linked != state
    assert not was_written(state, linked)
    (tmp_path / "b").write_text("b")
    written = tree_state(FileView(), str(tmp_path), state)
    assert written.digest == state.digest
    assert was_written(state, written)
    assert was_written(old_layout(state), written)


@pytest.mark.parametrize("pattern", ["a", "*.b", "?", "[!a]", "a*", "**", "[!x]b", "d/*", "/", "*"])
@given(names=st.lists(NAME, unique=True))
def test_patterns_at_once(pattern: str, names: list[str]) -> None:
    """To ask of all names of a directory gives what asking one by one does."""
    match = matcher([pattern, "z"])
    assert match is not None
    assert match.among("d/", names) == {name for name in names if match(f"d/{name}")}


def test_own_targets_deep_inside(tmp_path: Path) -> None:
    """Skipped paths are found where they are, and nowhere else."""
    for path in ("out", "sub/out", "sub/sub/out"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    skip = frozenset({str(tmp_path / "sub" / "out"), str(tmp_path / "sub" / "sub")})
    state = tree_state(FileView(), str(tmp_path) + "/", None, Selection(skip=skip))
    assert set(state.entries) == {"out", "sub"}
