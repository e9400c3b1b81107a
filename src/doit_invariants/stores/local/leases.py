"""Leases: files that say that a run uses the store, so that nothing it relies on is pruned."""

from __future__ import annotations

import contextlib
import os

from doit_invariants.files.processes import is_orphaned, owned_name, owner, start_of
from doit_invariants.files.regular import read_small
from doit_invariants.stores.local.layout import Layout, create_file, drop

# Kernels stamp files with a clock that ticks slowly; FAT's ticks every two seconds.
_MARGIN = 2.0


class Lease:
    """The lease of this process, taken at its first use of the store.

    A process that was forked inherits the object, but not the lease: it takes its own.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._path: str | None = None
        self._pid = 0

    def take(self) -> None:
        """Make the file, if there is a store and this process has none yet.

        Without one, in a store that can't be written, a run only risks that it has to do more.
        """
        pid = os.getpid()
        if self._pid == pid:
            return
        if not self._layout.check_version():
            return  # no store yet; asked again at the next use
        path = self._layout.path("leases", owned_name())
        try:
            create_file(path, start_of(pid).encode())
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                os.mkdir(self._layout.path("leases"))
                create_file(path, start_of(pid).encode())
        except OSError:
            pass  # read-only; or the disk is full, and an empty lease is one as well
        self._path, self._pid = path, pid

    def release(self) -> None:
        """Remove the file if it is this process's own."""
        if self._pid == os.getpid() and self._path is not None:
            drop(self._path)
        self._path, self._pid = None, 0


def protected_since(layout: Layout) -> float:
    """Return when the earliest run in progress began, in seconds since the epoch.

    Infinity if there is none. The runs of this process do not count: it is the one that prunes.
    """
    earliest = float("inf")
    for name, modified, dead in _leases(layout):
        made_by = owner(name)
        if not dead and made_by != (True, os.getpid()):
            earliest = min(earliest, modified - _MARGIN)
    return earliest


def sweep(layout: Layout) -> None:
    """Remove what processes that are gone left behind: leases, and what they were writing."""
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
    """Return the name of each lease, when it was made, and whether its process is gone."""
    found = []
    for name in _listed(layout.path("leases")):
        path = layout.path("leases", name)
        try:
            modified = os.lstat(path).st_mtime
            started = read_small(path, 100).decode("ascii", "replace").strip()
        except FileNotFoundError:
            continue  # given up just now
        except (OSError, ValueError):
            started = ""
        found.append((name, modified, is_orphaned(name, modified, started or None)))
    return found


def _listed(path: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(path)
    return []
