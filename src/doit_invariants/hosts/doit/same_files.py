"""Targets of two tasks that are one file under two names: ``x`` and ``./x``.

doit compares the texts. Of two such tasks each would run because the other one has.
"""

from __future__ import annotations

import os
from typing import Any

from doit.exceptions import InvalidTask

from doit_invariants.core.paths import relative_to

#: Parts of a name that may have a shorter one. Most have none, and this is done for each command.
_ODD = frozenset({"", ".", ".."})


class Places:
    """Where the targets of the tasks lie.

    :param root: absolute path of the directory of the project
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._prefix = os.path.join(root, "")
        self._known: dict[str, tuple[str, str]] = {}
        self._real: dict[str, str] = {"": ""}

    def add(self, task: Any) -> None:
        """Take the targets of one more task.

        :raises doit.exceptions.InvalidTask: if one of them is that of another task under another
            name, in one line that names both; of equal names doit says it itself
        """
        for path in task.targets:
            other, name = self._known.setdefault(self._place(path), (path, task.name))
            if name != task.name and other != path:
                raise InvalidTask(
                    f"Two different tasks can't have a common target: {path!r} of task "
                    f"{task.name!r} is the same file as {other!r} of task {name!r}"
                )

    def _place(self, path: str) -> str:
        """Return the one name of a path: relative to the project where it is in it."""
        path = path.removeprefix(self._prefix)  # as most write it who write absolute paths
        if os.sep != "/" or not _ODD.isdisjoint(path.split("/")):
            whole = os.path.normpath(os.path.join(self._root, path))
            path = relative_to(whole, self._root) or whole
        # What the last part leads to does not count: a task may make a link to what another makes.
        directory, slash, name = path.rpartition("/")
        return self._below(directory, name) if directory else f"{slash}{name}"

    def _below(self, directory: str, name: str) -> str:
        real = self._directory(directory)
        return f"{real}/{name}" if real else name  # by a link to the project itself

    def _directory(self, path: str) -> str:
        """Return the path of a directory with links resolved."""
        known = self._real.get(path)
        if known is None:
            above, slash, name = path.rpartition("/")
            known = self._below(above, name) if above else f"{slash}{name}"
            if os.path.islink(os.path.join(self._root, known)):
                real = os.path.realpath(os.path.join(self._root, known))
                known = relative_to(real, self._root) or real
                known = "" if known == "." else known
            self._real[path] = known
        return known
