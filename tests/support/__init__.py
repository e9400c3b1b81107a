"""Helpers that tests of several areas share."""

from __future__ import annotations

from collections.abc import Callable

from doit_invariants.testing import Project

# The type of the fixture doit_project.
Make = Callable[..., Project]
