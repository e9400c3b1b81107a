"""Warns about values that differ in each run: they are random, or created at each load.

Such a value looks like a setting that ``dodo.py`` reads from somewhere, so its task runs. If it was
the only difference in two runs in a row, and no source was written in between, a message says so.
Otherwise the task would run every time and nobody would know why.
"""

from __future__ import annotations

import os
from typing import Any

from doit_invariants.core.model import Reason, Verdict
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.files.loaded_sources import loaded_files
from doit_invariants.files.state import latest_change, stat_key

_OF_VALUES = frozenset({"track-actions", "track-code"})
_WAYS = (
    "is it random, a time, or otherwise created each time dodo.py is loaded? Then compute it in "
    "the action, or read it from a file; if you edited it in a settings file, all is well"
)


def tell(observation: TaskObservation, verdict: Verdict) -> Verdict:
    """Add a hint to the verdict if the same values alone differed in the last runs."""
    session, task = observation.session, observation.task.name
    _tell_of_times(observation, verdict)
    known = session.varying.read().get(task)
    if verdict.status == "up-to-date":
        if known is not None and session.runs:
            session.varying.drop(task)
        return verdict
    places = _only_values(observation, verdict)
    if not places:
        if known is not None and session.runs:
            session.varying.drop(task)
        return verdict
    count = _count(known, places)
    if session.runs:
        session.varying.set(task, [count, places, session.clock()])
    if count < 2:
        return verdict
    text = f"alone differed in the last {count} runs, and no source was edited"
    if session.runs:
        session.note(task, f"{', '.join(places)} {text}: {_WAYS}")
    return verdict._replace(
        reasons=tuple(_with(reason, f"{text}: {_WAYS}") for reason in verdict.reasons)
    )


def _tell_of_times(observation: TaskObservation, verdict: Verdict) -> None:
    """Say that a load time was left out; after this run only ``show`` says so."""
    if not observation.session.runs or verdict.status == "error":
        return
    for seen in observation.snapshot.observed.values():
        times = getattr(seen.invariant, "times", ()) if seen.source == "track-actions" else ()
        if times:
            observation.session.note(
                observation.task.name,
                f"{seen.invariant.label()}: {', '.join(times)} holds the time at which dodo.py was "
                "loaded, which is ignored; if the age of the result matters, set a ttl",
            )


def _only_values(observation: TaskObservation, verdict: Verdict) -> list[str]:
    """Return the values that differ if nothing else does; otherwise an empty list."""
    tracked = {
        seen.invariant.label()
        for seen in observation.snapshot.observed.values()
        if seen.source in _OF_VALUES
    }
    places: list[str] = []
    for reason in verdict.reasons:
        changed = [one for one in reason.changes if one.what == "changed"]
        of_values = reason.subject in tracked and not reason.text.startswith("bytecode")
        if not of_values or len(changed) != len(reason.changes):
            return []
        places += [f"{reason.subject}: {one.where}" for one in changed] or [reason.subject]
    return sorted(places)


def _count(known: Any, places: list[str]) -> int:
    """Return in how many runs in a row these values alone have differed, including this one."""
    try:
        count, before, at = known
        if before != places or type(count) is not int or _edited_since(at):
            return 1
    except (TypeError, ValueError):
        return 1
    return count + 1


def _edited_since(at: float) -> bool:
    """Return whether a loaded source was written since a time, in seconds since the epoch."""
    for path in loaded_files():
        try:
            if latest_change(stat_key(os.stat(path))) > at * 1e9:
                return True
        except OSError:
            return True
    return False


def _with(reason: Reason, text: str) -> Reason:
    return reason._replace(text=f"{reason.text}; it {text}")
