"""Removes what was made, be it read-only, or directories of any depth."""

from __future__ import annotations

import contextlib
import os
import shutil

from doit_invariants.files.walking import walk


def remove(path: str) -> None:
    """Remove what lies at a path, read-only directories as well; what can't be removed stays."""
    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(OSError):
            os.unlink(path)
        return
    _open_up(path)
    with contextlib.suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if os.path.isdir(path):
        _remove_deep(path)


def _open_up(path: str) -> None:
    """Make all directories writable."""
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)
    for directory, names, _ in walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                os.chmod(os.path.join(directory, name), 0o700)


def _remove_deep(path: str) -> None:
    """Remove what rmtree() has left: it goes down by recursion, and opens all on the way."""
    for directory, names, files in reversed(list(walk(path))):
        for name in files:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
        for name in names:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(directory, name))
    with contextlib.suppress(OSError):
        os.rmdir(path)
