"""Reads the actions of a task: functions with their arguments, commands with their strings."""

from __future__ import annotations

import inspect
import os
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from doit.action import BaseAction, CmdAction, PythonAction

from doit_invariants.core.project import Project

if TYPE_CHECKING:
    from doit_invariants.code.programs.commands import CommandUses
    from doit_invariants.code.programs.environment import Environment
    from doit_invariants.code.programs.table import Program

Given = tuple[str, dict[str, Any]]

#: Arguments whose values are only known when the task runs, and which doit then passes.
_WHEN_IT_RUNS = frozenset({"task", "changed", "dependencies"})
#: The commands that functions have written: each function is called once.
_WRITTEN: weakref.WeakKeyDictionary[Any, str | list[Any] | None] = weakref.WeakKeyDictionary()


def has_command_writer(task: Any) -> bool:
    """Return whether a function writes a command of a task."""
    return any(
        isinstance(action, CmdAction) and not isinstance(action._action, (str, list))
        for action in _raw_actions(task)
    )


def functions(task: Any) -> Iterator[Any]:
    """Yield the functions of the actions of a task, including those that write commands."""
    for action in _raw_actions(task):
        if isinstance(action, PythonAction):
            yield action.py_callable
        elif isinstance(action, CmdAction) and _is_written_when_it_runs(action, task):
            yield _callable(action._action)[0]
        if isinstance(action, BaseAction):
            from doit_invariants.hosts.doit.trackers.action_objects import is_of_a_class_of_its_own

            yield from [type(action)] if is_of_a_class_of_its_own(action) else []
        elif isinstance(action, tuple):
            yield action[0]
        elif callable(action):
            yield action


def action_types(task: Any) -> list[str]:
    """Return the type of each action, without its name, which may change."""
    types = map(_type, _raw_actions(task))
    return [
        one + (" with arguments" if values and one == "function" else "")
        for one, (_, values) in zip(types, arguments_of(task), strict=False)
    ]


def _type(action: Any) -> str:
    is_command = isinstance(action, (str, list, CmdAction))
    is_object = isinstance(action, BaseAction) and not isinstance(action, PythonAction)
    return "command" if is_command else "object" if is_object else "function"


def uses_keyword(task: Any, name: str) -> bool:
    """Return whether an action uses an argument that doit passes to it, like ``changed``."""
    for action in _raw_actions(task):
        if isinstance(action, (str, list)):
            found = _names(action, name)
        elif isinstance(action, CmdAction):
            text = action._action
            if isinstance(text, (str, list)):
                found = _names(text, name)
            else:
                written = _text(action, task)
                found = name in _parameters(_callable(text)[0])
                found = found or (written is not None and _names(written, name))
        elif isinstance(action, PythonAction):
            found = name in _parameters(action.py_callable)
        else:
            found = name in _parameters(_callable(action)[0])
        if found:
            return True
    return False


def _names(command: str | list[Any], name: str) -> bool:
    text = command if isinstance(command, str) else " ".join(map(str, command))
    return f"%({name})" in text or f"{{{name}" in text


def take_no_arguments(task: Any) -> bool:
    """Return whether all actions are functions without arguments: the cheap, common case."""
    for action in task._actions:  # a generator expression would be slower
        if type(action) is not types.FunctionType:
            return False
    return not (task.params or task.creator_params or task.pos_arg or task.getargs)


def arguments_of(task: Any) -> Iterator[Given]:
    """Yield the name and the arguments of each action of a task."""
    # Imported late: many tasks have no arguments.
    from doit_invariants.hosts.doit.trackers.action_objects import (
        held,
        held_by_command,
        held_by_function,
    )

    for action in _raw_actions(task):
        if isinstance(action, (str, list)):
            yield "command", _of_command(action, task)
        elif isinstance(action, CmdAction):
            yield "command", {**_of_written_command(action, task), **held_by_command(action)}
        elif isinstance(action, PythonAction):
            name, values = _of_function(action.py_callable, action.args, action.kwargs, task)
            yield name, {**values, **held_by_function(action)}
        elif isinstance(action, tuple):
            yield _of_function(*_callable(action), task)
        elif isinstance(action, BaseAction):
            yield type(action).__name__, held(action)
        elif callable(action):
            yield _of_function(action, (), {}, task)
    if task.getargs:
        yield "getargs", dict(task.getargs)


def environment_of(project: Project, programs: Iterable[Program] = ()) -> Environment:
    """Return the environment of the commands of a project, for a whole run.

    :param programs: the programs that plugins registered
    """
    # Imported late: many projects run no commands.
    from doit_invariants.code.programs.environment import Environment
    from doit_invariants.code.programs.table import Table

    search = (project.root, *project.extra, *map(os.path.abspath, sys.path))

    def exists(path: str) -> bool:
        return project.contains(path) and os.path.isfile(path)

    return Environment(exists, search, os.environ, Table(programs))


def scripts(task: Any, around: Environment) -> CommandUses:
    """Return the scripts of the project that the commands of a task run, without duplicates."""
    from doit_invariants.code.programs.commands import CommandUses, read

    found = [read(command, directory, around) for command, directory in commands(task)]
    uses = {use: None for one in found for use in one.uses}
    return CommandUses(tuple(uses), tuple({text: None for one in found for text in one.unseen}))


def arguments(task: Any) -> Iterator[Any]:
    """Yield the values of all arguments of the functions of a task."""
    for action in _raw_actions(task):
        if isinstance(action, (PythonAction, tuple)):
            held = action if isinstance(action, tuple) else (None, action.args, action.kwargs)
            _, args, kwargs = _callable(held)
            yield from args
            yield from kwargs.values()
    yield from options_of(task).values()


