"""Translates a verdict into doit's status object."""

from __future__ import annotations

from typing import Any

from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.host_facts import HostFacts

#: Codes of reasons by doit's own rules, and of reasons that there is no record to compare with.
_OF_DOIT = {
    "uptodate_false",
    "has_no_dependencies",
    "missing_target",
    "checker_changed",
    "missing_file_dep",
    "awaited_file_dep",
    "added_file_dep",
    "removed_file_dep",
    "changed_file_dep",
    "never_ran",
    "failed",
    "not_run",
    "cache_false",
}


def report(status: Any, task: Any, facts: HostFacts, verdict: Verdict) -> None:
    """Write a verdict to doit's status object, and to the argument ``changed`` of actions."""
    status.verdict = verdict
    status.status = verdict.status
    task.dep_changed = _dep_changed(task, facts, verdict)
    if verdict.status == "error":
        status.error_reason = _error_text(facts, verdict)
    if status.get_log and verdict.status != "up-to-date":
        status.reasons.update(facts.to_doit())
        status.reasons["invariants"] = list(verdict.reasons)
        if any(reason.code == "has_no_dependencies" for reason in verdict.reasons):
            status.reasons["has_no_dependencies"] = True


def _dep_changed(task: Any, facts: HostFacts, verdict: Verdict) -> list[str]:
    """Return the argument ``changed`` of actions: as in doit, but all files for our own reasons.

    An action that only processes ``changed`` files must process all of them after its code changed.
    """
    codes = {reason.code for reason in verdict.reasons}
    if codes - _OF_DOIT:
        return list(task.file_dep)
    if facts.uptodate_false or "has_no_dependencies" in codes:
        return []
    if facts.missing_targets or facts.checker_changed:
        return list(task.file_dep)
    changed = set(facts.changed)
    return [path for path in task.file_dep if path in changed]


def _error_text(facts: HostFacts, verdict: Verdict) -> str:
    problems = [str(one) for one in verdict.reasons if one.code == "cannot_check"]
    if problems:
        return "; ".join(problems)
    path = facts.missing[0]
    hint = ""
    if "*" in path:
        hint = " A file_dep can't be a pattern: list the files, or use Files(...)."
    return f"Dependent file '{path}' does not exist.{hint}"  # doit's own words
