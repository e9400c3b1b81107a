"""Limits the size of the full encoding of a value, and raises Python's recursion limit.

A *full* encoding has each part as often as it occurs. A *folded* one has each part once; see
:mod:`~doit_invariants.hashing.value_graph`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from doit_invariants.hashing.scalars import frame

#: Limits of a full encoding. A value whose different parts are large may have
#: :data:`_REPEATED` times their size.
_MOST_BYTES = 1 << 25
_MOST_VISITS = 1 << 16
_REPEATED = 4
#: When a shared part has this many bytes, the size of the whole value is computed.
_LARGE = 1 << 20
#: Added to Python's recursion limit: a level of a value takes up to a dozen calls.
_CALLS = 4000


class TooLarge(Exception):
    """A value is too large or too deep for a full encoding."""


class Sizes:
    """How large a value is.

    :ivar parts: number of its different parts
    :ivar bytes: number of bytes of these parts
    :ivar least: smallest possible number of bytes of its full encoding
    """

    def __init__(self, parts: int, size: int, least: int) -> None:
        self.parts, self.bytes, self.least = parts, size, least


class Folded:
    """A value in which each different part counts once.

    :ivar digest: stands for the value
    :ivar encoder: the encoder that took the value apart
    """

    def __init__(self, digest: bytes, sizes: Sizes, encoder: Folder) -> None:
        self.digest = digest
        self.sizes = sizes
        self.encoder = encoder


class Folder(Protocol):
    """An encoder that can also take a value apart, so that each part counts once."""

    def take_apart(self, value: Any, where: str) -> Folded:
        """Return a value as a graph of its parts, with the encoder that took it apart."""

    def take_over(self, other: Any) -> None:
        """Copy what the encoder that took the value apart found in addition to its encoding."""


class Limits:
    """Stops the full encoding of a value that has too many parts.

    Both limits apply to the encoding, so they do not depend on whether parts are shared.

    :param value: the value that is encoded
    :param where: its name
    """

    # Holds no encoder: a reference cycle with one would keep open files open.
    def __init__(self, value: Any, where: str) -> None:
        self._value = value
        self._where = where
        self._folded: Folded | None = None
        self._visits = self._again = 0
        self._most_visits = _MOST_VISITS
        self.most_bytes = _MOST_BYTES
        self.large = _LARGE

    def count(self, encoder: Folder, size: int, *, depends: bool) -> None:
        """Count a container, or a reference back to one; raises TooLarge.

        :param encoder: encodes the value
        :param size: the length of the container's encoding
        :param depends: whether the encoding depends on where the container occurs, so that it
            can't be reused
        """
        self._visits += depends
        if size <= self.most_bytes and self._visits <= self._most_visits:
            return
        self._look(encoder)
        if size > self.most_bytes or self._visits > self._most_visits:
            raise TooLarge

    def repeated(self, encoder: Folder, found: bytes) -> bytes:
        """Count a part that occurs again, because repeated parts can make a container huge."""
        self._again += len(found)
        if self._again > self.most_bytes:
            self._look(encoder)
            if self._again > self.most_bytes:
                raise TooLarge
        return found

    def foresee(self, encoder: Folder) -> None:
        """Raise TooLarge now if the full encoding is certain to become too large."""
        if self._look(encoder).sizes.least > self.most_bytes:
            raise TooLarge

    def _look(self, encoder: Folder) -> Folded:
        if self._folded is None:
            self._folded = encoder.take_apart(self._value, self._where)
            self._most_visits = max(_MOST_VISITS, _REPEATED * self._folded.sizes.parts)
            self.most_bytes = max(_MOST_BYTES, _REPEATED * self._folded.sizes.bytes)
            self.large = self.most_bytes
        return self._folded

    def folded(self, encoder: Folder) -> bytes:
        """Return the folded encoding of the value."""
        folded = self._look(encoder)
        encoder.take_over(folded.encoder)
        return frame(b"F", folded.digest)


class _Room:
    """Raises Python's recursion limit while at least one thread needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._usual = 0

    def enter(self) -> None:
        with self._lock:
            if not self._users:
                self._usual = sys.getrecursionlimit()
                sys.setrecursionlimit(self._usual + _CALLS)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and sys.getrecursionlimit() == self._usual + _CALLS:
                sys.setrecursionlimit(self._usual)


_room = _Room()


def at_any_depth(encode: Callable[[Any, str], bytes], value: Any, where: str) -> bytes:
    """Call an encoder with a raised recursion limit: the depth of its caller does not matter."""
    _room.enter()
    try:
        return encode(value, where)
    finally:
        _room.leave()
