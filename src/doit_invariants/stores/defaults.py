"""What the settings need to know of stores; the rest is imported when a store is used."""

from __future__ import annotations

#: How a file may leave a store; see :class:`~doit_invariants.stores.base.StoreOptions`.
LINKS = ("auto", "hardlink", "copy")

#: So large a store may become, in bytes, where nobody says.
MAX_SIZE = 20 * 2**30
