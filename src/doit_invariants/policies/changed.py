"""``cache: True``, the default: run when something changed."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.policies.base import Policy


class Changed(Policy):
    """Up-to-date while the record matches, else run."""

    name: ClassVar[str] = "True"
