"""Implicit tracking of the code of actions, as a plugin that can be blocked by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doit.action import PythonAction

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.fingerprint import code_of
from doit_invariants.core.invariant import Invariant
from doit_invariants.kinds.function import Function
from doit_invariants.plugins.hookspecs import hookimpl


class TrackCode:
    """Tracks the functions among the actions of a task; ``track_code=False`` turns it off."""

    name = "track-code"

    def __init__(self) -> None:
        # By the identity of the functions, which are kept with the answer: thousands of tasks
        # may share theirs, and a callable object need not be hashable.
        self._known: dict[tuple[int, ...], tuple[list[Any], tuple[Invariant, ...]]] = {}

    @hookimpl
    def invariants_for_task(self, task: Any) -> tuple[Invariant, ...]:
        """Return a ``Function`` for every Python action with code of its own."""
        functions = list(_functions(task))
        key = tuple(map(id, functions))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (functions, _track(functions))
        return known[1]


def _track(functions: list[Any]) -> tuple[Invariant, ...]:
    """Return an invariant for each function, told apart by their names."""
    found: list[Invariant] = []
    names: dict[str, int] = {}
    for func in functions:
        name = Function(func).shown_name()
        count = names[name] = names.get(name, 0) + 1
        found.append(Function(func, name=name if count == 1 else f"{name}#{count}"))
    return tuple(found)


def _functions(task: Any) -> Iterator[Any]:
    # `_actions` is what the user wrote; the property `actions` would create action objects for
    # every task of every run, up-to-date or not. An action is a text or a list (a command), a
    # callable, a tuple that begins with a callable, or an action object.
    for action in task._actions:
        func = action[0] if isinstance(action, tuple) and action else action
        if isinstance(func, PythonAction):
            func = func.py_callable
        if not callable(func):
            continue
        try:
            code_of(func)
        except CannotFingerprint:
            continue  # written in C: nothing of it can be edited
        yield func
