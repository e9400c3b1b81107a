"""A store in a directory of the file system; :mod:`.layout` describes its files."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from doit_invariants.core.model import Json
from doit_invariants.core.text import error_text
from doit_invariants.stores.base import (
    DEFAULTS,
    Progress,
    Pruned,
    PruneLimits,
    Store,
    StoredEntry,
    StoreError,
    StoreOptions,
    Verification,
)
from doit_invariants.stores.keys import blobs_of
from doit_invariants.stores.local.blobs import BlobFiles
from doit_invariants.stores.local.entries import EntryFiles
from doit_invariants.stores.local.layout import Layout, can_be_made
from doit_invariants.stores.local.leases import Lease
from doit_invariants.stores.local.pruning import Upkeep, listing
from doit_invariants.stores.local.verifying import verify

# These errors mean that a blob is unusable for everybody: remove it, so that a put replaces it.
_DAMAGE = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO, errno.EACCES)


class DirectoryStore(Store):
    """A store in a directory; any number of processes and users can share it.

    :param location: path of the directory, which the first write creates
    :raises StoreError: if an option has an invalid value

    Users without write permission can restore results, but not mark them as used. Files restored
    with ``link="hardlink"`` are read-only. A file is copied instead if it must be executable, or if
    fewer users may read it than the blob.
    """

    name = "directory"

    def __init__(self, location: str, options: StoreOptions = DEFAULTS) -> None:
        super().__init__(os.path.abspath(os.path.expanduser(location)), options)
        self._layout = Layout(self.location)
        self._entries = EntryFiles(self._layout)
        self._blobs = BlobFiles(self._layout, options.link)
        self._lease = Lease(self._layout)
        self._put = 0
        self._added = 0

    def __reduce__(self) -> tuple[type[DirectoryStore], tuple[str, StoreOptions]]:
        """Leave out the lease, which belongs to this process."""
        return type(self), (self.location, self.options)

    def problem(self, *, look: bool = False) -> str:
        """See :meth:`Store.problem`: check that the directory exists or can be created."""
        try:
            can_be_made(self.location, look=look)
        except OSError as error:
            verb = "read" if self._is_hidden() else "created"
            return f"the store {self.location} can't be {verb}: {error_text(error)}"
        return ""

    def exists(self) -> bool:
        """Return whether the directory is a store already.

        :raises StoreError: if it can't be read
        """
        return self._layout.check_version()

    def _is_hidden(self) -> bool:
        """Return whether only missing permissions tell whether the directory exists."""
        try:
            os.lstat(self.location)
        except PermissionError:
            return True
        except OSError:
            pass
        return False

    def find(self, signature: str) -> Json | None:
        """See :meth:`Store.find`."""
        path = self._layout.entry(signature)
        if not self._layout.check_version():
            return None
        self._lease.take()
        entry = self._entries.read(path)
        if entry is not None:
            self._entries.mark(path)
        return entry

    def peek(self, signature: str) -> Json | None:
        """See :meth:`Store.peek`."""
        path = self._layout.entry(signature)
        return self._entries.read(path) if self._layout.check_version() else None

    def add(self, signature: str, entry: Json) -> Json | None:
        """See :meth:`Store.add`."""
        path = self._layout.entry(signature)
        self._lease.take()
        other = self._entries.add(path, entry)
        self._lease.take()
        if other is None:
            self._added += sum(blobs_of(entry).values())
        return other

    def put(self, path: str) -> tuple[str, int]:
        """See :meth:`Store.put`."""
        self._lease.take()
        try:
            digest, size, new = self._blobs.put(path)
        except OSError as error:
            raise StoreError(f"{path} can't be put into the store: {error_text(error)}") from error
        self._lease.take()  # before the first put there may have been no store
        if new:
            self._put += size
        return digest, size

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        """See :meth:`Store.fetch`."""
        blob = self._layout.blob(digest)
        self._layout.check_version()
        self._lease.take()
        try:
            self._blobs.fetch(digest, size, path, mode)
        except OSError as error:
            if error.filename != blob:
                raise StoreError(f"{path} can't be restored: {error_text(error)}") from error
            name = self._layout.short(blob)
            if error.errno == errno.ENOENT:
                raise StoreError(f"{name} is missing") from error
            outcome = self._blobs.discard(digest) if error.errno in _DAMAGE else ""
            raise StoreError(f"{name} can't be read: {error_text(error)}{outcome}") from error

    def remove(self, signature: str) -> None:
        """See :meth:`Store.remove`."""
        path = self._layout.entry(signature)
        try:
            if self._layout.check_version():
                self._layout.clear(path)
        except OSError as error:
            raise StoreError(
                f"{self._layout.short(path)} can't be removed: {error_text(error)}"
            ) from error

    def entries(self) -> Iterator[StoredEntry]:
        """See :meth:`Store.entries`."""
        return listing(self._layout, self._entries) if self._layout.check_version() else iter(())

    def verify(self, progress: Progress | None = None) -> Verification:
        """See :meth:`Store.verify`."""
        if not self._layout.check_version():
            return Verification()
        return verify(self._layout, self._entries, self._blobs, progress)

    def prune(self, limits: PruneLimits) -> Pruned:
        """See :meth:`Store.prune`. Files that other runs in progress have used stay."""
        if not self._layout.check_version():
            return Pruned()
        try:
            return Upkeep(self._layout, self._entries).prune(limits)
        except OSError as error:
            raise StoreError(
                f"the store {self.location} can't be pruned: {error_text(error)}"
            ) from error

    def close(self) -> None:
        """See :meth:`Store.close`."""
        # A worker may have put the blobs of entries added here: the larger number is the upper
        # bound.
        added, self._put, self._added = max(self._put, self._added), 0, 0
        self._lease.release()
        maximum = self.options.max_size
        if not added or maximum is None:
            return
        with contextlib.suppress(OSError, StoreError):
            Upkeep(self._layout, self._entries).add(added, maximum)
