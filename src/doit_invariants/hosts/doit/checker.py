"""doit's file checker, by content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doit.dependency import MD5Checker

from doit_invariants.files.state import FileView

if TYPE_CHECKING:
    from doit_invariants.engine.records.triples import Triple


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
        from doit_invariants.engine.records.triples import read_triple  # late, as most of this

        stored = read_triple(current_state)
        if stored is not None and stored[:2] == (info.st_mtime, info.st_size):
            return None
        if os.path.isdir(dep):
            return (info.st_mtime, 0, self._digest_of_directory(dep))
        return (info.st_mtime, info.st_size, self.view.state(dep).digest)

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Return whether a file differs from its stored state, by what the triple alone tells."""
        from doit_invariants.engine.records.triples import known_file, read_triple

        stored = read_triple(state)
        if stored is None:
            return True
        if os.path.isdir(file_path):
            return self._digest_of_directory(file_path) != stored[2]
        known = known_file(state, None, file_stat)
        return self.view.state_of(file_path, file_stat, known).digest != stored[2]

    def _digest_of_directory(self, path: str) -> str:
        from doit_invariants.files.tree import tree_state  # late: for few files, and each command

        return tree_state(self.view, path).digest


# doit stores the name of the checker's class, and drops everything it knows when another name
# comes. Under this name plain doit goes on with our states, and we with those of plain doit.
ContentChecker.__name__ = MD5Checker.__name__
