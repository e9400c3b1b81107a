"""The attributes of an action object that count, besides its function or command."""

from __future__ import annotations

import os
from typing import Any

from doit.action import CmdAction, PythonAction

#: Attributes that doit sets when it runs an action, or that only affect how output is read.
_OF_EXECUTION = frozenset({"task", "out", "err", "result", "values", "buffering"})
_OF_COMMANDS = frozenset({"_action", "save_out", "shell", "encoding", "decode_error", "pkwargs"})
_OF_FUNCTIONS = frozenset({"py_callable", "args", "kwargs"})
_DEFAULTS = {"save_out": None, "encoding": "utf-8", "decode_error": "replace"}


def is_of_a_class_of_its_own(action: Any) -> bool:
    """Return whether the class of an action object is not one of doit's."""
    return type(action).__module__.partition(".")[0] != "doit"


def held_by_command(action: CmdAction) -> dict[str, Any]:
    """Return the attributes of a command object that count, besides its command."""
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
    """Return the attributes of a Python action that count, besides its function and arguments."""
    return _of_class(action, PythonAction, _OF_FUNCTIONS)


def held(action: Any) -> dict[str, Any]:
    """Return the attributes of an action object of an unknown class."""
    state = getattr(action, "__dict__", {})
    return {f"attribute {k}": v for k, v in sorted(state.items()) if k not in _OF_EXECUTION}


def _of_class(action: Any, base: type, known: frozenset[str]) -> dict[str, Any]:
    if type(action) is base:
        return {}
    own = {k: v for k, v in held(action).items() if k.removeprefix("attribute ") not in known}
    return {"class": type(action).__name__, **own}


def _of_environment(env: dict[Any, Any]) -> dict[str, Any]:
    """Return the part of the environment of a process that the task itself sets.

    Usually it is a copy of the present environment with a few additions: only the additions count.
    If variables were removed, the names of all remaining variables count too, because further
    variables of a user's shell do not reach the process.
    """
    added = {name: value for name, value in env.items() if os.environ.get(name) != value}
    if os.environ.keys() <= env.keys():
        return added
    return {"only": sorted(map(str, env)), "set": added}
