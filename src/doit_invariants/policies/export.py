"""``cache: "export"``: run once, then serve the targets from where they were exported to."""

from __future__ import annotations

from typing import ClassVar, Literal

from doit_invariants.policies.base import Answer, Facts, Policy


class Export(Policy):
    """Run where neither targets nor their exports exist; restore missing targets from exports."""

    name: ClassVar[str] = "export"
    keeps: ClassVar[Literal["export", "store"] | None] = "export"

    def answer(self, facts: Facts) -> Answer:
        """Accept targets that exist, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or not facts.targets:
            return "run"
        if facts.failed:
            return "restore" if set(facts.missing) == set(facts.targets) else "run"
        return "restore" if facts.missing else "accept"
