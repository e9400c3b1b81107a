"""The backend ``sqlite3``; and the files of ``dbm.sqlite3``, which differ in their table alone."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from xxhash import xxh3_64

from doit_invariants.core.model import Json
from doit_invariants.hosts.doit.database.base import Backend, DamagedDB

if TYPE_CHECKING:
    import sqlite3

#: Seconds to wait for somebody else who is writing: plain doit, or a viewer.
_PATIENCE = 10.0

#: How many bytes a file of SQLite has at least.
_HEADER = 100

#: Of what SQLite says when the file may be good but can't be used now.
_NOT_NOW = ("locked", "unable to open", "readonly", "read-only", "disk i/o", "full", "busy")


class Table:
    """Rows in a table of an SQLite file.

    :param path: of the file
    :param name: of the table
    :param key: its first column, the name of the task
    :param value: its second column
    :param kind: the SQL type in which both are stored
    :param create: the SQL that makes the table
    """

    def __init__(self, path: str, name: str, key: str, value: str, kind: str, create: str) -> None:
        self._path = path
        self._select = f"select cast({key} as blob), cast({value} as blob) from {name}"
        cast = f"cast(? as {kind})"
        self._replace = f"insert or replace into {name} ({key}, {value}) values ({cast}, {cast})"
        self._delete = f"delete from {name} where {key} = {cast}"
        self._create = create
        self._name = name

    def read(self) -> dict[str, bytes]:
        """Return all rows; none if there is no file, or no such table yet.

        :raises DamagedDB: if it is no SQLite file, or not a whole one
        :raises OSError: if it can't be read now
        """
        if not os.path.lexists(self._path):
            return {}
        if 0 < os.path.getsize(self._path) < _HEADER:
            raise DamagedDB("file is cut short")  # SQLite takes it for a new one
        with self._connection() as connection:
            found = "select 1 from sqlite_master where name = ?"
            if connection.execute(found, (self._name,)).fetchone() is None:
                return {}
            rows = connection.execute(self._select).fetchall()
        return {key.decode("utf-8", "replace"): value or b"" for key, value in rows}

    def write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """Write and remove rows in one transaction.

        :raises DamagedDB, OSError: as :meth:`read`
        """
        with self._connection() as connection, connection:
            connection.execute(self._create)
            connection.executemany(self._delete, [(one,) for one in removed])
            named = [(key, value.decode("utf-8")) for key, value in rows.items()]
            connection.executemany(self._replace, named)

    def digest(self) -> Json:
        """Return a digest of all rows, None if they can't be read.

        Neither the stat of the file nor the numbers of rows would do: Python writes the file when
        it is merely opened, and gives the number of a row that was removed to the next one.
        """
        hasher = xxh3_64()
        with contextlib.suppress(DamagedDB, OSError):
            for key, value in sorted(self.read().items()):
                hasher.update(b"%d %d " % (len(key), len(value)))
                hasher.update(key.encode("utf-8", "surrogatepass"))
                hasher.update(value)
            return hasher.hexdigest()
        return None

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        import sqlite3

        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as connection:
                yield connection
        except sqlite3.Error as error:
            text = str(error)
            if any(one in text.lower() for one in _NOT_NOW):
                raise OSError(errno.EIO, text) from error
            raise DamagedDB(text) from error


class SqliteBackend(Backend):
    """doit's backend ``sqlite3``, which holds no lock while tasks run."""

    suffixes = ("", "-journal", "-wal", "-shm")

    def _table(self) -> Table:
        return Table(
            self.path,
            "doit",
            "task_id",
            "task_data",
            "text",
            "create table if not exists doit (task_id text not null primary key, task_data json)",
        )

    def _read(self) -> None:
        self._raw = self._table().read()

    def _write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        self._table().write(rows, removed)
