"""Runs a case end to end: before, again, edited, again."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from doit_invariants.testing import Outcome, Project, settings_toml

from .model import Case, Files

#: What commands of the cases find: this interpreter as ``python``, without compiled leftovers.
ENVIRONMENT = {
    "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),
    "PYTHONDONTWRITEBYTECODE": "1",
}

#: The task of every case.
TASK = "work"


@dataclass
class Finding:
    """The outcome of a case with a tool.

    :ivar ran: whether the task ran after the edit, None where it never came to that
    :ivar before, after: what the target was before the edit, and what it has to be after it
    :ivar errors: what must not happen: failures, output on stderr, a run without an edit
    """

    ran: bool | None = None
    before: str = ""
    after: str = ""
    errors: list[str] = field(default_factory=list)

    def wrong(self, case: Case) -> str | None:
        """Say what is wrong with it, if anything is."""
        if self.errors:
            return "error: " + "; ".join(self.errors)
        if self.ran and case.verdict == "keep":
            return "needless rerun"
        if not self.ran and case.verdict == "run":
            return "stale result"
        return None

    def unfair(self, case: Case) -> str | None:
        """Say why the verdict of the case cannot be right, if it cannot."""
        if self.ran is None or (self.before != self.after) == (case.verdict == "run"):
            return None
        return f"unfair: it made {self.before} before the edit, {self.after} after it"


def lacks(case: Case) -> str | None:
    """Return the name of a module that a case needs and that is not there."""
    missing = (name for name in case.needs if importlib.util.find_spec(name) is None)
    return next(missing, None)


def needs_loader(files: Files) -> bool:
    """Return whether a project has options that plain doit does not know."""
    return "track_code" in files["dodo.py"]


def change_files(project: Project, before: Files, after: Files, touched: tuple[str, ...]) -> None:
    """Edit a project: only what differs is written, and what is gone is removed."""
    for name in before.keys() - after.keys():
        project.remove(name)
    project.write({name: after[name] for name in after if before.get(name) != after[name]})
    for name in touched:
        (project.path / name).touch()


def make_project(path: Path, files: Files, *, loader: bool) -> Project:
    """Write a new project."""
    path.mkdir(parents=True)
    project = Project(path)
    project.write({"pyproject.toml": settings_toml(loader=loader), **files})
    return project


def run_doit(project: Project, *arguments: str, process: bool = False) -> Outcome:
    """Run doit in the environment of the cases."""
    # Files come and go faster than the clock that stamps directories ticks, and a relative
    # directory is that of another project. Not by `importlib.invalidate_caches`: that forgets
    # the installed distributions as well.
    for directory in list(sys.path_importer_cache):
        if str(project.path) in directory or not os.path.isabs(directory):
            del sys.path_importer_cache[directory]
    return project.run(*arguments, process=process, env=ENVIRONMENT)


def run_case(
    case: Case, path: Path, *, loader: bool, process: bool = False, brief: bool = False
) -> Finding:
    """Execute a case with doit.

    :param path: a directory to make for it
    :param loader: whether our loader is used, else plain doit
    :param process: whether each run is a process of its own
    :param brief: whether to leave out the run after the verdict, the second run where the verdict
        says the same as it, and the one that shows that a case is a fair one
    """
    project = make_project(path, case.before, loader=loader)
    finding = Finding()

    def ran(stage: str) -> bool:
        outcome = run_doit(project, process=process)
        if outcome.returncode != 0 or outcome.stderr:
            finding.errors.append(f"{stage}: {outcome!r}")
        return TASK in outcome.executed

    if not ran("first run"):
        finding.errors.append("first run: nothing was executed")
    if not (brief and case.verdict == "keep") and ran("second run"):
        finding.errors.append(f"ran again without an edit\n{_reasons(project)}")
    if finding.errors:
        return finding
    finding.before = project.read("out.txt")
    change_files(project, case.before, case.after, case.touched)
    finding.ran = ran("after the edit")
    if brief:
        return finding
    if ran("last run"):
        finding.errors.append("ran again after the run that followed the edit")
    if not finding.ran:
        run_doit(project, "-a", process=process)
    finding.after = project.read("out.txt")
    return finding


def _reasons(project: Project) -> str:
    return run_doit(project, "invariants", "show", TASK).stdout
