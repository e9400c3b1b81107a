"""The relations between the tasks of a dodo.py, found once for all of them."""

from __future__ import annotations

import bisect
import contextlib
import fnmatch
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any


class TaskGraph:
    """The relations between the known tasks.

    Answers are cached by the number of tasks, because delayed tasks are added later.
    """

    def __init__(self) -> None:
        self._producers: tuple[int, dict[str, str]] = (-1, {})
        self._targets: tuple[int, list[tuple[str, str]]] = (-1, [])
        self._providers: tuple[int, set[str]] = (-1, set())
        self._late = (-1, False)

    def any_created_late(self, tasks: Mapping[str, Any]) -> bool:
        """Return whether any of the tasks is a delayed task, created or not."""
        count, found = self._late
        if count != len(tasks):
            found = any(task.loader for task in tasks.values())
            self._late = (len(tasks), found)
        return found

    def producer(self, path: str, tasks: Mapping[str, Any]) -> str | None:
        """Return the name of the task with a path among its targets, None if there is none."""
        count, producers = self._producers
        if count != len(tasks):
            producers = {
                target.rstrip("/"): name for name, task in tasks.items() for target in task.targets
            }
            self._producers = (len(tasks), producers)
        return producers.get(path.rstrip("/"))

    def target_below(self, directory: str, tasks: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return a target in a directory, and its task; None if there is none.

        :param directory: absolute path
        """
        found = self._inside(directory, tasks)
        return found[0] if found else None

    def others_inside(self, directory: str, task: str, tasks: Mapping[str, Any]) -> list[str]:
        """Return the targets of other tasks in a directory.

        :param directory: as a task names it
        :param task: name of the task that makes the directory
        :returns: absolute paths, all below the absolute path of the directory
        """
        top = os.path.abspath(directory)
        found = [path for path, name in self._inside(top, tasks) if name != task]
        # The directory may be a link. The system call is cheap: few targets are directories.
        if tasks and os.path.islink(top):
            real = os.path.realpath(top)
            more = (path for path, name in self._inside(real, tasks) if name != task)
            found += [top + path[len(real) :] for path in more]
        return [path.rstrip(os.sep) for path in found]

    def _inside(self, directory: str, tasks: Mapping[str, Any]) -> list[tuple[str, str]]:
        count, targets = self._targets
        if count != len(tasks):
            targets = sorted(
                (os.path.abspath(target) + os.sep, task.name)
                for task in tasks.values()
                for target in task.targets
            )
            self._targets = (len(tasks), targets)
        start = os.path.join(directory, "")
        first = bisect.bisect(targets, (start, chr(sys.maxunicode)))
        last = first
        while last < len(targets) and targets[last][0].startswith(start):
            last += 1
        return targets[first:last]

    def value_providers(self, tasks: Mapping[str, Any]) -> set[str]:
        """Return the names of the tasks whose values others get; for a group, its own name."""
        count, names = self._providers
        if count != len(tasks):
            names = {other for task in tasks.values() for other, _ in task.getargs.values()}
            names.update(name for task in tasks.values() for name in task.calc_dep)
            self._providers = (len(tasks), names)
        return names

    def dependencies(self, name: str, tasks: Mapping[str, Any]) -> list[str]:
        """Return the tasks that a task needs directly, including setup tasks."""
        task = tasks[name]
        producers = (self.producer(path, tasks) for path in task.file_dep)
        wild = [one for pattern in task.wild_dep for one in fnmatch.filter(tasks, pattern)]
        named = [*task.task_dep, *task.setup_tasks, *task.calc_dep, *wild]
        # A task may edit its input in place: then it is the producer itself.
        return [*named, *(producer for producer in producers if producer not in (None, name))]

    def awaited(
        self, names: Iterable[str], tasks: Mapping[str, Any], values_of: Callable[[str], Any]
    ) -> set[str]:
        """Return the named tasks, and all tasks that are done before them."""
        found: set[str] = set()
        todo = [name for name in names if name in tasks]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.awaits(name, tasks, values_of)
        return found

    def awaits(
        self, name: str, tasks: Mapping[str, Any], values_of: Callable[[str], Any]
    ) -> list[str]:
        """Return the tasks that are done before a task is checked; for a group, its sub-tasks.

        :param values_of: returns the saved values of a task; those of a ``calc_dep`` name further
            tasks and files
        """
        task = tasks[name]
        paths, named = [*task.file_dep], [*task.task_dep, *task.calc_dep]
        for one in task.calc_dep:
            with contextlib.suppress(Exception):  # the row in the DB can't be decoded
                values = values_of(one)
                paths += [path for path in values.get("file_dep", ()) if isinstance(path, str)]
                named += values.get("task_dep", ())
        for pattern in task.wild_dep:
            named += fnmatch.filter(tasks, pattern)
        named += [
            producer for path in paths if (producer := self.producer(path, tasks)) is not None
        ]
        return [one for one in dict.fromkeys(named) if one in tasks and one != name]
