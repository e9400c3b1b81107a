"""Where targets are made before they are put into place; see :mod:`.staging`."""

from __future__ import annotations

import contextlib
import os

from doit_invariants.core.processes import is_left_behind, owner

#: Name of the directory; patterns in the settings keep it out of every tracked directory.
ASIDE = ".doit-invariants"


def is_left_over(path: str) -> bool:
    """Return whether what is aside is of a process that is gone; what nobody made so is not."""
    name = os.path.basename(path)
    with contextlib.suppress(OSError):
        return owner(name) is not None and is_left_behind(name, os.lstat(path).st_mtime)
    return False
