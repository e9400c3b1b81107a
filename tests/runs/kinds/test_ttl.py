"""Stories about ages: `TTL`, the option `ttl`, and the calendar."""

from __future__ import annotations

import pytest

from tests.support import Make

from .one_task import dodo, why

DAY = 86400.0
NOON = 1_700_000_000.0  # some Tuesday


@pytest.mark.parametrize("option", ["'invariants': [TTL('1d')]", "'ttl': '1d'", "'ttl': 86400"])
def test_ttl_counts_executions_only(doit_project: Make, option: str) -> None:
    """A check does not make a result younger; at the age itself it has expired."""
    text = f"""
from doit_invariants import TTL
def task_a():
    return {{"actions": ["true"], {option}}}
"""
    project = doit_project({"dodo.py": text})
    project.run(now=NOON).assert_executed("a")
    project.run(now=NOON + DAY / 2).assert_up_to_date("a")
    project.run(now=NOON + DAY - 1).assert_up_to_date("a")
    (reason,) = why(project, now=NOON + DAY)
    assert reason.endswith("expired: 1d old")
    project.run(now=NOON + DAY).assert_executed("a")
    project.run(now=NOON + DAY + 1).assert_up_to_date("a")


def test_ttl_that_changed_applies_to_the_old_record(doit_project: Make) -> None:
    """Another age is no other invariant."""
    project = doit_project({"dodo.py": dodo("TTL('1d')")})
    project.run(now=NOON).assert_executed("a")
    project.write({"dodo.py": dodo("TTL('2d')")})
    project.run(now=NOON + 1.5 * DAY).assert_up_to_date("a")
    project.write({"dodo.py": dodo("TTL('1h')")})
    project.run(now=NOON + 2 * 3600).assert_executed("a")


def test_failed_run_leaves_it_expired(doit_project: Make) -> None:
    """A task that fails after expiry stays expired."""
    project = doit_project(
        {"dodo.py": dodo("TTL('1d')").replace('"true"', '"test -e ok"'), "ok": ""}
    )
    project.run(now=NOON).assert_executed("a")
    project.remove("ok")
    project.run(now=NOON + DAY).assert_failed("a")
    project.write({"ok": ""})
    project.run(now=NOON + DAY + 1).assert_executed("a")


def test_project_wide_defaults(doit_project: Make) -> None:
    """Settings are defaults for tasks that can be up-to-date; one without anything still runs."""
    text = """
from doit_invariants import Value
DOIT_CONFIG = {"invariants": {"ttl": "1d", "invariants": [Value(1, name="release")]}}
def task_a():
    return {"actions": ["true"], "file_dep": ["x"]}
def task_b():
    return {"actions": ["true"]}
"""
    project = doit_project({"dodo.py": text, "x": ""})
    project.run(now=NOON).assert_executed("a", "b")
    project.run(now=NOON + 1).assert_executed("b")
    project.run(now=NOON + DAY).assert_executed("a", "b")
    project.edit("dodo.py", "Value(1", "Value(2")
    project.run(now=NOON + DAY + 1).assert_executed("a", "b")


OWN = """
from doit_invariants import Value
PROJECT, OWN = 1, 1
DOIT_CONFIG = {"invariants": {"ttl": "1d", "invariants": [Value(PROJECT)]}}
def task_own():
    return {"actions": ["true"], "file_dep": ["in"], "ttl": None, "invariants": [Value(OWN)]}
def task_free():
    return {"actions": ["true"], "file_dep": ["in"], "ttl": None}
def task_aged():
    return {"actions": ["true"], "file_dep": ["in"]}
"""


def test_none_turns_off_the_age_of_the_project(doit_project: Make) -> None:
    project = doit_project({"dodo.py": OWN, "in": ""})
    project.run(now=NOON).assert_executed("aged", "free", "own")
    later = project.run(now=NOON + DAY + 1)
    later.assert_executed("aged").assert_up_to_date("free", "own")


def test_a_value_of_the_project_counts_beside_one_of_the_task(doit_project: Make) -> None:
    project = doit_project({"dodo.py": OWN, "in": ""})
    project.run(now=NOON).assert_executed("aged", "free", "own")
    project.edit("dodo.py", "PROJECT, OWN = 1, 1", "PROJECT, OWN = 1, 2")
    project.run(now=NOON).assert_executed("own").assert_up_to_date("aged", "free")
    project.edit("dodo.py", "PROJECT, OWN = 1, 2", "PROJECT, OWN = 2, 2")
    project.run(now=NOON).assert_executed("aged", "free", "own")
    project.run(now=NOON).assert_up_to_date("aged", "free", "own")
