"""Makes files a task's own again, which it shares with a store by hard links."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat as stat_module

from doit_invariants.files.walking import walk

_WRITABLE = 0o200


def unshare(target: str) -> None:
    """Replace read-only hard links by writable copies, in a directory all of them.

    A task that writes its target would otherwise fail, or, as root, write into the store.

    :param target: path of a file or directory; links are not followed
    """
    if os.path.isdir(target) and not os.path.islink(target):
        for directory, _, files in walk(target):
            for name in files:
                _unshare(os.path.join(directory, name))
    else:
        _unshare(target)


def _unshare(path: str) -> None:
    # What can't be replaced stays: the task then says what it can't write.
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
