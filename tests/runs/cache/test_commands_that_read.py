"""Read-only commands restore nothing, run nothing and write nothing, under every policy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make

DODO = """
import os
from doit_invariants import Env, Files, Tree
def ran(targets):
    open("ran", "a").write("x")
    for target in targets:
        open(target, "w").write(open("in.txt").read())
OPTIONS = {"actions": [ran], "file_dep": ["in.txt"]}
def task_default():
    return {**OPTIONS, "targets": ["default"]}
def task_policy():
    for name in ("export", "force", "once", "shared"):
        yield {**OPTIONS, "name": name, "targets": [name], "cache": name, "setup": ["up"]}
def task_up():
    return {"actions": ["echo >> ran"]}
def task_gets():
    return {"actions": ["echo %(v)s > gets"], "getargs": {"v": ("value", "v")}, "targets": ["gets"],
            "cache": "shared"}
def task_value():
    return {"actions": [(value,)], "file_dep": ["in.txt"], "cache": "shared"}
def value():
    open("ran", "a").write("x")
    return {"v": open("in.txt").read()}
"""
COMMANDS = (
    "list",
    "list -s",
    "list -s --all",
    "list --deps",
    "info default",
    "info policy:export",
    "info policy:force",
    "info policy:once",
    "info policy:shared",
    "info gets",
    "invariants why",
    "invariants why --json",
    "invariants why gets",
    "invariants show default",
    "invariants kinds",
    "invariants show policy:shared --json",
    "help",
    "help run",
    "help default",
    "tabcompletion",
    "tabcompletion --shell zsh",
    "invariants store ls",
    "clean -n",
)
OPTIONS = (
    [],
    ["--cache", "export"],
    ["--cache", "force"],
    ["--cache", "shared"],
    ["--resume-inferred", "gets"],
)


def tree(top: Path) -> dict[str, tuple[object, ...]]:
    """Return of all below a directory the mode, time, and content, but doit's DB and bytecode."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if ".doit.db" in name or "__pycache__" in name:
            continue
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        time = 0 if path == top / "project" else info.st_mtime_ns
        found[name] = (info.st_mode, time, info.st_ino, content)
    return found


@pytest.fixture(params=["never ran", "stale", "elsewhere"])
def project(doit_project: Make, request: pytest.FixtureRequest) -> Project:
    """A project in which much could be restored, run or made."""
    files = {"dodo.py": DODO, "in.txt": "one"}
    settings = {"store": "../store", "export_dir": "pub"}
    made = doit_project(files, settings=settings, backend="json")
    if request.param == "stale":
        made.run("--cache", "shared").assert_success()
        made.run("-a", "--cache", "export").assert_success()
        for name in ("default", "export", "force", "once", "shared", "gets"):
            made.remove(name)
        made.run("policy:force").assert_success()
        made.write({"in.txt": "two"})
        made.run("--cache", "shared").assert_success()
        made.write({"in.txt": "one"})
        for name in ("default", "export", "once", "shared"):
            made.remove(name)
    elif request.param == "elsewhere":
        other = doit_project(files, settings=settings, name="other")
        other.run("--cache", "shared").assert_success()
    return made


def test_nothing_is_written(project: Project) -> None:
    """Names, contents, modes and times are as before, in the project and in the store."""
    top = project.path.parent
    database = project.path / ".doit.db"
    before, records = tree(top), database.read_bytes() if database.exists() else b""
    for command in COMMANDS:
        for options in OPTIONS:
            first, *rest = command.split()
            if options and first in ("help", "tabcompletion", "clean"):
                continue
            outcome = project.run(first, *options, *rest)
            assert "Traceback" not in outcome.stdout + outcome.stderr, (command, repr(outcome))
            assert tree(top) == before, (command, options)
            now = database.read_bytes() if database.exists() else b""
            if first == "invariants":
                assert now == records, (command, options)


def test_looking_tells_the_truth(project: Project) -> None:
    """`list -s` agrees with the next run about up-to-date and accepted tasks."""
    said = {}
    for line in project.run("list", "-s", "--all").stdout.splitlines():
        status, name = line[:2].strip(), line[2:].split()[0]
        if name not in ("policy", "gets"):  # getargs: known in a run only
            said[name] = status
    outcome = project.run().assert_success()
    for name, status in said.items():
        plain = f"-- {name}\n" in outcome.stdout
        assert plain == (status == "U"), (name, status, repr(outcome))


def test_environment_is_honoured_alike(project: Project) -> None:
    """DOIT_CACHE changes the answers of read-only commands, which still write nothing."""
    top = project.path.parent
    before = tree(top)
    for policy in ("True", "False", "export", "force", "once", "shared"):
        outcome = project.run("invariants", "why", env={"DOIT_CACHE": policy})
        assert outcome.returncode == (0 if policy == "force" else 1), repr(outcome)
        assert tree(top) == before, policy
    assert not os.path.exists(project.path / "nothing")


def test_a_missing_input_makes_the_signature_unknown(doit_project: Make) -> None:
    """`why` does not say that the store has no result while another task has yet to make an input.

    The run makes that input, and then finds the result in the store.
    """
    dodo = """
def task_one():
    return {"actions": ["cp in.txt mid.txt"], "file_dep": ["in.txt"], "targets": ["mid.txt"]}
def task_two():
    return {"actions": ["cp mid.txt out.txt"], "file_dep": ["mid.txt"], "targets": ["out.txt"]}
"""
    files = {"dodo.py": dodo, "in.txt": "1"}
    project = doit_project(files, settings={"cache": "shared", "store": "store"})
    project.run().assert_success()
    project.remove("mid.txt")
    project.remove("out.txt")
    said = project.run("invariants", "why", "two").stdout
    assert "its signature is known only after task one: mid.txt is missing" in said
    assert "no result" not in said
    assert "2 restored" in project.run().stdout
