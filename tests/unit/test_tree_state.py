"""States of directories: which entries count, and what a difference says."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from doit_invariants.files.selection import Selection, matcher
from doit_invariants.files.state import FileView
from doit_invariants.files.tree import TreeState, tree_difference, tree_state


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
    """Excluded directories are not even opened."""
    (tmp_path / "skip").mkdir()
    (tmp_path / "skip" / "x").write_text("")
    (tmp_path / "keep").write_text("")
    state = tree_state(FileView(), str(tmp_path), None, Selection(exclude=matcher(["skip"])))
    assert set(state.entries) == {"keep"}
