"""``cache: "shared"``, turned on later: up-to-date tasks are stored when they are checked."""

from __future__ import annotations

import os

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored

DODO = """
import os
def make(dependencies, targets):
    with open(targets[0], "w") as out:
        out.write(open("in.txt").read().upper())
    return {"made": 1}
def tree():
    os.makedirs("out", exist_ok=True)
    open("out/x", "w").write(open("in.txt").read())
def task_value():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["a.txt"], "cache": CACHE}
def task_command():
    return {"actions": ["echo said && cp in.txt b.txt"], "file_dep": ["in.txt"],
            "targets": ["b.txt"], "cache": CACHE, "setup": ["ready"], "teardown": ["touch torn"]}
def task_tree():
    return {"actions": [tree], "file_dep": ["in.txt"], "targets": ["out"], "cache": CACHE}
def task_get():
    return {"actions": ["echo %(made)s > got"], "getargs": {"made": ("value", "made")}}
def task_ready():
    return {"actions": ["touch ready"]}
DOIT_CONFIG = {"default_tasks": ["value", "command", "tree"],
               "invariants": {"store": "../store"}}
"""
NAMES = ("value", "command", "tree")


def ran(make_project: Make, text: str = DODO, *names: str, cache: str = "True") -> Project:
    """Return a project whose tasks have run without the store, which is turned on then."""
    project = make_project({"dodo.py": f"CACHE = {cache}\n{text}", "in.txt": "one"})
    project.run().assert_executed(*(names or (*NAMES, "ready")))
    turn(project, cache, '"shared"')
    return project


def turn(project: Project, old: str, new: str) -> None:
    """Let all tasks have another policy."""
    project.edit("dodo.py", f"CACHE = {old}", f"CACHE = {new}")


def stored(project: Project) -> int:
    """Return how many results the store has."""
    return len(list((project.path / "../store/entries").rglob("*.json")))


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_first_switch_restores(doit_project: Make, workers: tuple[str, ...]) -> None:
    """Nothing runs when it is turned on, and the way back is a restore."""
    project = ran(doit_project)
    (project.path / "torn").unlink()
    (project.path / "ready").unlink()
    outcome = project.run(*workers).assert_up_to_date(*NAMES)
    assert outcome.stderr == "", repr(outcome)
    assert not (project.path / "torn").exists()
    assert not (project.path / "ready").exists()
    assert stored(project) == 3
    project.run().assert_up_to_date(*NAMES)
    project.write({"in.txt": "two"})
    project.run().assert_executed(*NAMES, "ready")
    project.write({"in.txt": "one"})
    assert restored(project.run(*workers), "the store") == sorted(NAMES)
    assert (project.read("a.txt"), project.read("b.txt")) == ("ONE", "one")
    assert project.read("out/x") == "one"
    project.run("get").assert_success()
    assert project.read("got") == "1\n"
    for _ in range(2):
        again = project.run("-a")
        assert "not reproducible" not in again.stdout + again.stderr, repr(again)


def test_in_another_checkout(doit_project: Make) -> None:
    """Another checkout gets it too, once; a full result replaces a late one."""
    project = ran(doit_project)
    project.run().assert_up_to_date(*NAMES)
    project.run("-a").assert_success()
    other = doit_project({"dodo.py": project.read("dodo.py"), "in.txt": "one"}, name="other")
    outcome = other.run("-v2")
    assert restored(outcome, "the store") == sorted(NAMES)
    assert "said" in outcome.stdout


def test_only_once(doit_project: Make) -> None:
    """A stored task is left alone: later runs neither write to the store nor read it."""
    project = ran(doit_project)
    project.run().assert_up_to_date(*NAMES)
    os.rename(project.path / "../store", project.path / "../gone")
    for _ in range(2):
        project.run().assert_up_to_date(*NAMES)
    assert not (project.path / "../store").exists()
    project.edit("dodo.py", "../store", "../second")
    project.run().assert_up_to_date(*NAMES)
    assert len(list((project.path / "../second/entries").rglob("*.json"))) == 3


@pytest.mark.parametrize("cache", ['"once"', '"export"'])
def test_after_another_policy(doit_project: Make, cache: str) -> None:
    """A task under another policy is stored if it is up-to-date, but not if it was accepted."""
    text = DODO.replace('"cache": CACHE', '"cache": CACHE, "export_dir": "pub"')
    project = ran(doit_project, text, cache=cache)
    turn(project, '"shared"', cache)
    project.write({"in.txt": "two"})
    project.run().assert_up_to_date(*NAMES)
    turn(project, cache, '"shared"')
    project.run().assert_executed(*NAMES, "ready")
    assert project.read("a.txt") == "TWO"
    project.write({"in.txt": "one"})
    project.run().assert_executed(*NAMES, "ready")


ONE = """
def make(targets):
    open(targets[0], "w").write(open("in.txt").read() + "X")
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["a.txt"], "cache": CACHE, }
DOIT_CONFIG = {"invariants": {"store": "../store"}}
"""
EXTRA = '"cache": CACHE, '


def unprovable(project: Project) -> None:
    """Check that the task is up-to-date, and its result not put into the store."""
    for _ in range(2):
        assert "a" in project.run().up_to_date
        assert stored(project) == 0


