"""The exceptions of the package.

::

    InvariantsError
    ├── InvalidOption        an option or setting is invalid: raised while tasks are loaded
    └── CannotFingerprint    the current state is unknown: raised while a task is checked

Neither names the task, because the code that raises them does not know it. The host adds the
task and the option, converts the error to its own type, and prints it as one line.
The module is small because every other module imports it.
"""

from __future__ import annotations


class InvariantsError(Exception):
    """Base of everything that doit-invariants raises on purpose."""


class InvalidOption(InvariantsError):
    """A task option, a setting or an argument of an invariant is invalid."""


class CannotFingerprint(InvariantsError):
    """The current state of something can't be determined, so there is no verdict."""
