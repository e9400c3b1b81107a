"""Which reasons each change gives, and in which order: by the engine alone, without doit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from doit_invariants import TTL, Env, Value
from doit_invariants.engine.status import task_status
from doit_invariants.engine.task import SimpleTask
from tests.engine.plain import Project
from tests.engine.test_aspects import EDITS, State, in_new_directory
from tests.oracle import reasons_of_full_look

# Each edit, and what it is a reason for: code and subject.
REASONS = {
    "input": "changed_file_dep a",
    "input, as long": "changed_file_dep a",
    "input, the same": "",
    "input touched": "",
    "no input": "missing_file_dep b",
    "target": "changed_target x",
    "target touched": "",
    "no target": "missing_target y",
    "action": "changed_invariant Function(make_otherwise)",
    "two actions": "added_invariant Function(make_otherwise)",
    "fewer inputs": "removed_file_dep b",
    "no inputs": "removed_file_dep a, removed_file_dep b",
    "more inputs": "added_file_dep x",
    "fewer targets": "removed_target y",
    "targets in another order": "changed_target targets",
    "calculated": "",
    "value": "changed_invariant Value",
    "nothing listed": "removed_invariant Value, removed_invariant Env(ASPECTS)",
    "another order": "",
    "policy": "cache_false cache",
    "another policy": "",
    "targets not tracked": "",
    "code not tracked": "",
    "newer record": "unreadable_record record",
    "of another place": "",
    "odd origin": "unreadable_record record",
    "no targets recorded": "",
    "no plugins asked": "unreadable_record record",
    "no stats": "",
    "endless age": "unreadable_record record",
    "no record": "no_record task",
    "no row": "never_ran task",
    "checker": "checker_changed file_dep, changed_file_dep a, changed_file_dep b, no_record task",
    "checker of a later name": (
        "checker_changed file_dep, changed_file_dep a, changed_file_dep b, no_record task"
    ),
    "names": "added_file_dep b",
    "plain doit saved": "changed_file_dep a",
    "older kind": "",
    "newer kind": (
        "added_invariant Value, added_invariant Env(ASPECTS), added_invariant Function(make)"
    ),
    "other digest": "changed_invariant Value",
    "edited while it ran": "changed_invariant Value",
    "interrupted": "interrupted task",
    "failed": "",
    "damaged": "unreadable_record record",
    "running": "running task",
    "false": "uptodate_false uptodate",
    "true": "",
}


def shown(reasons: Any) -> str:
    """Return codes and subjects in one line."""
    return ", ".join(f"{reason.code} {reason.subject}" for reason in reasons)


@pytest.mark.parametrize("edit", EDITS)
def test_each_change_gives_its_reason(edit: str) -> None:
    with in_new_directory():
        state = State()
        EDITS[edit](state)
        found = reasons_of_full_look(state.session(), state.project.tasks[0], state.facts)
        assert shown(found) == REASONS[edit]
    assert REASONS.keys() == EDITS.keys()


def test_all_reasons_are_given_in_the_order_of_the_rules() -> None:
    """doit's rules come first, then invariants, then targets; none hides another one."""
    with in_new_directory():
        state = State()
        edits = ("false", "input", "fewer inputs", "value", "action", "target", "no target")
        for edit in edits:
            EDITS[edit](state)
        found = reasons_of_full_look(state.session(), state.project.tasks[0], state.facts)
        assert shown(found).split(", ") == [
            "uptodate_false uptodate",
            "missing_target y",
            "removed_file_dep b",
            "changed_file_dep a",
            "changed_invariant Value",
            "changed_invariant Function(make_otherwise)",
            "changed_target x",
        ]


def test_a_task_that_depends_on_nothing_is_not_compared_with_its_record() -> None:
    """It runs in any case, so other differences do not add a reason."""
    with in_new_directory():
        state = State()
        state.project.options = {}
        for edit in ("no inputs", "action", "target"):
            EDITS[edit](state)
        found = reasons_of_full_look(state.session(), state.project.tasks[0], state.facts)
        assert shown(found) == ("removed_file_dep a, removed_file_dep b, has_no_dependencies task")


