"""Adds our options to task dicts, at the one place that all task dicts pass.

``doit.loader.dict_to_task`` creates a task from every task dict: returned or yielded, nested, of a
class, of a group, and of delayed tasks at run time. doit has no hook there, so the function is
replaced by one that first removes our keys. Wrapping the task-creators instead would break delayed
tasks with ``-n`` where processes are spawned, because a wrapped creator can't be pickled.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from doit import loader as doit_loader
from doit.exceptions import InvalidTask
from doit.globals import Globals
from doit.task import Task

from doit_invariants.engine.options import OPTIONS

_KEYS = frozenset(OPTIONS)
_DOIT_KEYS = frozenset(Task.valid_attr)
_MARK = "__doit_invariants__"


def install() -> None:
    """Have doit accept our keys; calling it again changes nothing.

    Each call asks doit's present dependency manager whether our loader is active, so that a command
    without the loader in the same process stays plain.
    """
    original = doit_loader.dict_to_task
    if hasattr(original, _MARK):
        return

    @functools.wraps(original)
    def dict_to_task(task_dict: dict[str, Any]) -> Any:
        more = task_dict.keys() - _DOIT_KEYS
        given = {key: task_dict[key] for key in _KEYS & more} if more else {}
        # Only our dependency manager has this method. It is not imported here: a dodo.py that only
        # uses a kind must not import the plugin system.
        specify = getattr(Globals.dep_manager, "specify", None)
        if specify is None:
            if given:
                raise InvalidTask(_inactive(task_dict.get("name", "?"), min(given)))
            return original(task_dict)
        if given:
            task_dict = {key: value for key, value in task_dict.items() if key not in _KEYS}
        if len(more) > len(given):
            _check_spelling(task_dict)
        task = original(task_dict)
        specify(task, given)
        return task

    setattr(dict_to_task, _MARK, True)
    doit_loader.dict_to_task = dict_to_task


def _check_spelling(task_dict: dict[str, Any]) -> None:
    """Raise InvalidTask for an unknown key that resembles one of our options."""
    import difflib  # late: only needed for mistakes

    for key in task_dict.keys() - _DOIT_KEYS:
        close = difflib.get_close_matches(str(key), OPTIONS, n=1)
        if close:
            raise InvalidTask(
                f"task {task_dict.get('name', '?')!r}: unknown option {key!r}; did you mean "
                f"{close[0]!r}? allowed besides doit's own are {', '.join(OPTIONS)}"
            )


def _inactive(task: str, option: str) -> str:
    started = doit_loader.initial_workdir or os.getcwd()
    return (
        f"task {task!r}: option {option!r} needs the loader, which is not active: set loader = "
        f'"invariants" under [tool.doit] in pyproject.toml (or under [GLOBAL] in doit.cfg) in '
        f"{os.getcwd()}, and start doit there; doit reads its configuration from the directory "
        f"where it is started, which was {started}"
    )
