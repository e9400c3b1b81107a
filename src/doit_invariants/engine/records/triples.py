"""doit's state of a file: a triple of modification time, size and digest.

The state of a path is stored twice: as this triple, which plain doit reads, and in our record, with
more of its stat. The two belong together if they have the same time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doit_invariants.files.state import FileState, Stat, stat_key

if TYPE_CHECKING:
    from doit_invariants.rules.record import PathState, Record

#: Modification time in seconds, size in bytes, digest.
Triple = tuple[float, int, str]


def read_triple(stored: Any) -> Triple | None:
    """Return the triple that doit stored for a file, None if it is missing or damaged."""
    if not isinstance(stored, (list, tuple)) or len(stored) != 3:
        return None
    mtime, size, digest = stored
    if not isinstance(mtime, (int, float)) or not isinstance(digest, str):
        return None
    return (mtime, size, digest)


def float_mtime(mtime_ns: int) -> float:
    """Return a time in ns as the same float as ``os.stat``, because doit compares floats."""
    seconds, rest = divmod(mtime_ns, 1_000_000_000)
    return seconds + 1e-9 * rest


def to_triple(state: PathState, info: os.stat_result) -> Triple:
    """Return the triple that doit stores for a state.

    :param info: a stat of the path; only used if the state has no stat of its own
    """
    if isinstance(state, FileState) and state.stat is not None:
        return (float_mtime(state.stat[0]), state.stat[1], state.digest)
    return (info.st_mtime, 0, state.digest if state is not None else "")


def is_superseded(triple: Triple, stat: Stat | None) -> bool:
    """Return whether plain doit has saved a file after us: then its triple has another time."""
    return stat is not None and float_mtime(stat[0]) != triple[0]


def known_file(
    stored: Any, stats: dict[str, Stat | None] | None, info: os.stat_result, path: str = ""
) -> FileState | None:
    """Return the recorded state of a file, from doit's triple and the stat in our record.

    :param stored: doit's triple
    :param stats: the stats of our record, None if there is no record
    :param info: the present stat; a triple without our stat is compared with it
    """
    triple = read_triple(stored)
    if triple is None:
        return None
    mtime, size, digest = triple
    if stats is not None and path in stats and not is_superseded(triple, stats[path]):
        return FileState(digest, stats[path])
    # A file of size 0 is always read: the kernel may generate its content, as in /proc.
    if info.st_mtime == mtime and info.st_size == size and size:
        return FileState(digest, stat_key(info))
    return FileState(digest, None)


def known_tree(stored: Any, record: Record | None, path: str) -> PathState:
    """Return the recorded state of a path that is a directory now, None if there is none."""
    triple = read_triple(stored)
    if triple is None:
        return None
    tree = record.trees.get(path) if record is not None else None
    if tree is not None and tree.digest == triple[2]:
        return tree
    return FileState(triple[2], None)  # it was a file
