"""Collects the facts that a cache policy decides by, and those that a restore needs about files."""

from __future__ import annotations

import copy

from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.reuse.exports import exporter_of
from doit_invariants.files.state import FileState, Stat
from doit_invariants.files.tree import TreeState
from doit_invariants.policies.base import Facts


def facts_of(observation: TaskObservation, facts: HostFacts, verdict: Verdict) -> Facts:
    """Return the facts for the policy of a task.

    :param facts: what the host's own rules find about the task
    """
    task, session = observation.task, observation.session
    return Facts(
        reasons=verdict.reasons,
        targets=tuple(task.targets),
        missing=tuple(missing_targets(observation, facts)),
        succeeded=observation.before.record is not None or not observation.snapshot.never_ran,
        failed=task.name in session.unfinished.read(),
        expired=_expired(observation, facts),
        uptodate_is_false=not observation.snapshot.has_dependencies or uptodate_is_false(facts),
    )


def uptodate_is_false(facts: HostFacts) -> bool:
    """Return whether ``uptodate`` contains a plain False."""
    return any(item is False for item, _, _ in facts.uptodate_false)


def missing_targets(observation: TaskObservation, facts: HostFacts) -> list[str]:
    """Return the targets that are missing, or are only placeholders."""
    targets = observation.task.targets
    placeholders = observation.session.placeholders.among(targets)
    return [path for path in targets if path in facts.missing_targets or path in placeholders]


def expired_at(observation: TaskObservation, executed_at: float | None) -> bool:
    """Return whether a TTL has expired for a result of that time.

    :param executed_at: seconds since the epoch; None counts as expired for every TTL
    """
    context = copy.copy(observation.context)
    context.executed_at = executed_at
    for seen in observation.snapshot.observed.values():
        try:
            found = seen.invariant.difference(seen.fingerprint, seen.fingerprint, context)
        except Exception:
            return True  # a plugin's kind may raise anything
        if found is not None and found.code == "expired":
            return True
    return False


def has_ttl(observation: TaskObservation) -> bool:
    """Return whether the results of a task can expire."""
    return expired_at(observation, None)


def _expired(observation: TaskObservation, facts: HostFacts) -> bool:
    """Return whether a TTL has expired since the last known run of the actions."""
    policy, executed_at = observation.spec.policy, observation.context.executed_at
    if policy.keeps == "store":
        return False  # decided later: the entry in the store says when it was made
    if policy.keeps != "export" or not observation.task.targets:
        return expired_at(observation, executed_at)
    missing = missing_targets(observation, facts)
    found = exporter_of(observation.session, observation.task, observation.spec).preview(
        missing, missing
    )
    if found.by_hand:
        return expired_at(observation, found.by_hand_since)
    exported_at = found.entry.executed_at if found.entry is not None else None
    known = [time for time in (executed_at, exported_at) if time is not None]
    return expired_at(observation, max(known) if known else None)


def left_in_directories(observation: TaskObservation) -> dict[str, list[str]]:
    """Return the entries that a task is known to have left in each target directory."""
    record = observation.before.record
    targets = (record.targets if record is not None else None) or {}
    return {
        path: list(state.entries) for path, state in targets.items() if isinstance(state, TreeState)
    }


def stats_of_inputs(observation: TaskObservation) -> dict[str, Stat]:
    """Return the observed stat of each input file of a task."""
    states = observation.snapshot.inputs.items()
    return {path: one.stat for path, one in states if isinstance(one, FileState) and one.stat}
