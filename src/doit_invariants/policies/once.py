"""``cache: "once"``: up-to-date as long as all targets are there."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.policies.base import Answer, Facts, Policy


class Once(Policy):
    """Up-to-date while every target exists, else run; without targets, once it has succeeded."""

    name: ClassVar[str] = "once"

    def answer(self, facts: Facts) -> Answer:
        """Accept what is there, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or facts.failed or facts.missing:
            return "run"
        return "accept" if facts.targets or facts.succeeded else "run"
