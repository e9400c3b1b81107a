"""The files of a directory in columns: names in one text, stats and digests in another each.

What belongs to a hundred thousand files is read, compared and written a directory at a time, and an
object for each file is made only where somebody asks for it. Only files of the usual sort have a
place here: with a digest of their content that is our own, and with a stat of ordinary numbers.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from doit_invariants.core.digest import ALGORITHM, digest_bytes
from doit_invariants.core.files import FileState
from doit_invariants.core.model import Json

DIRECTORY = FileState("directory", None)

#: Bytes of the stat of a file, and digits of its digest.
WIDTH = 32

_PREFIX = ALGORITHM + ":"
_OURS = re.compile(_PREFIX + "[0-9a-f]{32}").fullmatch
_STAT = struct.Struct("<4q")


class Block(NamedTuple):
    """The files that lie in one directory itself.

    :ivar path: the directory, relative to the first one; empty for that one itself
    :ivar names: the names, with ``/`` between them
    :ivar stats: for each file four integers of 64 bits, little-endian
    :ivar digests: for each file the hexadecimal digits of its digest
    """

    path: str
    names: str
    stats: bytes
    digests: str

    def split(self) -> list[str]:
        """Return the names."""
        return self.names.split("/") if self.names else []

    def state(self, number: int) -> FileState:
        """Return the state of one file, by its place among the names."""
        start, end = number * WIDTH, (number + 1) * WIDTH
        stat = _STAT.unpack(self.stats[start:end])
        return FileState(_PREFIX + self.digests[start:end], stat)

    def files(self) -> Iterator[tuple[str, FileState]]:
        """Yield each file by its path relative to the first directory."""
        prefix = self.path + "/" if self.path else ""
        for number, name in enumerate(self.split()):
            yield prefix + name, self.state(number)


def entries_of(blocks: Iterable[Block]) -> Iterator[tuple[str, FileState]]:
    """Yield the directories and the files by their relative paths."""
    for block in blocks:
        if block.path:
            yield block.path, DIRECTORY
        yield from block.files()


def columns(state: FileState) -> tuple[bytes, str] | None:
    """Return what stands for the stat and the digest of a file in a block, None if nothing can."""
    if state.stat is None or not _OURS(state.digest):
        return None
    try:
        return _STAT.pack(*state.stat), state.digest[len(_PREFIX) :]
    except struct.error:
        return None


def stats_column(infos: Iterable[os.stat_result]) -> bytes:
    """Return what stands for some stats in a block; raises OverflowError for larger numbers."""
    numbers = [
        number
        for info in infos
        for number in (info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns)
    ]
    found = array("q", numbers)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def to_json(blocks: Iterable[Block]) -> Json:
    """Return blocks as they are stored in a record."""
    return {
        "directories": [[block.path, block.names] for block in blocks],
        "stats": b"".join([block.stats for block in blocks]).hex(),
        "digests": "".join([block.digests for block in blocks]),
    }


def from_json(data: Json) -> tuple[Block, ...]:
    """Read stored blocks; once this has returned, nothing of them can turn out to be damaged.

    :raises ValueError, TypeError, KeyError, AttributeError: if they are damaged
    """
    stats, digests = bytes.fromhex(data["stats"]), data["digests"]
    if type(digests) is not str or len(digests) != len(stats):
        raise ValueError("there must be a digest for each stat")
    blocks: list[Block] = []
    end = 0
    for path, names in data["directories"]:
        if type(path) is not str or type(names) is not str:
            raise TypeError("the names of files must be texts")
        start, end = end, end + (WIDTH * (names.count("/") + 1) if names else 0)
        blocks.append(Block(path, names, stats[start:end], digests[start:end]))
    if end != len(stats):
        raise ValueError("there must be a stat for each name")
    return tuple(blocks)


def digest_of(blocks: Iterable[Block], others: Mapping[str, FileState]) -> str | None:
    """Return the digest of what is in blocks and beside them, with no object for each.

    The same as :func:`doit_invariants.core.trees.entries_digest`, whose order of whole paths this
    keeps: what lies below ``a`` stands where ``a/`` does, behind ``a`` and ``a-b``.

    :param blocks: each directory before those that lie in it
    :param others: what else there is, by relative path, in the directories of the blocks
    :returns: None where a name can't be told from its text alone
    """
    if sys.getfilesystemencoding() != "utf-8":
        return None
    # What is to be put among the files of a directory, beginning with a name in it.
    more: defaultdict[str, list[str]] = defaultdict(list)
    for path, state in others.items():
        parent, _, name = path.rpartition("/")
        more[parent].append(f"{name}\0{state.digest}")
    lines: list[str] = []
    for block in reversed(tuple(blocks)):
        path, digests = block.path, block.digests
        places = range(0, len(digests), WIDTH)
        lines = [
            f"{name}\0{_PREFIX}{digests[place : place + WIDTH]}"
            for name, place in zip(block.split(), places, strict=True)
        ]
        lines += more.pop(path, ())
        lines.sort()  # NUL is before all that names have, so these are in the order of the names
        if path:
            parent, _, name = path.rpartition("/")
            more[parent].append(name + "\0" + DIRECTORY.digest)
            if lines:
                more[parent].append(f"{name}/" + f"\0{path}/".join(lines))
    text = "\0".join(lines) + "\0" if lines else ""
    try:
        return digest_bytes(text.encode())
    except UnicodeEncodeError:
        return None
