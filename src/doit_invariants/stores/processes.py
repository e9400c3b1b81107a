"""Names that say which process made a file, whether it still lives, and locks between processes."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl

#: Seconds after which what another machine left is taken for left behind.
STALE = 2 * 86400.0

_PAUSE = 0.005

_OWNED = re.compile(r"(.+)-([0-9]+)-[0-9a-f]+")


@functools.lru_cache(maxsize=1)
def _host() -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", socket.gethostname())[:64] or "host"
    # The same number is another process in a container, whose host name may well be the same.
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
        name += "." + re.sub(r"[^0-9]", "", namespace)
    return name


def owned_name() -> str:
    """Return a new name for a file of this process: ``<host>-<pid>-<random>``."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(8)}"


def owner(name: str) -> tuple[bool, int] | None:
    """Return whether an owned name is of this machine, and the id of its process.

    None if it is no such name.
    """
    found = _OWNED.fullmatch(name)
    return (found[1] == _host(), int(found[2])) if found else None


def is_left_behind(name: str, modified: float, started: str | None = None) -> bool:
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
    if not _is_alive(made_by[1]):
        return True
    return bool(started) and start_of(made_by[1]) not in ("", started)


def start_of(pid: int) -> str:
    """Return when a process began, as Linux counts it; empty where that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            # After the name of the program, which may hold any character.
            return stream.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError, UnicodeDecodeError):
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return True


@contextlib.contextmanager
def locked(path: str, *, wait: float) -> Iterator[bool]:
    """Hold a lock between processes; yields whether it is held.

    :param path: of the lock's file, which is made; it stays, since removing it would let two in
    :param wait: for another holder, in seconds: whoever can write here may hold it for ever
    :raises OSError: if the file can't be opened

    Where the file system has no locks it counts as held: what is done under it is then merely
    not safe against others.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        yield _lock(descriptor, wait)
    finally:
        os.close(descriptor)  # gives up the lock


def _lock(descriptor: int, wait: float) -> bool:
    if sys.platform == "win32":
        return True  # no lock there that ends with its process and can be waited for
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        except OSError:
            return True
        else:
            return True
