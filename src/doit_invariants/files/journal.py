"""An append-only journal: one line for each event, readable after a crash.

doit writes its DB at the end of a run. During the run, the result of each task is appended to a
journal, so that nothing is lost if the run is killed.

A line is the checksum of an entry, a space, the entry as JSON, and a newline, all in ASCII. The
checksum guards against accidents, as in :mod:`doit_invariants.hashing.digest`. A line is appended
with one write, which the kernel does as a whole. So lines of concurrent threads and processes do
not mix. Without that guarantee (NFS, Windows, a write that the kernel cuts short while
another process appends) lines may be lost. The reader notices that, and never reads an entry that
was not written.

An appended entry survives the end of the process, because the kernel has it. A power failure can
lose the entries of the last seconds.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat as stat_module
from typing import NamedTuple

from xxhash import xxh3_64_hexdigest

from doit_invariants.core.model import Json
from doit_invariants.files.regular import open_regular, write_all

#: Do not write to the target of a link, and do not wait for the reader of a pipe.
_SAFE = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))

_CHECK = 16
#: Where an entry may begin in a line; a lookahead, because other hexadecimal digits may precede it.
_START = re.compile(rb"(?=[0-9a-f]{16} )")
# Limits the time for a damaged line: each start costs a checksum of the rest of the line.
_MOST_STARTS = 200
# Created once, because json.dumps() with options creates an encoder at each call.
# The order of keys is kept, because it counts in a record.
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Entries(NamedTuple):
    """The contents of a journal.

    :ivar entries: the entries in the order in which they were appended
    :ivar damaged: number of lines in which something was skipped
    """

    entries: list[Json]
    damaged: int


class Journal:
    """An append-only file of JSON entries. An appended entry survives the death of the process.

    A forked process inherits the object and opens the file itself. Several threads may append at
    the same time. If their first appends coincide, they may open the file twice, which costs a
    descriptor.

    :param path: path of the file; the first append creates it, its directory must exist
    :param mode: permissions of a new file, reduced by the umask
    """

    def __init__(self, path: str, *, mode: int = 0o666) -> None:
        # A task may change the working directory before the first append.
        self._path = os.path.abspath(path)
        self._mode = mode
        self._opened: tuple[int, int] | None = None  # the process, and its descriptor
        self._torn = False

    def append(self, entry: Json) -> None:
        """Write an entry; it survives the process when this returns.

        :param entry: a JSON value
        :raises OSError: if the file can't be opened or written. Part of the line may be left; the
            reader skips it.
        :raises TypeError, ValueError: if the entry is not a JSON value; nothing was written
        """
        self.append_text(_encode(entry).encode("ascii"))

    def append_text(self, entry: bytes) -> None:
        """Write an entry that is already one line of JSON in ASCII; see :meth:`append`."""
        line = b"%s %s\n" % (xxh3_64_hexdigest(entry).encode("ascii"), entry)
        descriptor = self._descriptor()
        try:
            # One system call, unless the kernel cuts it short. On a local disk it does so if the
            # disk is full or the process dies, and the next call then fails. A partial line is not
            # truncated, because that would remove lines of other processes.
            write_all(descriptor, b"\n" + line if self._torn else line)
        except BaseException:
            self._torn = True
            raise
        self._torn = False

    def read(self) -> Entries:
        """Return the entries that any process appended.

        Incomplete lines are skipped and counted. Empty lines are harmless and not counted.

        :returns: the entries; none if there is no file
        :raises OSError: if the file can't be read
        """
        entries: list[Json] = []
        damaged = 0
        with (
            contextlib.suppress(FileNotFoundError),
            open(open_regular(self._path, follow=False), "rb") as stream,
        ):
            for line in stream:
                line = line[:-1] if line.endswith(b"\n") else line
                try:
                    entries.append(_entry(line))
                except ValueError:
                    found, rest = _glued(line)
                    entries += found
                    damaged += rest
        return Entries(entries, damaged)

    def remove(self) -> None:
        """Close the file and remove it, if there is one.

        Later entries of another process that has the file open are lost.

        :raises OSError: if it can't be removed
        """
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def close(self) -> None:
        """Close the file if this process has it open; the next append opens it again."""
        opened, self._opened = self._opened, None
        # A forked process must not close the descriptor: the number may be another file by now.
        if opened is not None and opened[0] == os.getpid():
            os.close(opened[1])

    def _descriptor(self) -> int:
        pid = os.getpid()
        opened = self._opened
        if opened is not None and opened[0] == pid:
            return opened[1]
        # Also for reading, to see the last byte.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _SAFE
        descriptor = os.open(self._path, flags, self._mode)
        try:
            if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "Not a regular file", self._path)
            self._torn = _is_torn(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._opened = (pid, descriptor)
        return descriptor


def _is_torn(descriptor: int) -> bool:
    """Return whether a file ends inside a line, because its writer died or the disk was full."""
    if not os.lseek(descriptor, 0, os.SEEK_END):
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) not in (b"\n", b"")


def _entry(line: bytes) -> Json:
    """Read a line without its newline; raises ValueError if it is damaged."""
    data = line[_CHECK + 1 :]
    if line[:_CHECK] != xxh3_64_hexdigest(data).encode("ascii") or line[_CHECK:][:1] != b" ":
        raise ValueError("the checksum is wrong")
    try:
        return json.loads(data.decode("ascii"))
    except RecursionError as error:
        raise ValueError("too deep") from error


def _glued(line: bytes) -> tuple[list[Json], bool]:
    """Return the entries inside a damaged line, and whether something else was in it.

    A process that has the file open continues the partial line of another process that died or
    found the disk full. A string inside an entry can't be mistaken for an entry, because it is
    followed by its closing quote, which makes the rest of the line invalid JSON.
    """
    found: list[Json] = []
    end = len(line)
    starts = [match.start() for match in _START.finditer(line)]
    for start in reversed(starts[-_MOST_STARTS:]):
        with contextlib.suppress(ValueError):
            found.append(_entry(line[start:end]))
            end = start
    return found[::-1], end > 0
