"""The ways in which a target can be exported, as users write them."""

HOWS = ("copy", "hardlink", "symlink", "move", "gzip")
