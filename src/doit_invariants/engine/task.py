"""The engine's view of a task, in doit's own terms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Task(Protocol):
    """One task of a project; doit's own class implements it.

    :ivar name: unique; the name of a sub-task begins with the name of its group and a colon
    :ivar file_dep: paths that the task reads, as its author wrote them
    :ivar targets: paths that the task makes; directories may end with a slash
    :ivar task_dep, setup_tasks, calc_dep, wild_dep: names of other tasks that it needs
    :ivar getargs: by the name of an argument, the task and the name of the value that it gets
    :ivar uptodate: items, each with its arguments; the host evaluates them
    :ivar has_subtask: whether it is a group
    :ivar loader: set on a delayed task, which is created after others have run
    :ivar executed: whether its actions ran, or its result was restored or published instead
    :ivar values, result: what its actions returned
    """

    name: str
    file_dep: Collection[str]
    targets: Sequence[str]
    task_dep: list[str]
    setup_tasks: list[str]
    calc_dep: Collection[str]
    wild_dep: list[str]
    getargs: Mapping[str, tuple[str, str | None]]
    uptodate: Sequence[tuple[Any, Any, Any]]
    has_subtask: bool
    subtask_of: str | None
    loader: Any
    executed: bool
    values: dict[str, Any]
    result: Any
    options: dict[str, Any] | None
    dep_changed: list[str]


@dataclass
class SimpleTask:
    """A task for hosts that have no class of their own."""

    name: str
    actions: Sequence[Any] = ()
    file_dep: Collection[str] = ()
    targets: Sequence[str] = ()
    task_dep: list[str] = field(default_factory=list)
    setup_tasks: list[str] = field(default_factory=list)
    calc_dep: Collection[str] = ()
    wild_dep: list[str] = field(default_factory=list)
    getargs: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    uptodate: Sequence[tuple[Any, Any, Any]] = ()
    has_subtask: bool = False
    subtask_of: str | None = None
    loader: Any = None
    executed: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    options: dict[str, Any] | None = None
    dep_changed: list[str] = field(default_factory=list)
