"""doit's file checker, by content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doit.dependency import MD5Checker

from doit_invariants.files.state import FileState, FileView

if TYPE_CHECKING:
    from doit_invariants.rules.record import PathState

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
            return (info.st_mtime, 0, self._digest_of_directory(dep))
        return (info.st_mtime, info.st_size, self.view.state(dep).digest)

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Return whether a file differs from its stored state, by what the triple alone tells."""
        stored = read_triple(state)
        if stored is None:
            return True
        if os.path.isdir(file_path):
            return self._digest_of_directory(file_path) != stored[2]
        from doit_invariants.engine.check.states import known_file

        known = known_file(state, None, file_stat)
        return self.view.state_of(file_path, file_stat, known).digest != stored[2]

    def _digest_of_directory(self, path: str) -> str:
        from doit_invariants.files.tree import tree_state  # late: for few files, and each command

        return tree_state(self.view, path).digest


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


def to_triple(state: PathState, info: os.stat_result) -> Triple:
    """Return what doit stores of a state.

    :param info: a stat of the path; used for what is not a file, whose state has its own
    """
    if isinstance(state, FileState) and state.stat is not None:
        return (float_mtime(state.stat[0]), state.stat[1], state.digest)
    return (info.st_mtime, 0, state.digest if state is not None else "")
