"""When the hint about values that differ in each run is given: by the engine alone."""

from __future__ import annotations

import pytest

from doit_invariants.core.model import Change, Reason, Verdict
from doit_invariants.engine.check.varying import tell
from doit_invariants.engine.status import begin_observation
from tests.engine.test_aspects import NAME, State, in_new_directory

VALUE = Change("changed", "argument 0")
REASON = Reason("changed_invariant", "Function(make)", "changed", (VALUE,))


def hinted(*reasons: Reason) -> bool:
    """Return whether a second verdict with the same reasons has the hint."""
    with in_new_directory():
        state = State()
        session = state.session()
        observation = begin_observation(session, state.project.tasks[0], [])
        observation.invariants()
        seen = observation.snapshot.observed
        seen.update({key: one._replace(source="track-actions") for key, one in seen.items()})
        verdict = Verdict(NAME, "run", reasons)
        assert tell(observation, verdict) == verdict
        return tell(observation, verdict) != verdict


def test_the_hint_comes_with_the_second_run() -> None:
    """A value alone differs twice, and no source was edited."""
    assert hinted(REASON)


@pytest.mark.parametrize(
    "other",
    [
        Reason("changed_file_dep", "a", "content changed"),
        REASON._replace(changes=(VALUE, Change("added", "argument 1"))),
        REASON._replace(changes=(Change("removed", "argument 1"),)),
        REASON._replace(text="bytecode differs"),
    ],
)
def test_no_hint_if_something_else_differs(other: Reason) -> None:
    """A changed file, other bytecode, and an argument that came or went are edits."""
    assert not hinted(other)
    assert not hinted(REASON, other)
