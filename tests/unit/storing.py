"""Files that the tests of stores put into them."""

from __future__ import annotations

from pathlib import Path

from doit_invariants.hashing.digest import digest_bytes

S1, S2 = digest_bytes(b"one"), digest_bytes(b"two")


def made(tmp_path: Path, content: bytes = b"content", name: str = "made") -> str:
    """Return the path of a new file."""
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)
