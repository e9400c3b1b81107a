"""Digests of bytes and of file contents.

A digest is text with its algorithm in front, ``xxh3_128:5f0c…``, so that a record says itself
how it is to be checked. xxh3_128 is not cryptographic: it guards against accidents, not
against an attacker who may write the project, who could as well change the code that runs.
"""

from __future__ import annotations

import io
import json
import os
import re

from xxhash import xxh3_128, xxh3_128_hexdigest

ALGORITHM = "xxh3_128"
_PREFIX = ALGORITHM + ":"
#: Large enough to reach the disk's or the memory's speed, small enough for the processor's cache.
_CHUNK = 1 << 18
_SMALL = 1 << 12
# Files of the kernel can wait for news: without this a check would wait with them.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_PLAIN_MD5 = re.compile(r"[0-9a-f]{32}")


def digest_bytes(data: bytes) -> str:
    """Return the digest of the bytes."""
    return _PREFIX + xxh3_128_hexdigest(data)


def digest_json(data: object) -> str:
    """Return the digest of what JSON can hold; the order of the keys of an object is no part of it.

    Ten times as fast as the encoding of any value, where it is known that JSON tells all apart.
    """
    return digest_bytes(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())


def digest_file(path: str, size: int = _CHUNK) -> str:
    """Return the digest of the content of a file; see :func:`measure_file`."""
    return measure_file(path, size)[0]


def measure_file(path: str, size: int = _CHUNK) -> tuple[str, int]:
    """Return the digest of the content of a file, and how many bytes that has.

    :param path: path of a regular file
    :param size: its size in bytes if known: memory is taken for so much only, and of a small file
        no end is looked for behind it
    :raises OSError: if it can't be opened or read

    The file is read, not mapped: a file that shrinks under a mapping kills the process.
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
    """Return the digest of what is left to read of an open file; raises OSError."""
    return _measure(descriptor, _CHUNK)[0]


def _measure(descriptor: int, length: int) -> tuple[str, int]:
    hasher, total = xxh3_128(), 0
    # Into the same memory each time: new memory is cleared by the kernel first.
    view = memoryview(bytearray(length))
    with io.FileIO(descriptor, closefd=False) as stream:
        while count := stream.readinto(view):
            hasher.update(view[:count])
            total += count
    return _PREFIX + hasher.hexdigest(), total


def is_of_content(digest: str) -> bool:
    """Return whether this looks like a digest that we make of the content of a file."""
    return digest.startswith(_PREFIX)


def is_plain_md5(digest: str) -> bool:
    """Return whether this is the md5 that doit itself stores, without an algorithm in front."""
    return _PLAIN_MD5.fullmatch(digest) is not None


def md5_of_file(path: str) -> str:
    """Return the md5 of a file as doit stores it, to check a state that plain doit saved.

    :raises OSError: if the file can't be read
    """
    import hashlib  # late: takes long to import, and is for what plain doit has saved alone

    md5 = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            md5.update(chunk)
    return md5.hexdigest()