def writes_commands(task: Any) -> bool:
    """Return whether a command of a task is only known when the task runs."""
    return any(
        isinstance(action, CmdAction) and _is_written_when_it_runs(action, task)
        for action in _raw_actions(task)
    )


def has_commands(task: Any) -> bool:
    """Return whether any action of a task is a command."""
    return any(isinstance(action, (str, list, CmdAction)) for action in _raw_actions(task))


def commands(task: Any) -> Iterator[tuple[str | list[Any], str]]:
    """Yield each known command of a task, with its absolute working directory."""
    for action in _raw_actions(task):
        if isinstance(action, (str, list)):
            yield _filled(action, task), os.getcwd()
        elif isinstance(action, CmdAction):
            text = _text(action, task)
            if text is not None:
                text = _with_search_path(_filled(text, task), action.pkwargs.get("env"))
                yield text, os.path.abspath(action.pkwargs.get("cwd") or ".")


def _raw_actions(task: Any) -> list[Any]:
    # `_actions` is what the user wrote. The property `actions` would create action objects for
    # every task of every run. An action is a string or a list (a command), a callable, a tuple that
    # begins with a callable, or an action object.
    written: list[Any] = task._actions
    return written


def _is_written_when_it_runs(action: CmdAction, task: Any) -> bool:
    return not isinstance(action._action, (str, list)) and _text(action, task) is None


def _callable(written: Any) -> tuple[Any, Any, Any]:
    """Return the function, arguments and keyword arguments of an action."""
    if not isinstance(written, tuple):
        return written, (), {}
    func, args, kwargs = (*written, None, None)[:3]
    return func, args or (), kwargs or {}


def _of_function(func: Any, args: Any, kwargs: Any, task: Any) -> Given:
    values = {f"argument {number}": value for number, value in enumerate(args)}
    values.update((f"argument {name}", value) for name, value in sorted(kwargs.items()))
    options = options_of(task)
    if options:
        for name in _accepted(func, options):
            values.setdefault(f"argument {name}", options[name])
    from doit_invariants.code.loaded.objects import shown_name

    return shown_name(func), values


def _of_command(text: str | list[Any], task: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"command": text}
    if CmdAction.STRING_FORMAT != "old" and "{" in str(text):
        values["format"] = CmdAction.STRING_FORMAT
    written = text if isinstance(text, str) else " ".join(map(str, text))
    for name, value in sorted(options_of(task).items()):
        if f"%({name})" in written or f"{{{name}" in written:
            values[f"option {name}"] = value
    return values


def _of_written_command(action: Any, task: Any) -> dict[str, Any]:
    text = _text(action, task)
    if text is not None:
        return _of_command(text, task)
    func, args, kwargs = _callable(action._action)
    return _of_function(func, args, kwargs, task)[1]


def _text(action: Any, task: Any) -> str | list[Any] | None:
    """Return a command, by calling the function that writes it; None if it is unknown.

    The function is not called if it needs values that are only known when the task runs. Then its
    code and arguments count instead of the command.
    """
    if isinstance(action._action, (str, list)):
        return action._action
    func, args, kwargs = _callable(action._action)
    if task.getargs or _WHEN_IT_RUNS & _parameters(func):
        return None
    if action not in _WRITTEN:
        _WRITTEN[action] = _ask(func, args, kwargs, task)
    return _WRITTEN[action]


def _ask(func: Any, args: Any, kwargs: Any, task: Any) -> str | list[Any] | None:
    try:
        named = {"targets": list(task.targets), **options_of(task)}
        extra = {name: named[name] for name in _accepted(func, named) if name not in kwargs}
        text = func(*args, **{**extra, **kwargs})
    except (Exception, SystemExit):
        return None  # it will fail again when the task runs, and doit reports that
    return text if isinstance(text, (str, list)) else None


def options_of(task: Any) -> dict[str, Any]:
    """Return the options of a task whose values are known before it runs."""
    if not (task.params or task.creator_params or task.pos_arg):
        return {}
    task.init_options()
    options = {k: v for k, v in task.options.items() if k not in task.getargs}
    if task.pos_arg and task.pos_arg_val is not None:
        options[task.pos_arg] = task.pos_arg_val
    return options


def _accepted(func: Callable[..., Any], names: Any) -> list[str]:
    """Return the names that are parameters of a function."""
    parameters = _parameters(func)
    return sorted(name for name in names if name in parameters or "**" in parameters)


def _parameters(func: Any) -> set[str]:
    try:
        parameters = inspect.signature(func).parameters
    except (TypeError, ValueError):
        return set()
    kinds = {one.kind for one in parameters.values()}
    return {*parameters, *(("**",) if inspect.Parameter.VAR_KEYWORD in kinds else ())}


def _with_search_path(text: str | list[Any], env: Any) -> str | list[Any]:
    """Add the PYTHONPATH of its environment to a command, because it decides which modules run."""
    value = env.get("PYTHONPATH") if isinstance(env, dict) else None
    if value is None:
        return text
    setting = f"PYTHONPATH={value}"
    if not isinstance(text, str):
        return ["env", setting, *text]
    import shlex  # late: rarely needed

    return f"export {shlex.quote(setting)}; {text}"


def _filled(text: str | list[Any], task: Any) -> str | list[Any]:
    """Return a command with targets and options filled in, or unchanged if that fails."""
    if isinstance(text, list):
        return [str(item) for item in text]
    values = {"changed": "", "targets": " ".join(task.targets), **options_of(task)}
    if len(task.file_dep) == 1:
        values["dependencies"] = " ".join(task.file_dep)
    try:
        return text % values if "%(" in text else text.format(**values) if "{" in text else text
    except (KeyError, ValueError, TypeError, IndexError):
        return text
