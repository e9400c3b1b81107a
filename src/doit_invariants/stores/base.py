"""The contract of a store: entries by the signature of a task, file contents by their digest.

An *entry* is a JSON dict that says what a task made; its key ``blobs`` maps the digest of each
file content that it needs to the size of it in bytes. A *blob* is such a content. A store is
only a shortcut: whatever is wrong with it is a :class:`StoreError`, and the caller runs the task.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import LINKS, MAX_SIZE, Json

#: Told about a long check: how many things are done, and how many there are.
Progress = Callable[[int, int], None]


class StoreError(InvariantsError):
    """The store can't do it; the text, one line, is the reason why the task has to run."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What a user may choose.

    :ivar link: how a file is taken out of the store. ``auto``: by sharing its blocks where the
        file system can (reflink), else by copying; ``hardlink``: by sharing its blocks, else by
        a hard link, and the file is then read-only, else by copying; ``copy``: by copying
    :ivar max_size: size in bytes that a run leaves behind at most, None for no limit
    """

    link: str = "auto"
    max_size: int | None = MAX_SIZE


DEFAULTS = StoreOptions()


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry, as a listing of the store shows it.

    :ivar entry: its content, None if it can't be read
    :ivar problem: why it can't be read, one line; None if it can
    :ivar last_used: seconds since the epoch
    :ivar size: of its blobs, in bytes, as the entry says
    """

    signature: str
    entry: Json | None
    problem: str | None
    last_used: float
    size: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the whole store found.

    :ivar entries, blobs: how many are intact
    :ivar size: bytes of the intact blobs
    :ivar problems: what was damaged, a line each; it was removed unless the line says otherwise
    :ivar lacking: signature of each intact entry that can't be used, to the digests it lacks
    """

    entries: int = 0
    blobs: int = 0
    size: int = 0
    problems: tuple[str, ...] = ()
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PruneLimits:
    """What may stay when a store is pruned; what a run in progress uses stays in any case.

    :ivar max_size: bytes of the blobs that may stay, None for no limit
    :ivar max_age: seconds since the last use after which an entry goes, None for no limit
    :ivar everything: whether all entries go
    :ivar dry_run: whether only to say what would be done
    """

    max_size: int | None = None
    max_age: float | None = None
    everything: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed from a store, or would be.

    :ivar entries, blobs: how many went
    :ivar freed: bytes of the blobs that went
    :ivar kept: how many entries stay
    :ivar size: bytes of the blobs that stay
    :ivar in_use: how many entries stay only because a run in progress may need them
    :ivar skipped: why nothing was done, one line; None if it was
    """

    entries: int = 0
    blobs: int = 0
    freed: int = 0
    kept: int = 0
    size: int = 0
    in_use: int = 0
    skipped: str | None = None


class Store(abc.ABC):
    """A place that keeps entries and blobs; it can be pickled and sent to a worker process.

    Signatures and digests are texts like ``xxh3_128:<32 hex digits>``; all else is refused with
    a :class:`StoreError`, as is every way in which the store or the disk fails.

    :param location: where the store is; what that means is up to the kind of store
    :raises StoreError: if an option is none of those there are

    Nothing is read or written before the first method is called.
    """

    #: How users name this kind of store.
    name: ClassVar[str]

    def __init__(self, location: str, options: StoreOptions = DEFAULTS) -> None:
        if options.link not in LINKS:
            raise StoreError(f"link must be one of {', '.join(LINKS)}, not {options.link!r}")
        self.location = location
        self.options = options

    def problem(self, *, look: bool = False) -> str:
        """Return why the store can't be used at all, in one line; empty if it may be used.

        :param look: whether nothing may be written to find that out
        """
        return ""

    @abc.abstractmethod
    def find(self, signature: str) -> Json | None:
        """Return the entry, None if there is none, and mark it as used just now.

        :raises StoreError: if there is one that is damaged or can't be read
        """

    @abc.abstractmethod
    def peek(self, signature: str) -> Json | None:
        """Return what :meth:`find` does, and write nothing."""

    @abc.abstractmethod
    def add(self, signature: str, entry: Json) -> Json | None:
        """Add an entry, once its blobs were put.

        :return: None if it is in now; else the entry that was there already, which is kept
        :raises StoreError: if it can't be written

        An entry that was there but is damaged, or lacks blobs, is replaced.
        """

    @abc.abstractmethod
    def put(self, path: str) -> tuple[str, int]:
        """Copy the content of a regular file into the store.

        :return: its digest, and its size in bytes
        :raises StoreError: if it can't be read or written
        """

    @abc.abstractmethod
    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        """Create a file with a content out of the store.

        :param size: of the content, in bytes
        :param path: of the file; nothing may be there
        :param mode: its permission bits, whatever the umask is
        :raises StoreError: if the content is missing or damaged, or the file can't be written;
            nothing is left at ``path`` then
        """

    @abc.abstractmethod
    def remove(self, signature: str) -> None:
        """Remove an entry if it is there; its blobs go when the store is pruned."""

    @abc.abstractmethod
    def entries(self) -> Iterator[StoredEntry]:
        """Yield all entries, the damaged ones too, in no order."""

    @abc.abstractmethod
    def verify(self, progress: Progress | None = None) -> Verification:
        """Read every entry and blob, and remove what is damaged."""

    @abc.abstractmethod
    def prune(self, limits: PruneLimits) -> Pruned:
        """Remove what the limits say, the least recently used first."""

    @abc.abstractmethod
    def close(self) -> None:
        """End a run: nothing is in use any more, and the maximum size is kept. Never raises."""
