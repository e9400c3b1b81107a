"""Opens, reads and writes regular files, and refuses everything else.

A link may lead anywhere, and opening a pipe blocks until another process opens its other end.
"""

from __future__ import annotations

import errno
import os
import stat as stat_module

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: str, *, follow: bool) -> int:
    """Open a regular file for reading and return its descriptor.

    :raises OSError: if it is something else, or can't be opened
    """
    # Does not block: opening a pipe would wait for a writer.
    descriptor = os.open(path, _READ if follow else _READ | _NOFOLLOW)
    if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", path)
    return descriptor


def read_small(path: str, limit: int) -> bytes:
    """Return the content of a regular file; a link is refused.

    :param limit: maximum number of bytes
    :raises ValueError: if the file has more
    :raises OSError: if it can't be read
    """
    descriptor = open_regular(path, follow=False)
    try:
        size = os.fstat(descriptor).st_size
        if size > limit:
            raise ValueError(f"the file has {size} bytes, at most {limit} are allowed")
        data = os.read(descriptor, size + 1)
        while 0 < len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all data; a write to a disk that fills up may take only part of it."""
    done = os.write(descriptor, data)
    while done < len(data):
        done += os.write(descriptor, memoryview(data)[done:])
