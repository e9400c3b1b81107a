"""The built-in cache policies: what each answers in each situation."""

from __future__ import annotations

import itertools

import pytest

from doit_invariants.core.model import Reason
from doit_invariants.policies.base import Changed, Facts, Policy, answer_of
from doit_invariants.policies.builtin import Always, Export, Force, Once, Shared

NORMAL = Facts(
    reasons=(Reason("changed_file_dep", "in.txt", "content changed"),),
    targets=("x", "y"),
    missing=(),
    succeeded=True,
    failed=False,
    expired=False,
    uptodate_is_false=False,
)
SOME, ALL = ("x",), ("x", "y")

SITUATIONS = {
    "an input changed": NORMAL,
    "never ran, targets exist": NORMAL._replace(succeeded=False),
    "never ran, no targets exist": NORMAL._replace(succeeded=False, missing=ALL),
    "some targets are missing": NORMAL._replace(missing=SOME),
    "all targets are missing": NORMAL._replace(missing=ALL),
    "expired": NORMAL._replace(expired=True),
    "expired, targets are missing": NORMAL._replace(expired=True, missing=ALL),
    "uptodate is False": NORMAL._replace(uptodate_is_false=True),
    "uptodate is False, targets are missing": NORMAL._replace(uptodate_is_false=True, missing=ALL),
    "failed, targets exist": NORMAL._replace(failed=True),
    "failed, some targets are missing": NORMAL._replace(failed=True, missing=SOME),
    "failed, all targets are missing": NORMAL._replace(failed=True, missing=ALL),
    "without targets, succeeded": NORMAL._replace(targets=()),
    "without targets, never ran": NORMAL._replace(targets=(), succeeded=False),
    "without targets, failed": NORMAL._replace(targets=(), failed=True),
    "without targets, expired": NORMAL._replace(targets=(), expired=True),
}
POLICIES: tuple[Policy, ...] = (Once(), Export(), Shared(), Force())
TABLE = """
                                          once    export   shared   force
an input changed                          accept  accept   restore  accept
never ran, targets exist                  accept  accept   restore  accept
never ran, no targets exist               run     restore  restore  placeholder
some targets are missing                  run     restore  restore  placeholder
all targets are missing                   run     restore  restore  placeholder
expired                                   run     run      run      accept
expired, targets are missing              run     run      run      placeholder
uptodate is False                         run     run      run      accept
uptodate is False, targets are missing    run     run      run      placeholder
failed, targets exist                     run     run      restore  accept
failed, some targets are missing          run     run      restore  placeholder
failed, all targets are missing           run     restore  restore  placeholder
without targets, succeeded                accept  run      restore  accept
without targets, never ran                run     run      restore  accept
without targets, failed                   run     run      restore  accept
without targets, expired                  run     run      run      accept
"""
ROWS = {line[:42].strip(): line[42:].split() for line in TABLE.splitlines()[2:]}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_answers(situation: str) -> None:
    answers = [answer_of(policy, SITUATIONS[situation]) for policy in POLICIES]
    assert answers == ROWS[situation]
    assert ROWS.keys() == SITUATIONS.keys()


def every_situation() -> list[Facts]:
    """Return all combinations of facts."""
    yes_no = (False, True)
    return [
        Facts((), targets, missing, *flags)
        for targets, missing in (((), ()), (ALL, ()), (ALL, SOME), (ALL, ALL))
        for flags in itertools.product(yes_no, yes_no, yes_no, yes_no)
    ]


@pytest.mark.parametrize("policy", [Changed(), Always()], ids=["True", "False"])
def test_true_and_false_always_run(policy: Policy) -> None:
    assert {answer_of(policy, facts) for facts in every_situation()} == {"run"}
    assert not policy.decides, "so they need not be asked"


def test_false_is_a_reason_by_itself() -> None:
    (reason,) = Always().reasons()
    assert (reason.code, str(reason)) == ("cache_false", "cache: False: the task always runs")
    assert not any(policy.reasons() for policy in (Changed(), *POLICIES))


def test_force_never_runs() -> None:
    answers = {answer_of(Force(), facts) for facts in every_situation()}
    assert answers == {"accept", "placeholder"}
    assert [policy.runs for policy in POLICIES] == [True, True, True, False]


def test_no_other_policy_accepts_or_restores_what_has_to_run() -> None:
    """An expired result and an ``uptodate`` that is False are requests to run."""
    for facts in every_situation():
        if facts.expired or facts.uptodate_is_false:
            assert {answer_of(policy, facts) for policy in POLICIES[:3]} == {"run"}


def test_nothing_is_accepted_while_a_target_is_missing() -> None:
    for facts in every_situation():
        if facts.missing:
            assert "accept" not in {answer_of(policy, facts) for policy in POLICIES}


def test_where_results_are_kept() -> None:
    assert [policy.keeps for policy in POLICIES] == [None, "export", "store", None]
    assert all(policy.decides for policy in POLICIES)
    assert [policy.name for policy in POLICIES] == ["once", "export", "shared", "force"]
