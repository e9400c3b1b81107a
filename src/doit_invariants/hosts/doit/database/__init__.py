"""doit's three backends, read in one go, written at once, and safe from what ends a process."""

from __future__ import annotations

from typing import Any


def dbm_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``dbm``; the arguments are those of doit's own."""
    from doit_invariants.hosts.doit.database.dbm_files import DbmBackend

    return DbmBackend(*args, **kwargs)


def json_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``json``; the arguments are those of doit's own."""
    from doit_invariants.hosts.doit.database.json_file import JsonBackend

    return JsonBackend(*args, **kwargs)


def sqlite_backend(*args: Any, **kwargs: Any) -> Any:
    """Return our backend ``sqlite3``; the arguments are those of doit's own."""
    from doit_invariants.hosts.doit.database.sqlite import SqliteBackend

    return SqliteBackend(*args, **kwargs)


#: What the loader has doit use in the place of its own, by the name that a user chooses. Functions,
#: as doit imports all that are named here before it knows which one is wanted.
BACKENDS = {
    "dbm": f"{__name__}:dbm_backend",
    "json": f"{__name__}:json_backend",
    "sqlite3": f"{__name__}:sqlite_backend",
}

#: What may stand behind the name of the DB: of all backends and their flavours, and of ours.
SUFFIXES = (
    *("", ".dat", ".dir", ".dat.new", ".dir.new", ".dir.next", ".bak", ".pag", ".db"),
    *("-journal", "-wal", "-shm", ".journal", ".lock"),
)


def use_backends(config: Any) -> None:
    """Have doit open its DB with our backends, unless the configuration names others.

    :param config: doit's configuration, which is not read yet for plugins
    """
    chosen = config.setdefault("BACKEND", {})
    for name, location in BACKENDS.items():
        chosen.setdefault(name, location)
