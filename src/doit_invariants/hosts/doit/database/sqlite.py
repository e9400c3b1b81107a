"""The backend ``sqlite3``, and files of ``dbm.sqlite3``, which only differ in their table."""

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

#: Seconds to wait while another program writes the file: plain doit, or a viewer.
_PATIENCE = 10.0

#: The minimum size in bytes of an SQLite file.
_HEADER = 100

#: Parts of SQLite's messages for a file that may be intact but can't be used now.
_NOT_NOW = ("locked", "unable to open", "readonly", "read-only", "disk i/o", "full", "busy")


class Table:
    """Rows in a table of an SQLite file.

    :param path: path of the file
    :param name: name of the table
    :param key: name of the first column, which has the name of the task
    :param value: name of the second column
    :param kind: the SQL type of both columns
    :param create: the SQL statement that creates the table
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
        """Return all rows, which are none if the file or the table does not exist yet.

        :raises DamagedDB: if the file is not an SQLite file, or is truncated
        :raises OSError: if the file can't be read now
        """
        if not os.path.lexists(self._path):
            return {}
        if 0 < os.path.getsize(self._path) < _HEADER:
            raise DamagedDB("file is cut short")  # SQLite would treat it as new
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
        """Return a digest of all rows, or None if they can't be read.

        The stat of the file changes too often: Python writes the file whenever it is opened. The
        row ids do not change often enough: a new row can get the id of a removed one.
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
    """doit's backend ``sqlite3``, without a lock while tasks run."""

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
