"""Copies the contents of files, and hashes them at the same time."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import sys
import threading

from xxhash import xxh3_128

from doit_invariants.core.errors import InvariantsError
from doit_invariants.files.regular import open_regular, write_all
from doit_invariants.hashing.digest import ALGORITHM

if sys.platform == "linux":
    import fcntl

# ioctl of Linux that makes one file share the blocks of another: _IOW(0x94, 9, int).
_FICLONE = 0x40049409
# For reading, too, because a big copy is hashed from what was written.
_CREATE = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
)
_CHUNK = 1 << 18
# From this size on a thread pays off: it costs as much as hashing 1 MiB.
_BIG = 1 << 21
_STEP = 1 << 24
# The kernel or the file system can't copy; some report that with unusual numbers.
_NO_COPY = (
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EBADF,
    errno.ETXTBSY,
)


class WrongContent(InvariantsError):
    """A file does not have the content that it should have.

    :ivar digest, size: of the actual content; the digest is empty if only the size was compared
    """

    def __init__(self, digest: str, size: int) -> None:
        super().__init__(f"wrong content: {digest or 'digest not computed'}, {size} bytes")
        self.digest = digest
        self.size = size


def copy_file(
    source: str,
    destination: str,
    *,
    expect: str | None = None,
    size: int | None = None,
    create: int = 0o666,
    mode: int | None = None,
    follow: bool = True,
) -> tuple[str, int]:
    """Copy the content of a regular file.

    :param destination: path of the copy; nothing may be there, not even a broken link
    :param expect: digest that the content must have, None for any
    :param size: bytes that it must have, None for any; at most one more byte is copied
    :param create: permission bits of the copy, reduced by the umask
    :param mode: permission bits of the copy, whatever the umask is; None for ``create``
    :param follow: whether ``source`` may be a link
    :return: digest of the copy, its size in bytes
    :raises WrongContent: if the content is not the expected one
    :raises OSError: if something can't be opened, read or written

    If it fails, nothing is left at ``destination``. Nothing is flushed to the disk: a caller that
    needs certainty checks the digest later.
    """
    reader = open_regular(source, follow=follow)
    try:
        if size is not None and (there := os.fstat(reader).st_size) != size:
            raise WrongContent("", there)
        # Never readable by more users than the final mode allows, not even for a moment.
        writer = os.open(destination, _CREATE, create if mode is None else 0o600)
        try:
            try:
                result = _copy(reader, writer, sys.maxsize if size is None else size + 1)
                if expect not in (None, result[0]) or size not in (None, result[1]):
                    raise WrongContent(*result)
                if mode is not None:
                    set_mode(writer, destination, mode)
            finally:
                os.close(writer)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(destination)
            raise
    finally:
        os.close(reader)
    return result


def clone_file(source: str, destination: str, *, create: int = 0o666) -> bool:
    """Create a file that shares the blocks of another one until one of them is written (reflink).

    :param source: path of a regular file, not of a link
    :param destination: path of the new file; nothing may be there
    :param create: permission bits of the new file, reduced by the umask
    :return: whether it worked; if not, nothing is left at ``destination``
    :raises OSError: if something can't be opened
    """
    if sys.platform != "linux":
        return False
    reader = open_regular(source, follow=False)
    try:
        writer = os.open(destination, _CREATE, create)
        try:
            fcntl.ioctl(writer, _FICLONE, reader)
        except OSError:
            os.unlink(destination)
            return False
        finally:
            os.close(writer)
    finally:
        os.close(reader)
    return True


def set_mode(descriptor: int, path: str, mode: int) -> None:
    """Set the permission bits of an open file, but never setuid, setgid or sticky."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode & 0o777)
    else:
        os.chmod(path, mode & 0o777)


def _copy(reader: int, writer: int, most: int) -> tuple[str, int]:
    size = os.fstat(reader).st_size
    if size >= _BIG and hasattr(os, "copy_file_range"):
        found = _copy_big(reader, writer, most)
        if found is not None:
            return found
    hasher = xxh3_128()
    total = 0
    # One byte more than expected: a short read then shows that this was all.
    length = min(size + 1, _CHUNK)
    while chunk := os.read(reader, min(length, most - total)):
        hasher.update(chunk)
        write_all(writer, chunk)
        total += len(chunk)
        if total == size and len(chunk) < length:
            break
    return f"{ALGORITHM}:{hasher.hexdigest()}", total


def _copy_big(reader: int, writer: int, most: int) -> tuple[str, int] | None:
    """Let the kernel copy while a thread hashes; None, with nothing written, if it can't copy.

    The thread reads the copy, not the source, so that the digest is right even if somebody writes
    the source at this moment. Reading here and hashing in a thread was no faster than doing both
    in one thread.
    """
    hashing = _Hashing(writer)
    end = 0
    try:
        while count := os.copy_file_range(reader, writer, min(_STEP, most - end)):
            end += count
            hashing.may_read_until(end)
    except OSError as error:
        if end or error.errno not in _NO_COPY:
            raise
        return None
    finally:
        hexdigest = hashing.finish()
    # Files that the kernel generates when they are read have a size, but nothing to copy.
    return (f"{ALGORITHM}:{hexdigest}", end) if end else None


class _Hashing:
    """A thread that hashes a file while it grows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._hasher = xxh3_128()
        self._error: BaseException | None = None
        self._ends: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def may_read_until(self, end: int) -> None:
        """Announce that the file has this many bytes now."""
        self._ends.put(end)

    def finish(self) -> str:
        """Wait, and return the digest of the whole file; raise the error if reading failed."""
        self._ends.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._hasher.hexdigest()

    def _run(self) -> None:
        buffer = memoryview(bytearray(_CHUNK))
        done = 0
        try:
            while (end := self._ends.get()) is not None:
                while done < end:
                    # preadv() has its own offset: the kernel's copy moves the descriptor's.
                    count = os.preadv(self._descriptor, [buffer[: end - done]], done)
                    if not count:
                        raise OSError(errno.EIO, "The copy was truncated while it was written")
                    self._hasher.update(buffer[:count])
                    done += count
        except BaseException as error:  # any error: the digest of a part must not be returned
            self._error = error
