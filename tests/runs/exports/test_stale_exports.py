"""``cache: "export"``: an export never falls behind the last result of its task."""

from __future__ import annotations

import gzip
import shutil

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored

DODO = """
def make(dependencies, targets):
    text = open("in.txt").read()
    if text == "bad":
        return False
    for target in targets:
        with open(target, "w") as stream:
            stream.write(text.upper())
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "cache": "export", "export_dir": "pub", "export_how": "copy"}
"""
TREE = DODO.replace(
    "    for target in targets:\n        with open(target",
    "    import os\n    os.makedirs('out.txt', exist_ok=True)\n"
    "    for target in targets:\n        with open(target + '/x'",
)


def made(make_project: Make, text: str = DODO, name: str = "project") -> Project:
    """Return a project in which the task has run and exported, and whose input then changed."""
    project = make_project({"dodo.py": text, "in.txt": "one"}, name=name)
    project.run().assert_executed("a")
    project.write({"in.txt": "two"})
    return project


@pytest.mark.parametrize("policy", ["True", "False"])
@pytest.mark.parametrize("how", ["copy", "hardlink", "move", "gzip"])
def test_another_policy_for_one_run(doit_project: Make, policy: str, how: str) -> None:
    """A task that runs under a policy of the command line exports at once."""
    project = made(doit_project, DODO.replace('"copy"', f'"{how}"'))
    project.run("--cache", policy).assert_executed("a")
    if how == "gzip":
        with gzip.open(project.path / "pub/out.txt.gz", "rt") as stream:
            assert stream.read() == "TWO"
    else:
        assert project.read("pub/out.txt") == "TWO"
    project.remove("out.txt")
    assert "a" in restored(project.run(), "pub")
    assert project.read("out.txt") == "TWO"
    project.run("--cache", "True").assert_up_to_date("a")


def test_once_directories_and_workers(doit_project: Make) -> None:
    """So is what a lost target makes run under "once", of a directory, and in a worker."""
    project = made(doit_project, TREE)
    shutil.rmtree(project.path / "out.txt")
    project.run("--cache", "once", "-n", "2").assert_executed("a")
    assert project.read("pub/out.txt/x") == "TWO"
    shutil.rmtree(project.path / "out.txt")
    assert "a" in restored(project.run(), "pub")
    assert project.read("out.txt/x") == "TWO"


@pytest.mark.parametrize("text", [DODO, TREE, DODO.replace('"copy"', '"move"')])
def test_another_policy_for_a_while(doit_project: Make, text: str) -> None:
    """A result from another policy is exported by the next check, without a run."""
    project = made(doit_project, text.replace('"export"', "True"))
    project.edit("dodo.py", '"cache": True', '"cache": "export"')
    project.write({"in.txt": "one"})
    assert "(exported to pub)" in project.run().stdout
    project.edit("dodo.py", '"cache": "export"', '"cache": True')
    project.write({"in.txt": "two"})
    project.run().assert_executed("a")
    project.edit("dodo.py", '"cache": True', '"cache": "export"')
    outcome = project.run()
    assert "-- a  (exported to pub)" in outcome.stdout, repr(outcome)
    name = "out.txt/x" if text is TREE else "out.txt"
    assert project.read(f"pub/{name}") == "TWO"
    project.run().assert_up_to_date("a")
    shutil.rmtree(project.path / "out.txt") if text is TREE else project.remove("out.txt")
    assert "a" in restored(project.run(), "pub")
    assert project.read(name) == "TWO"


def test_changed_again_since(doit_project: Make) -> None:
    """The last result is exported even if the task is only accepted by now."""
    project = made(doit_project)
    project.edit("dodo.py", '"cache": "export"', '"cache": True')
    project.run().assert_executed("a")
    project.edit("dodo.py", '"cache": True', '"cache": "export"')
    project.write({"in.txt": "three"})
    assert "(exported to pub)" in project.run().stdout
    assert project.read("pub/out.txt") == "TWO"
    project.run().assert_up_to_date("a")
    project.remove("out.txt")
    assert "a" in restored(project.run(), "pub")
    project.run("--cache", "True").assert_executed("a")
    assert project.read("out.txt") == "THREE"


