"""The contract of a store: entries by the signature of a task, file contents by their digest.

An *entry* is a JSON dict that describes the result of a task. Its key ``blobs`` maps the digest of
each file content that it needs to the size in bytes. A *blob* is one such content. A store is only
a shortcut: every problem with it is a :class:`StoreError`, and the caller runs the task.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import LINKS, MAX_SIZE, Json

#: Called during a long check with the number of items done, and the total.
Progress = Callable[[int, int], None]


class StoreError(InvariantsError):
    """The store has a problem; the one-line message is the reason why the task has to run."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Options that a user can set.

    :ivar link: how a file is taken out of the store. ``auto``: share its blocks if the file system
        supports it (reflink), otherwise copy. ``hardlink``: share its blocks, otherwise make a hard
        link, which makes the file read-only, otherwise copy. ``copy``: copy
    :ivar max_size: maximum size in bytes that a run leaves behind, None for no limit
    """

    link: str = "auto"
    max_size: int | None = MAX_SIZE


DEFAULTS = StoreOptions()


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry in a listing of the store.

    :ivar entry: its content, None if it can't be read
    :ivar problem: why it can't be read, one line; None if it can
    :ivar last_used: seconds since the epoch
    :ivar size: of its blobs in bytes, according to the entry
    """

    signature: str
    entry: Json | None
    problem: str | None
    last_used: float
    size: int


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a check of the whole store.

    :ivar entries: number of intact entries
    :ivar blobs: number of intact blobs
    :ivar size: bytes of the intact blobs
    :ivar problems: a line for each damaged file; it was removed unless the line says otherwise
    :ivar lacking: maps the signature of each intact but unusable entry to the digests it lacks
    """

    entries: int = 0
    blobs: int = 0
    size: int = 0
    problems: tuple[str, ...] = ()
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PruneLimits:
    """Limits for pruning a store. Files that a run in progress uses always stay.

    :ivar max_size: maximum bytes of the blobs, None for no limit
    :ivar max_age: maximum seconds since the last use of an entry, None for no limit
    :ivar everything: whether to remove all entries
    :ivar dry_run: whether to only report what would be removed
    """

    max_size: int | None = None
    max_age: float | None = None
    everything: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """The outcome of pruning a store, or of a dry run.

    :ivar entries: number of removed entries
    :ivar blobs: number of removed blobs
    :ivar freed: bytes of the removed blobs
    :ivar kept: how many entries stay
    :ivar size: bytes of the blobs that stay
    :ivar in_use: how many entries stay only because a run in progress may need them
    :ivar skipped: why nothing was done, one line; None if it was done
    """

    entries: int = 0
    blobs: int = 0
    freed: int = 0
    kept: int = 0
    size: int = 0
    in_use: int = 0
    skipped: str | None = None


class Store(abc.ABC):
    """A place that keeps entries and blobs. It can be pickled and sent to a worker process.

    Signatures and digests are strings like ``xxh3_128:<32 hex digits>``; anything else raises
    :class:`StoreError`, as does every failure of the store or the disk.

    :param location: where the store is; its meaning depends on the kind of store
    :param options: what the user has set; a kind of store may ignore them
    :raises StoreError: if an option has an invalid value

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
        """Return why the store can't be used at all, in one line; empty if it may be usable.

        :param look: whether to find this out without writing anything
        """
        return ""

    @abc.abstractmethod
    def find(self, signature: str) -> Json | None:
        """Return the entry, None if there is none, and mark it as just used.

        :raises StoreError: if it is damaged or can't be read
        """

    @abc.abstractmethod
    def peek(self, signature: str) -> Json | None:
        """Return the same as :meth:`find`, without writing anything."""

    @abc.abstractmethod
    def add(self, signature: str, entry: Json) -> Json | None:
        """Add an entry whose blobs were already put.

        :param signature: of the task
        :param entry: JSON; its key ``blobs`` maps the digest of each blob to the size in bytes
        :return: None if it was added; otherwise the existing entry, which is kept
        :raises StoreError: if it can't be written

        An existing entry that is damaged or lacks blobs is replaced.
        """

    @abc.abstractmethod
    def put(self, path: str) -> tuple[str, int]:
        """Copy the content of a regular file into the store.

        :return: its digest, and its size in bytes
        :raises StoreError: if it can't be read or written
        """

    @abc.abstractmethod
    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        """Create a file with the content of a blob.

        :param size: of the content, in bytes
        :param path: of the file, which must not exist yet
        :param mode: permission bits of the file, regardless of the umask
        :raises StoreError: if the blob is missing or damaged, or the file can't be written; nothing
            is left at ``path`` then
        """

    @abc.abstractmethod
    def remove(self, signature: str) -> None:
        """Remove an entry if it exists; its blobs are removed when the store is pruned."""

    @abc.abstractmethod
    def entries(self) -> Iterator[StoredEntry]:
        """Yield all entries in no particular order, including damaged ones."""

    @abc.abstractmethod
    def verify(self, progress: Progress | None = None) -> Verification:
        """Read every entry and blob, and remove damaged ones.

        :param progress: called after each file with how many are done, and how many there are
        """

    @abc.abstractmethod
    def prune(self, limits: PruneLimits) -> Pruned:
        """Apply the limits by removing entries, the least recently used first."""

    @abc.abstractmethod
    def close(self) -> None:
        """End a run: release what it uses, and enforce the maximum size. Never raises."""
