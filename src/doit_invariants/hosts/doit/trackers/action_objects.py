"""What an action object holds beside its function or its command, as far as it matters."""

from __future__ import annotations

import os
from typing import Any

from doit.action import CmdAction, PythonAction

#: What doit sets on an action object when it runs, or what only says how fast output is read.
_OF_EXECUTION = frozenset({"task", "out", "err", "result", "values", "buffering"})
_OF_COMMANDS = frozenset({"_action", "save_out", "shell", "encoding", "decode_error", "pkwargs"})
_OF_FUNCTIONS = frozenset({"py_callable", "args", "kwargs"})
_DEFAULTS = {"save_out": None, "encoding": "utf-8", "decode_error": "replace"}


def is_of_a_class_of_its_own(action: Any) -> bool:
    """Return whether an action object is of a class that doit does not come with."""
    return type(action).__module__.partition(".")[0] != "doit"


def held_by_command(action: CmdAction) -> dict[str, Any]:
    """Return what a command object holds beside its command."""
    values = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(action, name, default)) != default
    }
    process = dict(action.pkwargs)
    values.update({key: process.pop(key) for key in ("cwd", "executable") if key in process})
    env = process.pop("env", None)
    if isinstance(env, dict):
        values["env"] = _of_environment(env)
    values.update((f"process {key}", value) for key, value in sorted(process.items()))
    if not action.shell and isinstance(action._action, str):
        values["shell"] = False
    return {**values, **_of_class(action, CmdAction, _OF_COMMANDS)}


def held_by_function(action: PythonAction) -> dict[str, Any]:
    """Return what the object of a Python action holds beside its function and arguments."""
    return _of_class(action, PythonAction, _OF_FUNCTIONS)


def held(action: Any) -> dict[str, Any]:
    """Return the attributes of an action object of which no more is known."""
    state = getattr(action, "__dict__", {})
    return {f"attribute {k}": v for k, v in sorted(state.items()) if k not in _OF_EXECUTION}


def _of_class(action: Any, base: type, known: frozenset[str]) -> dict[str, Any]:
    if type(action) is base:
        return {}
    own = {k: v for k, v in held(action).items() if k.removeprefix("attribute ") not in known}
    return {"class": type(action).__name__, **own}


def _of_environment(env: dict[Any, Any]) -> dict[str, Any]:
    """Return what is a task's own of the environment that it gives to a process.

    Commonly that is a copy of the environment with a few additions: these alone count. Where
    something was taken away, all that is left counts by its name as well: what a user's shell
    sets besides does not reach the process.
    """
    added = {name: value for name, value in env.items() if os.environ.get(name) != value}
    if os.environ.keys() <= env.keys():
        return added
    return {"only": sorted(map(str, env)), "set": added}
