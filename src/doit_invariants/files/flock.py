"""Short locks between processes, by flock(2)."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl

_PAUSE = 0.005


@contextlib.contextmanager
def locked(path: str, *, wait: float) -> Iterator[bool]:
    """Hold a lock between processes; yield whether it is held.

    :param path: path of the lock file. It is created and never removed, because then two processes
        could hold the lock.
    :param wait: seconds to wait for another holder. It is limited, because anybody who can write
        here could hold the lock forever.
    :raises OSError: if the file can't be opened

    On a file system without locks, the lock counts as held and protects against nothing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        yield _lock(descriptor, wait)
    finally:
        os.close(descriptor)  # releases the lock


def _lock(descriptor: int, wait: float) -> bool:
    if sys.platform == "win32":
        return True  # Windows has no lock that ends with its process and can be waited for
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
