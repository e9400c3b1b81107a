"""Leases: files that show that a run uses the store, so that pruning keeps the files it needs."""

from __future__ import annotations

import contextlib
import os

from doit_invariants.files.processes import is_orphaned, owned_name, owner, start_of
from doit_invariants.files.regular import read_small
from doit_invariants.stores.local.layout import Layout, create_file, drop

# In seconds: kernels stamp files with a slow clock; that of FAT ticks every two seconds.
_MARGIN = 2.0


class Lease:
    """The lease of this process, taken when it first uses the store.

    A forked process inherits the object but not the lease: it takes its own.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._path: str | None = None
        self._pid = 0

    def take(self) -> None:
        """Create the lease file, if the store exists and this process has no lease yet.

        In a store that can't be written the run has no lease: it only risks having to run more
        tasks.
        """
        pid = os.getpid()
        if self._pid == pid:
            return
        if not self._layout.check_version():
            return  # no store yet: tried again at the next use
        path = self._layout.path("leases", owned_name())
        try:
            create_file(path, start_of(pid).encode())
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                os.mkdir(self._layout.path("leases"))
                create_file(path, start_of(pid).encode())
        except OSError:
            pass  # read-only; or the disk is full: an empty lease works too
        self._path, self._pid = path, pid

    def release(self) -> None:
        """Remove the file if it belongs to this process."""
        if self._pid == os.getpid() and self._path is not None:
            drop(self._path)
        self._path, self._pid = None, 0


def protected_since(layout: Layout) -> float:
    """Return when the earliest run in progress began, in seconds since the epoch.

    Return infinity if there is none. Runs of this process do not count, because it is the one that
    prunes.
    """
    earliest = float("inf")
    for name, modified, dead in _leases(layout):
        made_by = owner(name)
        if not dead and made_by != (True, os.getpid()):
            earliest = min(earliest, modified - _MARGIN)
    return earliest


def sweep(layout: Layout) -> None:
    """Remove leases and temporary files that dead processes left behind."""
    for name, _, dead in _leases(layout):
        if dead:
            with contextlib.suppress(OSError):
                layout.clear(layout.path("leases", name))
    for name in _listed(layout.path("tmp")):
        path = layout.path("tmp", name)
        with contextlib.suppress(OSError):
            if is_orphaned(name, os.lstat(path).st_mtime):
                layout.clear(path)


def _leases(layout: Layout) -> list[tuple[str, float, bool]]:
    """Return the name of each lease, its creation time, and whether its process is dead."""
    found = []
    for name in _listed(layout.path("leases")):
        path = layout.path("leases", name)
        try:
            modified = os.lstat(path).st_mtime
            started = read_small(path, 100).decode("ascii", "replace").strip()
        except FileNotFoundError:
            continue  # just released
        except (OSError, ValueError):
            started = ""
        found.append((name, modified, is_orphaned(name, modified, started or None)))
    return found


def _listed(path: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(path)
    return []
