"""The files of a directory in columns: all names, all stats, all digests.

A directory may hold a hundred thousand files, so they are read, compared and written a directory
at a time. An object for a single file is created only on demand. A *block* is the packed form of
a directory. It contains a digest of the names and stats: if a walk finds the same digest, the
block is not unpacked. A block holds only ordinary files: those whose content has a digest of our
own, and whose stat fits into 64-bit integers.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from binascii import a2b_base64, b2a_base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from xxhash import xxh3_64_hexdigest, xxh3_128_hexdigest

from doit_invariants.core.model import Json
from doit_invariants.files.state import FileState
from doit_invariants.hashing.digest import ALGORITHM, digest_bytes

DIRECTORY = FileState("directory", None)

#: Bytes of the stat of a file, and digits of its digest.
WIDTH = 32

_PREFIX = ALGORITHM + ":"
_STAT = struct.Struct("<4q")
# Shorter data is stored as it is: compressing it takes longer than reading and writing it.
_WORTH_IT = 500


class Columns:
    """The files directly in one directory.

    :ivar names: the names, joined with ``/``
    :ivar stats: for each file four integers of 64 bits, little-endian
    :ivar digests: for each file the hexadecimal digits of its digest
    """

    __slots__ = ("digests", "names", "stats")

    def __init__(self, names: str, stats: bytes, digests: str) -> None:
        self.names = names
        self.stats = stats
        self.digests = digests

    def split(self) -> list[str]:
        """Return the names."""
        return self.names.split("/") if self.names else []

    def state(self, number: int) -> FileState:
        """Return the state of one file by its number among the names."""
        start, end = number * WIDTH, (number + 1) * WIDTH
        return FileState(_PREFIX + self.digests[start:end], _STAT.unpack(self.stats[start:end]))


class Block(NamedTuple):
    """The columns of one directory, packed.

    :ivar path: the directory, relative to the top; empty for the top itself
    :ivar digest_of_stats: digest of the names and the stats
    :ivar packed_columns: the names and the stats, compressed
    :ivar digests: the digests
    """

    path: str
    digest_of_stats: str
    packed_columns: str
    digests: str

    def same(self, other: Block) -> bool:
        """Return whether two blocks record the same files, however they were compressed."""
        return self[:2] == other[:2] and self.digests == other.digests

    def columns(self) -> Columns | None:
        """Return the unpacked columns, None if the block is damaged."""
        try:
            return _unpacked(self)
        except (ValueError, zlib.error):
            return None

    def files(self) -> Iterator[tuple[str, FileState]]:
        """Yield each file with its path relative to the top."""
        prefix = self.path + "/" if self.path else ""
        found = self.columns()
        for number, name in enumerate(found.split() if found is not None else ()):
            yield prefix + name, found.state(number)  # type: ignore[union-attr]


def _digits(block: Block) -> list[str]:
    """Return the hexadecimal digits of each digest."""
    digests = a2b_base64(block.digests)
    if len(digests) % 16:
        raise ValueError("a digest has 16 bytes")
    return digests.hex("/", 16).split("/") if digests else []


def stats_digest(names: str, stats: bytes) -> str:
    """Return the digest of the names and stats of the files of a directory."""
    return xxh3_128_hexdigest(_bytes(names) + b"\0" + stats)


def packed(path: str, columns: Columns) -> Block:
    """Return the block of a directory."""
    names, stats, digests = columns.names, columns.stats, columns.digests
    # Transposed, so that bytes that are the same in most stats lie side by side and compress well.
    data = _bytes(names) + b"\0" + b"".join([stats[start::WIDTH] for start in range(WIDTH)])
    data = b"z" + zlib.compress(data, 1) if len(data) > _WORTH_IT else b"-" + data
    return Block(path, stats_digest(names, stats), _text(data), _text(bytes.fromhex(digests)))


def _unpacked(block: Block) -> Columns:
    data = a2b_base64(block.packed_columns)
    data = zlib.decompress(data[1:]) if data[:1] == b"z" else data[1:]
    names, _, across = data.partition(b"\0")
    columns = Columns(
        names.decode("utf-8", "surrogatepass"), _transposed(across), a2b_base64(block.digests).hex()
    )
    if not len(columns.split()) * WIDTH == len(columns.stats) == len(columns.digests):
        raise ValueError("there must be a stat and a digest for each name")
    return columns


def _transposed(across: bytes) -> bytes:
    count = len(across) // WIDTH
    stats = bytearray(len(across))
    for start in range(WIDTH):
        stats[start::WIDTH] = across[start * count : (start + 1) * count]
    return bytes(stats)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def entries_of(blocks: Iterable[Block]) -> Iterator[tuple[str, FileState]]:
    """Yield the directories and the files with their relative paths."""
    for block in blocks:
        if block.path:
            yield block.path, DIRECTORY
        yield from block.files()


def column(state: FileState) -> tuple[bytes, str] | None:
    """Return the stat and the digest of a file in packed form, None if a block can't hold them."""
    digits = state.digest.removeprefix(_PREFIX)
    if state.stat is None or len(digits) != WIDTH or len(state.digest) == WIDTH:
        return None
    try:
        if bytes.fromhex(digits).hex() != digits:
            return None
        return _STAT.pack(*state.stat), digits
    except (ValueError, struct.error):
        return None


