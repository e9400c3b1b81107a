"""The cache policies that come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.model import Reason
from doit_invariants.policies.base import Answer, Facts, Place, Policy


class Always(Policy):
    """Never up-to-date, whatever the record says."""

    name: ClassVar[str] = "False"

    def reasons(self) -> Sequence[Reason]:
        """The policy itself is the reason."""
        return (Reason("cache_false", "cache", "False: the task always runs"),)


class Once(Policy):
    """Up-to-date while every target exists, else run; without targets, once it has succeeded."""

    name: ClassVar[str] = "once"

    def answer(self, facts: Facts) -> Answer:
        """Accept what is there, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or facts.failed or facts.missing:
            return "run"
        return "accept" if facts.targets or facts.succeeded else "run"


class Force(Policy):
    """Never run: targets are accepted as they are, missing ones get an empty placeholder."""

    name: ClassVar[str] = "force"
    runs: ClassVar[bool] = False

    def answer(self, facts: Facts) -> Answer:
        """Accept everything, an expired TTL too."""
        return "placeholder" if facts.missing else "accept"


class Export(Policy):
    """Run where neither targets nor their exports exist; restore missing targets from exports."""

    name: ClassVar[str] = "export"
    keeps: ClassVar[Place | None] = "export"

    def answer(self, facts: Facts) -> Answer:
        """Accept targets that exist, whatever changed, until a TTL expires."""
        if facts.expired or facts.uptodate_is_false or not facts.targets:
            return "run"
        if facts.failed:
            return "restore" if set(facts.missing) == set(facts.targets) else "run"
        return "restore" if facts.missing else "accept"


class Shared(Policy):
    """When something changed: restore if the same work was done before, anywhere, else run."""

    name: ClassVar[str] = "shared"
    keeps: ClassVar[Place | None] = "store"

    def answer(self, facts: Facts) -> Answer:
        """Look the present signature up, unless the task has to run in any case."""
        return "run" if facts.expired or facts.uptodate_is_false else "restore"
