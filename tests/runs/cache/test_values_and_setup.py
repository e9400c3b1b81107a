"""Values, setup, order and ways in, with results that were accepted or restored."""

from __future__ import annotations

import pytest

from tests.support import Make
from tests.support.results import restored
from tests.support.runners import EACH_RUNNER

NOW = 1_700_000_000.0
SETTINGS = {"store": "../store", "export_dir": "../pub"}
DODO = """
from doit.tools import result_dep
def make(targets):
    open(targets[0], "w").write("made")
    print("talk", "talk")
    return {"n": 5, "deep": [1, {"k": None}]}
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["a.txt"], "cache": "POLICY",
            "setup": ["s"], "teardown": ["echo >> torn"], "verbosity": 2}
def task_s():
    return {"actions": ["echo >> set-up"]}
def task_use():
    return {"actions": ["echo %(n)s > use.txt"], "getargs": {"n": ("a", "n")},
            "targets": ["use.txt"]}
def task_result():
    return {"actions": ["date > result.txt"], "uptodate": [result_dep("a")],
            "targets": ["result.txt"]}
DOIT_CONFIG = {"default_tasks": ["a", "use", "result"]}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize("policy", ["export", "shared"])
@pytest.mark.parametrize("where", ["here", "forgotten", "elsewhere"])
def test_values_and_setup(
    doit_project: Make, policy: str, where: str, runner: tuple[str, ...]
) -> None:
    """A restored task gives its values and its result, and runs no setup and no teardown."""
    files = {"dodo.py": DODO.replace("POLICY", policy), "in.txt": ""}
    project = doit_project(files, settings=SETTINGS)
    project.run().assert_executed("a", "s", "use", "result")
    if where == "elsewhere":
        project = doit_project(files, settings=SETTINGS, name="other")
    else:
        project.remove("a.txt", "use.txt", "set-up", "torn")
        if where == "forgotten":
            project.run("forget", "a").assert_success()
    outcome = project.run(*runner).assert_success()
    assert "a" in restored(outcome), repr(outcome)
    assert project.read("a.txt") == "made"
    assert project.read("use.txt") == "5\n"
    assert not (project.path / "set-up").exists(), repr(outcome)
    assert not (project.path / "torn").exists(), repr(outcome)
    assert ("result" in outcome.executed) == (where == "elsewhere"), repr(outcome)
    outcome = project.run().assert_success()
    assert "result" not in outcome.executed, repr(outcome)


def test_setup_and_values_that_are_looked_up_late(doit_project: Make) -> None:
    """A task with `getargs` is looked up when its setup is done already; its teardown is not."""
    text = """
def value():
    return {"n": 1}
def task_v():
    return {"actions": [value], "file_dep": ["in.txt"], "cache": "shared"}
def task_a():
    return {"actions": ["echo %(n)s > a.txt"], "getargs": {"n": ("v", "n")}, "targets": ["a.txt"],
            "setup": ["s"], "cache": "shared", "teardown": ["echo >> torn"]}
def task_s():
    return {"actions": ["echo >> set-up"]}
DOIT_CONFIG = {"default_tasks": ["a"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings=SETTINGS)
    project.run().assert_executed("v", "a", "s")
    project.remove("a.txt", "set-up", "torn")
    assert "a" in restored(project.run())
    assert (project.path / "set-up").exists()
    assert not (project.path / "torn").exists()


@pytest.mark.parametrize("policy", ["once", "force", "export"])
def test_values_of_what_was_accepted(doit_project: Make, policy: str) -> None:
    """A task that is accepted has the values of its last success; without any it runs.

    Not under `force`: there doit says that there are none. An export keeps them as well.
    """
    project = doit_project(
        {"dodo.py": DODO.replace("POLICY", policy), "in.txt": ""}, settings=SETTINGS
    )
    project.run("--cache", "True").assert_success()
    project.write({"in.txt": "changed"})
    outcome = project.run().assert_success()
    assert "a" in outcome.up_to_date
    assert project.read("use.txt") == "5\n"
    project.run("forget", "a").assert_success()
    outcome = project.run()
    assert "a" in (outcome.executed if policy == "once" else outcome.up_to_date), repr(outcome)
    assert project.read("use.txt") == "5\n"
    assert bool(outcome.returncode) == (policy == "force")
    assert "Traceback" not in outcome.stderr, repr(outcome)


EXPORT = '"cache": "export", "export_dir": "../pub"'


def test_setup_of_what_is_restored(doit_project: Make) -> None:
    """5: a task that is restored from an export needs no setup."""
    dodo = f"""
def task_prep():
    return {{"actions": ["echo >> prepared"]}}
def task_t():
    return {{"actions": ["cp in out"], "file_dep": ["in"], "targets": ["out"], "setup": ["prep"],
            {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"})
    project.run("t").assert_success()
    project.remove("out")
    assert restored(project.run("t")) == ["t"]
    assert project.read("out") == "1"
    assert project.read("prepared") == "\n"