def stats_column(infos: Iterable[os.stat_result]) -> bytes | None:
    """Return stats in packed form, None if a number is too large for a block."""
    pack = _STAT.pack
    try:
        return b"".join(
            [pack(one.st_mtime_ns, one.st_size, one.st_ino, one.st_ctime_ns) for one in infos]
        )
    except struct.error:
        return None


def to_json(blocks: Iterable[Block]) -> Json:
    """Return blocks as they are stored in a record."""
    return {"check": _check(blocks), "directories": list(map(list, blocks))}


def from_json(data: Json) -> tuple[Block, ...]:
    """Read stored blocks.

    :raises ValueError, TypeError, KeyError, AttributeError: if they are damaged. Only the checksum
        is compared; the blocks are unpacked on demand.
    """
    blocks = tuple(Block(*block) for block in data["directories"])
    if not blocks or data["check"] != _check(blocks):
        raise ValueError("the checksum of the blocks is wrong")
    return blocks


def _check(blocks: Iterable[Block]) -> str:
    return xxh3_64_hexdigest(_bytes("\n".join(["\0".join(block) for block in blocks])))


def digest_of(
    blocks: Sequence[Block], names: Sequence[str], others: Mapping[str, FileState]
) -> str | None:
    """Return the digest of the entries in and outside blocks, without an object for each entry.

    The digest is that of :func:`doit_invariants.files.tree.entries_digest`, which sorts by whole
    paths. So entries below ``a`` are sorted by ``a/``, after ``a`` and ``a-b``.

    :param blocks: each directory before the directories in it
    :param names: the names of the files in each block
    :param others: all other entries in the directories of the blocks, by relative path
    :returns: None if a file name has no UTF-8 form, or the file system has another encoding
    :raises ValueError: if the digests in a block are damaged
    """
    if sys.getfilesystemencoding() != "utf-8":
        return None
    # Lines to be sorted among the files of a directory, each beginning with a name in it.
    more: defaultdict[str, list[str]] = defaultdict(list)
    for path, state in others.items():
        parent, _, name = path.rpartition("/")
        more[parent].append(f"{name}\0{state.digest}")
    lines: list[str] = []
    between = f"\0{_PREFIX}".join
    for block, text in zip(reversed(blocks), reversed(names), strict=True):
        path, files, digests = block.path, text.split("/") if text else [], _digits(block)
        if len(files) != len(digests):
            raise ValueError("there must be a digest for each name")
        lines = list(map(between, zip(files, digests, strict=True)))
        lines += more.pop(path, ())
        lines.sort()  # by name, because NUL sorts before every character of a name
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
