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
