"""What settings and options must know of stores and exports, without importing them."""

#: Name of a directory for what is not a target yet; no tracked directory contains it.
ASIDE = ".doit-invariants"

#: The ways in which a target can be exported, as users write them.
HOWS = ("copy", "hardlink", "symlink", "move", "gzip")

#: How a file may leave a store; see :class:`~doit_invariants.stores.base.StoreOptions`.
LINKS = ("auto", "hardlink", "copy")

#: Maximum size of a store, in bytes, unless the settings give one.
MAX_SIZE = 20 * 2**30
