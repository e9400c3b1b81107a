"""Digests of bytes and of file contents.

A digest is a string that begins with its algorithm, ``xxh3_128:5f0c…``, so that a record tells
how to check it. xxh3_128 is not cryptographic: it guards against accidents, not against attacks.
An attacker with write access to the project can change the code that runs anyway.
"""

from __future__ import annotations

import io
import json
import os
import re

from xxhash import xxh3_128, xxh3_128_hexdigest

ALGORITHM = "xxh3_128"
_PREFIX = ALGORITHM + ":"
#: Large enough to reach the speed of disk or memory, small enough for the CPU's cache.
_CHUNK = 1 << 18
_SMALL = 1 << 12
# A read of some kernel files blocks until there is data; O_NONBLOCK keeps a check from blocking.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_PLAIN_MD5 = re.compile(r"[0-9a-f]{32}")


def digest_bytes(data: bytes) -> str:
    """Return the digest of the bytes."""
    return _PREFIX + xxh3_128_hexdigest(data)


def digest_json(data: object) -> str:
    """Return the digest of a JSON value; the order of the keys of an object does not count.

    It is ten times as fast as :func:`~doit_invariants.hashing.values.digest_value`. Use it only
    if JSON keeps all possible values apart.
    """
    return digest_bytes(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())


def digest_file(path: str, size: int = _CHUNK) -> str:
    """Return the digest of the content of a file; see :func:`measure_file`."""
    return measure_file(path, size)[0]


def measure_file(path: str, size: int = _CHUNK) -> tuple[str, int]:
    """Return the digest of the content of a file, and its size in bytes.

    :param path: path of a regular file
    :param size: its size in bytes if known: it limits the memory that is allocated, and saves a
        second read of a small file
    :raises OSError: if it can't be opened or read

    The file is read, not mapped, because a file that shrinks while it is mapped kills the process.
    """
    descriptor = os.open(path, _READ)
    try:
        if size < _SMALL:
            data = os.read(descriptor, _SMALL)
            if len(data) == size:
                return _PREFIX + xxh3_128_hexdigest(data), size
            os.lseek(descriptor, 0, os.SEEK_SET)
        return _measure(descriptor, min(max(size + 1, _SMALL), _CHUNK))
    finally:
        os.close(descriptor)


def digest_open(descriptor: int) -> str:
    """Return the digest of the unread rest of an open file; raises OSError."""
    return _measure(descriptor, _CHUNK)[0]


def _measure(descriptor: int, length: int) -> tuple[str, int]:
    hasher, total = xxh3_128(), 0
    # One buffer is reused, because the kernel clears new memory first.
    view = memoryview(bytearray(length))
    with io.FileIO(descriptor, closefd=False) as stream:
        while count := stream.readinto(view):
            hasher.update(view[:count])
            total += count
    return _PREFIX + hasher.hexdigest(), total


def is_of_content(digest: str) -> bool:
    """Return whether this looks like one of our digests of the content of a file."""
    return digest.startswith(_PREFIX)


def is_plain_md5(digest: str) -> bool:
    """Return whether this is an md5 as doit itself stores it, without the name of an algorithm."""
    return _PLAIN_MD5.fullmatch(digest) is not None


def md5_of_file(path: str) -> str:
    """Return the md5 of a file as doit stores it, to check a state that plain doit saved.

    :raises OSError: if the file can't be read
    """
    import hashlib  # late: slow to import, and needed only for states that plain doit saved

    md5 = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            md5.update(chunk)
    return md5.hexdigest()
