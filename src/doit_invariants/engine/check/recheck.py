"""Fingerprints the invariants of a task again, without the memo of the run.

Kinds keep their results for the whole run: a command runs once, a module is read once. An action
may change either of them during the run. So before a result is stored or restored, the task is
checked again: the signature must be the present one.
"""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any, cast

from doit_invariants.core.model import Json
from doit_invariants.engine.check.imported_modules import edited
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.files.state import EDITED_MEANWHILE
from doit_invariants.files.tree import in_blocks, was_written
from doit_invariants.rules.decide import Observed
from doit_invariants.rules.invariant import Context, Fingerprint

if TYPE_CHECKING:
    from doit_invariants.kinds.module import Module

_OF_SOURCES = frozenset({"Module", "Script"})
_OF_FILES = _OF_SOURCES | {"Files", "Tree"}
#: These count as they were loaded, or can't change while a process lives.
_FIXED = frozenset({"Action", "Function", "Value", "Env", "Distribution", "TTL"})


def changed_during_run(observation: TaskObservation) -> str:
    """Return the label of an invariant that changed since the task was checked.

    :returns: empty if none did
    """
    for key in edited(observation):
        return observation.snapshot.observed[key].invariant.label()
    doubtful = [s for s in observation.snapshot.observed.values() if s.invariant.kind not in _FIXED]
    memo: dict[Any, Any] = {}
    for seen in doubtful:
        now = _fingerprint_again(observation, seen, memo)
        if now is None or _differs(seen.fingerprint, now, observation.context):
            return seen.invariant.label()
    return ""


def _fingerprint_again(
    observation: TaskObservation, seen: Observed, memo: dict[Any, Any]
) -> Fingerprint | None:
    """Return the present fingerprint of an invariant, None if it can't be determined."""
    context = copy.copy(observation.context)
    context.memo = memo
    with contextlib.suppress(Exception):
        return seen.invariant.fingerprint(context, seen.fingerprint)
    return None


def edited_during_run(observation: TaskObservation) -> list[str]:
    """Return the ids of invariants whose files were written while the task ran.

    This covers kinds that only read files, and modules that actions import when they run. It does
    not cover commands, which run once in a run of doit. A task may rewrite such a file itself with
    the same content, which looks like an edit and its undo by somebody else; the second run of the
    task tells the two apart.
    """
    found = []
    for key, seen in observation.snapshot.observed.items():
        kind = seen.invariant.kind
        if kind not in _OF_FILES or (kind == "Module" and _was_loaded(observation, seen)):
            continue
        # The memo has sources with the stats of their files, which are compared each time.
        now = _fingerprint_again(
            observation, seen, observation.context.memo if kind in _OF_SOURCES else {}
        )
        same = now is not None and now["digest"] == seen.fingerprint["digest"]
        if now is not None and same and not _differs(seen.fingerprint, now, observation.context):
            continue
        if not same or not _writes_it_itself(observation, key):
            found.append(key)
    for key, same in edited(observation).items():
        if not same or not _writes_it_itself(observation, key):
            found.append(key)
    return found


def _was_loaded(observation: TaskObservation, seen: Observed) -> bool:
    """Return whether a module was loaded when it was fingerprinted: then its file is irrelevant."""
    one = cast("Module", seen.invariant)
    return not one.elsewhere and one.memo_key in observation.context.memo


def _writes_it_itself(observation: TaskObservation, key: str) -> bool:
    record = observation.before.record
    before = record.entries.get(key) if record is not None else None
    edited = before is not None and before.fingerprint.get("digest") == EDITED_MEANWHILE
    return observation.session.is_rewritten(observation.task.name, key, again=edited)


def _differs(old: Fingerprint, new: Fingerprint, context: Context) -> bool:
    if old is new:
        return False
    if old["digest"] != new["digest"]:
        return True
    one, other = in_blocks(old), in_blocks(new)
    if one is not None and other is not None:
        return was_written(one, other)
    # The contents are the same, but a file that was written may have had another in between.
    before, after = _states(old, context), _states(new, context)
    return any(_time(state) != _time(after.get(name)) for name, state in before.items())


def _states(found: Fingerprint, context: Context) -> dict[str, Json]:
    """Return the recorded states of the files behind a fingerprint, by their names."""
    states = dict(found["entries"]) if isinstance(found.get("entries"), dict) else {}
    modules = found.get("modules") or {}
    for key in (found.get("details"), *modules.values()):
        details = context.lookup(key)
        files = details.get("files") if isinstance(details, dict) else None
        states.update({name: one[0] for name, one in (files or {}).items()})
    return states


def _time(state: Json) -> Json:
    """Return modification time, size and inode from the recorded state of a file."""
    try:
        return state[1][:3]
    except (TypeError, IndexError):
        return None
