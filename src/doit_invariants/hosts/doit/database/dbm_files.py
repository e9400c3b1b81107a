"""The backend ``dbm``, for the file formats of the standard library's dbm modules."""

from __future__ import annotations

import dbm
import functools
import os
from collections.abc import Iterable, Mapping

from doit_invariants.core.model import Json
from doit_invariants.files.regular import open_regular
from doit_invariants.hosts.doit.database.base import Backend, DamagedDB
from doit_invariants.hosts.doit.database.sqlite import Table

#: In the order in which Python tries them. Some are missing on some platforms.
_MODULES = ("dbm.sqlite3", "dbm.gnu", "dbm.ndbm", "dbm.dumb")

_SQLITE = b"SQLite format 3\0"


class DbmBackend(Backend):
    """doit's backend ``dbm``.

    Files of ``dbm.dumb`` and ``dbm.sqlite3`` are replaced atomically; the latter can be used with
    any version of Python. Files of ``dbm.gnu`` and ``dbm.ndbm`` are written in place by those
    modules, and are only open while they are read or written.
    """

    suffixes = (
        *("", ".dat", ".dir", ".dat.new", ".dir.new", ".dir.next"),
        *(".bak", ".pag", ".db", "-journal", "-wal", "-shm"),
    )

    def _kind(self) -> str:
        """Return the name of the module that wrote the files, or of the default one for no files.

        :raises DamagedDB: if the format is unknown
        """
        if self._is_sqlite():
            return "dbm.sqlite3"
        for suffix in (".dat", ".dir"):
            if os.path.exists(self.path + suffix) and not os.path.exists(self.path + ".pag"):
                return "dbm.dumb"
        found = dbm.whichdb(self.path)
        if found is None:
            return _default()
        if not found:
            raise DamagedDB("not a DB of a known type")
        return found

    def _table(self) -> Table:
        create = "create table if not exists Dict (key blob unique not null, value blob not null)"
        return Table(self.path, "Dict", "key", "value", "blob", create)

    def _read(self) -> None:
        kind = self._kind()
        if kind == "dbm.dumb":
            from doit_invariants.hosts.doit.database import dumb  # late: doit imports all backends

            self._raw = dumb.read(self.path)
        elif kind == "dbm.sqlite3":
            self._raw = self._table().read()
        elif self._seen:
            with dbm.open(self.path, "r") as db:
                names = [bytes(name) for name in db.keys()]  # type: ignore[arg-type]  # noqa: SIM118
                self._raw = {name.decode("utf-8", "replace"): db[name] for name in names}

    def _write(self, rows: Mapping[str, bytes], removed: Iterable[str]) -> None:
        kind = self._kind()
        if kind == "dbm.dumb":
            from doit_invariants.hosts.doit.database import dumb

            dumb.write(self.path, rows, removed)
        elif kind == "dbm.sqlite3":
            self._table().write(rows, removed)
        else:
            with dbm.open(self.path, "c") as db:
                for name in removed:
                    if name.encode() in db.keys():  # noqa: SIM118
                        del db[name.encode()]
                for name, value in rows.items():
                    db[name.encode()] = value

    def state(self) -> Json:
        """Return a value that differs once another process has written the DB; empty for no DB.

        For SQLite it is a digest of the rows: ``dbm.sqlite3`` writes its file whenever it is
        opened.
        """
        return self._table().digest() if self._is_sqlite() else super().state()

    def _is_sqlite(self) -> bool:
        try:
            with open(open_regular(self.path, follow=True), "rb") as stream:
                return stream.read(len(_SQLITE)) == _SQLITE
        except FileNotFoundError:
            return False


@functools.cache
def _default() -> str:
    """Return the name of the module with which :func:`dbm.open` would create a new DB.

    Cached, because each failing import searches the whole of ``sys.path``.
    """
    for name in _MODULES:
        try:
            __import__(name)
        except ImportError:
            continue
        return name
    return "dbm.dumb"
