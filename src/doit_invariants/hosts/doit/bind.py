"""Binds the options of a task dict to the task that doit created from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from doit.exceptions import InvalidTask
from doit.task import Task

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.options import OPTIONS, TaskSpec
from doit_invariants.hosts.doit.sessions import DoitSession
from doit_invariants.hosts.doit.task import InvariantsTask


def bind_options(session: DoitSession, task: Any, given: Mapping[str, Any]) -> None:
    """Store the options of a task in the session.

    They are not stored on the task, because doit pickles tasks for ``-n``.

    :param given: our keys of its task dict, with their values
    :raises doit.exceptions.InvalidTask: in one line that names the task and the option
    """
    if session.directories is not None:  # a delayed task
        _link_directories(session.directories, [task])
        session.places.add(task)
    if session.frozen:
        session.batch = {} if session.batch is None else session.batch
        session.late[task.name] = session.batch
    if not given:
        _check_export(task, session.default)
        _use_our_task_class(session, task, session.default)
        return
    from doit_invariants.engine.listed import (  # late: many tasks have no options
        add_task_deps,
        invariants_of,
        listed_items,
    )

    try:
        spec = session.parse(given)
        _check_export(task, spec)
        items = listed_items(task)
        for key, one in invariants_of(session.plugins.kinds, items).items():
            if key in spec.invariants:
                raise InvalidOption(
                    f"option 'invariants': {one.label()} is also in uptodate; remove one"
                )
    except InvalidOption as error:
        raise InvalidTask(f"task {task.name!r}: {error}") from error
    add_task_deps(task, spec.invariants.values())
    session.specs[task.name] = spec
    _use_our_task_class(session, task, spec)


def _check_export(task: Any, spec: TaskSpec) -> None:
    if spec.policy.keeps == "export" and spec.export_dir is None and (task.targets or spec.own):
        raise InvalidTask(
            f"task {task.name!r}: option 'cache': {spec.policy.name!r} needs an export_dir: "
            'set one on the task, like "export_dir": "published", or set one in '
            "[tool.doit.invariants]"
        )


def _use_our_task_class(session: DoitSession, task: Any, spec: TaskSpec) -> None:
    if type(task) is Task:
        task.__class__ = InvariantsTask
    session.caches = session.caches or spec.policy.keeps is not None or spec.exports


def finish_loading(session: DoitSession, tasks: Iterable[Any]) -> None:
    """Check and connect the tasks of a dodo.py, after all of them are loaded.

    :raises doit.exceptions.InvalidTask: for options on a group, for two targets that are the same
        file, and for exports that collide
    """
    _refuse_groups(session, tasks)
    session.directories = {}
    _link_directories(session.directories, tasks)
    for task in tasks:
        if task.targets:
            session.places.add(task)
    if session.caches:
        from doit_invariants.hosts.doit.check_exports import check_exports

        check_exports(session, tasks)


def _link_directories(known: dict[str, tuple[str, str]], tasks: Iterable[Any]) -> None:
    """Make a task with ``file_dep`` ``out/`` wait for the task with target ``out``, or vice versa.

    doit compares strings: if only one of the two has a trailing slash, doit sees unrelated names.

    :param known: maps a target without its trailing slash to the target and its task
    """
    for task in tasks:
        for path in task.targets:
            known.setdefault(path.rstrip("/"), (path, task.name))
    for task in tasks:
        if task.calc_dep and task.targets:
            _edits_in_place(task)  # the calc_dep may add a target as file_dep
        for path in task.file_dep:
            found = known.get(path.rstrip("/"))
            if found is None or (found[0] == path and found[1] != task.name):
                continue  # nearly every path, in every command: no further work
            maker = found[1]
            if found == (path, task.name):
                _edits_in_place(task)
            if maker != task.name and maker not in task.task_dep:
                task.task_dep.append(maker)


class Dependencies(list[str]):
    """The ``task_dep`` of a task that has one of its targets as ``file_dep``.

    doit adds the task that makes a ``file_dep`` to ``task_dep``, even if that is the task itself,
    unless ``task_dep`` contains it already. So this list claims to contain the task itself.
    """

    itself = ""

    def __contains__(self, name: object) -> bool:
        """Return whether a task need not be added: it is in the list, or is the task itself."""
        return name == self.itself or super().__contains__(name)


def _edits_in_place(task: Any) -> None:
    """Keep doit from making a task wait for itself because it edits a file in place."""
    if not isinstance(task.task_dep, Dependencies):
        task.task_dep = Dependencies(task.task_dep)
        task.task_dep.itself = task.name


def _refuse_groups(session: DoitSession, tasks: Iterable[Any]) -> None:
    """Refuse options on a group (``name: None``): they belong on its sub-tasks.

    :raises doit.exceptions.InvalidTask: naming the group
    """
    for task in tasks:
        if not task.has_subtask:
            continue
        if (task.uptodate and _lists_any(task)) or task.name in session.specs:
            raise InvalidTask(
                f"task {task.name!r}: {', '.join(OPTIONS)} have no effect on a group; give them "
                "to its sub-tasks, or set a default in [tool.doit.invariants]"
            )


def _lists_any(task: Any) -> bool:
    from doit_invariants.engine.listed import listed_items

    return bool(listed_items(task))
