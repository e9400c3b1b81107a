"""Compares the ``file_dep`` of a task with its record."""

from __future__ import annotations

import os
from collections.abc import Iterator

from doit_invariants.core.model import Reason
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.records.recorded import recorded_path
from doit_invariants.engine.records.values import values_of
from doit_invariants.files.state import EDITED_MEANWHILE, EDITED_TEXT, FileState
from doit_invariants.rules.decide import NEVER_RAN, path_difference

_ADVICE = "if the task edits it, list it in its targets too"


def compare_inputs(observation: TaskObservation, facts: HostFacts) -> list[Reason]:
    """Compare each ``file_dep``, and note in ``facts`` what doit would find.

    :returns: the reasons, in doit's order
    """
    deps = _file_deps(observation)
    if deps or facts.counted:
        _compare_checker(observation, facts)
    _compare_names(observation, facts, deps)
    reasons: list[Reason] = []
    for path in sorted(deps):
        reason = _compare(observation, facts, path)
        if reason is not None:
            facts.changed.append(path)
            if path not in facts.added:
                reasons.append(reason)
    if observation.snapshot.never_ran and (reasons or facts.awaited):
        observation.snapshot.explicit = False  # otherwise the verdict would add "never ran" again
        reasons = [NEVER_RAN]
    return [*_reasons_of_names(facts), *reasons]


def _reasons_of_names(facts: HostFacts) -> Iterator[Reason]:
    if facts.checker_changed is not None:
        old, new = facts.checker_changed
        text = f"the checker changed from {old} to {new}"
        yield Reason("checker_changed", "file_dep", text)
    for path in facts.missing:
        yield Reason("missing_file_dep", path, "file_dep does not exist")
    for path, producer in facts.awaited:
        text = f"file_dep does not exist yet, task {producer} makes it"
        yield Reason("awaited_file_dep", path, text)
    for path in facts.added:
        yield Reason("added_file_dep", path, "file_dep added")
    for path in facts.removed:
        yield Reason("removed_file_dep", path, "file_dep removed")


def _compare(observation: TaskObservation, facts: HostFacts, path: str) -> Reason | None:
    session = observation.session
    checker = session.host.checker
    stored_at = recorded_path(path, observation.record_as_stored, session.root)
    stored = None if facts.checker_changed else session.db.get(observation.task.name, stored_at)
    observation.before.states[path] = stored
    info = _stat(path) if checker is None else checker.info(path)
    if info is None:
        producer = session.graph.producer(path, session.tasks) if _foresees(observation) else None
        if producer is not None:
            facts.awaited.append((path, producer))  # the other task makes it when it runs
        else:
            facts.missing.append(path)
        observation.snapshot.inputs[path] = None
        return None
    if checker is None:
        return _compare_content(observation, path, info)
    observation.snapshot.inputs[path] = FileState(f"by {session.host.checker_name}", None)
    if stored is not None and not checker.is_modified(path, info, stored):
        return None
    return Reason("changed_file_dep", path, "no recorded state" if stored is None else "changed")


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _compare_content(
    observation: TaskObservation, path: str, info: os.stat_result
) -> Reason | None:
    known = observation.before.known(path, info)
    state = observation.path(path, known, info)
    observation.snapshot.inputs[path] = state
    if known is None:
        return Reason("changed_file_dep", path, "no recorded state")
    if known.digest == EDITED_MEANWHILE:
        return Reason("changed_file_dep", path, f"{EDITED_TEXT} ({_ADVICE})")
    difference = path_difference(known, state, path)
    if difference is None:
        return None
    return Reason("changed_file_dep", path, difference.text, difference.changes)


def _file_deps(observation: TaskObservation) -> set[str]:
    """Return the ``file_dep`` of a task, including those that its ``calc_dep`` last returned.

    In a run doit has already added those. Commands that only read never run the tasks that
    calculate them, so that doit would call every such task changed.
    """
    deps = set(observation.task.file_dep)
    if _foresees(observation):
        for name in observation.task.calc_dep:
            calculated = values_of(observation.session, name).get("file_dep", ())
            deps.update(path for path in calculated if isinstance(path, str))
    return deps


def _foresees(observation: TaskObservation) -> bool:
    """Return whether to look further than doit does for a command that only reads.

    Our own commands always do. doit's commands do so for tasks with an option of ours; for other
    tasks they say what plain doit says.
    """
    return not observation.session.writes and (observation.session.explains or observation.spec.own)


def _compare_checker(observation: TaskObservation, facts: HostFacts) -> None:
    session = observation.session
    previous = session.db.get(observation.task.name, "checker:")
    present = session.host.checker_name
    if previous and previous != present:
        facts.checker_changed = (previous, present)
        if session.writes:  # doit even does so for `doit list -s`
            session.db.remove(observation.task.name)
            observation.before.record = observation.record_as_stored = None


def _compare_names(observation: TaskObservation, facts: HostFacts, deps: set[str]) -> None:
    previous = observation.session.db.get(observation.task.name, "deps:")
    if not isinstance(previous, (list, tuple)) or not previous:
        # doit compares nothing with an empty list, but our record knows the former names.
        known = observation.before.record
        if known is not None and observation.session.host.checker is None:
            facts.added = sorted(deps - known.stats.keys() - known.trees.keys())
        return
    record, root = observation.record_as_stored, observation.session.root
    here = {recorded_path(path, record, root): path for path in deps}
    before = {path for path in previous if isinstance(path, str)}
    facts.added = sorted(path for old, path in here.items() if old not in before)
    facts.removed = sorted(before - here.keys())
