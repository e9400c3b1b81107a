"""Looks at the invariants of a task once more, past what was found earlier in the run.

Kinds keep what they found for the run: a command is asked once, a module read once. Actions that
run meanwhile may change it. Where that would put a result into the store, or take one out, under
a signature that is not the present one, it is looked at anew.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any

from doit_invariants.adapters.snapshot import Look
from doit_invariants.core.decide import Observed
from doit_invariants.core.invariant import Context, Fingerprint
from doit_invariants.core.model import Json

#: Of these what was loaded counts, or they can't change while a process lives.
_FIXED = frozenset({"Action", "Value", "Env", "Distribution", "TTL"})


def changed_since(look: Look) -> str:
    """Return the label of an invariant that is not what it was when the task was looked at.

    :returns: empty if all are
    """
    doubtful = [seen for seen in look.snapshot.observed.values() if _may_change(seen)]
    if not doubtful:
        return ""
    context = copy.copy(look.context)
    context.memo = {}
    for seen in doubtful:
        now: Any = None
        with contextlib.suppress(Exception):
            now = seen.invariant.fingerprint(context, seen.fingerprint)
        if now is None or _differs(seen.fingerprint, now, context):
            return seen.invariant.label()
    return ""


def _may_change(seen: Observed) -> bool:
    if seen.invariant.kind == "Function":  # but for the modules that it imports when it runs
        return bool(seen.fingerprint.get("modules"))
    return seen.invariant.kind not in _FIXED


def _differs(old: Fingerprint, new: Fingerprint, context: Context) -> bool:
    if old["digest"] != new["digest"]:
        return True
    # Of files that were written meanwhile the content may have been another in between.
    before, after = _states(old, context), _states(new, context)
    return any(_time(state) != _time(after.get(name)) for name, state in before.items())


def _states(found: Fingerprint, context: Context) -> dict[str, Json]:
    """Return the recorded states of the files that a fingerprint rests on, by their names."""
    states = dict(found["entries"]) if isinstance(found.get("entries"), dict) else {}
    modules = found.get("modules") or {}
    for key in (found.get("details"), *modules.values()):
        details = context.recall(key)
        files = details.get("files") if isinstance(details, dict) else None
        states.update({name: one[0] for name, one in (files or {}).items()})
    return states


def _time(state: Json) -> Json:
    """Return modification time, size and inode of a recorded state of a file."""
    try:
        return state[1][:3]
    except (TypeError, IndexError):
        return None
