"""The signature of a task: one digest over everything that its result may depend on."""

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

    It is the same on every machine. Paths in the project count by their relative form. Parts of a
    fingerprint that only make the next check cheap do not count.

    :param more: additional data that the result depends on
    :param strict: whether to raise if an implicitly tracked invariant has no portable fingerprint;
        otherwise its fingerprint on this machine is used
    :raises CannotFingerprint: if a listed invariant has no portable fingerprint; with ``strict``,
        if any has none
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
        return f"{seen.fingerprint['digest']}, seen at {time.time_ns()}"  # equal to no other
    try:
        return seen.invariant.signature_part(seen.fingerprint, context)
    except CannotFingerprint:
        if strict or seen.source is None:
            raise
        digest: str = seen.fingerprint["digest"]
        return digest


def _digest(state: PathState) -> str | None:
    if isinstance(state, TreeState):
        return f"directory {state.digest}"  # a file can hold the same bytes as a listing
    return None if state is None else state.digest
