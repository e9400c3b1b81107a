"""The base class of the backends: one row of JSON for each task, in the format of doit's backends.

All rows are read at once and decoded on use. Changed rows are written at the end of the command.
No file is open in between, because an action may change the directory, remove the DB, or start
another doit. doit's own backends read a row on use, some by opening a file each time, and keep
their DB open while tasks run.

Each row has a checksum that detects damage. Without it, one wrong digit could turn a record into
another valid one: one of an older version, or of a task that plain doit has run since. We write
rows without spaces, and the checksum of the row as its last item. Plain doit keeps items that it
does not know, but writes spaces, so a row that it has changed is not checked. As in
:mod:`doit_invariants.hashing.digest`, the checksum only protects against accidents.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from doit.dependency import JSONCodec
from doit.exceptions import InvalidDodoFile
from xxhash import xxh3_64_hexdigest

from doit_invariants.core.model import Json


class DamagedDB(Exception):
    """The files are not a DB of this backend, or not a complete one. The message is one line."""


class Backend:
    """A DB of doit, with the methods of doit's own backends.

    :param name: name of the file, as the user gave it
    :param codec: doit's codec, with the methods ``encode`` and ``decode``
    :param module_name: ignored; doit passes it
    :ivar path: absolute path of the file
    :ivar damage: why the files can't be read: the DB then has no rows. Empty if they can be read
    :raises doit.exceptions.InvalidDodoFile: if the files can't be opened, in one line
    """

    #: The suffixes that this backend appends to the name of the DB.
    suffixes: tuple[str, ...] = ("",)

    def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
        self.name = name
        self.codec = codec
        self.path = os.path.abspath(name)
        self._open()

    def _open(self) -> None:
        self.damage = ""
        self._known: dict[str, Any] = {}
        self._raw: dict[str, bytes] = {}
        self._texts: dict[str, bytes] = {}
        self._last: tuple[str, Any] = ("", {})
        self._dirty: set[str] = set()
        self._removed: set[str] = set()
        try:
            self._seen = self.state()
            self._read()
        except DamagedDB as error:
            self._known, self._raw = {}, {}
            self.damage = str(error)
        except OSError as error:
            raise InvalidDodoFile(
                f"doit's DB {self.name!r} can't be opened: {error.strerror or error}; check its "
                "permissions, or name another file with --db-file or dep_file"
            ) from error

    def _read(self) -> None:
        """Read all rows.

        :raises DamagedDB, OSError: if the files can't be read
        """
        raise NotImplementedError

    def _write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """Write rows and remove others. If this raises an exception, the DB is unchanged."""
        raise NotImplementedError

    def state(self) -> Json:
        """Return a value that differs once another process has written the DB; empty for no DB."""
        found: dict[str, Json] = {}
        for suffix in self.suffixes:
            try:
                info = os.stat(self.path + suffix)
            except OSError:
                continue
            found[suffix] = [info.st_size, info.st_mtime_ns]
        return found

    def mode(self) -> int:
        """Return the permissions of the files, or those of a new file if there are no files."""
        for suffix in self.suffixes:
            with contextlib.suppress(OSError):
                return os.stat(self.path + suffix).st_mode & 0o666
        return 0o666

    def refresh(self) -> None:
        """Read the DB again if another process has written it; drops all changes made here."""
        if self.state() != self._seen:
            self._open()

    def set_aside(self) -> str:
        """Move the files out of the way and start an empty DB; return their new name.

        :raises OSError: if they can't be moved
        """
        files = [suffix for suffix in self.suffixes if os.path.lexists(self.path + suffix)]
        number = 1
        while any(os.path.lexists(f"{self.path}.damaged-{number}{one}") for one in self.suffixes):
            number += 1
        for suffix in files:
            os.rename(self.path + suffix, f"{self.path}.damaged-{number}{suffix}")
        self._open()
        return f"{self.name}.damaged-{number}"

    def ids(self) -> list[str]:
        """Return the names of all rows."""
        return [*self._known, *self._raw]

    def get(self, task_id: str, dependency: str) -> Any:
        """Return a value of a row, or None if there is none; raises if the row can't be decoded."""
        row = self._known.get(task_id)
        if row is None:
            row = self._row(task_id)
        return row.get(dependency)

    def row(self, task_id: str) -> Any:
        """Return a whole row, which must not be changed; raises if it can't be decoded."""
        row = self._known.get(task_id)
        return self._row(task_id) if row is None else row

    def _row(self, task_id: str) -> Any:
        if self._last[0] == task_id:
            return self._last[1]
        raw = self._raw.get(task_id)
        if raw is None:
            return {}
        row = decode(raw, self.codec)
        if not isinstance(row, dict):
            raise TypeError("a row must be an object")
        # Only the last decoded row is kept: a caller reads several of its keys. All decoded rows
        # would take a third of the memory of a run, and most of the garbage collector's time.
        self._last = (task_id, row)
        return row

    def set(self, task_id: str, dependency: str, value: Any) -> bool:
        """Set a value of a row and keep its other values. A row that can't be decoded is emptied.

        :returns: whether the value changed
        """
        row = self._known.get(task_id)
        if not isinstance(row, dict):
            try:
                row = self._row(task_id)
            except Exception:
                row = {}
            self._forget(task_id)
            self._known[task_id] = row
        if dependency in row and _is_same(row[dependency], value):
            return False
        row[dependency] = value
        self._texts.pop(task_id, None)
        self._dirty.add(task_id)
        return True

    def in_(self, task_id: str) -> bool:
        """Return whether there is a row."""
        return task_id in self._known or task_id in self._raw

    def text(self, task_id: str) -> bytes:
        """Return a row as JSON, or ``null`` if it was removed.

        It is encoded once, for the journal and for the DB.

        :raises TypeError, ValueError: if the row can't be encoded as JSON
        """
        text = self._texts.get(task_id)
        if text is None:
            text = to_text(self.row(task_id)) if self.in_(task_id) else b"null"
            self._texts[task_id] = text
        return text

    def pack(self, task_id: str) -> None:
        """Keep only the encoded JSON of a changed row: few rows are used again in the same run.

        As objects, the rows of a hundred thousand tasks would take a third of the memory, and most
        of the garbage collector's time.

        :raises TypeError, ValueError: if the row can't be encoded as JSON
        """
        if task_id in self._known and type(self.codec) is JSONCodec:
            data = seal(self.text(task_id))
            del self._known[task_id]
            self._forget(task_id)
            self._raw[task_id] = data

    def put(self, task_id: str, row: Json) -> None:
        """Set a whole row; None removes it."""
        if isinstance(row, dict):
            self._forget(task_id)
            self._known[task_id] = row
            self._dirty.add(task_id)
        else:
            self.remove(task_id)

    def drop(self, task_id: str) -> None:
        """Treat a row as empty; the DB keeps it until the row is set again."""
        self._forget(task_id)
        self._known[task_id] = {}

    def remove(self, task_id: str) -> None:
        """Remove a row; the DB is changed by :meth:`dump`."""
        self._known.pop(task_id, None)
        self._forget(task_id)
        self._dirty.discard(task_id)
        self._removed.add(task_id)

    def _forget(self, task_id: str) -> None:
        """Drop the encoded forms of a row."""
        self._raw.pop(task_id, None)
        self._texts.pop(task_id, None)
        self._last = ("", {})

    def remove_all(self) -> None:
        """Remove all rows."""
        for task_id in self.ids():
            self.remove(task_id)

    def dump(self) -> None:
        """Write the changed rows, or all rows if the DB was removed since it was read.

        :raises Exception: any exception of the file system or of the backend's module
        """
        if not self._dirty and not self._removed:
            return
        vanished = bool(self._seen) and not self._exists()
        changed = self._known if vanished else self._dirty
        rows = {task_id: self._encoded(task_id) for task_id in changed}
        self._write({**self._raw, **rows} if vanished else rows, self._removed - self._dirty)
        self._dirty.clear()
        self._removed.clear()

    def _exists(self) -> bool:
        return any(os.path.exists(self.path + suffix) for suffix in self.suffixes)

    def _encoded(self, task_id: str) -> bytes:
        if task_id in self._raw:
            return self._raw[task_id]
        if type(self.codec) is JSONCodec:
            return seal(self.text(task_id))
        data: bytes = self.codec.encode(self._known[task_id]).encode("utf-8")
        return data


