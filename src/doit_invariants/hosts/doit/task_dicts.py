"""Task dicts with our options: doit is taught the keys at the one place all dicts go through.

``doit.loader.dict_to_task`` turns every task dict into a task: returned or yielded, nested,
of a class, of a group, and delayed ones at run time. doit has no hook there, so the function
is replaced by one that takes our keys out first. Wrapping the task-creators instead would
break delayed ones with ``-n`` where processes are spawned: they would no longer pickle.
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
    """Teach doit our keys; calling it again changes nothing.

    Whether they are understood is asked for each dict, of doit's present dependency manager:
    a command without our loader in the same process stays plain.
    """
    original = doit_loader.dict_to_task
    if hasattr(original, _MARK):
        return

    @functools.wraps(original)
    def dict_to_task(task_dict: dict[str, Any]) -> Any:
        more = task_dict.keys() - _DOIT_KEYS
        given = {key: task_dict[key] for key in _KEYS & more} if more else {}
        # A method of ours. Nothing is imported: a dodo.py that uses only a kind must not wait for
        # the plugin system.
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
    """Point to our option that an unknown key resembles; doit's own error knows only its own."""
    import difflib  # late: most projects are spelled well, and doit starts for every command

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
