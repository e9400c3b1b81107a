"""Removes what was made, be it read-only."""

from __future__ import annotations

import contextlib
import os
import shutil


def remove(path: str) -> None:
    """Remove what lies at a path, read-only directories as well; what can't be removed stays."""
    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(OSError):
            os.unlink(path)
        return
    for directory, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(directory, 0o700)
    shutil.rmtree(path, ignore_errors=True)
