"""Projects with one task, for tests of kinds."""

from __future__ import annotations

import itertools

from doit_invariants.testing import Project


def dodo(invariants: str, extra: str = "") -> str:
    """Return a dodo.py whose one task has these invariants and nothing else."""
    return f"""
from doit_invariants import *
{extra}
def task_a():
    return {{"actions": ["true"], "invariants": [{invariants}]}}
"""


def why(project: Project, **options: object) -> list[str]:
    """Return the reasons that ``why`` gives for the task, without diffs."""
    outcome = project.run("invariants", "why", "a", **options)  # type: ignore[arg-type]
    lines = itertools.takewhile(lambda line: line[:1] == " ", outcome.stdout.splitlines()[1:])
    return [line.strip() for line in lines if not line.startswith(" " * 6)]
