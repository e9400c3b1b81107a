"""A lock between processes that is released as soon as its holder ends in any way.

It is a POSIX record lock. Such a lock belongs to one process and not to the processes that it
forks, so workers that outlive a killed holder block nobody. flock(2) was rejected because forked
processes inherit its locks. Two peculiarities of POSIX locks shape this module:

- The kernel grants a lock again to the process that holds it. So all locks of a process on one path
  share one entry in a registry, and the last release gives up the lock.
- A process that closes *any* descriptor of the file loses its lock. This module never opens the
  file while this process holds the lock. Other code must not hash or copy a locked file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat as stat_module
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.text import blanked, printable

if sys.platform != "win32":
    import fcntl

# Do not write to the target of a link, and do not wait for a pipe.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LONGEST_COMMAND = 1000
# Bytes to read of the file: a character takes at most 12 bytes in JSON.
_LONGEST = 1 << 14
# The end of the year 9999: some systems can't format later dates.
_LATEST = 253_402_300_000.0

#: The environment variable that tells a doit started by a task which lock is held.
HELD = "DOIT_INVARIANTS_LOCK"


class Holder(NamedTuple):
    """The process that holds a lock, as written into the lock file.

    :ivar pid: id of the process on its machine
    :ivar host: name of the machine
    :ivar since: when it got the lock, in seconds since the epoch
    :ivar command: what the process was started for, one line
    """

    pid: int
    host: str
    since: float
    command: str

    def __str__(self) -> str:
        """``process 4711 on build1 since 2026-11-21 12:00:26 (doit -n 4)``."""
        host = f" on {self.host}" if self.host != _host() else ""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        command = f" ({self.command})" if self.command else ""
        return f"process {self.pid}{host} since {since}{command}"


class Busy(InvariantsError):
    """Another process holds the lock.

    :ivar holder: the process; None if it has not written its name into the file (yet)
    """

    def __init__(self, text: str, holder: Holder | None = None) -> None:
        super().__init__(text)
        self.holder = holder


class _Shared:
    """The lock of this process on one file: its only descriptor, and how often it was acquired."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.count = 1


class _CannotLock(Exception):
    """No process can take the lock here."""


#: By process id and real path, so that a forked process does not find locks of its parent.
_registry: dict[tuple[int, str], _Shared] = {}
_mutex = threading.RLock()
if sys.platform != "win32":
    # Otherwise a process forked while another thread has the mutex could never acquire it.
    os.register_at_fork(
        before=_mutex.acquire, after_in_parent=_mutex.release, after_in_child=_mutex.release
    )


