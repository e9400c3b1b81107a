"""The interface of a database for the state of tasks, and an implementation in memory."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from doit_invariants.core.model import Json


class Database(Protocol):
    """Rows of JSON by the name of a task, in the layout of doit's DB.

    A row has the state of each ``file_dep`` under its path (modification time in seconds, size in
    bytes, digest), ``deps:`` with their paths, ``checker:``, ``_values_:`` and ``result:``, and our
    record under ``invariants:``. Some rows belong to no task; their names begin with
    ``invariants:``.

    :ivar files: absolute paths of its files, which do not count in a tracked directory
    """

    @property
    def files(self) -> tuple[str, ...]:
        """Return the paths of its files."""

    def get(self, task: str, key: str) -> Any:
        """Return a value of a row, None if there is none.

        :raises Exception: any, if the row can't be decoded
        """

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a value of a row; the row keeps its other values."""

    def has(self, task: str) -> bool:
        """Return whether there is a row."""

    def remove(self, task: str) -> None:
        """Remove a row."""

    def discard(self, task: str) -> None:
        """Treat a row that can't be decoded as empty; the files change when it is set again."""

    def names(self) -> Iterable[str]:
        """Return the names of all rows; nothing if the database can't list them."""

    def row(self, task: str) -> Any:
        """Return a whole row, which must not be changed; empty if there is none.

        :returns: None if the database can only return single values
        :raises Exception: any, if the row can't be decoded
        """

    def renew(self, task: str, values: Mapping[str, Any]) -> None:
        """Set values that make the next check cheaper: losing them in a crash costs only time."""

    def save_values(self, task: str, values: Mapping[str, Any], result: Any) -> None:
        """Save the values and the result of a task, and nothing that could make it up-to-date."""


class MemoryDatabase:
    """A database that is gone with its process."""

    files: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Json]] = {}

    def get(self, task: str, key: str) -> Any:
        """Return a value of a row, None if there is none."""
        return copy.deepcopy(self.rows.get(task, {}).get(key))

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a value of a row."""
        self.rows.setdefault(task, {})[key] = copy.deepcopy(value)

    def has(self, task: str) -> bool:
        """Return whether there is a row."""
        return task in self.rows

    def remove(self, task: str) -> None:
        """Remove a row."""
        self.rows.pop(task, None)

    def discard(self, task: str) -> None:
        """Empty a row."""
        self.rows[task] = {}

    def names(self) -> Iterable[str]:
        """Return the names of all rows."""
        return list(self.rows)

    def row(self, task: str) -> Any:
        """Return a whole row."""
        return self.rows.get(task, {})

    def renew(self, task: str, values: Mapping[str, Any]) -> None:
        """Set values of a row."""
        for key, value in values.items():
            self.set(task, key, value)

    def save_values(self, task: str, values: Mapping[str, Any], result: Any) -> None:
        """Save the values and the result of a task."""
        self.set(task, "_values_:", dict(values))
        if result:
            self.set(task, "result:", result)
