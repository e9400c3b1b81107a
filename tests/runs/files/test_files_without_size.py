"""Files whose stat says nothing about their content: each check reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doit_invariants.files.state import FileView, is_made_up
from tests.support import Make

DODO = """
from doit_invariants import Files, Tree
def task_dep():
    return {"actions": ["true"], "file_dep": ["/proc/uptime"]}
def task_files():
    return {"actions": ["true"], "invariants": [Files("/proc/uptime")]}
def task_link():
    return {"actions": ["true"], "file_dep": ["link"]}
def task_tree():
    return {"actions": ["true"], "file_dep": ["tree"]}
def task_glob():
    return {"actions": ["true"], "invariants": [Files("tree/*", "/proc/sys/kernel/random/u*d")]}
def task_target():
    return {"actions": ["ln -sf /proc/uptime made"], "file_dep": ["in.txt"], "targets": ["made"]}
def task_same():
    return {"actions": ["true"], "file_dep": ["/proc/version", "/proc/sys/kernel/ostype"]}
def task_empty():
    return {"actions": ["touch empty"], "file_dep": ["in.txt"], "targets": ["empty"],
            "invariants": [Files("/proc/filesystems"), Tree("hollow")]}
"""


@pytest.mark.parametrize("backend", ["json", "dbm"])
def test_what_the_kernel_says(doit_project: Make, backend: str) -> None:
    """Files that differ each time cause a run each time; constant ones are up-to-date."""
    files = {"dodo.py": DODO, "in.txt": "", "tree/": "", "hollow/a": "", "hollow/b": ""}
    project = doit_project(files, backend=backend)
    for name in ("link", "tree/link"):
        (project.path / name).symlink_to("/proc/uptime")
    project.run().assert_success()
    changing = ["dep", "files", "link", "tree", "glob", "target"]
    for _ in range(2):
        outcome = project.run().assert_executed(*changing)
        outcome.assert_up_to_date("same", "empty")
    why = project.run("invariants", "why", "dep", "files")
    assert why.stdout.count("not up-to-date\n") == 2, repr(why)


def test_adopted_from_plain_doit(doit_project: Make) -> None:
    """Its content is read, even if its stat is unchanged for plain doit."""
    text = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["/proc/uptime"]}\n'
    project = doit_project({"dodo.py": text, "pyproject.toml": ""})
    project.run(process="fork").assert_executed("a")
    project.write({"pyproject.toml": '[tool.doit]\nloader = "invariants"\n'})
    project.run(process="fork").assert_executed("a")


def test_states(tmp_path: Path) -> None:
    """A stat is recorded where it can be believed alone; an empty file is an ordinary one."""
    view = FileView()
    for name in ("/proc/uptime", "/proc/version", "/proc/self/oom_score_adj"):
        assert view.state(name).stat is None, name
    empty = tmp_path / "empty"
    empty.touch()
    os.utime(empty, (1, 1))
    assert view.state(str(empty)).stat is not None
    page = tmp_path / "page"
    page.write_bytes(b"x" * 4096)
    assert view.state(str(page)).stat is not None
    assert is_made_up(os.stat("/proc").st_dev)
    assert not is_made_up(os.stat(tmp_path).st_dev)
    setting = "/sys/kernel/mm/transparent_hugepage/enabled"
    assert not os.path.exists(setting) or view.state(setting).stat is None
