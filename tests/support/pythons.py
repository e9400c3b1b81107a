"""The interpreters of this machine that can import the package under test."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

import doit_invariants

# Other interpreters, for example of virtual environments, joined as in PATH.
VARIABLE = "DOIT_INVARIANTS_PYTHONS"
_MINORS = (10, 11, 12, 13, 14)
_ASK = "import sys, doit, doit_invariants as d; print(sys.version_info[1], d.__file__)"


def named_pythons() -> list[str]:
    """Return the interpreters that the environment variable names."""
    return [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]


def usable_pythons(candidates: list[str]) -> list[tuple[int, str]]:
    """Return minor version and path of each interpreter that has the package under test."""
    found = []
    for python in filter(os.path.exists, candidates):
        asked = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=300)
        version, _, file = asked.stdout.strip().partition(" ")
        if asked.returncode == 0 and file == doit_invariants.__file__:
            found.append((int(version), python))
    return found


def pythons_by_version() -> dict[int, str]:
    """Return one usable interpreter of each minor version."""
    candidates = [sys.executable, *named_pythons()]
    for minor in _MINORS:
        pyenv = os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/python")
        candidates += [shutil.which(f"python3.{minor}") or "", *glob.glob(pyenv)]
    found: dict[int, str] = {}
    for version, python in usable_pythons(candidates):
        found.setdefault(version, python)
    return found
