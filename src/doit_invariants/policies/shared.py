"""``cache: "shared"``: restore from the store what was made before, here or elsewhere."""

from __future__ import annotations

from typing import ClassVar, Literal

from doit_invariants.policies.base import Answer, Facts, Policy


class Shared(Policy):
    """When something changed: restore if the same work was done before, anywhere, else run."""

    name: ClassVar[str] = "shared"
    keeps: ClassVar[Literal["export", "store"] | None] = "store"

    def answer(self, facts: Facts) -> Answer:
        """Look the present signature up, unless the task has to run in any case."""
        return "run" if facts.expired or facts.uptodate_is_false else "restore"
