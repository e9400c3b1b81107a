"""What the engine asks of the program that runs the tasks, and a host without peculiarities."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from doit_invariants.core.model import Json

if TYPE_CHECKING:
    from doit_invariants.engine.check.host_facts import HostFacts
    from doit_invariants.engine.database import Database
    from doit_invariants.engine.listed import ListedItem
    from doit_invariants.engine.records.triples import Triple
    from doit_invariants.engine.task import Task


class Checker(Protocol):
    """Compares a ``file_dep`` with its recorded state, in a way of its own."""

    def info(self, path: str) -> os.stat_result | None:
        """Return the stat of a file, None if there is none."""

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""

    def is_modified(self, path: str, info: os.stat_result, stored: Any) -> bool:
        """Return whether a file differs from its stored state."""


class Host(Protocol):
    """The host of the engine: doit, a notebook, a test.

    :ivar checker: how ``file_dep`` are compared; None if by content, as the engine does it
    :ivar checker_name: what is recorded for that
    :ivar trackers: names of the plugins that track the actions of tasks and come with the host
    """

    @property
    def checker(self) -> Checker | None:
        """Return how ``file_dep`` are compared, None if by content."""

    @property
    def checker_name(self) -> str:
        """Return what is recorded for the checker; another name and the task runs."""

    @property
    def trackers(self) -> frozenset[str]:
        """Return the names of the trackers that come with the host."""

    # ------------------------------------------------------------------ about a task

    def actions(self, task: Task) -> Sequence[Any]:
        """Return the actions of a task as its author wrote them."""

    def takes(self, task: Task, name: str) -> bool:
        """Return whether an action of a task takes an argument that the host fills by its name."""

    def has_bare_actions(self, task: Task) -> bool:
        """Return whether all actions are functions without arguments: the cheap common case."""

    def has_command_writer(self, task: Task) -> bool:
        """Return whether a function writes a command of a task; tracking would call it."""

    def is_plainly_called(self, task: Task) -> bool:
        """Return whether nothing is given to a task or to the host that a result could rest on."""

    def circumstances(self, task: Task) -> Mapping[str, Json]:
        """Return what a task is called with that its actions do not show, such as options.

        :raises CannotFingerprint: if that can't be compared
        """

    # ------------------------------------------------------------------ rules of its own

    def accepts(self, task: Task) -> str | None:
        """Return by which option a task is accepted as it stands, None if it is checked."""

    def uptodate(self, task: Task, facts: HostFacts) -> list[ListedItem]:
        """Evaluate the ``uptodate`` items of a task, and note in ``facts`` what they say.

        :returns: our own items among them, which are not evaluated
        :raises Exception: any that an item raises
        """

    def item_in_signature(self, item: Any, task: Task) -> Json:
        """Return what stands for an ``uptodate`` item in the signature of a result.

        :raises CannotFingerprint: if nothing stands for it
        """

    def is_plain_item(self, item: Any) -> bool:
        """Return whether an ``uptodate`` item says nothing that a result could rest on."""

    def compares_result_of(self, item: Any) -> str | None:
        """Return the task whose result an ``uptodate`` item compares, None if it compares none."""

    def awaits_result_of(self, item: Any) -> str | None:
        """Return the same, but None for an item that the host itself made of ``getargs``."""

    # ------------------------------------------------------------------ its part of a run

    def look_at_creators(self, tasks: Sequence[Task]) -> None:
        """Fingerprint what the creators of late tasks use, before actions can change it."""

    def about_to_run(self, task: Task) -> None:
        """Do what is due before the actions of a task run."""

    def save(self, task: Task, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Record what the host itself records of a task that succeeded.

        :param states: of its ``file_dep``, to be recorded; None if the host looks itself
        :raises FileNotFoundError: if a ``file_dep`` is gone
        """


class SimpleHost:
    """A host whose tasks have actions and files, and nothing that only it could tell.

    Extend it, and override what there is besides.

    :param db: where the tasks are recorded
    """

    checker: Checker | None = None
    checker_name = "content"
    trackers: frozenset[str] = frozenset()

    def __init__(self, db: Database) -> None:
        self.db = db

    def actions(self, task: Any) -> Sequence[Any]:
        """Return the attribute ``actions`` of a task."""
        found: Sequence[Any] = task.actions
        return found

    def takes(self, task: Task, name: str) -> bool:
        """Return False: nothing is filled in."""
        return False

    def has_bare_actions(self, task: Task) -> bool:
        """Return False: the trackers are asked of each task."""
        return False

    def has_command_writer(self, task: Task) -> bool:
        """Return False: there are no commands."""
        return False

    def is_plainly_called(self, task: Task) -> bool:
        """Return True: there are no options."""
        return True

    def circumstances(self, task: Task) -> Mapping[str, Json]:
        """Return nothing, for the same reason."""
        return {}

    def accepts(self, task: Task) -> str | None:
        """Return None: every task is checked."""
        return None

    def uptodate(self, task: Task, facts: HostFacts) -> list[ListedItem]:
        """Return the items that list invariants; others are not known here."""
        from doit_invariants.engine.listed import listed_items

        return listed_items(task)

    def item_in_signature(self, item: Any, task: Task) -> Json:
        """Return None: what the items list is among the invariants."""
        return None

    def is_plain_item(self, item: Any) -> bool:
        """Return True, for the same reason."""
        return True

    def compares_result_of(self, item: Any) -> str | None:
        """Return None: there are no such items."""
        return None

    def awaits_result_of(self, item: Any) -> str | None:
        """Return None, for the same reason."""
        return None

    def look_at_creators(self, tasks: Sequence[Task]) -> None:
        """Do nothing: all tasks are there from the beginning."""

    def about_to_run(self, task: Task) -> None:
        """Do nothing."""

    def save(self, task: Task, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Record the states of the ``file_dep``, the values and the result."""
        for path, triple in (states or {}).items():
            self.db.set(task.name, path, triple)
        self.db.set(task.name, "deps:", list(task.file_dep))
        self.db.set(task.name, "checker:", self.checker_name)
        self.db.save_values(task.name, task.values, result)
