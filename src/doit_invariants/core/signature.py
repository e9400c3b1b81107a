"""The signature of a task: one digest over all that its result may depend on."""

from __future__ import annotations

from doit_invariants.core.decide import Snapshot
from doit_invariants.core.encode import digest_value, relative_to
from doit_invariants.core.records import PathState


def signature(now: Snapshot, root: str) -> str:
    """Return the digest over the fingerprints of a task and the names of its targets.

    It is the same on every machine: paths below ``root`` count by their relative form, and of
    a fingerprint only the digest counts, not what makes the next check cheap.
    """
    return digest_value(
        {
            "inputs": {portable(p, root): _digest(state) for p, state in now.inputs.items()},
            "invariants": {
                key: [seen.invariant.kind, seen.invariant.version, seen.fingerprint["digest"]]
                for key, seen in now.observed.items()
            },
            "targets": [portable(path, root) for path in now.targets or ()],
        }
    )


def portable(path: str, root: str) -> str:
    """Return a path as it reads in any checkout of the project."""
    inside = relative_to(path, root)
    return path if inside is None else inside


def _digest(state: PathState) -> str | None:
    return None if state is None else state.digest
