"""Limits the size of what is written out of a value, and gives Python room to recurse."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from doit_invariants.hashing.scalars import frame

#: More is written out only of a value that has as much in it that differs.
_MOST_BYTES = 1 << 25
_MOST_VISITS = 1 << 16
_REPEATED = 4
#: Where parts are shared, and one has become so large, it is time to look at the whole.
_LARGE = 1 << 20
#: A level of a value takes up to a dozen calls.
_CALLS = 4000


class TooLarge(Exception):
    """A value is too large or too deep to be written out."""


class Sizes:
    """How large a value is.

    :ivar parts: how many different parts it has
    :ivar bytes: how many bytes these take
    :ivar least: how many bytes the value takes at the least where it is written out
    """

    def __init__(self, parts: int, size: int, least: int) -> None:
        self.parts, self.bytes, self.least = parts, size, least


class Folded:
    """A value whose parts count once each.

    :ivar digest: stands for the value
    :ivar encoder: what took it apart
    """

    def __init__(self, digest: bytes, sizes: Sizes, encoder: Folder) -> None:
        self.digest = digest
        self.sizes = sizes
        self.encoder = encoder


class Folder(Protocol):
    """Writes a value; can take it apart instead, so that each part counts once."""

    def take_apart(self, value: Any, where: str) -> Folded:
        """Return a value as a graph of its parts; what it finds beside stays with the graph."""

    def take_over(self, other: Any) -> None:
        """Learn what another encoder, which took the value apart, found beside its encoding."""


class Limits:
    """Ends the writing of a value that has too many parts, each taken as often as it is met.

    Both limits are about the value as it is written, so they are the same whether its parts are
    shared or not.

    :param value: what is written
    :param where: its name
    """

    # It knows no encoder: in a circle with one it would keep open files open.
    def __init__(self, value: Any, where: str) -> None:
        self._value = value
        self._where = where
        self._folded: Folded | None = None
        self._visits = self._again = 0
        self._most_visits = _MOST_VISITS
        self.most_bytes = _MOST_BYTES
        self.large = _LARGE

    def count(self, encoder: Folder, size: int, *, depends: bool) -> None:
        """Count a container, or a way back to one; raises TooLarge.

        :param encoder: writes the value
        :param size: the length of its encoding
        :param depends: whether that depends on where it was met, so that it can't be kept
        """
        self._visits += depends
        if size <= self.most_bytes and self._visits <= self._most_visits:
            return
        self._look(encoder)
        if size > self.most_bytes or self._visits > self._most_visits:
            raise TooLarge

    def repeated(self, encoder: Folder, found: bytes) -> bytes:
        """Count a part that is written once more: what holds it may grow a thousandfold at once."""
        self._again += len(found)
        if self._again > self.most_bytes:
            self._look(encoder)
            if self._again > self.most_bytes:
                raise TooLarge
        return found

    def foresee(self, encoder: Folder) -> None:
        """Raise TooLarge now if it will have to be raised in the end."""
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
        """Return the encoding of the value by its parts."""
        folded = self._look(encoder)
        encoder.take_over(folded.encoder)
        return frame(b"F", folded.digest)


class _Room:
    """Lets Python go deeper while anybody needs it."""

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
    """Call an encoder; how deep the stack of its caller is makes no difference."""
    _room.enter()
    try:
        return encode(value, where)
    finally:
        _room.leave()
