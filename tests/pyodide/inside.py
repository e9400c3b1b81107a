"""What runs inside Pyodide: the conformance table, and a DB that another Python has written.

There is one process and no other, so cases that start a command are counted as impossible here.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from doit_invariants.testing import Project
from tests.conformance.execute import ENVIRONMENT, lacks, run_case
from tests.conformance.lands import COUNTS, DOES_NOT_COUNT
from tests.conformance.model import Case
from tests.conformance.table import CASES

#: Messages of WebAssembly about missing features.
_IMPOSSIBLE = ("does not support processes", "stack switching not supported")
#: The interpreter crashes when its garbage collector comes to an ``operator.methodcaller``.
_CRASHES = {"functools/methodcaller"}
#: Fewer cases than this would mean that something is wrong with the surroundings.
_FEWEST = 650


def main(project: str, only: str) -> int:
    """Run everything, print what failed; return the exit code."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    print(f"Python {sys.version}")
    failures = [] if only else _handed_over(Project(Path(project)))
    passed, impossible, wrong = _table(only)
    for line in (*failures, *wrong):
        print(f"FAILED {line}")
    print(f"{passed} passed, {len(failures) + len(wrong)} failed, {impossible} skipped")
    return int(bool(failures or wrong) or (not only and passed < _FEWEST))


def _table(only: str) -> tuple[int, int, list[str]]:
    passed, impossible = 0, 0
    wrong: list[str] = []
    started = time.monotonic()
    cases = [case for case in CASES if only in case.id]
    with tempfile.TemporaryDirectory() as directory:
        for number, case in enumerate(cases):
            problem = _run(case, Path(directory, str(number), "project"))
            if problem is None:
                passed += 1
            elif any(text in problem for text in _IMPOSSIBLE):
                impossible += 1
            else:
                wrong.append(f"{case.id}: {problem}")
            if number % 100 == 99:
                print(f"{number + 1} of {len(cases)}, {time.monotonic() - started:.0f} s")
    return passed, impossible, wrong


def _run(case: Case, path: Path) -> str | None:
    """Return what went wrong with a case, None for nothing."""
    # Node runs the command of an `os.system` outside, where the files of the case are not.
    outside = any("os.system" in text for text in case.before.values())
    if lacks(case) or outside or case.id in _CRASHES:
        return _IMPOSSIBLE[0]
    finding = run_case(case, path, loader=True)
    gc.unfreeze()  # what the runs of a process leave in circles would fill the memory of this one
    gc.collect()
    return finding.wrong(case) or finding.unfair(case)


def _handed_over(project: Project) -> list[str]:
    """Continue a project that another Python has run: only edited tasks run."""
    failures: list[str] = []

    def expect(stage: str, *tasks: str) -> None:
        outcome = project.run(env=ENVIRONMENT)
        if sorted(outcome.executed) != sorted(tasks) or outcome.returncode:
            failures.append(f"{stage}: expected {sorted(tasks)}\n{outcome!r}")

    expect("as the other Python left it")
    for edit in DOES_NOT_COUNT.values():
        edit.apply(project)
    expect("comments, docstrings and layout were edited")
    for name, edit in COUNTS.items():
        if all(task.startswith("step:") for task in edit.hits):  # the others are commands
            edit.apply(project)
            expect(f"{name} was edited", *edit.hits)
            edit.undo(project)
            expect(f"{name} was edited back", *edit.hits)
    return failures
