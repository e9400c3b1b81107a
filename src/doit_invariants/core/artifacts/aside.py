"""Where targets are made before they are put into place; see :mod:`.staging`."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time

#: Name of the directory; patterns in the settings keep it out of every tracked directory.
ASIDE = ".doit-invariants"

# In seconds: what another machine left is then taken for left behind.
_STALE = 2 * 86400.0
_NAME = re.compile(r"(?:(.+)-)?([0-9]+)-[0-9a-f]+")


@functools.lru_cache(maxsize=1)
def _host() -> str:
    # Not by the module socket: it takes longer to import than all else that is made aside.
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    name = re.sub(r"[^A-Za-z0-9._]", "_", name)[:64] or "host"
    # The same number is another process in a container, whose host name may well be the same.
    with contextlib.suppress(OSError):
        name += "." + re.sub(r"[^0-9]", "", os.readlink("/proc/self/ns/pid"))
    return name


def new_name() -> str:
    """Return a name for what is aside; it tells which process, where, may still need it."""
    return f"{_host()}-{os.getpid()}-{os.urandom(6).hex()}"


def is_left_over(path: str) -> bool:
    """Return whether what is aside is of a process that is gone.

    Of another machine nothing is known, nor of names without one, which versions before gave.
    """
    found = _NAME.fullmatch(os.path.basename(path))
    if found is None:
        return False
    if found[1] != _host() or os.name == "nt":  # on Windows there is no signal that only asks
        try:
            return time.time() - os.lstat(path).st_mtime > _STALE
        except OSError:
            return False
    if int(found[2]) == os.getpid():
        return False
    try:
        os.kill(int(found[2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
