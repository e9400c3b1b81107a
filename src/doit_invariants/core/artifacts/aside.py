"""Where targets are made before they are put into place; see :mod:`.staging`."""

from __future__ import annotations

import os

#: Name of the directory; patterns in the settings keep it out of every tracked directory.
ASIDE = ".doit-invariants"


def new_name() -> str:
    """Return a name for what is aside; it tells which process may still need it."""
    return f"{os.getpid()}-{os.urandom(6).hex()}"
