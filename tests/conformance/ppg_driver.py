"""Runs projects with pypipegraph2: their directories come on its input, a line each.

The actions of the task become a FileGeneratingJob, their functions FunctionInvariants, their
arguments ParameterInvariants: what a user of pypipegraph2 would write. Prints, as JSON, what
became of each directory: ``ran``, ``kept``, ``cannot`` (no Python function) or ``error: ...``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pypipegraph2 as ppg  # type: ignore[import-not-found,unused-ignore]


class CannotExpress(Exception):
    """The task has no counterpart."""


def parts_of(action: Any, params: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
    """Return the function of an action, its arguments, and its keywords without targets."""
    action = action if isinstance(action, tuple) else (action,)
    func = action[0]
    if not callable(func) or hasattr(func, "expand_action"):
        raise CannotExpress
    args = list(action[1]) if len(action) > 1 else []
    kwargs = dict(action[2]) if len(action) > 2 else {}
    return func, args, {**params, **kwargs}


def load() -> dict[str, Any]:
    """Import the ``dodo.py`` of the current directory, return its task."""
    importlib.invalidate_caches()
    try:
        dodo = importlib.import_module("dodo")
        if hasattr(dodo.task_work, "doit_create_after") or dodo.task_work.__code__.co_argcount:
            raise CannotExpress
        task: dict[str, Any] = dodo.task_work()
    except ModuleNotFoundError as error:
        raise CannotExpress from error  # of doit, doit_invariants, numpy or pandas
    return task


def build(task: dict[str, Any]) -> None:
    """Make the jobs of a task."""
    params = {param["name"]: param["default"] for param in task.get("params", [])}
    actions = [parts_of(action, params) for action in task["actions"]]

    def make(path: Path) -> None:
        for func, args, kwargs in actions:
            targets = {} if getattr(func, "__name__", "") == "undo" else {"targets": [str(path)]}
            func(*args, **kwargs, **targets)

    job = ppg.FileGeneratingJob("out.txt", make, depend_on_function=False, empty_ok=True)
    job.depends_on(ppg.FileInvariant("in.txt"))
    for number, (func, args, kwargs) in enumerate(actions):
        if task.get("track_code", True):
            job.depends_on(ppg.FunctionInvariant(f"function{number}", func))
        if args or kwargs:
            job.depends_on(ppg.ParameterInvariant(f"arguments{number}", [args, kwargs]))


def run(directory: Path) -> str:
    """Run one project and print the outcome."""
    os.chdir(directory)
    before, path = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(directory))
    target = Path("out.txt")
    old = target.stat().st_mtime_ns if target.exists() else None
    try:
        ppg.new(run_mode=ppg.RunMode.NONINTERACTIVE, cores=1, dir_config=".ppg")
        build(load())
        ppg.run()
    except CannotExpress:
        return "cannot"
    except BaseException as error:
        return f"error: {type(error).__name__}: {error}".splitlines()[0][:200]
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is None or Path(file).is_relative_to(directory):
                del sys.modules[name]
    return "ran" if target.stat().st_mtime_ns != old else "kept"


def main() -> None:
    """Run all directories, print the answers by directory."""
    sys.dont_write_bytecode = True
    answers = {}
    for name in sys.stdin.read().split("\n"):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            answers[name] = run(Path(name))
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