class Lock:
    """A lock on a path between processes; within one process it is shared.

    It keeps out other processes, not other threads: a thread of the process that holds the lock
    acquires it at once. The lock is given up after the last release. Two hard links to one file
    count as two files; do not use both in one process.

    :param path: path of the lock file. It is created and never removed, because then two processes
        could hold the lock.
    :param command: what this process was started for, shown to waiting processes
    """

    def __init__(self, path: str, command: str = "") -> None:
        # Not the real path of the file itself: the target of a link there is not touched.
        directory, name = os.path.split(os.path.abspath(path))
        self._path = os.path.join(os.path.realpath(directory), name)
        self._command = command
        self._pid = 0
        self._taken = 0

    @property
    def held(self) -> bool:
        """Whether it was acquired by this object, in this process."""
        return self._pid == os.getpid() and self._taken > 0

    def acquire(
        self,
        *,
        wait: bool = True,
        waiting: Callable[[Holder | None], None] | None = None,
        poll: float = 0.1,
    ) -> bool:
        """Take the lock; each call needs its own :meth:`release`.

        :param wait: whether to wait, without limit, for another process that holds the lock
        :param waiting: called once before waiting, with the holder of the lock if it is known
        :param poll: seconds between two attempts; waiting processes have no order
        :returns: True if the lock is held now; False if it can't be: the file can't be written, its
            file system has no locks, or this is Windows
        :raises Busy: if another process holds the lock and ``wait`` is false
        """
        try:
            if not self._attempt():
                self._tell(wait, waiting)
                # Polls, because waiting in the kernel would need a descriptor that stays open.
                while not self._attempt():
                    time.sleep(poll)
        except _CannotLock:
            return False
        return True

    def release(self) -> None:
        """Undo one :meth:`acquire`; does nothing if this process has not acquired the lock."""
        with _mutex:
            if not self.held:
                return
            self._taken -= 1
            key = (self._pid, self._path)
            shared = _registry[key]
            shared.count -= 1
            if shared.count:
                return
            del _registry[key]
            # Before the release: afterward the content belongs to the next holder.
            with contextlib.suppress(OSError):
                os.ftruncate(shared.descriptor, 0)
            os.close(shared.descriptor)

    def _attempt(self) -> bool:
        """Return whether this process holds the lock now; raises _CannotLock if it never can."""
        with _mutex:
            pid = os.getpid()
            shared = _registry.get((pid, self._path))
            if shared is not None:
                shared.count += 1
            else:
                # Opened at each attempt: of two waiting threads with a descriptor each, the
                # second would close its own and so lose the lock of the first.
                descriptor = _locked(self._path)
                if descriptor is None:
                    return False
                _registry[pid, self._path] = _Shared(descriptor)
                _introduce(descriptor, Holder(pid, _host(), time.time(), self._command))
            self._taken = self._taken + 1 if self._pid == pid else 1
            self._pid = pid
            return True

    def _tell(self, wait: bool, waiting: Callable[[Holder | None], None] | None) -> None:
        if wait and waiting is None:
            return
        with _mutex:
            # Another thread may have got the lock just now: opening the file would give it up.
            ours = (os.getpid(), self._path) in _registry
            holder = None if ours else _read_holder(self._path)
        if not wait:
            by = holder or "another process"
            raise Busy(f"{blanked(printable(self._path))} is locked by {by}", holder)
        if waiting is not None:
            waiting(holder)


def _locked(path: str) -> int | None:
    """Return a descriptor with a lock on the file, None if another process has one."""
    if sys.platform == "win32":
        # The locks of msvcrt block readers of the locked bytes, and were never tried.
        raise _CannotLock
    descriptor = None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, 0o666)
        if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", path)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if descriptor is None:
            raise _CannotLock from error
        os.close(descriptor)
        # POSIX allows both errors for a lock that is taken.
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise _CannotLock from error
    return descriptor


def _introduce(descriptor: int, holder: Holder) -> None:
    """Write the holder into the lock file; the lock does not depend on it."""
    said = {**holder._asdict(), "command": holder.command[:_LONGEST_COMMAND]}
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(said).encode("ascii"))


def _read_holder(path: str) -> Holder | None:
    """Return the holder that is written in the lock file; None if there is none that can be read.

    For a moment after a holder was killed, this may be the previous holder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFE)
        try:
            data = json.loads(os.read(descriptor, _LONGEST))
        finally:
            os.close(descriptor)
        pid, since = data["pid"], data["since"]
        if type(pid) is int and type(since) in (int, float) and 0 <= since < _LATEST:
            return Holder(pid, blanked(str(data["host"])), since, blanked(str(data["command"])))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return None


def holder_of(path: str) -> Holder | None:
    """Return the process that holds a lock right now, without taking the lock.

    :param path: path of the lock file
    :returns: the holder; None if there is none or it is unknown
    """
    path = os.path.join(
        os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path)
    )
    with _mutex:
        if (os.getpid(), path) in _registry:  # opening the file would give up the lock
            return None
        holder = _read_holder(path)
    if holder is None or holder.host != _host():
        return holder
    from doit_invariants.files.processes import is_alive  # late: nobody holds most locks

    if not is_alive(holder.pid):
        return None  # it was killed, and its name is still in the file
    return holder if _is_locked(path) else None


def _is_locked(path: str) -> bool:
    """Return whether a process has the lock; True if the system does not tell.

    The kernel is asked, because an attempt to take the lock would block others for a moment.
    """
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return True
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | _SAFE)
        try:
            asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            found: int = struct.unpack_from("h", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))[0]
            return found != fcntl.F_UNLCK
        finally:
            os.close(descriptor)
    return True


def _host() -> str:
    return os.uname().nodename if sys.platform != "win32" else ""
