"""Ages and policies: what is restored is as old as it is (T1 to T11)."""

from __future__ import annotations

import os

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored

NOW = 1_700_000_000.0
DAY = 86400.0
DODO = """
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "POLICY", "export_dir": "../pub", "ttl": "1d"}
def task_b():
    return {"actions": ["cp a.txt b.txt"], "file_dep": ["a.txt"], "targets": ["b.txt"]}
"""
KEEPING = ("export", "shared")


def project_of(doit_project: Make, policy: str, name: str = "project", **more: str) -> Project:
    """Return a project whose first task has a TTL of a day."""
    files = {"dodo.py": DODO.replace("POLICY", policy), "in.txt": "one", **more}
    return doit_project(files, settings={"store": "../store"}, name=name)


@pytest.mark.parametrize("policy", ["export", "once", "shared"])
def test_boundary(doit_project: Make, policy: str) -> None:
    """T1, T10: at the age itself it has expired, and `why` says how old it is."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    project.run(now=NOW + DAY - 1).assert_up_to_date("a", "b")
    why = project.run("invariants", "why", "a", now=NOW + DAY)
    assert "TTL(1d): expired: 1d old" in why.stdout, repr(why)
    project.run(now=NOW + DAY).assert_executed("a")
    project.run(now=NOW + 2 * DAY - 1).assert_up_to_date("a", "b")


@pytest.mark.parametrize("policy", ["export", "once", "shared"])
def test_zero_and_negative(doit_project: Make, policy: str) -> None:
    """T2: 0 always runs, and a negative age is an error."""
    project = project_of(doit_project, policy)
    project.edit("dodo.py", '"1d"', "0")
    for _ in range(2):
        assert "a" in project.run(now=NOW).assert_success().executed
    project.edit("dodo.py", '"ttl": 0', '"ttl": -1')
    project.run(now=NOW).assert_error("task 'a': option 'ttl'")


@pytest.mark.parametrize("policy", KEEPING)
def test_restore_does_not_make_it_younger(doit_project: Make, policy: str) -> None:
    """T3, T5: restoring, accepting and touching do not change the age."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    project.remove("a.txt")
    assert "a" in restored(project.run(now=NOW + DAY / 2))
    for path in [*project.path.rglob("*"), *project.path.parent.rglob("*")]:
        if not path.is_symlink():
            os.utime(path)
    assert "-- a\n" in project.run(now=NOW + DAY - 1).stdout
    assert "a" in project.run(now=NOW + DAY).executed


@pytest.mark.parametrize("policy", KEEPING)
def test_restored_elsewhere(doit_project: Make, policy: str) -> None:
    """T3: another checkout inherits the age of the execution, not the time of the restore."""
    project_of(doit_project, policy).run(now=NOW).assert_executed("a", "b")
    other = project_of(doit_project, policy, "other")
    assert "a" in restored(other.run(now=NOW + DAY / 2))
    other.run(now=NOW + DAY - 1).assert_up_to_date("a", "b")
    assert "a" in other.run(now=NOW + DAY).executed


@pytest.mark.parametrize("policy", KEEPING)
def test_too_old_to_be_restored(doit_project: Make, policy: str) -> None:
    """An expired result is not restored; the new one replaces it."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    other = project_of(doit_project, policy, "other")
    assert "a" in other.run(now=NOW + DAY).executed
    third = project_of(doit_project, policy, "third")
    assert "a" in restored(third.run(now=NOW + 2 * DAY - 1))
    assert "a" in third.run(now=NOW + 2 * DAY).executed


@pytest.mark.parametrize("policy", KEEPING)
def test_someone_else_made_it_anew(doit_project: Make, policy: str) -> None:
    """A result that expired here is restored if another checkout has a younger one."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    other = project_of(doit_project, policy, "other")
    assert "a" in other.run(now=NOW + DAY).executed
    outcome = project.run(now=NOW + DAY + 10)
    if policy == "shared":
        assert "a" in restored(outcome), repr(outcome)
        project.run(now=NOW + 2 * DAY - 1).assert_up_to_date("a", "b")
        assert "a" in project.run(now=NOW + 2 * DAY).executed
    else:  # the target is there: it is accepted for the sake of the younger export
        assert "a" not in outcome.executed, repr(outcome)