def test_adopted_code(doit_project: Make) -> None:
    """What was adopted was not seen when the task ran: the result may be of other code."""
    text = ONE.replace(EXTRA, EXTRA + '"track_code": TRACK, ')
    project = ran(doit_project, "TRACK = False\n" + text, "a")
    unprovable(project)
    project.edit("dodo.py", '+ "X"', '+ "Y"')
    project.edit("dodo.py", "TRACK = False", "TRACK = True")
    unprovable(project)
    project.edit("dodo.py", '+ "Y"', '+ "X"')
    project.run().assert_executed("a")
    assert stored(project) == 1


def test_accepted_by_hand(doit_project: Make) -> None:
    """An accepted task is up-to-date here, but its files are not shared."""
    project = ran(doit_project, ONE, "a")
    project.write({"a.txt": "by hand"})
    project.run("invariants", "accept", "a").assert_success()
    unprovable(project)


def test_targets_that_are_not_tracked(doit_project: Make) -> None:
    """Untracked targets are not shared, because the task may not have made them."""
    project = ran(doit_project, ONE.replace(EXTRA, EXTRA + '"track_targets": False, '), "a")
    project.write({"a.txt": "by hand"})
    unprovable(project)


def test_edited_in_place_by_a_later_step(doit_project: Make) -> None:
    """A target that another task has edited is not stored as a result of its own task."""
    text = (
        ONE
        + """
def task_b():
    return {"actions": ["printf more >> a.txt && touch b.txt"], "file_dep": ["a.txt"],
            "targets": ["b.txt"]}
"""
    )
    project = ran(doit_project, text, "a", "b")
    unprovable(project)


def test_edits_its_own_input(doit_project: Make) -> None:
    """A result from before an edit of the input is not shared as one of the edited input."""
    text = ONE.replace(
        '    open(targets[0], "w")',
        '    old = open("in.txt").read()\n    open("in.txt", "w").write(old.rstrip("."))\n'
        '    open(targets[0], "w")',
    )
    project = doit_project({"dodo.py": "CACHE = True\n" + text, "in.txt": "one."})
    for _ in range(4):
        project.run()
    project.run().assert_up_to_date("a")
    turn(project, "True", '"shared"')
    unprovable(project)


def test_part_of_what_changed(doit_project: Make) -> None:
    """An action that works on what has changed may have seen a part of its inputs."""
    text = ONE.replace("def make(targets)", "def make(targets, changed)")
    project = ran(doit_project, text, "a")
    unprovable(project)


def test_options_of_another_run(doit_project: Make) -> None:
    """Options of a task are part of its signature, whether an action takes them or not."""
    text = ONE.replace(EXTRA, EXTRA + '"params": [{"name": "n", "long": "n", "default": "1"}], ')
    project = doit_project({"dodo.py": "CACHE = True\n" + text, "in.txt": "one"})
    project.run("a", "--n", "2").assert_executed("a")
    turn(project, "True", '"shared"')
    unprovable(project)
    project.run("a", "--n", "2").assert_up_to_date("a")
    assert stored(project) == 1


def test_command_line_variables(doit_project: Make) -> None:
    """It is not shared under other variables of the command line."""
    project = doit_project({"dodo.py": "CACHE = True\n" + ONE, "in.txt": "one"})
    project.run("x=1").assert_executed("a")
    turn(project, "True", '"shared"')
    unprovable(project)
    project.run("x=1").assert_up_to_date("a")
    assert stored(project) == 1


def test_that_cannot_be_shared(doit_project: Make) -> None:
    """A result that can't be shared is left alone, without a message."""
    text = ONE.replace(EXTRA, EXTRA + '"share": False, ')
    project = ran(doit_project, text, "a")
    unprovable(project)
    project.edit("dodo.py", '"share": False, ', "")
    assert project.run().assert_up_to_date("a").stderr == ""
    assert stored(project) == 1
    outside = ONE.replace('"a.txt"', '"../outside.txt"')
    project = doit_project({"dodo.py": "CACHE = True\n" + outside, "in.txt": "1"}, name="other")
    project.run().assert_executed("a")
    turn(project, "True", '"shared"')
    for _ in range(2):
        assert project.run().assert_up_to_date("a").stderr == ""


def test_result_that_another_task_asks_for(doit_project: Make) -> None:
    """doit keeps a digest of a result: a task whose result others use is not stored late."""
    text = (
        ONE
        + """
from doit.task import result_dep
def task_c():
    return {"actions": ["true"], "uptodate": [result_dep("a")]}
"""
    )
    project = ran(doit_project, text, "a", "c")
    unprovable(project)


def test_commands_that_look_put_nothing(doit_project: Make) -> None:
    """`why`, `list` and `info` write nothing."""
    project = ran(doit_project, ONE, "a")
    project.run("invariants", "why").assert_success()
    project.run("list", "-s").assert_success()
    project.run("info", "a").assert_success()
    assert stored(project) == 0
    outcome = project.run("-r", "json")
    assert outcome.json()["tasks"][0]["result"] == "up-to-date", repr(outcome)
    assert stored(project) == 1
