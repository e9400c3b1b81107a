"""Opens the store that the settings name, or the default store of the user."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from doit_invariants.core.errors import InvalidOption
from doit_invariants.plugins.registry import Registry
from doit_invariants.plugins.settings import Settings

if TYPE_CHECKING:
    from doit_invariants.stores.base import Store

_NAMED = re.compile(r"([A-Za-z][\w+.-]*)://(.*)", re.DOTALL)


def open_store(settings: Settings, stores: Registry, root: str) -> Store | None:
    """Return the store of a project, without reading or creating any file.

    :param stores: the stores that plugins registered
    :param root: absolute directory of the project; a relative location is relative to it
    :returns: the store, or None if the settings name none and the plugin with the default store is
        blocked
    :raises InvalidOption: for a store that no plugin registers
    """
    # Imported late: most projects use no store, and every command of doit comes through here.
    from doit_invariants.stores.base import StoreOptions

    name, location = "directory", settings.store or default_location()
    named = _NAMED.fullmatch(location)
    if named is not None:
        name, location = named[1], named[2]
    registered = stores.entries.get(name)
    if registered is None:
        if settings.store is None:
            return None
        raise InvalidOption(
            f"setting 'store': there is no store {name!r}; known are {', '.join(stores.names())}; "
            "a plugin can register one with the hook invariants_register_stores"
        )
    if name == "directory":
        location = os.path.join(root, os.path.expanduser(location))
    options = StoreOptions(link=settings.store_link, max_size=settings.store_max_size)
    store: Store = registered.cls(location, options)
    return store


def default_location() -> str:
    """Return the default directory of the store: in the user's cache directory of the platform."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # XDG: a relative path is invalid
            base = os.path.join(home, ".cache")
    return os.path.join(base, "doit-invariants", "store")
