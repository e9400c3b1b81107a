"""``cache: "force"``: never run."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.policies.base import Answer, Facts, Policy


class Force(Policy):
    """Never run: targets are accepted as they are, missing ones get an empty placeholder."""

    name: ClassVar[str] = "force"
    runs: ClassVar[bool] = False

    def answer(self, facts: Facts) -> Answer:
        """Accept everything, an expired TTL too."""
        return "placeholder" if facts.missing else "accept"
