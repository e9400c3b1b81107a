"""doit's file checker, by content."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from doit.dependency import MD5Checker

from doit_invariants.core.files import FileState, FileView, Stat, stat_key
from doit_invariants.core.records import PathState, Record
from doit_invariants.core.trees import Selection, TreeState, is_directory, tree_state

#: What doit stores for a file: modification time in s, size in bytes, digest.
Triple = tuple[float, int, str]


class ContentChecker(MD5Checker):  # type: ignore[misc]
    """Files and directories by content, kept in the triples that plain doit can read.

    :ivar prepared: states that the dependency manager wants saved: those that the inputs had
        before the actions ran
    """

    def __init__(self, view: FileView | None = None) -> None:
        self.view = view or FileView()
        self.prepared: dict[str, Triple] = {}

    def get_state(self, dep: str, current_state: Any) -> Triple | None:
        """Return the state of a file now, or None to keep the stored one.

        :raises FileNotFoundError: if there is none; doit turns it into a failed task
        """
        if dep in self.prepared:
            return self.prepared[dep]
        info = os.stat(dep)
        stored = read_triple(current_state)
        if stored is not None and stored[:2] == (info.st_mtime, info.st_size):
            return None
        if os.path.isdir(dep):
            return (info.st_mtime, 0, tree_state(self.view, dep).digest)
        return (info.st_mtime, info.st_size, self.view.state(dep).digest)

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Return whether a file differs from its stored state, by what the triple alone tells."""
        stored = read_triple(state)
        if stored is None:
            return True
        if os.path.isdir(file_path):
            return tree_state(self.view, file_path).digest != stored[2]
        known = known_file(state, None, file_stat)
        return self.view.state_of(file_path, file_stat, known).digest != stored[2]


# doit stores the name of the checker's class, and drops everything it knows when another name
# comes. Under this name plain doit goes on with our states, and we with those of plain doit.
ContentChecker.__name__ = MD5Checker.__name__


def read_triple(stored: Any) -> Triple | None:
    """Return what doit stored for a file, None if there is nothing or it is damaged."""
    if not isinstance(stored, (list, tuple)) or len(stored) != 3:
        return None
    mtime, size, digest = stored
    if not isinstance(mtime, (int, float)) or not isinstance(digest, str):
        return None
    return (mtime, size, digest)


def float_mtime(mtime_ns: int) -> float:
    """Return a time in ns as the float that ``os.stat`` gives for it: doit compares those."""
    seconds, rest = divmod(mtime_ns, 1_000_000_000)
    return seconds + 1e-9 * rest


def known_file(
    stored: Any, stats: dict[str, Stat | None] | None, info: os.stat_result, path: str = ""
) -> FileState | None:
    """Return the recorded state of a file, from doit's triple and from our record of its stat.

    :param stored: doit's triple
    :param stats: the stats of our record, None if there is no record
    :param info: the present stat, which decides what a triple alone is worth
    """
    triple = read_triple(stored)
    if triple is None:
        return None
    mtime, size, digest = triple
    if stats is not None and path in stats and not superseded(triple, stats[path]):
        return FileState(digest, stats[path])
    if info.st_mtime == mtime and info.st_size == size:
        return FileState(digest, stat_key(info))
    return FileState(digest, None)


def superseded(triple: Triple, stat: Stat | None) -> bool:
    """Return whether plain doit has saved a file since we did: its triple has another time."""
    return stat is not None and float_mtime(stat[0]) != triple[0]


def known_tree(stored: Any, record: Record | None, path: str) -> PathState:
    """Return the recorded state of what is a directory now, None if there is none."""
    triple = read_triple(stored)
    if triple is None:
        return None
    tree = record.trees.get(path) if record is not None else None
    if tree is not None and tree.digest == triple[2]:
        return tree
    return FileState(triple[2], None)  # it was a file


def input_state(
    view: FileView,
    path: str,
    info: os.stat_result,
    known: PathState,
    select: Callable[[], Selection],
) -> PathState:
    """Return the state of a ``file_dep`` or target now; ``known`` itself where it is unchanged.

    :param select: asked, for a directory only, which entries of it count
    """
    if is_directory(info):
        return tree_state(view, path, known if isinstance(known, TreeState) else None, select())
    return view.state_of(path, info, known if isinstance(known, FileState) else None)


def to_triple(state: PathState, info: os.stat_result) -> Triple:
    """Return what doit stores of a state.

    :param info: a stat of the path; used for what is not a file, whose state has its own
    """
    if isinstance(state, FileState) and state.stat is not None:
        return (float_mtime(state.stat[0]), state.stat[1], state.digest)
    return (info.st_mtime, 0, state.digest if state is not None else "")
