"""Publishes the result of a task to its sink, in the main process.

The worker has already copied the contents. Only the main process can decide whether they may be
published, because it checks the inputs again: if an input was edited while the task ran, the result
belongs to neither content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.paths import moved, relative_to
from doit_invariants.core.text import listing
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.check.recheck import changed_during_run
from doit_invariants.engine.reuse.plan import (
    NotPublished,
    Plan,
    PlanOutcome,
    Publication,
    getargs_values,
)
from doit_invariants.engine.reuse.signature import name_of_target
from doit_invariants.files.state import FileState
from doit_invariants.files.tree import TreeState, was_written
from doit_invariants.results.entry import ROOT, ResultEntry
from doit_invariants.results.parts import Artifact
from doit_invariants.rules.decide import path_difference
from doit_invariants.rules.record import PathState

if TYPE_CHECKING:
    from doit_invariants.engine.session import Session


def take_digests(session: Session, outcome: PlanOutcome) -> None:
    """Learn the digests of files that a worker has read or written, to save reading them again."""
    for path, (digest, stat, when) in outcome.digests.items():
        session.files.learn(path, digest, stat, when)
        inside = relative_to(path, session.root)  # most tasks use relative paths
        if inside is not None:
            session.files.learn(inside, digest, stat, when)


def location_of(plan: Plan, outcome: PlanOutcome) -> str:
    """Return the location of the store that has a result, or is about to get it; otherwise "".

    If writing the entry then fails, the run says so, and later runs do not try again.
    """
    known = outcome.source is not None or outcome.artifacts is not None or not plan.runs
    return plan.sink.location() if plan.sink is not None and known else ""


def publish(
    observation: TaskObservation,
    plan: Plan,
    inputs: Mapping[str, PathState],
    executed_at: float,
) -> None:
    """Publish the result that a worker has prepared; never raises.

    :param inputs: the states of the ``file_dep`` after the actions ran
    :param executed_at: when the actions ran, in seconds since the epoch
    """

    def is_others(target: str) -> bool:
        return observation.session.graph.producer(target, observation.session.tasks) not in (
            None,
            observation.task.name,
        )

    outcome = plan.outcome
    if outcome is None:
        return
    say = observation.session.say
    for warning in outcome.warnings:
        say(observation.task.name, warning)
    try:
        _publish(observation, plan, outcome, inputs, executed_at, is_others)
    except NotPublished as error:
        say(observation.task.name, str(error))
    except InvariantsError as error:
        say(observation.task.name, f"not kept: {error}")
    except OSError as error:
        say(observation.task.name, f"not kept: {error.strerror or error}")


def _publish(
    observation: TaskObservation,
    plan: Plan,
    outcome: PlanOutcome,
    inputs: Mapping[str, PathState],
    executed_at: float,
    is_others: Callable[[str], bool],
) -> None:
    artifacts = outcome.draft.artifacts if outcome.draft is not None else outcome.artifacts
    if artifacts is None or plan.sink is None:
        return
    states = {
        name_of_target(observation.session.root, path): state
        for path, state in observation.target_states().items()
    }
    why_not = _changed_dependency(observation, inputs) or _changed_copy(
        observation, artifacts, states
    )
    if not plan.runs:
        why_not = why_not or _edited_target(observation)
    signature = plan.sink.signature(plan.signature or "", getargs_values(observation.task))
    entry = ResultEntry(
        signature="" if why_not else signature,
        task=observation.task.name,
        artifacts=tuple(replace(one, state=_digest(states.get(one.path))) for one in artifacts),
        values=moved(outcome.values, observation.session.root, ROOT),
        result=moved(outcome.result, observation.session.root, ROOT),
        output=outcome.output,
        executed_at=executed_at,
        took=outcome.took,
        root=ROOT,
    )
    publication = Publication(why_not, plan.replaces, is_others)
    different = plan.sink.publish(outcome, entry, publication)
    if different:
        observation.session.counts.not_reproducible.append(observation.task.name)
        observation.session.say(
            observation.task.name,
            f"not reproducible: {listing(different)} differs from what the store has for the "
            "same inputs, code and values; the store keeps what it has",
        )


def _changed_dependency(observation: TaskObservation, inputs: Mapping[str, PathState]) -> str:
    """Return which dependency of the task changed while it ran, empty if none did."""
    task = observation.task
    if observation.session.host.takes(task, "changed") and set(task.dep_changed) != set(
        task.file_dep
    ):
        return "its action takes `changed`, so its result depends on the run before"
    for path, before in observation.snapshot.inputs.items():
        after = inputs.get(path, before)
        if path in observation.written:
            continue  # the task wrote it: the result is a target, or has the same content
        if _digest(before) != _digest(after) or was_written(before, after):
            return (
                f"its input {path} changed while it ran; if the task edits it, list it in its "
                "targets too"
            )
    changed = changed_during_run(observation)
    return f"{changed} changed while it ran" if changed else ""


def _edited_target(observation: TaskObservation) -> str:
    """Return which target was edited since the task was checked, empty if none was."""
    known = observation.snapshot.targets or {}
    for path, state in observation.target_states().items():
        if path in known and path_difference(known[path], state, path) is not None:
            return f"its target {path} was edited since it was checked"
    return ""


def _changed_copy(
    observation: TaskObservation, artifacts: tuple[Artifact, ...], states: Mapping[str, PathState]
) -> str:
    """Return which target changed after the worker copied it, empty if none did."""
    if observation.session.files.asks_plugins:
        return ""  # a plugin's digests can't be compared with those of the contents
    for artifact in artifacts:
        state = states.get(artifact.path)
        found = {part.path: part.digest for part in artifact.parts if part.type == "file"}
        if isinstance(state, FileState):
            same = found.get("") == state.digest
        else:
            entries = state.entries if isinstance(state, TreeState) else {}
            same = state is not None and all(
                name not in entries or entries[name].digest == digest
                for name, digest in found.items()
            )
        if not same:
            return f"its target {artifact.path} changed while it was copied"
    return ""


def _digest(state: PathState) -> str:
    return state.digest if state is not None else ""
