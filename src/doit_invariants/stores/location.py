"""Where the store is unless a user says so, and how sizes are written."""

from __future__ import annotations

import os
import re
import sys

from doit_invariants.core.errors import InvalidOption

_FACTORS: dict[str, int] = {
    "": 1,
    **{f"{letter}": 1000**power for power, letter in enumerate("KMGTP", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGTP", 1)},
    **{f"{letter}IB": 1024**power for power, letter in enumerate("KMGTP", 1)},
    "B": 1,
}
# Not \d: it takes digits of every script.
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")


def default_location() -> str:
    """Return the directory of the store of this user, as the platform's custom is."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # XDG's own rule: a relative one is invalid
            base = os.path.join(home, ".cache")
    return os.path.join(base, "doit-invariants", "store")


def parse_size(value: str | int) -> int:
    """Return a size in bytes.

    :param value: bytes, or a text such as ``500MiB`` (1024s) or ``20GB`` and ``20G`` (1000s)
    :raises InvalidOption: if it is no size
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = _FACTORS.get(found[2].upper()) if found else None
    if found is None or factor is None:
        raise InvalidOption(f"{value!r} is not a size such as '20GB', '500MiB' or a number")
    whole, _, part = found[1].partition(".")
    # In integers: a float has lost bytes from 2**53 on.
    return int(whole) * factor + int(part or 0) * factor // int("1" + "0" * len(part))


def format_size(size: int) -> str:
    """Return a size in bytes as a user reads it: ``312 B``, ``1.5 MiB``."""
    if size < 1024:
        return f"{size} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"
