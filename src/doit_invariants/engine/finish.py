"""Records a task that has ended: its outcome and its dependencies.

The dependencies were observed *before* the actions ran. If an input is edited while they run, the
task is not up-to-date in the next run. The host calls this in its main process and thread, with any
runner.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from doit_invariants.core.text import listing
from doit_invariants.engine.check.in_place import states_to_save
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.check.recheck import edited_during_run
from doit_invariants.engine.check.target_guard import mark_edited_since
from doit_invariants.engine.execution import Execution
from doit_invariants.engine.recording import make_record
from doit_invariants.engine.records import recorded
from doit_invariants.engine.records.triples import to_triple
from doit_invariants.engine.records.values import resave_values, save_root, save_values
from doit_invariants.engine.reuse.provable import run_under
from doit_invariants.engine.session import Session
from doit_invariants.files.state import EDITED_MEANWHILE
from doit_invariants.files.tree import TreeState
from doit_invariants.rules.record import PathState, Record
from doit_invariants.rules.schema import Origin

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.plan import Plan, PlanOutcome
    from doit_invariants.engine.task import Task


def save(session: Session, task: Task, result: Any) -> None:
    """Record a task that succeeded, was restored, or was accepted.

    :raises FileNotFoundError: if a ``file_dep`` is gone
    """
    # The check of the task put it there; the session does not know the class.
    observation = cast("TaskObservation | None", session.pending.pop(task.name, None))
    execution = session.executions.pop(task.name, None) or Execution()
    plan = execution.plan
    outcome = plan.outcome if plan is not None else None
    if observation is not None:
        observation.execution = execution
    if observation is None or plan is None or outcome is None:
        _save_as_run(session, task, observation, execution, result, session.clock())
        return
    from doit_invariants.engine.reuse import publish

    publish.take_digests(session, outcome)
    observation.kept = publish.location_of(plan, outcome)
    if outcome.source is not None:
        _save_restored(task, observation, plan, outcome)
    elif not plan.runs:
        previous = observation.before.record
        executed_at = previous.executed_at if previous is not None else None
        publish.publish(observation, plan, {}, executed_at or 0.0)
        if observation.kept:
            refresh(observation)
    else:
        executed_at = session.clock()
        inputs = _save_as_run(session, task, observation, execution, result, executed_at)
        publish.publish(observation, plan, inputs, executed_at)


def _save_as_run(
    session: Session,
    task: Task,
    observation: TaskObservation | None,
    execution: Execution,
    result: Any,
    ended_at: float,
) -> dict[str, PathState]:
    """Record a task that ran, or was accepted; return the states of its inputs.

    :param ended_at: the present time; the result gets the same time, so that the two can be matched
    """
    if task.executed and task.targets and session.host.actions(task):
        _say_what_was_not_made(session, task, execution)
    inputs = _save_host(session, task, observation, result)
    if observation is not None:
        previous = observation.before.record
        if task.executed:
            session.unfinished.drop(task.name)
            session.placeholders.drop(task.targets)
            _save_record(observation, inputs, "run", ended_at)
        else:
            executed_at = previous.executed_at if previous is not None else None
            _save_record(observation, inputs, "accept", executed_at)
    return inputs


def _say_what_was_not_made(session: Session, task: Task, execution: Execution) -> None:
    """Tell the user which targets are missing although the actions have run.

    doit silently runs such a task in every run.
    """
    spec = session.spec(task.name)
    if spec.policy.decides or spec.exports:
        return  # policies that keep targets, or accept missing ones, report it themselves
    there = execution.stats or {}  # an action may have changed the directory
    missing = [p for p in task.targets if p not in there and not os.path.exists(p)]
    if missing:
        what = f"target {missing[0]}" if len(missing) == 1 else f"targets {listing(missing)}"
        text = f"its actions did not make its {what}, so it will run again"
        session.say(task.name, text)


def _save_host(
    session: Session, task: Task, observation: TaskObservation | None, result: Any
) -> dict[str, PathState]:
    """Save the host's own row of a task; return the states of its inputs."""
    states = None
    if observation is not None and session.host.checker is None:
        states = states_to_save(observation)
    triples = None if states is None else {path: one for path, (_, one) in states.items()}
    session.host.save(task, result, triples)
    if task.values:
        save_root(session, task.name, task.values)
    return {path: state for path, (state, _) in (states or {}).items()}


