"""doit's three backends, read in one go, written at once, and safe from what ends a process."""

from __future__ import annotations

from typing import Any

#: What the loader has doit use in the place of its own, by the name that a user chooses.
#: Imported when doit opens its DB: the loader is also asked for a mere ``doit help``.
BACKENDS = {
    "dbm": "doit_invariants.hosts.doit.database.dbm_files:DbmBackend",
    "json": "doit_invariants.hosts.doit.database.json_file:JsonBackend",
    "sqlite3": "doit_invariants.hosts.doit.database.sqlite:SqliteBackend",
}

#: What may stand behind the name of the DB: of all backends and their flavours, and of ours.
SUFFIXES = (
    *("", ".dat", ".dir", ".dat.new", ".dir.new", ".dir.next", ".bak", ".pag", ".db"),
    *("-journal", "-wal", "-shm", ".journal", ".lock"),
)


def install(config: Any) -> None:
    """Have doit open its DB with our backends, unless the configuration names others.

    :param config: doit's configuration, which is not read yet for plugins
    """
    chosen = config.setdefault("BACKEND", {})
    for name, location in BACKENDS.items():
        chosen.setdefault(name, location)