def _is_same(old: Json, new: Any) -> bool:
    """Return whether a value is certain to be stored exactly as the old one. A cheap comparison.

    Every run records its groups of tasks, and would otherwise write the DB each time. Numbers are
    not compared, because ``1 == True`` in Python.
    """
    if isinstance(new, str):
        return bool(old == new)
    if isinstance(new, dict):
        return not new and old == {}
    return isinstance(new, (list, tuple)) and not new and old == []


# ---------------------------------------------------------------------- checksums

#: The key of the checksum in a row. It is stored: never change it.
NAME = "check:invariants"

_HEAD = f',"{NAME}":'.encode("ascii")
_TAIL = re.compile(rb',"check:invariants":\{"xxh3_64":"([0-9a-f]{16})"\}\}')
_LENGTH = len(_HEAD) + len('{"xxh3_64":""}}') + 16

# Created once: json.dumps() with options creates an encoder at each call.
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(separators=(",", ":")).encode


def to_text(row: Mapping[str, Any]) -> bytes:
    """Return an object as JSON; raises TypeError or ValueError if it can't be encoded."""
    return _encode(row).encode("ascii")


def seal(text: bytes) -> bytes:
    """Add the checksum to the JSON of an object; an empty object gets none."""
    if len(text) <= len(b"{}"):
        return text
    body = text[:-1]
    return b'%s%s{"xxh3_64":"%s"}}' % (body, _HEAD, xxh3_64_hexdigest(body).encode("ascii"))


def decode(data: bytes, codec: Any) -> Any:
    """Decode a row that :func:`seal` or plain doit has written.

    :raises ValueError: if the row is damaged
    :raises Exception: any exception of the codec
    """
    found = _TAIL.fullmatch(data, len(data) - _LENGTH) if len(data) > _LENGTH else None
    if found is not None:
        body = data[:-_LENGTH]
        if xxh3_64_hexdigest(body).encode("ascii") != found[1]:
            raise ValueError("its checksum is wrong")
        text = body.decode("ascii") + "}"
        row, end = _decode(text)
        if end != len(text):
            raise ValueError("it has extra data at the end")
        return row
    row = codec.decode(data.decode("utf-8"))
    if isinstance(row, dict):
        row.pop(NAME, None)
    return row
