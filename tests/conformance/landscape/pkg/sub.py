"""A submodule."""

UNIT = "mm"


def reexported() -> str:
    """Return the unit."""
    return UNIT


def by_path() -> int:
    """Return a number."""
    return 41
