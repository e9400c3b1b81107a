"""``--resume TASK``: accepts all tasks upstream of a task as they are."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Mapping
from typing import Any

from doit.exceptions import InvalidCommand

from doit_invariants.core.text import listing
from doit_invariants.engine.session import Session


class Resume:
    """The tasks that are accepted without a check.

    :param strict: names from ``--resume``: all targets upstream of these tasks must exist
    :param inferred: names from ``--resume-inferred``: targets upstream of these may be missing
    """

    def __init__(self, session: Session, strict: Iterable[str], inferred: Iterable[str]) -> None:
        self._session = session
        self._options = {
            **dict.fromkeys(inferred, "--resume-inferred"),
            **dict.fromkeys(strict, "--resume"),
        }
        self._known = -1
        self._accepted: dict[str, str] = {}

    def accepted(self, name: str, tasks: Mapping[str, Any]) -> str | None:
        """Return the option that accepts a task, like ``--resume report``; None if none does."""
        if not self._options:
            return None
        if len(tasks) != self._known:  # delayed tasks come later
            self._known = len(tasks)
            self._accepted = self._find(tasks)
        return self._accepted.get(name)

    def check(self, tasks: Mapping[str, Any]) -> None:
        """Check that the named tasks and all their targets upstream exist, before anything runs.

        :raises doit.exceptions.InvalidCommand: in one line
        """
        for name, option in self._options.items():
            self._resolve(name, option, tasks)
        self._known, self._accepted = len(tasks), self._find(tasks)
        missing: list[str] = []
        for name, option in self._accepted.items():
            if not option.startswith("--resume-inferred"):
                targets = tasks[name].targets
                missing += [f"{path} (task {name})" for path in targets if not os.path.exists(path)]
        if missing:
            raise InvalidCommand(
                f"{self._shown()}: these targets upstream do not exist: {listing(missing, 20)}; "
                "make them, or use --resume-inferred, which accepts missing targets"
            )

    def _shown(self) -> str:
        return " ".join(f"{option} {name}" for name, option in self._options.items())

    def _resolve(self, name: str, option: str, tasks: Mapping[str, Any]) -> list[str]:
        """Return the tasks for a name on the command line; for a group also its sub-tasks."""
        found = [name] if name in tasks else fnmatch.filter(tasks, name) if "*" in name else []
        maker = self._session.graph.producer(name, tasks)
        if not found and maker is not None:
            found = [maker]
        if not found:
            import difflib  # late: only needed for mistakes

            close = difflib.get_close_matches(name, list(tasks), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InvalidCommand(f"{option}: {name!r} is neither a task nor a target{hint}")
        return [leaf for one in found for leaf in _leaves(one, tasks)]

    def _find(self, tasks: Mapping[str, Any]) -> dict[str, str]:
        accepted: dict[str, str] = {}
        resumed: set[str] = set()
        for given, option in self._options.items():  # strict names come last and win
            names = self._resolve(given, option, tasks)
            resumed.update(names)
            todo = [one for name in names for one in self._session.graph.dependencies(name, tasks)]
            seen: set[str] = set()
            while todo:
                name = todo.pop()
                if name not in seen and name in tasks:
                    seen.add(name)
                    todo += self._session.graph.dependencies(name, tasks)
            accepted.update(dict.fromkeys(seen - set(names), f"{option} {given}"))
        return {name: why for name, why in accepted.items() if name not in resumed}


def _leaves(name: str, tasks: Mapping[str, Any]) -> list[str]:
    task = tasks[name]
    if not task.has_subtask:
        return [name]
    subs = [one for one in task.task_dep if one in tasks and tasks[one].subtask_of == name]
    return [name, *(leaf for sub in subs for leaf in _leaves(sub, tasks))]
