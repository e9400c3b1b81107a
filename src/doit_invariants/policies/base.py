"""The contract of a cache policy: what a verdict leads to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.model import Reason


class Policy:
    """What happens to a task, given what was found.

    A policy is a subclass; a plugin makes it known by returning it from the hook
    ``invariants_register_policies``.
    """

    #: What a user writes as ``cache``: a text, or one of the words "True" and "False" for those.
    name: ClassVar[str]

    def reasons(self) -> Sequence[Reason]:
        """Return reasons of the policy's own against being up-to-date, none by default."""
        return ()
