"""The trackers of actions, as plugins that can be blocked by name.

They track the code of Python actions, the arguments of actions and the strings of commands, the
order of actions, and the scripts that commands run. ``track_code=False`` turns all four off. Their
methods have the names of hooks, as in all built-in plugins
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


# Kinds are imported late: most commands of doit need none.


class TrackCode:
    """Tracks the functions of the actions of a task, and the code that they use."""

    name = "track-code"

    def __init__(self) -> None:
        # A cache, because thousands of tasks may share their functions. Not a dict: callable
        # objects may not be hashable.
        self._known: IdentityMap[tuple[Invariant, ...]] = IdentityMap()

    def invariants_for_task(self, task: Any) -> tuple[Invariant, ...]:
        """Return a ``Function`` for the function of every Python action."""
        functions = list(actions.functions(task))
        known = self._known.get(functions)
        if known is None:
            known = tuple(_track(functions))
            self._known.set(functions, known)
        return known


class TrackActions:
    """Tracks the arguments and options of actions, and the strings of commands."""

    name = "track-actions"

    def invariants_for_task(self, task: Any) -> Sequence[Invariant]:
        """Return an ``Action`` for every action with arguments."""
        if actions.take_no_arguments(task):
            return ()
        from doit_invariants.kinds.action import Action

        given = [(name, values) for name, values in actions.arguments_of(task) if values]
        names = _distinct([name for name, _ in given])
        return [Action(values, name=name) for name, (_, values) in zip(names, given, strict=True)]


class TrackOrder:
    """Tracks the order of actions of different types. Actions of one type are tracked in order."""

    name = "track-order"

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[Invariant, ...]] = {}

    def invariants_for_task(self, task: Any) -> tuple[Invariant, ...]:
        """Return an ``Action`` for the order, if the actions have more than one type."""
        if len(task._actions) < 2 or actions.take_no_arguments(task):
            return ()
        types = tuple(actions.action_types(task))
        if len(set(types)) < 2:
            return ()
        if types not in self._known:
            from doit_invariants.kinds.action import Action

            one = Action({"order": ", ".join(types)}, name="order of actions")
            one.secondary = True  # an added or removed action is a better reason
            self._known[types] = (one,)
        return self._known[types]


class _Found(NamedTuple):
    uses: tuple[Use, ...] = ()
    unseen: tuple[str, ...] = ()


_NOTHING = _Found()


class TrackScripts:
    """Tracks the scripts of the project that commands run, and what those import."""

    name = "track-scripts"
    #: It reads the targets of a task: a script that the task itself writes is not an input.
    looks_at_targets = True
    #: Increased when more scripts are found: older records then adopt the new ones without a rerun.
    tracking_version = 2

    def __init__(self) -> None:
        self._project: Project | None = None
        self._environment: Environment | None = None
        self._subprocesses: SubprocessFinder | None = None
        #: The programs that plugins registered.
        self.programs: tuple[Program, ...] = ()
        # A cache, because thousands of tasks may run the same script.
        self._known: dict[tuple[Use, ...], tuple[Invariant, ...]] = {}

    def invariants_for_task(self, task: Any, settings: Settings) -> tuple[Invariant, ...]:
        """Return a ``Script`` or ``Module`` for every script that a command runs."""
        uses = tuple(self.found(task, settings).uses)
        if uses and task.targets:  # a script that the task itself writes is not an input
            own = set(map(os.path.abspath, task.targets))
            uses = tuple(use for use in uses if use.path not in own)
        if uses not in self._known:
            made = [_of_use(use) for use in uses]
            self._known[uses] = tuple({(one.kind, one.identity()): one for one in made}.values())
        return self._known[uses]

    def found(self, task: Any, settings: Settings) -> CommandUses | _Found:
        """Return the scripts that a task runs, and descriptions of what can't be tracked."""
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
        """Return the strings in the functions of a task, or None if they start no processes."""
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
    """Return descriptions of the programs that a task runs and that can't be tracked."""
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
    """Yield an invariant for each function, with a unique name."""
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
