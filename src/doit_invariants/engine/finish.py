"""Records what became of a task in doit's DB.

What is recorded was seen *before* the actions ran, so that an input edited meanwhile leaves the
task not up-to-date. doit has this done in its main process and thread, with any runner.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from doit.dependency import get_md5

from doit_invariants.core.text import listing
from doit_invariants.engine.check.in_place import states_to_save
from doit_invariants.engine.check.observe import Look
from doit_invariants.engine.check.recheck import edited_meanwhile
from doit_invariants.engine.check.target_guard import LEFT, OTHERS, as_left
from doit_invariants.engine.recording import make_record
from doit_invariants.engine.records import recorded
from doit_invariants.engine.records.moved import resave_values, save_root
from doit_invariants.engine.reuse.provable import run_under
from doit_invariants.engine.session import PLAN, Session
from doit_invariants.files.state import EDITED_MEANWHILE
from doit_invariants.files.tree import TreeState
from doit_invariants.hosts.doit.checker import ContentChecker, to_triple
from doit_invariants.rules.record import PathState, Record
from doit_invariants.rules.schema import Origin

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.plan import Outcome, Plan
    from doit_invariants.hosts.doit.dependency import InvariantsDependency


def save(dep_manager: InvariantsDependency, task: Any, result_hash: Any) -> None:
    """Record a task that succeeded, was restored, or is taken as valid.

    :raises FileNotFoundError: if a ``file_dep`` is gone
    """
    look = dep_manager.pending.pop(task.name, None)
    plan: Plan | None = task.__dict__.get(PLAN)
    outcome = plan.outcome if plan is not None else None
    if look is None or plan is None or outcome is None:
        _save_as_run(dep_manager, task, look, result_hash, dep_manager.session.clock())
        return
    from doit_invariants.engine.reuse import publish

    publish.learn(dep_manager.session, outcome)
    look.kept = publish.kept_in(plan, outcome)
    if outcome.source is not None:
        _save_restored(dep_manager, task, look, plan, outcome)
    elif not plan.runs:
        previous = look.before.record
        executed_at = previous.executed_at if previous is not None else None
        publish.keep(look, plan, {}, executed_at or 0.0, dep_manager.tasks)
        if look.kept:
            refresh(dep_manager, task, look)
    else:
        executed_at = dep_manager.session.clock()
        inputs = _save_as_run(dep_manager, task, look, result_hash, executed_at)
        publish.keep(look, plan, inputs, executed_at, dep_manager.tasks)


def _save_as_run(
    dep_manager: InvariantsDependency,
    task: Any,
    look: Look | None,
    result_hash: Any,
    ended_at: float,
) -> dict[str, PathState]:
    """Record a task that ran, or was accepted; return the states of its inputs.

    :param ended_at: the time now, which is kept with the result as well: by it the two are compared
    """
    if task.executed and task.targets and task._actions:
        _say_what_was_not_made(dep_manager.session, task)
    inputs = _save_host(dep_manager, task, look, result_hash)
    if look is not None:
        previous = look.before.record
        if task.executed:
            dep_manager.session.unfinished.drop(task.name)
            dep_manager.session.placeholders.drop(task.targets)
            _save_record(dep_manager, task, look, inputs, "run", ended_at)
        else:
            executed_at = previous.executed_at if previous is not None else None
            _save_record(dep_manager, task, look, inputs, "accept", executed_at)
    return inputs


def _say_what_was_not_made(session: Session, task: Any) -> None:
    """Say which targets there are not although the actions have run.

    To doit it is a reason to run in every run, and no reason to say anything.
    """
    spec = session.spec(task.name)
    if spec.policy.decides or spec.exports:
        return  # what keeps targets, or does without, says it itself
    there = task.__dict__.get(LEFT) or {}  # in the directory of the actions, be it another one
    missing = [p for p in task.targets if p not in there and not os.path.exists(p)]
    if missing:
        what = f"target {missing[0]}" if len(missing) == 1 else f"targets {listing(missing)}"
        text = f"its actions did not make its {what}, so it will run again"
        session.say(task.name, text)


def _save_host(
    dep_manager: InvariantsDependency, task: Any, look: Look | None, result_hash: Any
) -> dict[str, PathState]:
    """Record what doit itself does of a task."""
    if look is None or not isinstance(dep_manager.checker, ContentChecker):
        dep_manager.save_as_doit(task, result_hash)
        return {}
    states = states_to_save(dep_manager, look, task)
    dep_manager.checker.prepared = {path: triple for path, (_, triple) in states.items()}
    try:
        dep_manager.save_as_doit(task, result_hash)
    finally:
        dep_manager.checker.prepared = {}
    return {path: state for path, (state, _) in states.items()}


def _save_restored(
    dep_manager: InvariantsDependency, task: Any, look: Look, plan: Plan, outcome: Outcome
) -> None:
    """Record a task that was restored: as if it had run, where that would have made the same.

    An export that was made of something else, or by hand, serves for now; but once the policy
    is another, the task must run.
    """
    entry = outcome.entry
    dep_manager.session.restored(task, outcome)
    dep_manager.session.unfinished.drop(task.name)
    dep_manager.session.placeholders.drop(task.targets)
    if plan.valid and entry is not None:
        inputs = _save_host(dep_manager, task, look, None)
        _save_record(dep_manager, task, look, inputs, "restore", entry.executed_at)
    else:
        dep_manager.remove(task.name)  # what was recorded is not of these targets
        if entry is not None:
            save_values(dep_manager, task.name, *entry.values_in(dep_manager.session.root))


def save_values(
    dep_manager: InvariantsDependency, name: str, values: dict[str, Any], result: Any
) -> None:
    """Save for other tasks what a task gave, and nothing that could make it up-to-date."""
    dep_manager._get(name, "result:")  # two backends forget a task that is written unread
    dep_manager._set(name, "_values_:", values)
    if result:
        dep_manager._set(name, "result:", result if isinstance(result, dict) else get_md5(result))
    save_root(dep_manager, name, values)


def _save_record(
    dep_manager: InvariantsDependency,
    task: Any,
    look: Look,
    inputs: dict[str, PathState],
    origin: Origin,
    executed_at: float | None,
) -> None:
    known = look.before.record is not None or look.before.unreadable is not None
    if not look.snapshot.has_dependencies and not known:
        return  # it runs every time: there is nothing to compare, unless there once was
    before = look.snapshot.targets
    if look.spec.track_targets:
        if origin == "accept":
            look.targets()
        else:
            look.targets_as_made()
        stats = task.__dict__.pop(LEFT, None)
        if stats is not None and look.snapshot.targets is not None:
            others = task.__dict__.pop(OTHERS, {})
            look.snapshot.targets = as_left(look.snapshot.targets, stats, others)
    if origin == "run":
        for key in edited_meanwhile(look):
            seen = look.snapshot.observed[key]
            look.snapshot.observed[key] = seen.spoiled(EDITED_MEANWHILE)
    after = look.snapshot.targets
    if after and any(isinstance(state, TreeState) for state in after.values()):
        from doit_invariants.engine.check import (
            foreign_files as of_others,  # late: few have directories
        )

        old = after if origin == "accept" else before
        of_others.note(dep_manager, task.name, origin, old, look.before.record, after)
    record = make_record(look, inputs, origin, executed_at)
    if origin in ("run", "restore"):
        edits = look.written or task.name in dep_manager.session.edits.read()
        record = replace(record, whole="" if edits else run_under(look), kept=look.kept)
    _write(dep_manager, task, record, look)


def refresh(dep_manager: InvariantsDependency, task: Any, look: Look) -> None:
    """Save for an up-to-date task what makes its next check cheaper, or was not known yet.

    After a ``touch`` the content is the same under another stat: without this every later
    run would hash it again. Where there is no record this adopts the task as it stands.
    """
    now, previous = look.snapshot, look.before.record
    if not now.has_dependencies or now.never_ran:
        return  # doit knows nothing of a task that `uptodate` alone keeps from running either
    inputs = now.inputs if isinstance(dep_manager.checker, ContentChecker) else {}
    origin: Origin = previous.origin if previous is not None else "adopt"
    executed_at = previous.executed_at if previous is not None else None
    record = make_record(look, inputs, origin, executed_at)
    if previous is not None and previous.covers(record):
        record = replace(record, whole=previous.whole, kept=look.kept or previous.kept)
    if record == previous and not (look.before.moved or look.before.upgraded):
        return
    if look.before.moved:
        resave_values(dep_manager, task.name)
    for path, state in inputs.items():
        dep_manager._set(task.name, path, to_triple(state, os.stat(path)))
    if inputs:
        dep_manager._set(task.name, "deps:", tuple(inputs))
    if previous is None:
        _write(dep_manager, task, record, look)
    else:
        recorded.write(dep_manager, task.name, record, look.alike)


def _write(dep_manager: InvariantsDependency, task: Any, record: Record, look: Look) -> None:
    recorded.write(dep_manager, task.name, record, look.alike)
    if dep_manager.session.on_saved is None:
        return
    try:
        dep_manager.session.on_saved(task=task, record=record)
    except (Exception, SystemExit) as error:
        # The task has succeeded, and doit would end the whole run here.
        text = f"invariants_saved failed with {type(error).__name__}: {error}"
        sys.stderr.write(f"{task.name}: {text}\n")
