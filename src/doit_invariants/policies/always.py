"""``cache: False``: run every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.model import Reason
from doit_invariants.policies.base import Policy


class Always(Policy):
    """Never up-to-date, whatever the record says."""

    name: ClassVar[str] = "False"

    def reasons(self) -> Sequence[Reason]:
        """The policy itself is the reason."""
        return (Reason("cache_false", "cache", "False: the task always runs"),)