@pytest.mark.parametrize("policy", ["export", "once", "shared"])
def test_clock_that_went_backwards(doit_project: Make, policy: str) -> None:
    """T4: a result from the future has expired, here and in a store."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    assert "a" in project.run(now=NOW - 1).executed
    if policy != "once":
        other = project_of(doit_project, policy, "other")
        assert "a" in other.run(now=NOW - 2).executed


@pytest.mark.parametrize("policy", KEEPING)
def test_ttl_that_changed(doit_project: Make, policy: str) -> None:
    """T6: the age that the task has now counts, not the one that it was kept with."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    project.edit("dodo.py", '"1d"', '"2d"')
    project.remove("a.txt")
    assert "a" in restored(project.run(now=NOW + 1.5 * DAY))
    project.edit("dodo.py", '"2d"', '"1h"')
    project.remove("a.txt")
    assert "a" in project.run(now=NOW + 1.6 * DAY).executed


@pytest.mark.parametrize("policy", KEEPING)
def test_expired_and_failed(doit_project: Make, policy: str) -> None:
    """T7: if the run fails it stays expired, and the last good result stays where it is kept."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    project.edit("dodo.py", '"cp in.txt a.txt"', '"test ! -e bad && cp in.txt a.txt"')
    project.run("-a", now=NOW).assert_success()
    project.write({"bad": ""})
    assert "a" in project.run(now=NOW + DAY).failed
    assert "a" in project.run(now=NOW + DAY).failed
    project.edit("dodo.py", '"1d"', '"9d"')
    project.remove("a.txt")
    assert "a" in restored(project.run(now=NOW + DAY))
    assert project.read("a.txt") == "one"


@pytest.mark.parametrize("policy", ["export", "once", "shared"])
def test_same_result_again(doit_project: Make, policy: str) -> None:
    """T8: if it makes the same again, what depends on it does not run."""
    project = project_of(doit_project, policy)
    project.run(now=NOW).assert_executed("a", "b")
    project.run(now=NOW + DAY).assert_executed("a")


def test_another_result_again(doit_project: Make) -> None:
    """A new result of a shared task with a TTL replaces the stored one, without a message."""
    text = DODO.replace("POLICY", "shared").replace("cp in.txt a.txt", "cp today a.txt")
    project = doit_project(
        {"dodo.py": text, "in.txt": "", "today": "1"}, settings={"store": "../store"}
    )
    project.run(now=NOW).assert_executed("a", "b")
    project.write({"today": "2"})
    outcome = project.run(now=NOW + DAY).assert_executed("a", "b")
    assert "not reproducible" not in outcome.stderr + outcome.stdout
    project.remove("a.txt")
    assert "a" in restored(project.run(now=NOW + DAY + 1))
    assert project.read("a.txt") == "2"


def test_force(doit_project: Make) -> None:
    """T11: under force an expired TTL does not count, and stays expired."""
    project = project_of(doit_project, "force")
    project.run("--cache", "True", now=NOW).assert_executed("a", "b")
    project.run(now=NOW + 3 * DAY).assert_up_to_date("a", "b")
    project.run("--cache", "once", now=NOW + 3 * DAY).assert_executed("a")


def test_export_by_hand_has_no_age(doit_project: Make) -> None:
    """T11: an export that was put there by hand has no known age: with a TTL it is not used."""
    project = project_of(doit_project, "export", **{"../pub/a.txt": "by hand"})
    outcome = project.run(now=NOW).assert_success()
    assert "a" in outcome.executed, repr(outcome)
    assert project.read("a.txt") == "one"
