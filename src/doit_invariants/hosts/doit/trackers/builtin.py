"""Implicit tracking of the actions of tasks, as plugins that can be blocked by name.

There are four: the code of Python actions, what actions are given (arguments, the text of
commands), the order of actions, and the scripts that commands run. The option ``track_code``
turns all of them off.
Their methods are named as the hooks, as those of all built-in plugins
(:mod:`doit_invariants.plugins.registry`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from doit_invariants.core.project import Project
from doit_invariants.engine.tracking import IdentityMap
from doit_invariants.hosts.doit.trackers import actions
from doit_invariants.plugins.settings import Settings
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.code.loaded.subprocesses import CodeStrings, SubprocessFinder
    from doit_invariants.code.programs.commands import CommandUses
    from doit_invariants.code.programs.environment import Environment, Use
    from doit_invariants.code.programs.table import Program
    from doit_invariants.engine.session import Session


# Kinds are imported late: doit starts for every command, and few ask for the code of anything.


class TrackCode:
    """Tracks the functions among the actions of a task, and all that they use."""

    name = "track-code"

    def __init__(self) -> None:
        # Thousands of tasks may share their functions, and a callable object need not be hashable.
        self._known: IdentityMap[tuple[Invariant, ...]] = IdentityMap()

    def invariants_for_task(self, task: Any) -> tuple[Invariant, ...]:
        """Return a ``Function`` for every Python action."""
        functions = list(actions.functions(task))
        known = self._known.get(functions)
        if known is None:
            known = tuple(_track(functions))
            self._known.set(functions, known)
        return known


class TrackActions:
    """Tracks what actions are given: arguments, options, the text of commands."""

    name = "track-actions"

    def invariants_for_task(self, task: Any) -> Sequence[Invariant]:
        """Return an ``Action`` for every action that is given anything."""
        if actions.take_no_arguments(task):
            return ()
        from doit_invariants.kinds.action import Action

        given = [(name, values) for name, values in actions.arguments_of(task) if values]
        names = _distinct([name for name, _ in given])
        return [Action(values, name=name) for name, (_, values) in zip(names, given, strict=True)]


class TrackOrder:
    """Tracks the order of actions of different types; those of one type have an order already."""

    name = "track-order"

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[Invariant, ...]] = {}

    def invariants_for_task(self, task: Any) -> tuple[Invariant, ...]:
        """Return an ``Action`` that stands for the order, if there is more than one type."""
        if len(task._actions) < 2 or actions.take_no_arguments(task):
            return ()
        types = tuple(actions.action_types(task))
        if len(set(types)) < 2:
            return ()
        if types not in self._known:
            from doit_invariants.kinds.action import Action

            one = Action({"order": ", ".join(types)}, name="order of actions")
            one.secondary = True  # an action that came or went says more
            self._known[types] = (one,)
        return self._known[types]


class _Found(NamedTuple):
    uses: tuple[Use, ...] = ()
    unseen: tuple[str, ...] = ()


_NOTHING = _Found()


class TrackScripts:
    """Tracks the scripts of the project that commands run, and what those import."""

    name = "track-scripts"
    #: A script that a task writes itself is no input.
    looks_at_targets = True
    #: Raised when more scripts are found: what a record of an earlier version lacks is adopted.
    tracking_version = 2

    def __init__(self) -> None:
        self._project: Project | None = None
        self._environment: Environment | None = None
        self._subprocesses: SubprocessFinder | None = None
        #: What plugins made known.
        self.programs: tuple[Program, ...] = ()
        # Thousands of tasks may run one script: to make and check an invariant takes longer than
        # to find that it is the same.
        self._known: dict[tuple[Use, ...], tuple[Invariant, ...]] = {}

    def invariants_for_task(self, task: Any, settings: Settings) -> tuple[Invariant, ...]:
        """Return a ``Script`` or ``Module`` for every script that a command runs."""
        uses = tuple(self.found(task, settings).uses)
        if uses and task.targets:  # a script that the task writes itself is no input
            own = set(map(os.path.abspath, task.targets))
            uses = tuple(use for use in uses if use.path not in own)
        if uses not in self._known:
            made = [_of_use(use) for use in uses]
            self._known[uses] = tuple({(one.kind, one.identity()): one for one in made}.values())
        return self._known[uses]

    def found(self, task: Any, settings: Settings) -> CommandUses | _Found:
        """Return the scripts that a task runs, and what can't be looked into."""
        strings = self._strings(task, settings)
        has_commands = actions.has_commands(task)
        if strings is None and not has_commands:
            return _NOTHING
        if self._environment is None:
            self._environment = actions.environment_of(self._in(settings), self.programs)
        found = actions.scripts(task, self._environment) if has_commands else _NOTHING
        if strings is None:
            return found
        from doit_invariants.code.programs.commands import read_strings

        started = read_strings(strings, self._in(settings).root, self._environment)
        uses = dict.fromkeys((*found.uses, *started.uses))
        return _Found(tuple(uses), (*found.unseen, *started.unseen))

    def _in(self, settings: Settings) -> Project:
        if self._project is None:
            self._project = Project(os.getcwd(), settings.code_roots)
        return self._project

    def _strings(self, task: Any, settings: Settings) -> CodeStrings | None:
        """Return what the functions of a task hold, None if they start no processes."""
        functions = list(actions.functions(task))
        if not functions:
            return None
        if self._subprocesses is None:
            from doit_invariants.code.loaded.subprocesses import SubprocessFinder

            self._subprocesses = SubprocessFinder(self._in(settings))
        given = () if actions.take_no_arguments(task) else actions.arguments(task)
        writes = actions.writes_commands(task)
        return self._subprocesses.strings(functions, given, certain=writes)


def unseen(session: Session, task: Any) -> tuple[str, ...]:
    """Return what the commands of a task run that nobody can look into, in words."""
    tracker = session.plugins.plugin(TrackScripts.name)
    if tracker is None or not session.spec(task.name).track_code:
        return ()
    with session.project.as_directory():
        found: CommandUses | _Found = tracker.found(task, session.settings)
    return found.unseen


#: The names of the plugins that the option ``track_code`` turns off.
TRACKERS = frozenset({TrackCode.name, TrackActions.name, TrackOrder.name, TrackScripts.name})


def _of_use(use: Use) -> Invariant:
    from doit_invariants.kinds.module import Module
    from doit_invariants.kinds.script import Script

    if use.module is not None:
        module = Module(use.module, search=use.search)
        module.elsewhere = True
        return module
    if use.starts:
        one = Script(use.path)
        one.starts = (use.starts, use.search)
        return one
    return Script(use.path, search=use.search)


def _track(functions: list[Any]) -> Iterator[Invariant]:
    """Yield an invariant for each function, told apart by their names."""
    from doit_invariants.kinds.function import Function

    names = _distinct([Function(func).shown_name() for func in functions])
    for func, name in zip(functions, names, strict=True):
        one = Function(func, name=name)
        one.strict = False
        yield one


def _distinct(names: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    distinct: list[str] = []
    for name in names:
        count = counts[name] = counts.get(name, 0) + 1
        distinct.append(name if count == 1 else f"{name}#{count}")
    return distinct
