"""The built-in cache policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.model import Reason
from doit_invariants.policies.base import Answer, Facts, Place, Policy


class Always(Policy):
    """Never up-to-date, whatever the record says."""

    name: ClassVar[str] = "False"

    def reasons(self) -> Sequence[Reason]:
        """Give the policy itself as the reason."""
        return (Reason("cache_false", "cache", "False: the task always runs"),)


class Once(Policy):
    """Up-to-date while every target exists; a task without targets, once it has succeeded."""

    name: ClassVar[str] = "once"

    def answer(self, facts: Facts) -> Answer:
        """Accept existing targets, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or facts.failed or facts.missing:
            return "run"
        return "accept" if facts.targets or facts.succeeded else "run"


class Force(Policy):
    """Never run: accept targets as they are, and create a placeholder for each missing one."""

    name: ClassVar[str] = "force"
    runs: ClassVar[bool] = False

    def answer(self, facts: Facts) -> Answer:
        """Accept everything, even if a TTL has expired."""
        return "placeholder" if facts.missing else "accept"


class Export(Policy):
    """Restore missing targets from exports; run if neither targets nor exports exist."""

    name: ClassVar[str] = "export"
    keeps: ClassVar[Place | None] = "export"

    def answer(self, facts: Facts) -> Answer:
        """Accept existing targets, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or not facts.targets:
            return "run"
        if facts.failed:
            return "restore" if set(facts.missing) == set(facts.targets) else "run"
        return "restore" if facts.missing else "accept"


class Shared(Policy):
    """If something changed, restore the result if the store has it; otherwise run."""

    name: ClassVar[str] = "shared"
    keeps: ClassVar[Place | None] = "store"

    def answer(self, facts: Facts) -> Answer:
        """Look up the present signature, unless the task has to run in any case."""
        return "run" if facts.expired or facts.uptodate_is_false else "restore"
