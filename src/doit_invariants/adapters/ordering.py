"""Puts a task that gets values of another behind that other one, where both are looked at.

To doit, what ``getargs`` names is a setup task: it is waited for only once the task is known to
run. A task that is asked too early compares with the values of the last run, and is up-to-date with
an output that the values of this run make wrong: with ``-n`` by chance, else if it is defined
first.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doit_invariants.adapters.relations import Relations

_Needs = Callable[[str], list[str]]


def put_in_order(
    tasks: Mapping[str, Any], selected: Iterable[str] | None, relations: Relations
) -> None:
    """Have tasks with ``getargs`` wait for what they name, if that is looked at anyway.

    What nothing else asks for stays a setup task: it is not run for a task that is up-to-date.

    :param tasks: all tasks by name
    :param selected: the words of the command line, None for all tasks
    """
    getters = [task for task in tasks.values() if task.getargs]
    if not getters:
        return

    def needs(name: str) -> list[str]:
        return relations.needs(name, tasks)

    def asks(name: str) -> list[str]:
        return [one for one in needs(name) if one not in tasks[name].setup_tasks]

    chosen = tasks if selected is None else _chosen(selected, tasks, relations)
    asked = _closure(chosen, asks, tasks)
    for task in getters:
        for source in sorted({name for name, _ in task.getargs.values()}):
            known = task.name in asked and source in asked and source not in task.task_dep
            if known and _can_wait(task, _closure([source], needs, tasks), tasks):
                task.task_dep.append(source)


def _can_wait(task: Any, upstream: set[str], tasks: Mapping[str, Any]) -> bool:
    """Tell whether a task never waits for itself by waiting for what is upstream of another."""
    open_ended = (name for name in upstream if tasks[name].calc_dep or tasks[name].loader)
    return task.name not in upstream and not any(open_ended)


def _closure(names: Iterable[str], needs: _Needs, tasks: Mapping[str, Any]) -> set[str]:
    """Return the tasks that have some of these names, and all that these need."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in tasks and name not in found:
            found.add(name)
            todo += needs(name)
    return found


def _chosen(selected: Iterable[str], tasks: Mapping[str, Any], relations: Relations) -> list[str]:
    """Return the tasks that words of a command line name; options among them name none."""
    found: list[str] = []
    for word in selected:
        maker = relations.maker(word, tasks)
        found += fnmatch.filter(tasks, word) if "*" in word else [word]
        found += [maker] if maker is not None else []
    return found
