"""Reads and writes the files of ``dbm.dumb``, so that a killed writer damages nothing.

New values are appended to the data file, then the index is replaced atomically. Until then, the old
index refers to the old values. ``dbm.dumb`` itself opens a file for each value, overwrites values
in place, and renames the old index away before it writes the new one.

The format is that of ``dbm.dumb``: an index in Latin-1 with a line ``'key', (position, size)`` for
each value, and data in blocks of 512 bytes.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from doit_invariants.files.regular import open_regular
from doit_invariants.hosts.doit.database.base import DamagedDB

_BLOCK = 512
_BINARY = getattr(os, "O_BINARY", 0)
#: The usual form of a line. Evaluating it as Python takes ten times as long.
_PLAIN = re.compile(r"'([^'\\]*)', \((\d+), (\d+)\)")
#: The file is rewritten when its unused bytes exceed the used ones by this number.
_SLACK = 1 << 20

_Index = dict[str, "tuple[int, int]"]


def read(path: str) -> dict[str, bytes]:
    """Return all values by their keys.

    :param path: path of the files, without their suffixes
    :raises DamagedDB: if the index can't be decoded
    :raises OSError: if a file can't be read
    """
    while True:
        before = _stamp(path)
        index = _read_index(path)
        data = b""
        with contextlib.suppress(FileNotFoundError), _open(path + ".dat") as stream:
            data = stream.read()
        if _stamp(path) == before:  # otherwise another process has just written the files
            return {key: data[start : start + size] for key, (start, size) in index.items()}


def write(path: str, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
    """Set and remove values. If this is killed, the files have all the old or all the new values.

    :raises DamagedDB, OSError: as :func:`read`; the files keep the old values
    """
    _finish(path)
    index = _read_index(path)
    for key in (*removed, *rows):
        index.pop(key, None)
    used = sum(_padded(size) for _, size in index.values())
    added = sum(_padded(len(value)) for value in rows.values())
    if _size(path) + added > 2 * (used + added) + _SLACK:
        old = read(path)
        _rewrite(path, {**{key: old[key] for key in index}, **rows})
        return
    with open(path + ".dat", "ab") as stream:
        index.update(_append(stream, rows))
    with _create(path + ".dir.next", like=path + ".dir") as stream:
        stream.write(_lines(index))
    os.replace(path + ".dir.next", path + ".dir")


def _rewrite(path: str, rows: Mapping[str, bytes]) -> None:
    """Write new files, without the unused blocks.

    Two files can't be replaced at once. After the data file is replaced, and until the index is,
    the valid index is ``.dir.new``. See :func:`_index_path`.
    """
    with _create(path + ".dat.new", like=path + ".dat") as stream:
        index = _append(stream, rows)
    with _create(path + ".dir.new", like=path + ".dir") as stream:
        stream.write(_lines(index))
    os.replace(path + ".dat.new", path + ".dat")
    os.replace(path + ".dir.new", path + ".dir")


def _finish(path: str) -> None:
    """Finish or undo the work of a writer that was killed."""
    if _index_path(path) == path + ".dir.new":
        os.replace(path + ".dir.new", path + ".dir")
    for suffix in (".dir.new", ".dat.new", ".dir.next"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + suffix)


def _index_path(path: str) -> str:
    replaced = os.path.exists(path + ".dir.new") and not os.path.exists(path + ".dat.new")
    return path + (".dir.new" if replaced else ".dir")


def _append(stream: BinaryIO, rows: Mapping[str, bytes]) -> _Index:
    """Append values to a file; return their positions and sizes."""
    index: _Index = {}
    end = stream.seek(0, os.SEEK_END)
    # dbm.dumb overwrites the whole blocks of a value, so no two values may share a block.
    parts = [bytes(_padded(end) - end)]
    end = _padded(end)
    for key, value in rows.items():
        index[key] = (end, len(value))
        parts += [value, bytes(_padded(len(value)) - len(value))]
        end += _padded(len(value))
    stream.write(b"".join(parts))
    return index


def _read_index(path: str) -> _Index:
    try:
        with _open(_index_path(path)) as stream:
            return dict(map(_entry, stream.read().decode("latin-1").splitlines()))
    except FileNotFoundError:
        if os.path.exists(path + ".dat") and _size(path):
            raise DamagedDB(f"{os.path.basename(path)}.dir is missing") from None
        return {}


def _open(path: str) -> BinaryIO:
    return open(open_regular(path, follow=True), "rb")


def _entry(line: str) -> tuple[str, tuple[int, int]]:
    found = _PLAIN.fullmatch(line.rstrip())
    try:
        key, (start, size) = (
            (found[1], (int(found[2]), int(found[3]))) if found else ast.literal_eval(line.strip())
        )
        place = (int(start), int(size))
        return key.encode("latin-1").decode("utf-8"), place
    except (ValueError, TypeError, SyntaxError, AttributeError, OverflowError) as error:
        raise DamagedDB("a line of its index can't be read") from error


@contextlib.contextmanager
def _create(path: str, *, like: str) -> Iterator[BinaryIO]:
    """Create a file with the permissions of another one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    mode = 0o666
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(like).st_mode & 0o777
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    with open(os.open(path, flags, mode), "wb") as stream:
        yield stream
    if os.path.exists(like):
        os.chmod(path, mode)  # independent of the umask


def _lines(index: _Index) -> bytes:
    lines = (f"{key.encode().decode('latin-1')!r}, {place!r}\n" for key, place in index.items())
    return "".join(lines).encode("latin-1")


def _padded(size: int) -> int:
    return (size + _BLOCK - 1) // _BLOCK * _BLOCK


def _size(path: str) -> int:
    try:
        return os.path.getsize(path + ".dat")
    except FileNotFoundError:
        return 0


def _stamp(path: str) -> list[tuple[int, int, int] | None]:
    found: list[tuple[int, int, int] | None] = []
    for suffix in (".dir", ".dat", ".dir.new", ".dat.new"):
        try:
            info = os.stat(path + suffix)
            found.append((info.st_ino, info.st_size, info.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found
