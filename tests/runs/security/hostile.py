"""Checks and limits for runs on what an attacker has left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from doit_invariants.testing import Outcome, Project


def check_spoke(outcome: Outcome) -> Outcome:
    """Check that a run succeeded, and spoke in lines that a terminal can show."""
    outcome.assert_success()
    text = outcome.stdout + outcome.stderr
    assert "Traceback" not in text, repr(outcome)
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    return outcome


def limited(project: Project, limit: str, *arguments: str) -> Outcome:
    """Run doit under a limit of the shell."""
    if sys.platform != "linux":
        pytest.skip("other systems have other limits")
    command = f'ulimit {limit} && exec "$0" -m doit "$@"'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, *arguments],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Outcome(["doit", *arguments], done.returncode, done.stdout, done.stderr)
