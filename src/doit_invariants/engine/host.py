"""The interface of the program that runs the tasks, and a simple implementation."""

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
    """A host's own way to compare a ``file_dep`` with its recorded state."""

    def info(self, path: str) -> os.stat_result | None:
        """Return the stat of a file, None if there is none."""

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""

    def is_modified(self, path: str, info: os.stat_result, stored: Any) -> bool:
        """Return whether a file differs from its stored state."""


class Host(Protocol):
    """The host of the engine: doit, a notebook, a test.

    :ivar checker: compares ``file_dep``; None if the engine compares them by content
    :ivar checker_name: the recorded name of the checker
    :ivar trackers: names of the plugins that track the actions of tasks and come with the host
    """

    @property
    def checker(self) -> Checker | None:
        """Return what compares ``file_dep``, None if the engine compares them by content."""

    @property
    def checker_name(self) -> str:
        """Return the recorded name of the checker; when it changes, tasks run."""

    @property
    def trackers(self) -> frozenset[str]:
        """Return the names of the trackers that come with the host."""

    # ------------------------------------------------------------------ about a task

    def actions(self, task: Task) -> Sequence[Any]:
        """Return the actions of a task as its author wrote them."""

    def takes(self, task: Task, name: str) -> bool:
        """Return whether an action of a task takes an argument that the host sets by its name."""

    def has_bare_actions(self, task: Task) -> bool:
        """Return whether all actions are functions without arguments, which is common and cheap."""

    def has_command_writer(self, task: Task) -> bool:
        """Return whether a function returns a command of the task; tracking would call it."""

    def is_plainly_called(self, task: Task) -> bool:
        """Return whether a result depends on no option of the task or of the host."""

    def circumstances(self, task: Task) -> Mapping[str, Json]:
        """Return what a result depends on besides the actions, such as command-line options.

        :raises CannotFingerprint: if a value can't be compared
        """

    # ------------------------------------------------------------------ rules of its own

    def accepts(self, task: Task) -> str | None:
        """Return the option by which a task is accepted without a check, None if there is none."""

    def uptodate(self, task: Task, facts: HostFacts) -> list[ListedItem]:
        """Evaluate the ``uptodate`` items of a task, and note the answers in ``facts``.

        :returns: our own items, which are not evaluated
        :raises Exception: any exception of an item
        """

    def item_in_signature(self, item: Any, task: Task) -> Json:
        """Return what represents an ``uptodate`` item in the signature of a result.

        :raises CannotFingerprint: if nothing can represent it
        """

    def is_plain_item(self, item: Any) -> bool:
        """Return whether a result does not depend on an ``uptodate`` item."""

    def compares_result_of(self, item: Any) -> str | None:
        """Return the task whose result an ``uptodate`` item compares, None if it compares none."""

    def awaits_result_of(self, item: Any) -> str | None:
        """Return the same task, but None for an item that the host itself made from ``getargs``."""

    # ------------------------------------------------------------------ its part of a run

    def look_at_creators(self, tasks: Sequence[Task]) -> None:
        """Fingerprint the code of the creators of delayed tasks, before actions can change it."""

    def about_to_run(self, task: Task) -> None:
        """Prepare for the actions of a task."""

    def save(self, task: Task, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Save the host's own row of a task that succeeded.

        :param states: states of its ``file_dep`` to record; None if the host reads them itself
        :raises FileNotFoundError: if a ``file_dep`` is gone
        """


class SimpleHost:
    """A host whose tasks have nothing but actions and files.

    Extend it, and override the methods for other features.

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
        """Return False: the host sets no arguments."""
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
        """Return nothing: there are no options."""
        return {}

    def accepts(self, task: Task) -> str | None:
        """Return None: every task is checked."""
        return None

    def uptodate(self, task: Task, facts: HostFacts) -> list[ListedItem]:
        """Return the items that list invariants; there are no others."""
        from doit_invariants.engine.listed import listed_items

        return listed_items(task)

    def item_in_signature(self, item: Any, task: Task) -> Json:
        """Return None: the listed invariants are in the signature already."""
        return None

    def is_plain_item(self, item: Any) -> bool:
        """Return True: the items only list invariants."""
        return True

    def compares_result_of(self, item: Any) -> str | None:
        """Return None: there are no such items."""
        return None

    def awaits_result_of(self, item: Any) -> str | None:
        """Return None: there are no such items."""
        return None

    def look_at_creators(self, tasks: Sequence[Task]) -> None:
        """Do nothing: there are no delayed tasks."""

    def about_to_run(self, task: Task) -> None:
        """Do nothing."""

    def save(self, task: Task, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Record the states of the ``file_dep``, the values and the result."""
        for path, triple in (states or {}).items():
            self.db.set(task.name, path, triple)
        self.db.set(task.name, "deps:", list(task.file_dep))
        self.db.set(task.name, "checker:", self.checker_name)
        self.db.save_values(task.name, task.values, result)