def test_outdated_exports_are_not_restored(doit_project: Make) -> None:
    """A target that is lost before the new result was exported is made again, not an old one."""
    for policy in ('"shared"', "True"):
        name = policy.strip('"')
        store = f"DOIT_CONFIG = {{'invariants': {{'store': '{name}'}}}}"
        project = made(doit_project, store + DODO, name)
        project.edit("dodo.py", '"cache": "export"', f'"cache": {policy}')
        project.run().assert_executed("a")
        project.remove("out.txt")
        project.edit("dodo.py", f'"cache": {policy}', '"cache": "export"')
        why = project.run("invariants", "why")
        assert "not restored: its exports are older than its last result" in why.stdout, repr(why)
        project.run().assert_executed("a")
        assert project.read("out.txt") == project.read("pub/out.txt") == "TWO"


def test_export_that_failed(doit_project: Make) -> None:
    """Where the new result could not be exported the old one is not restored; no run is lost."""
    project = made(doit_project)
    shutil.move(project.path / "pub", project.path / "kept")
    project.write({"pub": "a file"})
    outcome = project.run("-a").assert_executed("a")
    assert "not exported" in outcome.stderr or "nothing is exported" in outcome.stderr
    project.remove("pub")
    shutil.move(project.path / "kept", project.path / "pub")
    assert "(exported to pub)" in project.run().stdout
    assert project.read("pub/out.txt") == "TWO"


def test_edited_by_hand(doit_project: Make) -> None:
    """A target that was edited is exported only once it is accepted as the result."""
    project = made(doit_project)
    project.write({"out.txt": "by hand"})
    project.run().assert_up_to_date("a")
    assert project.read("pub/out.txt") == "ONE"
    project.run("invariants", "accept", "a").assert_success()
    assert "(exported to pub)" in project.run().stdout
    assert project.read("pub/out.txt") == "by hand"
    project.run().assert_up_to_date("a")
    project.remove("out.txt")
    assert "a" in restored(project.run(), "pub")
    assert project.read("out.txt") == "by hand"


def test_failure(doit_project: Make) -> None:
    """A run that fails exports nothing, and what was exported before is served still."""
    project = made(doit_project)
    project.write({"in.txt": "bad"})
    project.run("--cache", "True").assert_failed("a")
    assert project.read("pub/out.txt") == "ONE"


def test_some_of_several_targets(doit_project: Make) -> None:
    """One of two targets that differs is enough."""
    text = DODO.replace('["out.txt"]', '["out.txt", "same.txt"]').replace(
        "text.upper()", 'text.upper() if "out" in target else "same"'
    )
    project = made(doit_project, text.replace('"export"', '"export", "ttl": "1d"'))
    project.run("--cache", "True").assert_executed("a")
    project.remove("out.txt", "same.txt")
    assert "a" in restored(project.run(), "pub")
    assert (project.read("out.txt"), project.read("same.txt")) == ("TWO", "same")


def test_edited_in_place_by_a_later_step(doit_project: Make) -> None:
    """What a later step makes of a target in place is not what the task exported: it stays."""
    text = (
        DODO
        + """
def task_b():
    return {"actions": ["printf ' and b' >> out.txt", "touch b.txt"], "file_dep": ["out.txt"],
            "targets": ["b.txt"]}
"""
    )
    project = doit_project({"dodo.py": text, "in.txt": "one"})
    project.run().assert_executed("a", "b")
    project.run().assert_up_to_date("a", "b")
    assert project.read("pub/out.txt") == "ONE"
    project.remove("out.txt")
    assert "a" in restored(project.run("a"), "pub")


def test_two_checkouts(doit_project: Make) -> None:
    """A later export of another checkout is newer, and stays."""
    text = DODO.replace('"pub"', '"../pub"')
    first = doit_project({"dodo.py": text, "in.txt": "one"}, name="first")
    first.run().assert_executed("a")
    second = doit_project({"dodo.py": text, "in.txt": "two"}, name="second")
    second.run("-a").assert_executed("a")
    for project in (first, second, first):
        project.run().assert_up_to_date("a")
        assert first.read("../pub/out.txt") == "TWO"
