"""The truth table: one task, one mutation, and whether the task must run after it.

All rows are tasks of one project, each with files of its own, so that a handful of runs of doit
answers all: one before, one that must do nothing, one that prepares some rows, one that is judged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from doit_invariants.testing import Outcome

from .execute import ENVIRONMENT, make_project

RUNS, KEPT = "R", "-"
_PAST = 1_700_000_000 * 10**9

STEPS = '''"""The code of one row."""

import os

from . import helpers

CONSTANT = 3


def helper(x):
    return x + 10


def closing(value):
    def inner(x):
        return x + value

    return inner


closed = closing(100)


def make(scale, targets, default=5):
    """Make it."""
    directory = os.path.dirname(targets[0])
    with open(os.path.join(directory, "in.txt")) as file:
        text = file.read()
    if os.path.exists(os.path.join(directory, "meddle")):
        os.remove(os.path.join(directory, "meddle"))
        with open(os.path.join(directory, "in.txt"), "w") as file:
            file.write("edited meanwhile")
    number = closed(helper(helpers.outside(len(text)))) * scale + default + CONSTANT
    with open(targets[0], "w") as file:
        file.write(f"{text} {number} {os.environ.get('MODE')}")


def task(name):
    return {
        "name": name,
        "actions": [(make, [], {"scale": 2})],
        "file_dep": [f"{name}/in.txt"],
        "targets": [f"{name}/out.txt"],
    }
'''
HELPERS = "def outside(x):\n    return x + 1000\n"
DODO = """
import importlib

def task_row():
    for name in NAMES:
        yield importlib.import_module(f"{name}.steps").task(name)
"""

Mutation = Callable[[Path], None]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    :ivar wanted: what the table calls right
    :ivar right: what is right now, where restoring is not possible yet
    :ivar mutate: what is done to the directory of the row before the run that is judged
    :ivar prepare: what is done before a run that comes before that one
    :ivar declared: what the task says of itself, with the loader alone
    """

    title: str
    wanted: str
    mutate: Mutation
    prepare: Mutation | None = None
    declared: str = ""

    @property
    def right(self) -> str:
        """``R`` or ``-``."""
        return KEPT if self.wanted == KEPT else RUNS

    @property
    def name(self) -> str:
        """The name of its task, and of its directory."""
        return "".join(c if c.isalnum() else "_" for c in self.title)


def _write(text: str, *, mtime: int | None = None, file: str = "in.txt") -> Mutation:
    def mutate(directory: Path) -> None:
        (directory / file).write_text(text)
        if mtime is not None:
            os.utime(directory / file, ns=(mtime, mtime))

    return mutate


def _edit(old: str, new: str, file: str = "steps.py") -> Mutation:
    def mutate(directory: Path) -> None:
        path = directory / file
        text, stat = path.read_text(), path.stat()
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new))
        if len(old) == len(new):  # as good as within the same second
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return mutate


def _touch(file: str) -> Mutation:
    return lambda directory: (directory / file).touch()


def _nothing(directory: Path) -> None:
    """Leave it as it is."""


def _meddle(directory: Path) -> None:
    _write("C")(directory)
    _write("", file="meddle")(directory)


_ADDED = '[f"{name}/in.txt", f"{name}/more.txt"]'
_ENV = 'invariants": [__import__("doit_invariants").Env("MODE")], "'

ROWS = (
    Row("nothing changed", KEPT, _nothing),
    Row("input touched", KEPT, _touch("in.txt")),
    Row("input edited", RUNS, _write("BB")),
    Row("input edit, same size+second, other ns", RUNS, _write("B", mtime=_PAST + 10**8)),
    Row("input edit, same size, mtime restored", RUNS, _write("B", mtime=_PAST)),
    Row("input edit, other size, mtime restored", RUNS, _write("BB", mtime=_PAST)),
    Row("dep added", RUNS, _edit('[f"{name}/in.txt"]', _ADDED)),
    Row("dep removed", RUNS, _edit(_ADDED, '[f"{name}/in.txt"]'),
        _edit('[f"{name}/in.txt"]', _ADDED)),
    Row("output deleted", "R/restore", lambda directory: (directory / "out.txt").unlink()),
    Row("output edited by hand", "R/restore", _write("by hand", file="out.txt")),
    Row("output touched", KEPT, _touch("out.txt")),
    Row("param changed", RUNS, _edit('"scale": 2', '"scale": 3')),
    Row("env var changed", "R (declared)", _nothing, declared=_ENV),
    Row("function body", RUNS, _edit("* scale + default", "* scale - default * 2")),
    Row("function body, same size, within same second", RUNS, _edit("* scale +", "* scale -")),
    Row("comment in function", KEPT, _edit("    directory =", "    # In.\n    directory =")),
    Row("docstring", KEPT, _edit("Make it.", "Make what the row needs.")),
    Row("function moved (lines above)", KEPT, _edit("\n\ndef make", "\n\nU = 1\n\n\ndef make")),
    Row("default argument", RUNS, _edit("default=5", "default=6")),
    Row("closure value", RUNS, _edit("closing(100)", "closing(200)")),
    Row("global constant", RUNS, _edit("CONSTANT = 3", "CONSTANT = 4")),
    Row("helper fn, same module", RUNS, _edit("x + 10", "x + 20")),
    Row("helper fn, imported module", RUNS, _edit("x + 1000", "x + 2000", "helpers.py")),
    Row("A->B->A (2nd A restored?)", "restore", _write("A"), _write("B")),
    Row("input modified during run, next run", RUNS, _nothing, _meddle),
)  # fmt: skip


def answers(path: Path, *arguments: str, loader: bool) -> Mapping[str, str]:
    """Run the whole table, return what became of each row.

    :param path: a directory to make for it
    :param arguments: for doit
    """
    files = {"dodo.py": f"NAMES = {[row.name for row in ROWS]}\n{DODO}"}
    for row in ROWS:
        options = row.declared if loader else ""
        files |= {
            f"{row.name}/__init__.py": "",
            f"{row.name}/steps.py": STEPS.replace('"targets": [', f'"{options}targets": ['),
            f"{row.name}/helpers.py": HELPERS,
            f"{row.name}/more.txt": "more",
            f"{row.name}/in.txt": "A",
        }
    project = make_project(path, files, loader=loader)
    for row in ROWS:
        os.utime(path / row.name / "in.txt", ns=(_PAST, _PAST))

    def run(mode: str = "a") -> Outcome:
        outcome = project.run(*arguments, env={**ENVIRONMENT, "MODE": mode}).assert_success()
        assert not outcome.stderr, repr(outcome)
        return outcome

    assert len(run().executed) == len(ROWS)
    assert not run().executed
    prepared = [row for row in ROWS if row.prepare is not None]
    for row in prepared:
        assert row.prepare is not None
        row.prepare(path / row.name)
    run().assert_executed(*(f"row:{row.name}" for row in prepared))
    for row in ROWS:
        row.mutate(path / row.name)
    executed = run("b").executed
    return {row.title: RUNS if f"row:{row.name}" in executed else KEPT for row in ROWS}


def render(path: Path) -> str:
    """Return the table in Markdown, as plain doit and doit-invariants answer it now.

    :param path: an empty directory to work in
    """
    plain = answers(path / "plain", loader=False)
    ours = answers(path / "ours", loader=True)
    lines = [
        "| mutation | wanted | doit | doit-invariants |",
        "|---|---|---|---|",
        *(f"| {r.title} | {r.wanted} | {plain[r.title]} | {ours[r.title]} |" for r in ROWS),
    ]
    return "\n".join(lines) + "\n"
