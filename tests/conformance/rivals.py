"""What other ways to decide make of the cases: plain doit, whole-file hashing, pypipegraph2."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from doit_invariants.testing import Project

from .execute import Finding, change_files, make_project, needs_loader, run_case
from .model import Case

PPG_DRIVER = Path(__file__).parent / "ppg_driver.py"

#: Findings by the id of their case; a case that a tool cannot express has none.
Findings = Mapping[str, Finding]


def ours(cases: Sequence[Case], directory: Path) -> Findings:
    """Run the cases with the loader."""
    return {
        case.id: run_case(case, directory / str(n), loader=True) for n, case in enumerate(cases)
    }


def plain_doit(cases: Sequence[Case], directory: Path) -> Findings:
    """Run the cases with doit alone."""
    return {
        case.id: run_case(case, directory / str(n), loader=False)
        for n, case in enumerate(cases)
        if not needs_loader(case.before)
    }


def whole_files(cases: Sequence[Case], directory: Path) -> Findings:
    """Compute the rule: any code of the project has other bytes, or other names."""

    def code(files: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in files.items() if name != "in.txt"}

    return {case.id: Finding(ran=code(case.before) != code(case.after)) for case in cases}


def pypipegraph2(python: str) -> Callable[[Sequence[Case], Path], Findings]:
    """Return what runs the cases with pypipegraph2, in processes of an interpreter that has it."""

    def run(cases: Sequence[Case], directory: Path) -> Findings:
        projects: dict[str, tuple[Case, Project]] = {}
        for number, case in enumerate(cases):
            project = make_project(directory / str(number), case.before, loader=False)
            projects[str(project.path)] = case, project
        first = _drive(python, projects)
        again = _drive(python, projects)
        for case, project in projects.values():
            change_files(project, case.before, case.after, case.touched)
        edited = _drive(python, projects)
        return {
            case.id: _finding(first[path], again[path], edited[path])
            for path, (case, _) in projects.items()
            if "cannot" not in (first[path], edited[path])
        }

    return run


def _finding(first: str, again: str, edited: str) -> Finding:
    errors = [answer for answer in (first, again, edited) if answer.startswith("error")][:1]
    if not errors and (first, again) != ("ran", "kept"):
        errors = [f"first {first}, then {again} without an edit"]
    return Finding(ran=edited == "ran", errors=errors)


def _drive(python: str, directories: Mapping[str, object]) -> dict[str, str]:
    done = subprocess.run(
        [python, str(PPG_DRIVER)],
        input="\n".join(directories),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    answers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answers
