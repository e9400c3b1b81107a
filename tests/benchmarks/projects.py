"""Writes the projects that are measured, and what a user does in them between two runs."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from doit_invariants.testing import settings_toml

_MANY = """
import os
{imports}
def make(dependencies, targets):
    with open(targets[0], "w") as file:
        file.write("made")

def shared():
    return make

def task_t():
    for n in range({count}):
        yield {{"name": str(n), "actions": [make], "file_dep": {inputs},
               "targets": [f"out/{{n}}"]{extra}}}
"""

_BASE = """
def task_base():
    return {"actions": [], "file_dep": ["helpers.py"]}
"""

_MADE = """
def make(dependencies, targets):
    with open(targets[0], "w") as file:
        file.write("made")
"""

_CHAIN = (
    _MADE
    + """
def task_t():
    for n in range({count}):
        yield {{"name": str(n), "actions": [make], "targets": [f"out/{{n}}"],
               "file_dep": [f"out/{{n - 1}}" if n else "in/0"]}}
"""
)

_FAN = (
    _MADE
    + """
def task_t():
    for n in range({count}):
        yield {{"name": str(n), "actions": [make], "targets": [f"out/{{n}}"],
               "file_dep": ["in/0"]}}

def task_all():
    return {{"actions": [make], "targets": ["out/all"],
            "file_dep": [f"out/{{n}}" for n in range({count})]}}
"""
)

_ONE = """
def make(targets):
    with open(targets[0], "w") as file:
        file.write("made")

def task_t():
    for n in range({count}):
        yield {{"name": str(n), "actions": [make], "file_dep": ["{path}"],
               "targets": [f"out/{{n}}"]}}
"""


def _base(path: Path, dodo: str, backend: str, *, loader: bool, inputs: int = 0) -> None:
    (path / "in").mkdir()
    (path / "out").mkdir()
    for n in range(inputs):
        (path / "in" / str(n)).write_text(str(n))
    (path / "pyproject.toml").write_text(settings_toml(loader=loader, backend=backend))
    (path / "dodo.py").write_text(dodo)


def many(
    count: int, backend: str, *, loader: bool, deps: int = 1, kinds: str = ""
) -> Callable[[Path], None]:
    """Return a maker of many small tasks, each with inputs, a target and a Python action.

    :param kinds: invariants that each task lists, as Python
    """
    inputs = "[" + ", ".join(f'f"in/{{n * {deps} + {k}}}"' for k in range(deps)) + "]"
    imports = "import doit_invariants as di\n" if kinds else ""
    imports += _BASE if "Task" in kinds else ""
    extra = f', "invariants": [{kinds}]' if kinds else ""
    dodo = _MANY.format(count=count, inputs=inputs, imports=imports, extra=extra)

    def make(path: Path) -> None:
        _base(path, dodo, backend, loader=loader, inputs=count * deps)
        (path / "helpers.py").write_text("def clean(n):\n    return str(n)\n")
        (path / "tree").mkdir()
        for n in range(10):
            (path / "tree" / str(n)).write_text(str(n))
        if "Git" in kinds:
            _commit(path)

    return make


def _commit(path: Path) -> None:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for command in (["init", "--quiet"], [*identity, "commit", "--quiet", "--allow-empty", "-m-"]):
        subprocess.run(["git", *command], cwd=path, check=True)


def chain(count: int, *, loader: bool) -> Callable[[Path], None]:
    """Return a maker of a chain of tasks, each with the target of the one before as its input."""
    dodo = _CHAIN.format(count=count)
    return functools.partial(_base, dodo=dodo, backend="sqlite3", loader=loader, inputs=1)


def fan(count: int, *, loader: bool) -> Callable[[Path], None]:
    """Return a maker of many tasks with one input, and one with all their targets as inputs."""
    dodo = _FAN.format(count=count)
    return functools.partial(_base, dodo=dodo, backend="sqlite3", loader=loader, inputs=1)


def one_input(path: str, count: int, *, loader: bool) -> Callable[[Path], None]:
    """Return a maker of tasks that share one input, which is not written yet."""
    dodo = _ONE.format(count=count, path=path)
    return functools.partial(_base, dodo=dodo, backend="sqlite3", loader=loader)


def with_file(make: Callable[[Path], None], name: str, size: int) -> Callable[[Path], None]:
    """Return a maker that writes a large file as well."""

    def make_all(path: Path) -> None:
        make(path)
        block = os.urandom(1 << 20)
        with (path / name).open("wb") as stream:
            for _ in range(size >> 20):
                stream.write(block)

    return make_all


def with_sparse_file(make: Callable[[Path], None], name: str, size: int) -> Callable[[Path], None]:
    """Return a maker that writes a large file of nothing, which takes no room on the disk."""

    def make_all(path: Path) -> None:
        make(path)
        with (path / name).open("wb") as stream:
            stream.truncate(size)

    return make_all


def with_tree(make: Callable[[Path], None], name: str, count: int) -> Callable[[Path], None]:
    """Return a maker that writes a directory of many files, a hundred in each of its own."""

    def make_all(path: Path) -> None:
        make(path)
        (path / name).mkdir()
        for n in range(count):
            directory = path / name / str(n // 100)
            directory.mkdir(exist_ok=True)
            (directory / str(n)).write_text(str(n) * 100)

    return make_all


# ---------------------------------------------------------------------- between two runs


def forget(path: Path) -> None:
    """Remove doit's DB and all targets."""
    for file in path.glob(".doit*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path / "out")
        (path / "out").mkdir()


def touch(path: Path) -> None:
    """Give every input another time."""
    for file in (path / "in").iterdir():
        file.touch()


def edit(path: Path) -> None:
    """Give one input another content."""
    with (path / "in" / "0").open("a") as file:
        file.write("more")


def edit_in_tree(path: Path) -> None:
    """Give one file of the directory another content."""
    if (path / "tree" / "0" / "0").exists():
        with (path / "tree" / "0" / "0").open("a") as file:
            file.write("more")
