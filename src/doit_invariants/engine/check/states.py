"""The state of a path that is recorded, and the one that it has now."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from doit_invariants.files.selection import Selection
from doit_invariants.files.state import FileState, FileView, Stat, stat_key
from doit_invariants.files.tree import TreeState, is_directory, tree_state
from doit_invariants.hosts.doit.checker import Triple, float_mtime, read_triple
from doit_invariants.rules.record import PathState, Record


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
    # Where there is no size the content is looked at: it may be one that the kernel makes up.
    if info.st_mtime == mtime and info.st_size == size and size:
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
