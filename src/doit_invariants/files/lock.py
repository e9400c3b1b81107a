"""A lock between processes that is free again as soon as its holder has ended in any way.

It is a POSIX record lock, which belongs to a process: processes that it forks do not hold it,
so workers that outlive a killed holder keep nobody waiting. flock(2) was rejected as its locks
are inherited by a fork. POSIX locks have two oddities that shape this module:

- The kernel grants a lock to a process that has it already. Locks on one path within a process
  therefore share one entry of a registry, and the last to be released gives it up.
- A process that closes *any* descriptor of the file gives its lock up. Nothing in here opens the
  file while this process holds it. Other code can: a file that is locked must be kept out of
  what the same process hashes or copies.
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

# What a link leads to is not written, and a pipe not waited for.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LONGEST_COMMAND = 1000
# Of the file that is read: a character takes at most 12 bytes in JSON.
_LONGEST = 1 << 14
# The end of the year 9999: not every system tells the date of what is later.
_LATEST = 253_402_300_000.0

#: The variable of the environment that tells the doits that tasks start which lock is held.
HELD = "DOIT_INVARIANTS_LOCK"


class Holder(NamedTuple):
    """Who holds a lock, as he wrote it down.

    :ivar pid: id of the process, on its own machine
    :ivar host: name of that machine
    :ivar since: when it got the lock, in seconds since the epoch
    :ivar command: what it was started for, one line
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

    :ivar holder: who; None if he has not said so, or not yet
    """

    def __init__(self, text: str, holder: Holder | None = None) -> None:
        super().__init__(text)
        self.holder = holder


class _Shared:
    """The lock of this process on one file: its only descriptor, and how often it was taken."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.count = 1


class _CannotLock(Exception):
    """The lock can't be taken by anybody from here."""


#: By process and real path: a forked process finds nothing of its parent's.
_registry: dict[tuple[int, str], _Shared] = {}
_mutex = threading.RLock()
if sys.platform != "win32":
    # Else a process that is forked while another thread has the mutex could never take it.
    os.register_at_fork(
        before=_mutex.acquire, after_in_parent=_mutex.release, after_in_child=_mutex.release
    )


class Lock:
    """A lock on a path, between processes; within one process it is shared.

    It keeps out other processes, not other threads: whoever acquires it in a process that holds
    it has it at once, and it is given up when each has released it. Names of one file by hard
    links count as two files, and must not be used in one process.

    :param path: of the lock's file, which is made and stays: removing it would let two in
    :param command: what this process was started for, shown to those who wait
    """

    def __init__(self, path: str, command: str = "") -> None:
        # Not the real path of the file: what a link in its place leads to is not touched.
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
        """Take the lock; each time has to be released.

        :param wait: whether to wait for another process that holds it, for as long as it takes
        :param waiting: called once before waiting, with who holds the lock if that is known
        :param poll: seconds between two attempts; those who wait have no order among them
        :returns: True if it is held now; False where that can't be, as the file can't be written
            or its file system has no locks, or on Windows
        :raises Busy: if another process holds it and ``wait`` is false
        """
        try:
            if not self._attempt():
                self._tell(wait, waiting)
                # Not the kernel's own waiting: it needs a descriptor that stays open meanwhile.
                while not self._attempt():
                    time.sleep(poll)
        except _CannotLock:
            return False
        return True

    def release(self) -> None:
        """Give up what was acquired once; nothing happens if nothing was, in this process."""
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
            # Before the lock goes: what is in the file then is the next holder's.
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
                # Opened anew each time: two threads that wait must not have a descriptor each,
                # as the one that comes second would close its own.
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
            # Another thread may have got it just now: opening it would give it up.
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
        # The locks of msvcrt keep others from reading what they cover, and were never tried.
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
        # POSIX allows either for a lock that is taken.
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise _CannotLock from error
    return descriptor


def _introduce(descriptor: int, holder: Holder) -> None:
    """Write into the lock's file who holds it; without that it is locked all the same."""
    said = {**holder._asdict(), "command": holder.command[:_LONGEST_COMMAND]}
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(said).encode("ascii"))


def _read_holder(path: str) -> Holder | None:
    """Return who says in the file that he holds the lock; None if nobody does so readably.

    For an instant after a holder was killed this may be the one before.
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
    """Return the process that holds a lock right now, without keeping it from anybody.

    :param path: of the lock's file
    :returns: who holds it; None if nobody does, or it can't be told
    """
    path = os.path.join(
        os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path)
    )
    with _mutex:
        if (os.getpid(), path) in _registry:  # to open it would give it up
            return None
        holder = _read_holder(path)
    if holder is None or holder.host != _host():
        return holder
    from doit_invariants.files.processes import is_alive  # late: nobody holds most locks

    if not is_alive(holder.pid):
        return None  # it was killed: what it wrote has stayed
    return holder if _is_locked(path) else None


def _is_locked(path: str) -> bool:
    """Return whether a process has the lock; where that can't be told, that one has.

    Asked of the kernel, as to try to take it would keep away, for a moment, who wants it.
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
