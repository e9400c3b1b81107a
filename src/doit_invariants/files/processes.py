"""File names that say which process made a file, and whether that process is alive."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import time

#: Seconds after which a file that another machine made counts as left behind.
STALE = 2 * 86400.0

# Without a host: as versions before this one named what they staged.
_OWNED = re.compile(r"(?:(.+)-)?([0-9]+)-[0-9a-f]+")


@functools.lru_cache(maxsize=1)
def _host() -> str:
    # os.uname(), as importing the module socket takes longer than everything in here.
    node = os.uname().nodename if sys.platform != "win32" else os.environ.get("COMPUTERNAME", "")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", node)[:64] or "host"
    # The same number is another process in a container, whose host name may well be the same.
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
        name += "." + re.sub(r"[^0-9]", "", namespace)
    return name


def owned_name() -> str:
    """Return a new name for a file of this process: ``<host>-<pid>-<random>``."""
    return f"{_host()}-{os.getpid()}-{os.urandom(8).hex()}"


def owner(name: str) -> tuple[bool, int] | None:
    """Return whether an owned name is of this machine, and the id of its process.

    None if it is no such name.
    """
    found = _OWNED.fullmatch(name)
    return (found[1] == _host(), int(found[2])) if found else None


def is_orphaned(name: str, modified: float, started: str | None = None) -> bool:
    """Return whether the process that made a file is gone.

    :param name: of the file
    :param modified: its modification time, in seconds since the epoch
    :param started: what :func:`start_of` said of the process then, if that is known: its id may
        be that of another process by now
    """
    made_by = owner(name)
    if made_by is None or not made_by[0] or sys.platform == "win32":
        # Windows has no question whether a process lives: os.kill() ends it there.
        return time.time() - modified > STALE
    if not is_alive(made_by[1]):
        return True
    return bool(started) and start_of(made_by[1]) not in ("", started)


def is_orphaned_path(path: str) -> bool:
    """Return whether a file belongs to a process that is gone; False for any other name."""
    name = os.path.basename(path)
    with contextlib.suppress(OSError):
        return owner(name) is not None and is_orphaned(name, os.lstat(path).st_mtime)
    return False


def start_of(pid: int) -> str:
    """Return when a process began, as Linux counts it; empty where that is not known."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def is_alive(pid: int) -> bool:
    """Return whether there is a process of this id on this machine.

    A killed process that its parent has not asked about stays in the table of processes, for ever
    where the first process of a container asks about none: such a zombie is not alive.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return _stat(pid)[:1] not in (["Z"], ["X"])


def _stat(pid: int) -> list[str]:
    """Return what Linux tells of a process, from its state on; empty where that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            # After the name of the program, which may hold any character.
            return stream.read().rpartition(b")")[2].decode().split()
    except (OSError, UnicodeDecodeError):
        return []
