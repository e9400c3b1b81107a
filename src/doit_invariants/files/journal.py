"""An append-only journal: one line for each event, readable after a crash.

doit writes its DB at the end of a run. What became of each task goes to a journal meanwhile,
so that a run that is killed has lost nothing.

A line is the checksum of an entry, a space, the entry as JSON, and a newline, all of
it ASCII. The checksum guards against accidents, as in :mod:`doit_invariants.hashing.digest`. A line
goes out in one write to a file opened for appending, which the kernel does as a whole: lines of
threads and processes that append at the same time do not mix. Where that does not hold (NFS,
Windows, a write that the kernel cuts short while another appends) lines may be lost, which the
reader notices, but no entry is ever read that was not written.

What was appended is with the kernel and outlives the process however that ends. A power cut
can lose what was appended in the last seconds; ``sync`` pays a write to the disk for each entry
to prevent that.
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

#: Does not write into what a link leads to, nor wait for who reads a pipe.
_SAFE = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))

_CHECK = 16
#: Where in a line an entry may begin; looking ahead, as hexadecimal digits may stand before it.
_START = re.compile(rb"(?=[0-9a-f]{16} )")
# Bounds the time for a damaged line: each place costs a checksum of all that follows.
_MOST_STARTS = 200
# Made once: json.dumps() with options makes one at each call.
# The order of keys is kept: in a record it counts.
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Entries(NamedTuple):
    """What a journal holds.

    :ivar entries: the entries in the order in which they were appended
    :ivar damaged: number of lines of which something was skipped
    """

    entries: list[Json]
    damaged: int


class Journal:
    """An append-only file of JSON entries, each safe from the death of the process once appended.

    A process that was forked inherits the object and opens the file itself. Threads may append
    at once; two whose very first appends coincide may open the file twice, which costs a
    descriptor.

    :param path: of the file; it is made by the first append, its directory must be there
    :param mode: permissions of a file that is made, less the user's umask
    """

    def __init__(self, path: str, *, mode: int = 0o666) -> None:
        # A task may change the working directory before the first append.
        self._path = os.path.abspath(path)
        self._mode = mode
        self._opened: tuple[int, int] | None = None  # the process, and its descriptor
        self._torn = False

    def append(self, entry: Json) -> None:
        """Write an entry; it survives the process when this returns.

        :param entry: what JSON can hold
        :raises OSError: if the file can't be opened or written. A part of the line may be left
            then, which the reader skips.
        :raises TypeError, ValueError: if JSON can't hold the entry; nothing was written
        """
        self.append_text(_encode(entry).encode("ascii"))

    def append_text(self, entry: bytes) -> None:
        """Write an entry that is JSON already, in one line of ASCII; else as :meth:`append`."""
        line = b"%s %s\n" % (xxh3_64_hexdigest(entry).encode("ascii"), entry)
        descriptor = self._descriptor()
        try:
            # One system call, unless the kernel cuts it short: for a file on a local disk that is
            # where the disk is full or the process dies, and the next call then says so.
            # Cutting a partial line off instead would take the lines of others with it.
            write_all(descriptor, b"\n" + line if self._torn else line)
        except BaseException:
            self._torn = True
            raise
        self._torn = False

    def read(self) -> Entries:
        """Return what was appended, by whatever process.

        Lines that were not written whole are skipped and counted. Empty lines are no loss, and
        do not count.

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

        What another process that has it open appends from now on is lost.

        :raises OSError: if it can't be removed
        """
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def close(self) -> None:
        """Close the file if this process has it open; the next append opens it again."""
        opened, self._opened = self._opened, None
        # The number that a forked process inherited may be another file by now.
        if opened is not None and opened[0] == os.getpid():
            os.close(opened[1])

    def _descriptor(self) -> int:
        pid = os.getpid()
        opened = self._opened
        if opened is not None and opened[0] == pid:
            return opened[1]
        # Opened for reading as well, for a look at its last byte.
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
    """Return whether a file ends inside a line: its writer died, or found the disk full."""
    if not os.lseek(descriptor, 0, os.SEEK_END):
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) not in (b"\n", b"")


def _entry(line: bytes) -> Json:
    """Read a line without its newline; raises ValueError if it is not as it was written."""
    data = line[_CHECK + 1 :]
    if line[:_CHECK] != xxh3_64_hexdigest(data).encode("ascii") or line[_CHECK:][:1] != b" ":
        raise ValueError("the checksum is wrong")
    try:
        return json.loads(data.decode("ascii"))
    except RecursionError as error:
        raise ValueError("too deep") from error


def _glued(line: bytes) -> tuple[list[Json], bool]:
    """Return the entries inside a line that is none itself, and whether more was in it.

    A process that had the file open when another died or found the disk full continues the
    partial line. Text inside an entry can't pass for one: what follows up to the end of the line
    has the closing quote of that text, and is no JSON.
    """
    found: list[Json] = []
    end = len(line)
    starts = [match.start() for match in _START.finditer(line)]
    for start in reversed(starts[-_MOST_STARTS:]):
        with contextlib.suppress(ValueError):
            found.append(_entry(line[start:end]))
            end = start
    return found[::-1], end > 0
