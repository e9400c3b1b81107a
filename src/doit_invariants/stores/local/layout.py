"""The directory of a store: its files, and how they get into place.

::

    CACHEDIR.TAG, .gitignore    tell backup programs and git to ignore the store
    version                     of this layout
    entries/, blobs/, stats/    named as in :mod:`doit_invariants.stores.keys`
    leases/                     a file for each run that uses the store
    tmp/                        files that are being written
    size                        estimate of the bytes in blobs/
    add.lock, prune.lock        held for the moment of replacing an entry, and while pruning

Files are written completely below ``tmp`` and then moved into place, so a process that dies leaves
no partial files. None of the directories may be a link: through a link, files elsewhere would be
replaced or removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat as stat_module
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from doit_invariants.core.text import error_text
from doit_invariants.files.processes import owned_name
from doit_invariants.files.regular import read_small, write_all
from doit_invariants.stores.base import StoreError
from doit_invariants.stores.keys import blob_key, digest_of, entry_key, is_folder, stats_key

VERSION = 1

_T = TypeVar("_T")
_DIRECTORIES = ("entries", "blobs", "stats", "leases", "tmp")
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory is a cache of doit-invariants: all of it can be made again.\n"
    "# About this file: https://bford.info/cachedir/\n"
)
_FILES = {"CACHEDIR.TAG": _TAG, ".gitignore": "*\n", "version": f"{VERSION}\n"}
# Names allowed in a directory that becomes a store: the remains of one whose creation failed.
_OURS = {*_DIRECTORIES, *_FILES, "size", "add.lock", "prune.lock", "lost+found"}
# Flags to open a directory only for traversal: it need not be readable.
_OPEN = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_OPEN_NO_LINK = _OPEN | getattr(os, "O_NOFOLLOW", 0)


class Layout:
    """The paths of a store.

    :param root: absolute path of its directory
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._version_known = False

    def path(self, *names: str) -> str:
        """Return the path of a file in the store."""
        return os.path.join(self.root, *names)

    def entry(self, signature: str) -> str:
        """Return the path of an entry; raises StoreError if the string is not a signature."""
        return self._place(entry_key(signature))

    def blob(self, digest: str) -> str:
        """Return the path of a blob; raises StoreError if the string is not a digest."""
        return self._place(blob_key(digest))

    def stat(self, digest: str) -> str:
        """Return the path of a blob's stat; raises StoreError if the string is not a digest."""
        return self._place(stats_key(digest))

    def _place(self, key: str) -> str:
        # os.path.join is too slow here: every access to the store needs a path.
        return f"{self.root}{os.sep}{key if os.sep == '/' else key.replace('/', os.sep)}"

    def short(self, path: str) -> str:
        """Return the name of a file of the store for messages."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def check_version(self) -> bool:
        """Return whether the store exists.

        :raises StoreError: if it exists, but this version of the package can't read it
        """
        if self._version_known:
            return True
        try:
            text = read_small(self.path("version"), 100).decode("ascii").strip()
            version = int(text)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"the store {self.root} can't be read: {error_text(error)}") from error
        except ValueError as error:
            raise StoreError(f"the store {self.root} has an invalid version file") from error
        if version != VERSION:
            raise StoreError(
                f"the store {self.root} has version {version}; "
                f"this doit-invariants reads only version {VERSION}"
            )
        self._refuse_links()
        self._version_known = True
        return True

    def _refuse_links(self) -> None:
        for name in _DIRECTORIES:
            if os.path.islink(self.path(name)):
                raise StoreError(f"the store {self.root} can't be used: {name} in it is a link")

    def create(self) -> None:
        """Turn the directory into a store, or add what is missing in an existing one.

        :raises StoreError: if it has an unknown version or contains other files
        :raises OSError: if it can't be created
        """
        self._version_known = False
        if not self.check_version():
            self._refuse_strangers()
            self._refuse_links()
        for name in _DIRECTORIES:
            os.makedirs(self.path(name), exist_ok=True)
        for name, text in _FILES.items():
            if not os.path.lexists(self.path(name)):
                temporary = self.path("tmp", owned_name())
                create_file(temporary, text.encode())
                os.replace(temporary, self.path(name))

    def _refuse_strangers(self) -> None:
        """Refuse a directory with other files: our .gitignore of ``*`` would hide them from git."""
        try:
            names = set(os.listdir(self.root))
        except FileNotFoundError:
            return
        if strange := sorted(names - _OURS):
            raise StoreError(f"{self.root} is not a store: it contains {strange[0]!r}")

    def writing(self, write: Callable[[str], _T]) -> tuple[str, _T]:
        """Write a temporary file; return its path and the result of ``write``.

        :param write: takes the path; called again if there was no store yet
        :raises OSError, StoreError: if it can't be written; nothing is left then
        """
        if not self._version_known:
            self.check_version()
        temporary = f"{self.root}{os.sep}tmp{os.sep}{owned_name()}"
        try:
            try:
                return temporary, write(temporary)
            except FileNotFoundError as error:
                if error.filename != temporary:
                    raise
                self.create()
                return temporary, write(temporary)
        except BaseException:
            drop(temporary)
            raise

    @contextlib.contextmanager
    def inside(self, path: str) -> Iterator[tuple[str, int | None]]:
        """Yield the name of a file and its open directory, in the form that ``os.unlink`` takes.

        The directory is opened without following links, which others who can write here may create
        at any moment. If the system can't open directories, yield the full path and None.

        :raises OSError: if a directory on the way is missing or a link
        """
        if os.unlink not in os.supports_dir_fd:
            yield path, None
            return
        *folders, name = path[len(self.root) + 1 :].split(os.sep)
        descriptor = os.open(self.root, _OPEN)
        try:
            for folder in folders:
                parent = descriptor
                descriptor = os.open(folder, _OPEN_NO_LINK, dir_fd=parent)
                os.close(parent)
            yield name, descriptor
        finally:
            os.close(descriptor)

    def place(self, temporary: str, final: str) -> None:
        """Move a temporary file into place, and replace any existing file.

        :raises OSError: if it can't be moved; the temporary file is then removed
        """
        try:
            try:
                self._replace(temporary, final)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(final), exist_ok=True)
                self._replace(temporary, final)
            except OSError:
                if not is_directory(final):
                    raise
                self.clear(final)
                self._replace(temporary, final)
        except BaseException:
            drop(temporary)
            raise

    def _replace(self, temporary: str, final: str) -> None:
        with self.inside(final) as (name, folder):
            os.replace(temporary, name, dst_dir_fd=folder)

    def clear(self, path: str) -> None:
        """Remove a file of the store, or anything else at its path.

        :raises OSError: if it can't be removed
        """
        try:
            with self.inside(path) as (name, folder):
                self._clear(path, name, folder)
        except FileNotFoundError:
            if os.path.lexists(path):
                raise

    def _clear(self, path: str, name: str, folder: int | None) -> None:
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            if not is_directory(path):
                raise
            # Move it away in one step; any part that can't be deleted is litter.
            litter = self.path("tmp", owned_name())
            os.rename(name, litter, src_dir_fd=folder)
            with contextlib.suppress(RecursionError):
                shutil.rmtree(litter, ignore_errors=True)

    def scan(self, part: str) -> Iterator[tuple[str, str]]:
        """Yield digest and path of all ``entries``, ``blobs`` or ``stats``.

        Names that are not ours are skipped, and so are files that vanish during the scan.
        """
        for folder in _names(self.path(part)):
            parent = self.path(part, folder)
            # Do not follow links: some callers remove the files.
            if not is_folder(folder) or not is_directory(parent):
                continue
            for name in _names(parent):
                digest = digest_of(part, folder, name)
                if digest is not None:
                    yield digest, os.path.join(parent, name)


def _names(path: str) -> list[str]:
    # Not scandir(): its results are undefined while files are being removed.
    with contextlib.suppress(OSError):
        return os.listdir(path)
    return []


def create_file(path: str, data: bytes) -> None:
    """Write a new file; raises OSError if it can't be written or already exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def touch(path: str, modified: int | None = None) -> None:
    """Mark a file as just used: set its access time and, unless it is given, its modification time.

    :param modified: modification time to set, in ns since the epoch
    :raises OSError: if that fails

    Links are not followed, because somebody may have replaced the file with one.
    """
    now = time.time_ns()
    times = (now, now if modified is None else modified)
    os.utime(path, ns=times, follow_symlinks=os.utime not in os.supports_follow_symlinks)


def drop(path: str) -> None:
    """Remove a file, and ignore errors."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def is_directory(path: str) -> bool:
    """Return whether a path is a directory and not a link to one."""
    try:
        return stat_module.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def can_be_made(directory: str, *, look: bool) -> None:
    """Raise OSError if a directory neither exists nor can be created; nothing is left behind.

    :param look: whether to check without trying to create anything
    """
    above = directory
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        raise NotADirectoryError(errno.ENOTDIR, f"{above} is not a directory", above)
    if above == directory:
        return
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), above)
    if not look:
        # Only trying tells for certain: even a user with all rights can't write everywhere.
        probe = os.path.join(above, f".doit-invariants-{owned_name()}")
        os.mkdir(probe)
        os.rmdir(probe)