def _save_restored(
    task: Task, observation: TaskObservation, plan: Plan, outcome: PlanOutcome
) -> None:
    """Record a task that was restored; as if it had run, if a run would have made the same.

    An export that was made from other dependencies, or put there by hand, is not recorded: it is
    used now, but the task must run when its policy changes.
    """
    entry, session = outcome.entry, observation.session
    _tell_restored(session, task, outcome)
    session.unfinished.drop(task.name)
    session.placeholders.drop(task.targets)
    if plan.valid and entry is not None:
        inputs = _save_host(session, task, observation, None)
        _save_record(observation, inputs, "restore", entry.executed_at)
    else:
        session.db.remove(task.name)  # the former record does not describe these targets
        if entry is not None:
            save_values(session, task.name, *entry.values_in(session.root))


def _tell_restored(session: Session, task: Task, outcome: PlanOutcome) -> None:
    for warning in outcome.warnings:
        session.say(task.name, warning)
    if session.on_restored is not None:
        try:
            session.on_restored(task=task, entry=outcome.entry)
        except (Exception, SystemExit) as error:
            # The task has succeeded, and doit would end the whole run here.
            text = f"invariants_restored failed with {type(error).__name__}: {error}"
            session.say(task.name, text)


def _save_record(
    observation: TaskObservation,
    inputs: dict[str, PathState],
    origin: Origin,
    executed_at: float | None,
) -> None:
    session, task = observation.session, observation.task.name
    known = observation.before.record is not None or observation.before.unreadable is not None
    if not observation.snapshot.has_dependencies and not known:
        return  # it always runs; only a former record has to be replaced
    before = observation.snapshot.targets
    if observation.spec.track_targets:
        if origin == "accept":
            observation.targets()
        else:
            observation.targets_as_made()
        stats = observation.execution.stats
        if stats is not None and observation.snapshot.targets is not None:
            others = observation.execution.made_by_others
            observation.snapshot.targets = mark_edited_since(
                observation.snapshot.targets, stats, others
            )
    if origin == "run":
        for key in edited_during_run(observation):
            seen = observation.snapshot.observed[key]
            observation.snapshot.observed[key] = seen.spoiled(EDITED_MEANWHILE)
    after = observation.snapshot.targets
    if after and any(isinstance(state, TreeState) for state in after.values()):
        from doit_invariants.engine.check import foreign_files  # late: few are directories

        old = after if origin == "accept" else before
        foreign_files.note(session.db, task, origin, old, observation.before.record, after)
    record = make_record(observation, inputs, origin, executed_at)
    if origin in ("run", "restore"):
        edits = observation.written or task in session.edits.read()
        record = replace(
            record, whole="" if edits else run_under(observation), kept=observation.kept
        )
    _write(observation, record)


def refresh(observation: TaskObservation) -> None:
    """Update the record of an up-to-date task if its check found something new.

    After a ``touch`` a file has the same content under another stat. Without this update every
    later run would hash it again. A task without a record is adopted: it gets one.
    """
    session, task = observation.session, observation.task.name
    now, previous = observation.snapshot, observation.before.record
    if not now.has_dependencies or now.never_ran:
        return  # only `uptodate` keeps it from running; doit does not record it either
    inputs = now.inputs if session.host.checker is None else {}
    origin: Origin = previous.origin if previous is not None else "adopt"
    executed_at = previous.executed_at if previous is not None else None
    record = make_record(observation, inputs, origin, executed_at)
    if previous is not None and previous.covers(record):
        record = replace(record, whole=previous.whole, kept=observation.kept or previous.kept)
    if record == previous and not (observation.before.moved or observation.before.upgraded):
        return
    if observation.before.moved:
        resave_values(session, task)
    for path, state in inputs.items():
        session.db.set(task, path, to_triple(state, os.stat(path)))
    if inputs:
        session.db.set(task, "deps:", tuple(inputs))
    if previous is None:
        _write(observation, record)
    else:
        recorded.write(session, task, record, observation.shared_set)


def _write(observation: TaskObservation, record: Record) -> None:
    session, task = observation.session, observation.task
    recorded.write(session, task.name, record, observation.shared_set)
    if session.on_saved is None:
        return
    try:
        session.on_saved(task=task, record=record)
    except (Exception, SystemExit) as error:
        # The task has succeeded, and doit would end the whole run here.
        text = f"invariants_saved failed with {type(error).__name__}: {error}"
        sys.stderr.write(f"{task.name}: {text}\n")
