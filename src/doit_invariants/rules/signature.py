"""The signature of a task: one digest over all that its result may depend on."""

from __future__ import annotations

import time

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.core.paths import portable
from doit_invariants.files.state import UNEQUAL
from doit_invariants.files.tree import TreeState
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.decide import Observed, Snapshot
from doit_invariants.rules.invariant import Context
from doit_invariants.rules.record import PathState


def signature(now: Snapshot, context: Context, more: Json = None, *, strict: bool = False) -> str:
    """Return the digest over the fingerprints of a task and the names of its targets.

    It is the same on every machine: paths of the project count by their relative form, and of
    a fingerprint only what is the same everywhere counts, not what makes the next check cheap.

    :param more: what the result depends on besides
    :param strict: whether all must count: what is tracked without being listed leaves out what
        can't be compared
    :raises CannotFingerprint: if that is so, and an invariant has nothing to stand for it
    """
    root = context.root
    parts: dict[str, Json] = {
        "inputs": {portable(p, root): _digest(state) for p, state in now.inputs.items()},
        "invariants": {
            key: [seen.invariant.kind, seen.invariant.version, _stand_in(seen, context, strict)]
            for key, seen in now.observed.items()
        },
        "order": [key for key, seen in now.observed.items() if seen.source is not None],
        "targets": [portable(path, root) for path in now.targets or ()],
    }
    return digest_value(parts if more is None else {**parts, "more": more})


def _stand_in(seen: Observed, context: Context, strict: bool) -> str:
    if seen.fingerprint["digest"] in UNEQUAL:
        if strict or seen.source is None:
            raise CannotFingerprint(f"{seen.invariant.label()}: {seen.fingerprint['digest']}")
        return f"{seen.fingerprint['digest']}, seen at {time.time_ns()}"  # as equal to nothing
    try:
        return seen.invariant.signature_part(seen.fingerprint, context)
    except CannotFingerprint:
        if strict or seen.source is None:
            raise
        digest: str = seen.fingerprint["digest"]
        return digest


def _digest(state: PathState) -> str | None:
    if isinstance(state, TreeState):
        return f"directory {state.digest}"  # a file can have the same bytes as its listing
    return None if state is None else state.digest
