"""Makes the record of a task from an observation.

It is not part of :mod:`.finish`, because a late result is compared with such a record before it is
stored.
"""

from __future__ import annotations

from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.files.state import Stat
from doit_invariants.files.tree import TreeState
from doit_invariants.rules.record import PathState, Record
from doit_invariants.rules.schema import Origin


def make_record(
    observation: TaskObservation,
    inputs: dict[str, PathState],
    origin: Origin,
    executed_at: float | None,
) -> Record:
    """Return the record of a task.

    :param observation: its observation
    :param inputs: the states of its ``file_dep``; empty with a checker other than by content
    :param origin: why it is recorded
    :param executed_at: when its actions last ran, in seconds since the epoch
    """
    stats: dict[str, Stat | None] = {}
    trees: dict[str, TreeState] = {}
    for path, state in inputs.items():
        if isinstance(state, TreeState):
            trees[path] = state
        elif state is not None:
            stats[path] = state.stat
    now = observation.snapshot
    return Record(
        executed_at=executed_at,
        origin=origin,
        root=observation.session.root,
        stats=stats,
        trees=trees,
        targets=now.targets,
        entries={key: seen.entry() for key, seen in now.observed.items()},
        sources=now.sources,
    )
