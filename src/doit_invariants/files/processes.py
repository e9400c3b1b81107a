"""File names that contain the process that made a file, and whether that process is alive."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import time

#: Seconds after which a file of another machine counts as orphaned.
STALE = 2 * 86400.0

# Names without a host are those of earlier versions.
_OWNED = re.compile(r"(?:(.+)-)?([0-9]+)-[0-9a-f]+")


@functools.lru_cache(maxsize=1)
def _host() -> str:
    # os.uname(), because the import of socket takes longer than everything here.
    node = os.uname().nodename if sys.platform != "win32" else os.environ.get("COMPUTERNAME", "")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", node)[:64] or "host"
    # A container may have the same host name, where the same id belongs to another process.
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
        name += "." + re.sub(r"[^0-9]", "", namespace)
    return name


def owned_name() -> str:
    """Return a new name for a file of this process: ``<host>-<pid>-<random>``."""
    return f"{_host()}-{os.getpid()}-{os.urandom(8).hex()}"


def owner(name: str) -> tuple[bool, int] | None:
    """Return whether an owned name is of this machine, and the id of its process.

    :returns: None if it is not an owned name
    """
    found = _OWNED.fullmatch(name)
    return (found[1] == _host(), int(found[2])) if found else None


def is_orphaned(name: str, modified: float, started: str | None = None) -> bool:
    """Return whether the process that made a file is gone.

    :param name: name of the file
    :param modified: its modification time, in seconds since the epoch
    :param started: what :func:`start_of` returned for the process then, if known: another process
        may have the same id by now
    """
    made_by = owner(name)
    if made_by is None or not made_by[0] or sys.platform == "win32":
        # Windows can't ask whether a process is alive: there os.kill() ends it.
        return time.time() - modified > STALE
    if not is_alive(made_by[1]):
        return True
    return bool(started) and start_of(made_by[1]) not in ("", started)


def is_orphaned_path(path: str) -> bool:
    """Return whether a file belongs to a process that is gone; False if its name is not owned."""
    name = os.path.basename(path)
    with contextlib.suppress(OSError):
        return owner(name) is not None and is_orphaned(name, os.lstat(path).st_mtime)
    return False


def start_of(pid: int) -> str:
    """Return when a process began, in Linux's own units; empty if that is unknown."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def is_alive(pid: int) -> bool:
    """Return whether a process with this id is alive on this machine.

    A killed process stays in the process table as a zombie until its parent waits for it. Some
    containers have a first process that never does. A zombie is not alive.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return _stat(pid)[:1] not in (["Z"], ["X"])


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` from the state on; empty if they are unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            # After the name of the program, which may hold any character.
            return stream.read().rpartition(b")")[2].decode().split()
    except (OSError, UnicodeDecodeError):
        return []
