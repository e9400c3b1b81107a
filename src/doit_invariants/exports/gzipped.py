"""Exports packed with gzip: a file as itself, a directory as a tar archive.

Packing is reproducible: it depends on neither the time nor the user. Unpacking trusts nothing:
members are read one by one and compared with checked parts. tarfile never chooses a path to write
to.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import operator
import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, cast

from xxhash import xxh3_128

from doit_invariants.exports.content import NO_DIGEST, hashed
from doit_invariants.hashing.digest import ALGORITHM
from doit_invariants.results.capture import capture
from doit_invariants.results.parts import DamagedResult, Part, PartType, check_parts

#: Exceptions that reading a broken packed file raises, besides OSError and DamagedResult.
BROKEN = (EOFError, zlib.error, tarfile.TarError, ValueError, ArithmeticError, LookupError)

_CHUNK = 1 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# Headers with long names need more than one block each; the end is padded.
_PER_MEMBER = 4096
_END = 4 * tarfile.RECORDSIZE


class _Hashing:
    """Hashes everything that is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hasher = xxh3_128()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"{ALGORITHM}:{self._hasher.hexdigest()}"

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._hasher.update(data)
        self.size += len(data)
        return data


def pour(source: IO[bytes], sink: IO[bytes], limit: int | None = None) -> tuple[str, int]:
    """Copy one stream into another; return digest and size in bytes.

    :param limit: maximum size of the source in bytes
    :raises DamagedResult: if the source is larger
    """
    through = _Hashing(source)
    while chunk := through.read(_CHUNK):
        if limit is not None and through.size > limit:
            raise DamagedResult("it holds more than was exported")
        sink.write(chunk)
    return through.digest, through.size


@contextlib.contextmanager
def _packing(new: str, mode: int) -> Iterator[IO[bytes]]:
    """Create a packed file.

    :param mode: permission bits of the original: users who can't read that must not read the export
    """
    descriptor = os.open(new, _CREATE, (mode | 0o600) & 0o666)
    # No name and no time in the header: the same content gives the same file.
    with open(descriptor, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def pack(target: str, new: str) -> tuple[Part, ...]:
    """Pack a target into a new file.

    :param target: absolute path of a file or directory
    :param new: path of the packed file, which must not exist yet
    :returns: the parts of the target
    :raises CannotKeep, OSError: see :func:`capture`
    """
    if os.path.isdir(target):
        parts = capture(target, hashed)
        shared = [part.mode for part in parts if part.type != "link"]
        with _packing(new, functools.reduce(operator.and_, shared)) as packed:
            _write_tar(packed, target, parts)
        return parts

    def put(source: str) -> tuple[str, int]:
        with open(source, "rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            with _packing(new, mode) as packed:
                return pour(stream, packed)

    parts = capture(target, put)
    info = os.stat(target)
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))
    return parts


def _write_tar(packed: IO[bytes], target: str, parts: Sequence[Part]) -> None:
    top = os.path.basename(target)
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for part in parts:
            info = tarfile.TarInfo(f"{top}/{part.path}" if part.path else top)
            info.mode = 0o777 if part.type == "link" else part.mode
            if part.type == "directory":
                info.type = tarfile.DIRTYPE
            elif part.type == "link":
                info.type, info.linkname = tarfile.SYMTYPE, part.link
            else:
                _add_file(tar, info, part, os.path.join(target, *part.path.split("/")))
                continue
            tar.addfile(info)


def _add_file(tar: tarfile.TarFile, info: tarfile.TarInfo, part: Part, source: str) -> None:
    info.size = part.size
    with open(source, "rb") as stream:
        through = _Hashing(stream)
        tar.addfile(info, cast("IO[bytes]", through))
    if through.digest != part.digest:
        raise OSError(0, f"{source} was written while it was exported")


def unpack_file(path: str, new: str, limit: int | None) -> tuple[str, int]:
    """Unpack a file into a new one; return digest and size in bytes.

    :param limit: maximum size of the content in bytes
    :raises DamagedResult, OSError: if it is broken or holds more
    """
    with gzip.open(path, "rb") as packed, open(new, "xb") as sink:
        return pour(cast("IO[bytes]", packed), sink, limit)


class _Bounded:
    """A stream that raises DamagedResult when it is read or moved beyond a limit."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        left = self._limit - self._stream.tell() + 1
        data = self._stream.read(left if size < 0 else min(size, left))
        self._check(self._stream.tell())
        return data

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._check(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, place: int) -> None:
        if place > self._limit:
            raise DamagedResult("it holds more than was exported")


class Tar:
    """The members of a packed directory.

    :param stream: the unpacked tar archive
    :param top: name of the directory; the names of the members may begin with it
    """

    def __init__(self, stream: IO[bytes], top: str) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115
        members = list(self._tar)
        names = _names(members, top)
        self._members = dict(zip(names, members, strict=True))
        parts = [_part(name, info) for name, info in zip(names, members, strict=True)]
        if "" not in self._members:
            parts.append(Part("", "directory", mode=0o755))
        self.parts = tuple(sorted(parts, key=lambda part: part.path.split("/")))
        check_parts(self.parts)

    def fetch(self, path: str, new: str) -> tuple[str, int]:
        """Write the file of a part to a new path; return digest and size in bytes."""
        source = self._tar.extractfile(self._members[path])
        if source is None:
            raise DamagedResult(f"{path!r} in it is not a file")
        with source, open(new, "xb") as sink:
            return pour(source, sink)


@contextlib.contextmanager
def open_tar(path: str, top: str, parts: Sequence[Part] | None = None) -> Iterator[Tar]:
    """Open a packed directory.

    :param top: name of the directory that was packed
    :param parts: what it must contain; None for an archive that others packed, which may contain
        anything safe
    :raises DamagedResult, OSError: if it is broken, holds more, or has an unsafe member
    """
    with gzip.open(path, "rb") as packed:
        stream = cast("IO[bytes]", packed)
        if parts is None:
            while stream.read(_CHUNK):
                pass  # checks the sum at the end, before which tarfile stops
            most = stream.tell()
            stream.seek(0)
        else:
            names = sum(len(part.path) + len(part.link) for part in parts)
            most = sum(part.size for part in parts) + 8 * names + _END
            most += (len(parts) + 1) * (_PER_MEMBER + 8 * len(top))
        # tarfile allocates as much memory as a header claims.
        yield Tar(cast("IO[bytes]", _Bounded(stream, most)), top)


def _names(members: Sequence[tarfile.TarInfo], top: str) -> list[str]:
    names = [info.name for info in members]
    names = ["" if name == "." else name.removeprefix("./") for name in names]
    if "" in names or not all(name == top or name.startswith(top + "/") for name in names):
        return names
    return [name[len(top) + 1 :] for name in names]


def _part(name: str, info: tarfile.TarInfo) -> Part:
    part_type: PartType
    if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not info.issparse():
        part_type = "file"
    elif info.isdir():
        part_type = "directory"
    elif info.issym():
        return Part(name, "link", link=info.linkname)
    else:
        raise DamagedResult(f"{name!r} in it is neither a file, a directory nor a symbolic link")
    digest, size = (NO_DIGEST, info.size) if part_type == "file" else ("", 0)
    return Part(name, part_type, digest, size, info.mode & 0o777)
