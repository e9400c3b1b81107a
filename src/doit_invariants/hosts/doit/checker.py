"""A file checker for doit that compares contents of files and directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doit.dependency import MD5Checker

from doit_invariants.files.state import FileView

if TYPE_CHECKING:
    from doit_invariants.engine.records.triples import Triple


class ContentChecker(MD5Checker):  # type: ignore[misc]
    """Compares files and directories by content, with states that plain doit can read.

    :param view: the states of files that are already known; by default a new one
    :ivar prepared: the states to save, by path, if the dependency manager already has them: those
        of the inputs before the actions ran
    """

    def __init__(self, view: FileView | None = None) -> None:
        self.view = view or FileView()
        self.prepared: dict[str, Triple] = {}

    def get_state(self, dep: str, current_state: Any) -> Triple | None:
        """Return the present state of a file, or None if the stored one is still valid.

        :raises FileNotFoundError: if the file does not exist; doit then fails the task
        """
        if dep in self.prepared:
            return self.prepared[dep]
        info = os.stat(dep)
        from doit_invariants.engine.records.triples import (
            read_triple,
        )  # late: not needed for `prepared`

        stored = read_triple(current_state)
        if stored is not None and stored[:2] == (info.st_mtime, info.st_size):
            return None
        if os.path.isdir(dep):
            return (info.st_mtime, 0, self._digest_of_directory(dep))
        return (info.st_mtime, info.st_size, self.view.state(dep).digest)

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: Any) -> bool:
        """Return whether a file differs from its stored state."""
        from doit_invariants.engine.records.triples import known_file, read_triple

        stored = read_triple(state)
        if stored is None:
            return True
        if os.path.isdir(file_path):
            return self._digest_of_directory(file_path) != stored[2]
        known = known_file(state, None, file_stat)
        return self.view.state_of(file_path, file_stat, known).digest != stored[2]

    def _digest_of_directory(self, path: str) -> str:
        from doit_invariants.files.tree import tree_state  # late: few file_dep are directories

        return tree_state(self.view, path).digest


# doit stores the name of the checker's class, and drops all its states when the name changes. With
# the name of doit's own checker, plain doit can use our states, and we can use those of plain doit.
ContentChecker.__name__ = MD5Checker.__name__