class SizeChecker:
    """A user's own checker: a file has changed if its size has."""

    exists = staticmethod(os.path.exists)
    info = staticmethod(os.path.getsize)

    @staticmethod
    def is_modified(path: str, info: int, stored: Any) -> bool:
        """Compare the present size with the stored one."""
        return info != stored[1]


def test_a_checker_of_the_user_decides_which_files_have_changed() -> None:
    with in_new_directory():
        state = State()
        session = state.session()
        session.host.checker = SizeChecker()
        Path("a").write_text("c")  # as long as before
        found = reasons_of_full_look(session, state.project.tasks[0], state.facts)
        assert shown(found) == ""
        Path("a").write_text("longer")
        found = reasons_of_full_look(session, state.project.tasks[0], state.facts)
        assert shown(found) == "changed_file_dep a"


# ------------------------------------------------------------------------------ policies


class Made:
    """A project with one task that has succeeded, and options to give it."""

    def __init__(self, **options: Any) -> None:
        self.calls = 0
        Path("in.txt").write_text("one")
        self.task = SimpleTask("t", [self.make], ["in.txt"], ["out.txt"])
        self.project = Project([self.task])
        self.set()
        assert self.run() == "executed"
        self.set(**options)

    def set(self, **options: Any) -> None:
        """Give the task these options, and no code that counts."""
        self.project.options = {"t": {"track_code": False, **options}}

    def make(self) -> None:
        """Make the target."""
        self.calls += 1
        Path("out.txt").write_text(f"made {self.calls}")

    def run(self) -> str:
        """Run; return what became of the task."""
        return self.project.run()["t"]

    def verdict(self) -> Any:
        """Return the verdict, without running."""
        return task_status(self.project.session(runs=False), self.task)[0]


@pytest.mark.parametrize(
    ("cache", "changed", "missing"),
    [
        (True, "executed", "executed"),
        (False, "executed", "executed"),
        ("once", "up-to-date", "executed"),
        ("force", "up-to-date", "up-to-date"),
    ],
)
def test_policies_decide_on_the_reasons(cache: Any, changed: str, missing: str) -> None:
    """``why`` prints the reasons, and the answer of the policy."""
    with in_new_directory():
        made = Made(cache=cache)
        assert made.run() == ("executed" if cache is False else "up-to-date")
        Path("in.txt").write_text("two, longer")
        verdict = made.verdict()
        assert "changed_file_dep" in [reason.code for reason in verdict.reasons]
        assert (verdict.policy != "") == (changed == "up-to-date")
        assert made.run() == changed
        Path("out.txt").unlink()
        assert made.run() == missing
        assert Path("out.txt").exists()


def test_a_verdict_runs_nothing() -> None:
    with in_new_directory():
        made = Made(cache="force")
        Path("out.txt").unlink()
        assert made.verdict().status == "up-to-date"
        assert "placeholder" in made.verdict().policy
        assert not Path("out.txt").exists()
        assert made.calls == 1


def test_an_accepted_change_is_not_recorded() -> None:
    """Another policy sees it later."""
    with in_new_directory():
        made = Made(cache="once")
        Path("in.txt").write_text("two, longer")
        assert made.run() == "up-to-date"
        made.set()
        assert shown(made.verdict().reasons) == "changed_file_dep in.txt"
        assert made.run() == "executed"
        assert made.run() == "up-to-date"


@pytest.mark.parametrize("track", [True, False])
def test_targets_count_only_if_they_are_tracked(track: bool) -> None:
    with in_new_directory():
        made = Made(track_targets=track)
        Path("out.txt").write_text("by hand")
        assert shown(made.verdict().reasons) == ("changed_target out.txt" if track else "")


def test_an_expired_age_is_one_reason_among_others() -> None:
    with in_new_directory():
        made = Made()
        made.set(invariants=[TTL(0), Value(1), Env("REASONS")])
        made.run()
        Path("in.txt").write_text("two, longer")
        made.set(invariants=[TTL(0), Value(2), Env("REASONS")])
        found = [(reason.code, str(reason)) for reason in made.verdict().reasons]
        assert [code for code, _ in found] == ["changed_file_dep", "expired", "changed_invariant"]
        assert found[1][1].startswith("TTL(0): expired: ")
        assert found[2][1] == "Value: 1 -> 2"
