"""doit's DB, as the engine sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from doit.dependency import get_md5

from doit_invariants.hosts.doit.database import SUFFIXES
from doit_invariants.hosts.doit.database.base import Backend


class DoitDatabase:
    """The rows of doit's DB; see :class:`~doit_invariants.engine.database.Database`.

    The methods of the dependency manager are asked for each time: the journal replaces some.

    :param dep_manager: doit's
    :param root: absolute path of the directory that the name of the DB is relative to
    """

    def __init__(self, dep_manager: Any, root: str) -> None:
        self._dep_manager = dep_manager
        name = os.path.join(root, dep_manager.name)
        self.files: tuple[str, ...] = tuple(name + suffix for suffix in SUFFIXES)

    @property
    def _backend(self) -> Backend | None:
        """Return our backend, None if it is one of doit's or of a plugin."""
        backend = self._dep_manager.backend
        return backend if isinstance(backend, Backend) else None

    def get(self, task: str, key: str) -> Any:
        """Return a value of a row, None if there is none."""
        return self._dep_manager._get(task, key)

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a value of a row."""
        self._dep_manager._set(task, key, value)

    def has(self, task: str) -> bool:
        """Return whether there is a row."""
        return bool(self._dep_manager._in(task))

    def remove(self, task: str) -> None:
        """Remove a row."""
        self._dep_manager.remove(task)

    def discard(self, task: str) -> None:
        """Treat a row that can't be decoded as empty."""
        backend = self._backend
        if backend is not None:
            backend.drop(task)

    def names(self) -> Iterable[str]:
        """Return the names of all rows; nothing for a backend that is not ours."""
        backend = self._backend
        return backend.ids() if backend is not None else ()

    def row(self, task: str) -> Any:
        """Return a whole row, None for a backend that is not ours."""
        backend = self._backend
        return backend.row(task) if backend is not None else None

    def renew(self, task: str, values: Mapping[str, Any]) -> None:
        """Set values past the journal."""
        backend = self._backend
        if backend is not None:
            for key, value in values.items():
                backend.set(task, key, value)
            backend.pack(task)

    def save_values(self, task: str, values: Mapping[str, Any], result: Any) -> None:
        """Save what a task gives to others, as doit saves it."""
        self.get(task, "result:")  # two backends of doit forget a task that is written unread
        self.set(task, "_values_:", values)
        if result:
            self.set(task, "result:", result if isinstance(result, dict) else get_md5(result))
