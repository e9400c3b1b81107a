"""Replacements of doit's three DB backends. A killed process leaves the DB intact."""

from __future__ import annotations

from typing import Any


def dbm_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``dbm``; it takes the arguments of doit's."""
    from doit_invariants.hosts.doit.database.dbm_files import DbmBackend

    return DbmBackend(*args, **kwargs)


def json_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``json``; it takes the arguments of doit's."""
    from doit_invariants.hosts.doit.database.json_file import JsonBackend

    return JsonBackend(*args, **kwargs)


def sqlite_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``sqlite3``; it takes the arguments of doit's."""
    from doit_invariants.hosts.doit.database.sqlite import SqliteBackend

    return SqliteBackend(*args, **kwargs)


#: The replacements by the names of the backends. They are functions because doit imports everything
#: that is named here, before it knows which backend is wanted.
BACKENDS = {
    "dbm": f"{__name__}:dbm_backend",
    "json": f"{__name__}:json_backend",
    "sqlite3": f"{__name__}:sqlite_backend",
}

#: All suffixes that files of the DB may have: those of doit's backends and of ours.
SUFFIXES = (
    *("", ".dat", ".dir", ".dat.new", ".dir.new", ".dir.next", ".bak", ".pag", ".db"),
    *("-journal", "-wal", "-shm", ".journal", ".lock"),
)


def use_backends(config: Any) -> None:
    """Have doit open its DB with our backends, unless the configuration names others.

    :param config: doit's configuration, before doit reads the plugins from it
    """
    chosen = config.setdefault("BACKEND", {})
    for name, location in BACKENDS.items():
        chosen.setdefault(name, location)
