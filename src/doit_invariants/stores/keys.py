"""The names of entries and blobs in any kind of store: a directory, a bucket, a server.

::

    entries/ab/<rest>.json      ab<rest> are the digits of the signature
    blobs/ab/<rest>             ab<rest> are the digits of the digest
    stats/ab/<rest>.json        the stat under which a blob was verified

Stored: never change them. This module does no I/O.
"""

from __future__ import annotations

import re

from doit_invariants.core.model import Json
from doit_invariants.hashing.digest import ALGORITHM
from doit_invariants.stores.base import StoreError

_DIGEST = re.compile(ALGORITHM + r":[0-9a-f]{32}")
_FOLDER = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"([0-9a-f]{30})(\.json)?")
_PREFIX = len(ALGORITHM) + 1


def check_digest(text: str) -> str:
    """Return the string if it is a digest, before it becomes part of a path.

    :raises StoreError: if it is not a digest
    """
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise StoreError(f"{text!r:.80} is not a digest")
    return text


def entry_key(signature: str) -> str:
    """Return the name of an entry; raises StoreError if the string is not a signature."""
    digits = check_digest(signature)[_PREFIX:]
    return f"entries/{digits[:2]}/{digits[2:]}.json"


def blob_key(digest: str) -> str:
    """Return the name of a blob; raises StoreError if the string is not a digest."""
    digits = check_digest(digest)[_PREFIX:]
    return f"blobs/{digits[:2]}/{digits[2:]}"


def stats_key(digest: str) -> str:
    """Return the name of the stat of a blob; raises StoreError if the string is not a digest."""
    digits = check_digest(digest)[_PREFIX:]
    return f"stats/{digits[:2]}/{digits[2:]}.json"


def is_folder(name: str) -> bool:
    """Return whether a folder below ``entries``, ``blobs`` or ``stats`` is one of ours."""
    return _FOLDER.fullmatch(name) is not None


def digest_of(part: str, folder: str, name: str) -> str | None:
    """Return the digest that a name stands for, None if the name is not one of ours.

    :param part: ``entries``, ``blobs`` or ``stats``
    """
    found = _NAME.fullmatch(name)
    if found is None or bool(found[2]) != (part != "blobs"):
        return None
    return f"{ALGORITHM}:{folder}{found[1]}"


def blobs_of(entry: Json) -> dict[str, int]:
    """Return the blobs that an entry needs, digest to size, without invalid pairs."""
    blobs = entry.get("blobs") if isinstance(entry, dict) else None
    if not isinstance(blobs, dict):
        return {}
    return {
        digest: size
        for digest, size in blobs.items()
        if isinstance(digest, str) and _DIGEST.fullmatch(digest) and type(size) is int and size >= 0
    }
