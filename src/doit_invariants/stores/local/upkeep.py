"""Keeping a store below its maximum size, at the price of one small file per run.

The file ``size`` holds an estimate of the bytes in the store: each run that ends adds what it
put. Counted again is when the estimate is missing, a day old, or above the maximum.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from contextlib import AbstractContextManager

from doit_invariants.files.copying import read_small
from doit_invariants.files.flock import locked
from doit_invariants.files.processes import owned_name
from doit_invariants.stores.base import Limits, Pruned
from doit_invariants.stores.local.entries import EntryFiles, size_of
from doit_invariants.stores.local.layout import Layout, create_file, drop
from doit_invariants.stores.local.pruning import Pruning

_DAY = 86400.0
#: What stays of the maximum, so that the next run does not have to prune again.
_SHARE = 0.9
#: Seconds: other runs that end hold the lock for a moment.
_PATIENCE = 0.1


class Upkeep:
    """Prunes a store, and remembers how large it is.

    :param layout, files: of the store
    """

    def __init__(self, layout: Layout, files: EntryFiles) -> None:
        self._layout = layout
        self._files = files

    def prune(self, limits: Limits) -> Pruned:
        """Prune, unless another process is at it.

        :raises OSError, StoreError: if something can't be removed
        """
        if limits.dry_run:
            return Pruning(self._layout, self._files, limits).run()
        with self._lock(wait=0) as held:
            if not held:
                return Pruned(skipped="another process is pruning the store")
            return self._prune(limits)

    def add(self, added: int, maximum: int) -> None:
        """Take note of bytes that were put, and prune if the store is larger than it may be.

        :raises OSError, StoreError: if that can't be
        """
        with self._lock(wait=_PATIENCE) as held:
            if not held:
                return  # what another run prunes it counts as well
            size, counted = self._estimate()
            if size + added <= maximum and 0 <= time.time() - counted < _DAY:
                self._write(size + added, counted)
                return
            size = sum(max(size_of(path), 0) for _, path in self._layout.scan("blobs"))
            if size > maximum:
                self._prune(Limits(max_size=int(maximum * _SHARE)))
            else:
                self._write(size, time.time())

    def _prune(self, limits: Limits) -> Pruned:
        done = Pruning(self._layout, self._files, limits).run()
        with contextlib.suppress(OSError):
            self._write(done.size, time.time())
        return done

    def _lock(self, wait: float) -> AbstractContextManager[bool]:
        """Hold the lock of all who prune or count."""
        return locked(self._layout.path("prune.lock"), wait=wait)

    def _estimate(self) -> tuple[int, float]:
        """Return the bytes in the store, and when they were counted; long ago if not known."""
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
