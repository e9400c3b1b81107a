"""Walks, removes and unshares directory trees of any depth.

The functions of the standard library recurse, and fail on deep directories.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat as stat_module
from collections.abc import Iterator

_WRITABLE = 0o200


def walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what ``os.walk`` does, each directory before the directories in it.

    Links count as files and are not followed. Directories that can't be read are left out.
    """
    stack = [top]
    while stack:
        path = stack.pop()
        directories: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(path) as found:
                for entry in found:
                    is_directory = entry.is_dir(follow_symlinks=False)
                    (directories if is_directory else files).append(entry.name)
        except OSError:
            continue
        yield path, directories, files
        stack += (os.path.join(path, name) for name in directories)


def remove(path: str) -> None:
    """Remove whatever is at a path, even read-only directories; ignore what can't be removed."""
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
    """Remove what rmtree() left, which recurses and needs a descriptor for each level."""
    for directory, names, files in reversed(list(walk(path))):
        for name in files:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
        for name in names:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(directory, name))
    with contextlib.suppress(OSError):
        os.rmdir(path)


def unshare(target: str) -> None:
    """Replace a read-only hard link, or all in a directory, with writable copies.

    Otherwise a task that writes its target would fail or, as root, write into the store.

    :param target: path of a file or directory; links are not followed
    """
    if os.path.isdir(target) and not os.path.islink(target):
        for directory, _, files in walk(target):
            for name in files:
                _unshare(os.path.join(directory, name))
    else:
        _unshare(target)


def _unshare(path: str) -> None:
    # Errors are ignored: the task itself reports what it can't write.
    with contextlib.suppress(OSError):
        info = os.lstat(path)
        shared = stat_module.S_ISREG(info.st_mode) and info.st_nlink > 1
        if not shared or info.st_mode & _WRITABLE:
            return
        own = f"{path}.{secrets.token_hex(4)}"
        try:
            shutil.copy2(path, own)
            os.chmod(own, stat_module.S_IMODE(info.st_mode) | _WRITABLE)
            os.replace(own, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(own)
