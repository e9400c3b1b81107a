"""Runs of doit in a fork of this process: as cold as a process of its own, and much faster.

Disturbances happen inside the run, right before its n-th call into C that concerns files. So a
history does the same each time it is played.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.metadata
import linecache
import os
import pickle
import pkgutil
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import doit
import doit.plugin

import doit_invariants
from doit_invariants.testing import Outcome, Project, settings_toml

_TOUCH_FILES = frozenset(
    [
        "open",
        "read",
        "write",
        "flush",
        "close",
        "fsync",
        "replace",
        "rename",
        "remove",
        "unlink",
        "mkdir",
        "rmdir",
        "link",
        "symlink",
        "chmod",
        "utime",
        "truncate",
        "sync",
        "execute",
        "executemany",
        "commit",
        "dump",
        "stat",
        "lstat",
        "scandir",
        "fork_exec",
        "fork",
        "copy_file_range",
        "sendfile",
    ]
)
LIMIT = 600.0
#: Disturbances, and the number of the call that each one precedes.
Disturbances = Sequence[tuple[int, Callable[[], Any]]]


WARM = """
from doit_invariants import Env, Files, Function, Module, Tree, Value
def make(dependencies, targets):
    open(targets[0], "w").close()
def task_warm():
    return {"actions": [make, "true"], "file_dep": ["dodo.py"], "targets": ["a.txt"],
            "cache": "shared", "ttl": 9, "invariants": [Value(1), Env("A"), Tree("in")]}
"""


@functools.cache
def _warm_up() -> Any:
    """Do here what each run would repeat, above all imports; return what is installed."""
    for package in (doit, doit_invariants):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                with contextlib.suppress(ImportError):
                    importlib.import_module(module.name)
    for backend in ("dbm", "json", "sqlite3"):
        with tempfile.TemporaryDirectory() as name:
            project = Project(Path(name).resolve())
            config = settings_toml(backend=backend, settings={"store": "store"})
            project.write({"pyproject.toml": config, "dodo.py": WARM, "in/": ""})
            project.run().assert_success()
            project.run("-a", "-n", "2", "-P", "thread", process=False).assert_success()
    return importlib.metadata.entry_points()


class Disturber:
    """Does things, each once before the n-th call."""

    def __init__(self, things: Disturbances) -> None:
        self.count = 0
        self.things = sorted(things, key=lambda thing: thing[0])

    def __call__(self, _frame: Any, event: str, argument: Any) -> None:
        if event != "c_call" or getattr(argument, "__name__", "") not in _TOUCH_FILES:
            return
        self.count += 1
        while self.things and self.things[0][0] <= self.count:
            self.things.pop(0)[1]()


def kill() -> None:
    os.killpg(0, signal.SIGKILL)


class Run:
    """A run that has been started; see :meth:`end`.

    :param path: the directory of the project
    :param disturb: what is done during the run, and before which call
    """

    def __init__(
        self,
        path: Path,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
        disturb: Disturbances = (),
    ) -> None:
        self.command = arguments
        _warm_up()
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _be_the_child(writing, path, arguments, env, disturb)
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)  # whoever is the first of the two
        os.close(writing)
        self.reading = reading

    def end(self, *, kill_after: float | None = None) -> Outcome | None:
        """Wait for the end, and return the outcome: None if it was killed."""
        raw = b""
        limit = time.monotonic() + (LIMIT if kill_after is None else kill_after)
        while True:
            ready = select.select([self.reading], [], [], max(0.0, limit - time.monotonic()))[0]
            part = os.read(self.reading, 1 << 16) if ready else b""
            raw += part
            if not part:
                break
        if not ready:
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self.reading)
        os.waitpid(self.pid, 0)
        self._wait_for_the_group()
        if not raw:
            assert kill_after is not None or ready, f"doit {self.command}: no end after {LIMIT} s"
            return None
        found = pickle.loads(raw)
        assert isinstance(found, Outcome), found
        return found

    def _wait_for_the_group(self) -> None:
        for _ in range(100):
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            time.sleep(0.002)


def _be_the_child(
    writing: int,
    path: Path,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    disturb: Disturbances,
) -> None:
    found: Any = _warm_up()
    try:
        os.setpgid(0, 0)
        gc.freeze()
        gc.disable()
        linecache.clearcache()
        importlib.metadata.entry_points = doit.plugin.entry_points = found.select
        if disturb:
            disturber = Disturber(disturb)
            threading.setprofile(disturber)
            sys.setprofile(disturber)
        found = Project(path).run(*arguments, process=False, env=env, timeout=LIMIT - 5)
        sys.setprofile(None)
    except BaseException as error:
        sys.setprofile(None)
        found = f"{type(error).__name__}: {error}"
    try:
        raw = pickle.dumps(found)
        while raw:
            raw = raw[os.write(writing, raw) :]
    finally:
        os._exit(0)
