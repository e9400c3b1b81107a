"""The exceptions of the package.

::

    InvariantsError
    ├── InvalidOption        what a user wrote is wrong: found while tasks are loaded
    └── CannotFingerprint    what a user wrote can't be checked now: found while a task is checked

Neither names the task: the code that raises them does not know it. The host adds the task and
the option, and turns the error into one of its own, which it prints as one line.
The module is small, as every other one imports it.
"""

from __future__ import annotations


class InvariantsError(Exception):
    """Base of everything that doit-invariants raises on purpose."""


class InvalidOption(InvariantsError):
    """A task option, a setting or the argument of an invariant is not what it must be."""


class CannotFingerprint(InvariantsError):
    """The present state of something can't be determined, so nothing may be concluded from it."""
