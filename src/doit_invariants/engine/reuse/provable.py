"""Decides whether the result of an up-to-date task may go into a store.

The result may be older than the store, made under another policy. Every checkout will take a stored
result for the result of the present inputs, code and values, so this must be proven.
"""

from __future__ import annotations

import sys

from doit_invariants.core.errors import InvariantsError
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.recording import make_record

#: Marks a result made without options, the usual case. Stored: never change it.
_PLAIN = "plain"


def run_under(observation: TaskObservation) -> str:
    """Return a digest of the options behind a result; empty if they can't be compared later."""
    task = observation.task
    host = observation.session.host
    if task.getargs or not all(host.is_plain_item(item) for item, _, _ in task.uptodate):
        return ""
    if host.is_plainly_called(task) and not sys.flags.optimize:
        return _PLAIN
    from doit_invariants.engine.reuse.signature import (
        circumstances,  # late: most runs share nothing
    )

    try:
        return observation.session.digest_value(circumstances(observation))
    except InvariantsError:
        return ""


def is_provable(observation: TaskObservation, result: object) -> bool:
    """Return whether an up-to-date task certainly has the result of its present dependencies.

    It does not in these cases:

    - a change was adopted or accepted since it ran
    - its code (``track_code``) or its targets (``track_targets``) are not recorded
    - it worked on a part of its inputs (``changed``), or wrote to them
    - other tasks ask for its result, and doit keeps only a digest of that

    :param result: result of the task, as doit keeps it
    """
    record, task, spec = observation.before.record, observation.task, observation.spec
    if record is None or not record.whole or record.executed_at is None:
        return False
    if not (spec.track_code and spec.track_targets and spec.share):
        return False
    if (
        observation.session.host.takes(task, "changed")
        or task.name in observation.session.rewritten.read()
    ):
        return False
    asked = not {task.name, task.subtask_of}.isdisjoint(_results_asked_for(observation))
    if asked and not isinstance(result, dict):
        return False
    now = make_record(observation, observation.snapshot.inputs, record.origin, record.executed_at)
    return record.whole == run_under(observation) and record.covers(now)


def _results_asked_for(observation: TaskObservation) -> set[str]:
    host, tasks = observation.session.host, observation.session.tasks
    key = ("results asked for", len(tasks))
    names: set[str] | None = observation.session.memo.get(key)
    if names is None:
        items = (item for task in tasks.values() for item, _, _ in task.uptodate)
        names = {name for item in items if (name := host.awaits_result_of(item)) is not None}
        observation.session.memo[key] = names
    return names
