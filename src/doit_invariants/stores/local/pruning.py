"""Remove the least recently used entries of a store, and their blobs.

An entry is removed before its blobs: a process that dies in between leaves unneeded blobs, never an
entry that lacks some. Files that were used since a run in progress began stay, and so do files that
are used during the pruning. Therefore each file is checked again right before it is removed.

Keeping a store below its maximum size costs one small file per run. ``size`` holds an estimate of
the bytes in the store, and each run adds the bytes that it put. The store is counted again if the
estimate is missing, a day old, or above the maximum.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from doit_invariants.core.text import error_text
from doit_invariants.files.flock import locked
from doit_invariants.files.processes import owned_name
from doit_invariants.files.regular import read_small
from doit_invariants.stores.base import Pruned, PruneLimits, StoredEntry, StoreError
from doit_invariants.stores.keys import blobs_of
from doit_invariants.stores.local.entries import EntryFiles, size_of
from doit_invariants.stores.local.layout import Layout, create_file, drop
from doit_invariants.stores.local.leases import protected_since, sweep

_DAY = 86400.0
#: Share of the maximum to keep, so that the next run does not have to prune again.
_SHARE = 0.9
#: In seconds: other runs that end hold the lock for a moment.
_PATIENCE = 0.1


@dataclass
class _Entry:
    signature: str
    path: str
    used: float
    blobs: frozenset[str]
    damaged: bool


class Pruning:
    """One pruning of a store. The caller holds the lock for it.

    :param layout, files: of the store
    :param limits: what may stay
    """

    def __init__(self, layout: Layout, files: EntryFiles, limits: PruneLimits) -> None:
        self._layout = layout
        self._files = files
        self._limits = limits
        self._now = time.time()
        # Files used from now on belong to a run that began after the leases were read.
        self._protected = min(protected_since(layout), self._now)
        self._entries = 0
        self._in_use = 0

    def run(self) -> Pruned:
        """Remove everything beyond the limits.

        :raises StoreError: if a file can't be removed
        """
        if not self._limits.dry_run:
            sweep(self._layout)
        sizes = {digest: max(size_of(path), 0) for digest, path in self._layout.scan("blobs")}
        kept = self._drop_entries(sizes)
        needed: set[str] = set()
        needed.update(*(entry.blobs for entry in kept))
        blobs, freed = self._drop_blobs(sizes, needed)
        return Pruned(
            entries=self._entries,
            blobs=blobs,
            freed=freed,
            kept=len(kept),
            size=sum(sizes.values()) - freed,
            in_use=self._in_use,
        )

    def _drop_entries(self, sizes: dict[str, int]) -> list[_Entry]:
        """Remove entries, the least recently used first; return those that stay."""
        entries = sorted(self._load(), key=lambda entry: entry.used)
        needs = collections.Counter(digest for entry in entries for digest in entry.blobs)
        total = sum(sizes.get(digest, 0) for digest in needs)
        kept = []
        for entry in entries:
            if not self._has_to_go(entry, total) or not self._remove(entry):
                kept.append(entry)
                continue
            needs.subtract(entry.blobs)
            total -= sum(sizes.get(digest, 0) for digest in entry.blobs if not needs[digest])
        return kept

    def _load(self) -> list[_Entry]:
        found = []
        for signature, path in self._layout.scan("entries"):
            entry, damaged = None, False
            try:
                entry = self._files.read(path)
            except StoreError:
                damaged = True
            used = _modified(path)
            if used is not None:
                blobs = frozenset(blobs_of(entry))
                found.append(_Entry(signature, path, used, blobs, damaged))
        return found

    def _has_to_go(self, entry: _Entry, total: int) -> bool:
        """Return whether an entry exceeds the limits; ``total`` is the size of all needed blobs."""
        limits = self._limits
        if limits.everything or entry.damaged:
            return True
        if limits.max_age is not None and self._now - entry.used > limits.max_age:
            return True
        return limits.max_size is not None and total > limits.max_size

    def _remove(self, entry: _Entry) -> bool:
        """Remove an entry unless it is in use; return whether it is gone."""
        if entry.damaged:
            if not self._limits.dry_run:
                self._files.discard(entry.path)
        else:
            used = _modified(entry.path)
            if used is not None and used >= self._protected:
                self._in_use += 1
                return False
            self._delete(entry.path)
        self._entries += 1
        return True

    def _drop_blobs(self, sizes: dict[str, int], needed: set[str]) -> tuple[int, int]:
        """Remove the blobs that no entry needs; return their number and their size in bytes."""
        count = freed = 0
        for digest, size in sizes.items():
            path = self._layout.blob(digest)
            if digest in needed or _touched(path) >= self._protected:
                continue
            self._delete(path)
            if not self._limits.dry_run:
                with contextlib.suppress(OSError):
                    self._layout.clear(self._layout.stat(digest))
            count += 1
            freed += size
        return count, freed

    def _delete(self, path: str) -> None:
        if self._limits.dry_run:
            return
        try:
            self._layout.clear(path)
        except OSError as error:
            raise StoreError(
                f"{self._layout.short(path)} can't be removed: {error_text(error)}"
            ) from error


class Upkeep:
    """Prunes a store, and keeps the estimate of its size.

    :param layout, files: of the store
    """

    def __init__(self, layout: Layout, files: EntryFiles) -> None:
        self._layout = layout
        self._files = files

    def prune(self, limits: PruneLimits) -> Pruned:
        """Prune, unless another process is already pruning.

        :raises OSError, StoreError: if a file can't be removed
        """
        if limits.dry_run:
            return Pruning(self._layout, self._files, limits).run()
        with self._lock(wait=0) as held:
            if not held:
                return Pruned(skipped="another process is pruning the store")
            return self._prune(limits)

    def add(self, added: int, maximum: int) -> None:
        """Add the bytes that a run put to the estimate, and prune if the store exceeds its maximum.

        :raises OSError, StoreError: if that fails
        """
        with self._lock(wait=_PATIENCE) as held:
            if not held:
                return  # the other run counts these bytes as well
            size, counted = self._estimate()
            if size + added <= maximum and 0 <= time.time() - counted < _DAY:
                self._write(size + added, counted)
                return
            size = sum(max(size_of(path), 0) for _, path in self._layout.scan("blobs"))
            if size > maximum:
                self._prune(PruneLimits(max_size=int(maximum * _SHARE)))
            else:
                self._write(size, time.time())

    def _prune(self, limits: PruneLimits) -> Pruned:
        done = Pruning(self._layout, self._files, limits).run()
        with contextlib.suppress(OSError):
            self._write(done.size, time.time())
        return done

    def _lock(self, wait: float) -> AbstractContextManager[bool]:
        """Hold the lock for pruning and counting."""
        return locked(self._layout.path("prune.lock"), wait=wait)

    def _estimate(self) -> tuple[int, float]:
        """Return the bytes in the store, and when they were counted: 0 and the epoch if unknown."""
        try:
            data = json.loads(read_small(self._layout.path("size"), 1000))
            return int(data["bytes"]), float(data["counted"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return 0, 0.0

    def _write(self, size: int, counted: float) -> None:
        temporary = self._layout.path("tmp", owned_name())
        try:
            create_file(temporary, json.dumps({"bytes": size, "counted": counted}).encode())
            os.replace(temporary, self._layout.path("size"))
        except OSError:
            drop(temporary)
            raise


def listing(layout: Layout, files: EntryFiles) -> Iterator[StoredEntry]:
    """Yield all entries of a store, including damaged ones."""
    for signature, path in layout.scan("entries"):
        entry, problem = None, None
        try:
            entry = files.read(path)
        except StoreError as error:
            problem = str(error)
        used = _modified(path)
        if used is not None:
            size = sum(blobs_of(entry).values())
            yield StoredEntry(signature, entry, problem, used, size)


def _modified(path: str) -> float | None:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return None


def _touched(path: str) -> float:
    """Return when a blob was last put or reused, in seconds since the epoch."""
    try:
        info = os.lstat(path)
    except OSError:
        return 0.0
    return max(info.st_atime, info.st_mtime, info.st_ctime)
