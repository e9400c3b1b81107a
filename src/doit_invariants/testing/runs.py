"""Runs doit with a timeout, in a new process or in this one."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest


def in_new_process(
    command: list[str], cwd: Path, timeout: float, env: Mapping[str, str]
) -> tuple[int, str, str]:
    # A session of its own, so that a timeout can kill doit's child processes too: they may hang.
    process = subprocess.Popen(
        command,
        cwd=cwd,
        # Without bytecode: for a dodo.py that is edited twice within a second and keeps its size,
        # Python would use the bytecode of the first version.
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        stdout, stderr = process.communicate()
        pytest.fail(f"{' '.join(command)}: did not end within {timeout} s\n{stdout}\n{stderr}")
    return process.returncode, stdout, stderr


def in_this_process(
    arguments: list[str],
    project: Path,
    cwd: Path,
    timeout: float,
    env: Mapping[str, str],
    now: float | None,
) -> tuple[int, str, str]:
    from doit.doit_cmd import DoitMain

    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        # A dodo.py may leave files open, and read-only commands never close doit's DB.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", ResourceWarning)
        stack.enter_context(_isolated(project, cwd, env))
        stack.enter_context(_clock(now))
        stack.enter_context(_entry_points_once())
        stack.enter_context(_deadline(timeout, arguments))
        stack.enter_context(contextlib.redirect_stdout(stdout))
        stack.enter_context(contextlib.redirect_stderr(stderr))
        # By default, `doit run` writes to the sys.stdout of the time when doit was imported.
        extra = {"GLOBAL": {"outfile": stdout}}
        try:
            code = DoitMain(extra_config=extra).run(arguments)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 3
    return code or 0, stdout.getvalue(), stderr.getvalue()


@contextlib.contextmanager
def _isolated(project: Path, cwd: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Undo what a run of doit does to this process.

    doit changes the working directory and imports ``dodo.py``. Modules from the project, and from
    directories that ``dodo.py`` added to ``sys.path``, are removed, so that the next run imports
    them again. All other modules stay, even those next to the project: a test may create its
    project in the checkout of the package that the test itself imports.
    """
    from doit import loader
    from doit.action import CmdAction
    from doit.cmd_base import NamespaceTaskLoader
    from doit.globals import Globals

    before = os.getcwd(), list(sys.path), dict(sys.modules), dict(os.environ)
    workdir, form = loader.initial_workdir, CmdAction.STRING_FORMAT
    load_tasks = NamespaceTaskLoader.load_tasks
    os.chdir(cwd)
    # Without bytecode, here and in the processes of actions, for the reason in in_new_process.
    os.environ.update({"PYTHONDONTWRITEBYTECODE": "1", **env})
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        loader.initial_workdir, CmdAction.STRING_FORMAT = workdir, form
        NamespaceTaskLoader.load_tasks = load_tasks
        os.chdir(before[0])
        own = [project, project.resolve(), *_added(sys.path, before[1], project)]
        sys.path[:] = before[1]
        _forget_listings(own)
        for name in set(sys.modules) - before[2].keys():
            if _is_below(sys.modules[name], own):
                del sys.modules[name]
        _restore_environment(before[3])
        Globals.dep_manager = None
        gc.collect()


def _added(path: list[str], before: list[str], project: Path) -> list[Path]:
    """Return the directories that a run added to ``sys.path``."""
    new = [entry for entry in path if not os.path.isabs(entry) or entry not in before]
    known = {Path(entry).resolve() for entry in before} if new else set()
    return [place for entry in new if (place := (project / entry).resolve()) not in known]


def _forget_listings(own: list[Path]) -> None:
    """Drop the directory listings that Python has cached for the project.

    A relative directory on ``sys.path`` means a different one in the next project. All other
    listings stay: to list site-packages again takes longer than a small run.
    """
    below = tuple(f"{one}{os.sep}" for one in own)
    for entry in list(sys.path_importer_cache):
        if not os.path.isabs(entry) or f"{entry}{os.sep}".startswith(below):
            del sys.path_importer_cache[entry]


def _restore_environment(before: Mapping[str, str]) -> None:
    """Restore the variables that differ; each is a call of the C library."""
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _is_below(module: Any, directories: list[Path]) -> bool:
    path = getattr(module, "__file__", None)
    return isinstance(path, str) and any(Path(path).is_relative_to(one) for one in directories)


@contextlib.contextmanager
def _clock(now: float | None) -> Iterator[None]:
    from doit_invariants.hosts.doit.loader import LoaderMixin

    original = LoaderMixin.clock
    if now is not None:
        LoaderMixin.clock = staticmethod(lambda: now)
    try:
        yield
    finally:
        LoaderMixin.clock = staticmethod(original)


#: Entry points by the directories that have distributions, and by the arguments of the call.
_ENTRY_POINTS: dict[Any, Any] = {}
#: Whether a directory has distributions, by its path and modification time.
_HAS_DISTRIBUTIONS: dict[tuple[str, int], bool] = {}


@contextlib.contextmanager
def _entry_points_once() -> Iterator[None]:
    """Scan the installed distributions once: the five scans of a run take a third of its time."""
    from importlib import metadata

    from doit import plugin

    scan = metadata.entry_points

    def known(**wanted: Any) -> Any:
        key = (tuple(filter(None, map(_distributions, sys.path))), tuple(sorted(wanted.items())))
        if key not in _ENTRY_POINTS:
            _ENTRY_POINTS[key] = scan(**wanted)
        return _ENTRY_POINTS[key]

    metadata.entry_points = plugin.entry_points = known
    try:
        yield
    finally:
        metadata.entry_points = plugin.entry_points = scan


def _distributions(directory: str) -> tuple[str, int] | None:
    """Return a directory and its modification time, or None if it has no distributions.

    An installation changes the modification time.
    """
    directory = os.path.abspath(directory)
    try:
        key = directory, os.stat(directory).st_mtime_ns
        if key not in _HAS_DISTRIBUTIONS:
            names = os.listdir(directory)
            _HAS_DISTRIBUTIONS[key] = any(
                one.endswith((".dist-info", ".egg-info")) for one in names
            )
    except OSError:
        return None  # gone, or an archive
    return key if _HAS_DISTRIBUTIONS[key] else None


@contextlib.contextmanager
def _deadline(seconds: float, arguments: list[str]) -> Iterator[None]:
    """Fail the test after a time; no effect on Windows or outside of the main thread."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def expired(*_: object) -> None:
        pytest.fail(f"doit {' '.join(arguments)}: did not end within {seconds} s")

    handler = signal.signal(signal.SIGALRM, expired)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if remaining[0]:
            left = max(remaining[0] - (time.monotonic() - started), 0.1)
            signal.setitimer(signal.ITIMER_REAL, left, remaining[1])
