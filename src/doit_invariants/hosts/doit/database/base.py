"""What the backends share: rows of JSON by the name of the task, as doit's own keep them.

doit's read a row when it is asked for, some by opening a file each time, and hold their DB open
while tasks run. Here all rows are read at once, decoded when they are asked for, and what changed
is written at the end; in between no file is open: an action may change the directory, remove the
DB, or start another doit.

In each row is a checksum, which tells damage from what plain doit has written since. One wrong
digit can make a record that says something else: that an older version has written it, or that
plain doit has run the task since. What we write has no spaces between its parts, and the checksum
of its text as the last one. Plain doit, which keeps what it does not know, writes spaces: what it
has changed is not checked. As in :mod:`doit_invariants.hashing.digest`, the checksum guards
against accidents alone.
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
    """What is in the files is no DB of this backend, or not all of one; one line."""


class Backend:
    """A DB of doit; the methods that doit calls are those of its own backends.

    :param name: of the file, as the user gave it
    :param codec: doit's, with ``encode`` and ``decode``
    :param module_name: accepted as doit hands it over; not used
    :ivar path: of the file, absolute
    :ivar damage: why the files can't be read, empty if they can; then there are no rows
    :raises doit.exceptions.InvalidDodoFile: if the files can't be opened, in one line
    """

    #: What this backend puts behind the name of the DB.
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
        """Fill the rows; raises DamagedDB or OSError."""
        raise NotImplementedError

    def _write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """Write rows and remove others, or raise with the DB as it was."""
        raise NotImplementedError

    def state(self) -> Json:
        """Return what tells whether anybody has written the DB since; empty if there is none."""
        found: dict[str, Json] = {}
        for suffix in self.suffixes:
            try:
                info = os.stat(self.path + suffix)
            except OSError:
                continue
            found[suffix] = [info.st_size, info.st_mtime_ns]
        return found

    def mode(self) -> int:
        """Return the permissions of the files; those of a new file if there are none."""
        for suffix in self.suffixes:
            with contextlib.suppress(OSError):
                return os.stat(self.path + suffix).st_mode & 0o666
        return 0o666

    def refresh(self) -> None:
        """Read again if somebody has written since; what was set here is lost."""
        if self.state() != self._seen:
            self._open()

    def set_aside(self) -> str:
        """Move the files out of the way, and begin an empty DB; return their new name.

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
        """Return the names under which there is anything."""
        return [*self._known, *self._raw]

    def get(self, task_id: str, dependency: str) -> Any:
        """Return a value of a row, None if there is none; raises if the row can't be decoded."""
        row = self._known.get(task_id)
        if row is None:
            row = self._row(task_id)
        return row.get(dependency)

    def row(self, task_id: str) -> Any:
        """Return a whole row, which is not to be changed; raises if it can't be decoded."""
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
        # Not kept: all of them would be a third of the memory of a run, and most of the work of
        # Python's garbage collector. Who asks for one task asks for several of its keys.
        self._last = (task_id, row)
        return row

    def set(self, task_id: str, dependency: str, value: Any) -> bool:
        """Set a value of a row, which keeps its others; one that can't be decoded begins anew.

        :returns: whether it was another one
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
        """Return a row that was set as JSON, ``null`` if it was removed.

        It is made once, for the journal and for the DB.

        :raises TypeError, ValueError: if JSON can't hold it
        """
        text = self._texts.get(task_id)
        if text is None:
            text = to_text(self.row(task_id)) if self.in_(task_id) else b"null"
            self._texts[task_id] = text
        return text

    def pack(self, task_id: str) -> None:
        """Keep a row that was set as text alone: few are asked for again in the same run.

        As objects the rows of a hundred thousand tasks would be a third of the memory, and
        looking at them most of the work of Python's garbage collector.

        :raises TypeError, ValueError: if JSON can't hold it
        """
        if task_id in self._known and type(self.codec) is JSONCodec:
            data = seal(self.text(task_id))
            del self._known[task_id]
            self._forget(task_id)
            self._raw[task_id] = data

    def put(self, task_id: str, row: Json) -> None:
        """Put a whole row; None removes it."""
        if isinstance(row, dict):
            self._forget(task_id)
            self._known[task_id] = row
            self._dirty.add(task_id)
        else:
            self.remove(task_id)

    def drop(self, task_id: str) -> None:
        """Take a row for empty; the DB is changed only once the row is set again."""
        self._forget(task_id)
        self._known[task_id] = {}

    def remove(self, task_id: str) -> None:
        """Remove a row, in the DB when that is written."""
        self._known.pop(task_id, None)
        self._forget(task_id)
        self._dirty.discard(task_id)
        self._removed.add(task_id)

    def _forget(self, task_id: str) -> None:
        """Drop what was read of a row."""
        self._raw.pop(task_id, None)
        self._texts.pop(task_id, None)
        self._last = ("", {})

    def remove_all(self) -> None:
        """Remove all rows."""
        for task_id in self.ids():
            self.remove(task_id)

    def dump(self) -> None:
        """Write what changed; all if the DB has vanished since it was read.

        :raises Exception: what the file system or the module of the backend raises
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
    """Return whether a value would be stored as what is stored already, where that is easily told.

    A group of tasks is recorded in every run: without this each would write the DB. Numbers are
    not compared: to Python ``1`` and ``True`` are equal.
    """
    if isinstance(new, str):
        return bool(old == new)
    if isinstance(new, dict):
        return not new and old == {}
    return isinstance(new, (list, tuple)) and not new and old == []


# ---------------------------------------------------------------------- checksums

#: The name of the checksum among the keys of a row. Stored: never change it.
NAME = "check:invariants"

_HEAD = f',"{NAME}":'.encode("ascii")
_TAIL = re.compile(rb',"check:invariants":\{"xxh3_64":"([0-9a-f]{16})"\}\}')
_LENGTH = len(_HEAD) + len('{"xxh3_64":""}}') + 16

# Made once: json.dumps() with options makes one at each call.
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(separators=(",", ":")).encode


def to_text(row: Mapping[str, Any]) -> bytes:
    """Return an object as JSON; raises TypeError or ValueError if JSON can't hold it."""
    return _encode(row).encode("ascii")


def seal(text: bytes) -> bytes:
    """Return the text of an object with its checksum; of an empty one as it is."""
    if len(text) <= len(b"{}"):
        return text
    body = text[:-1]
    return b'%s%s{"xxh3_64":"%s"}}' % (body, _HEAD, xxh3_64_hexdigest(body).encode("ascii"))


def decode(data: bytes, codec: Any) -> Any:
    """Return what is in a text that :func:`seal` or plain doit has made.

    :raises ValueError: if it is not as it was written; whatever else the codec raises
    """
    found = _TAIL.fullmatch(data, len(data) - _LENGTH) if len(data) > _LENGTH else None
    if found is not None:
        body = data[:-_LENGTH]
        if xxh3_64_hexdigest(body).encode("ascii") != found[1]:
            raise ValueError("its checksum is wrong")
        text = body.decode("ascii") + "}"
        row, end = _decode(text)
        if end != len(text):
            raise ValueError("there is more behind it")
        return row
    row = codec.decode(data.decode("utf-8"))
    if isinstance(row, dict):
        row.pop(NAME, None)
    return row
