"""The difference between code of the project and installed code."""

from __future__ import annotations

import json
import os
import sysconfig
from pathlib import Path

import pytest

import doit_invariants
from doit_invariants.core.project import Project, _standard

ROOT = os.path.abspath(os.sep + "work")
SITE = os.path.join(ROOT, ".venv", "lib", "python3", "site-packages")

CASES = {
    "in the tree": (os.path.join(ROOT, "tools", "a.py"), True),
    "beside the tree, as an editable install is": (os.path.join(ROOT + "2", "a.py"), True),
    "in a virtual environment within the tree": (os.path.join(SITE, "a.py"), False),
    "in a distribution's directory of Debian": (
        os.path.join(os.sep, "usr", "lib", "python3", "dist-packages", "a.py"),
        False,
    ),
    "in the standard library": (json.__file__, False),
    "written in C": (os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload", "x.so"), False),
    "of this package": (doit_invariants.__file__, False),
    "installed, but named in code_roots": (os.path.join(SITE, "mine", "a.py"), True),
    "named in code_roots, with a longer name": (os.path.join(SITE, "mine2", "a.py"), False),
}


@pytest.mark.parametrize("case", CASES)
def test_project_contains(case: str) -> None:
    """A file is code of the project unless an installer or Python put it there."""
    path, inside = CASES[case]
    project = Project(ROOT, [os.path.join(SITE, "mine")])
    assert project.contains(path) is inside
    assert project.contains(path) is inside


def test_relative_roots_and_names(tmp_path: Path) -> None:
    """Roots are relative to the project, and so are the names in records where they can be."""
    project = Project(str(tmp_path), [os.path.join("site-packages", "mine")])
    assert project.contains(str(tmp_path / "site-packages" / "mine" / "a.py"))
    assert not project.contains(str(tmp_path / "site-packages" / "other.py"))
    assert project.relative(str(tmp_path / "a" / "b.py")) == "a/b.py"
    assert project.relative(str(tmp_path.parent / "b.py")) == (tmp_path.parent / "b.py").as_posix()


def test_the_standard_library_is_where_sysconfig_says_it_is() -> None:
    """Which is not asked where that is known without it."""
    assert _standard() == {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
