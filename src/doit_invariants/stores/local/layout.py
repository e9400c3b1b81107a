"""The directory of a store: what is where in it, and how files get into place.

::

    CACHEDIR.TAG, .gitignore    for backup programs and git: nothing worth keeping
    version                     of this layout
    entries/, blobs/, stats/    named as in :mod:`doit_invariants.stores.keys`
    leases/                     a file for each run that uses the store
    tmp/                        what is being written
    size                        estimate of the bytes in blobs/
    add.lock, prune.lock        held for the moment of replacing an entry, and while pruning

All is written under ``tmp`` and moved into place whole: a process that dies leaves nothing to see.
None of the directories is a link: through one, what lies elsewhere would be replaced or removed.
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
# What may be in a directory that becomes a store: what a process that died left of one.
_OURS = {*_DIRECTORIES, *_FILES, "size", "add.lock", "prune.lock", "lost+found"}
# To be gone through only: a directory need not be readable for that.
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
        """Return the path of something in the store."""
        return os.path.join(self.root, *names)

    def entry(self, signature: str) -> str:
        """Return the path of an entry; raises StoreError if it is no signature."""
        return self._place(entry_key(signature))

    def blob(self, digest: str) -> str:
        """Return the path of a blob; raises StoreError if it is no digest."""
        return self._place(blob_key(digest))

    def stat(self, digest: str) -> str:
        """Return the path of what is known of a blob; raises StoreError if it is no digest."""
        return self._place(stats_key(digest))

    def _place(self, key: str) -> str:
        # Not os.path.join: every question to the store asks for a path.
        return f"{self.root}{os.sep}{key if os.sep == '/' else key.replace('/', os.sep)}"

    def short(self, path: str) -> str:
        """Return how a file of the store is named in a message."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def check_version(self) -> bool:
        """Return whether there is a store here.

        :raises StoreError: if it is there, but this version of the package does not know it
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
        """Make the directory a store if it is none, or what is missing of it.

        :raises StoreError: if it is of an unknown version, or is used for something else
        :raises OSError: if it can't be made
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
        """A .gitignore of ``*`` in somebody's project would hide it from git."""
        try:
            names = set(os.listdir(self.root))
        except FileNotFoundError:
            return
        if strange := sorted(names - _OURS):
            raise StoreError(f"{self.root} is not a store: it contains {strange[0]!r}")

    def writing(self, write: Callable[[str], _T]) -> tuple[str, _T]:
        """Have something written under a temporary name; return that path and the result.

        :param write: is given the path; called again if there was no store yet
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
        """Yield how a file of the store is named to ``os.unlink``: its name, and its directory.

        That one is open, and was reached through no link, which others who write here may put
        there at any moment; None, and the path, where the system opens no directories.

        :raises OSError: if there is a link on the way, or no directory
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
        """Move what was written into place, over what is there.

        :raises OSError: if that can't be; the temporary file is gone then
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
        """Remove a file of the store, or whatever else is in its place.

        :raises OSError: if that can't be
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
            # Out of the way in one step; what can't be deleted of it is litter.
            litter = self.path("tmp", owned_name())
            os.rename(name, litter, src_dir_fd=folder)
            with contextlib.suppress(RecursionError):
                shutil.rmtree(litter, ignore_errors=True)

    def scan(self, part: str) -> Iterator[tuple[str, str]]:
        """Yield digest and path of all ``entries``, ``blobs`` or ``stats``.

        It skips what has no name of ours, and what vanishes while it looks.
        """
        for folder in _names(self.path(part)):
            parent = self.path(part, folder)
            # Not through a link: some callers remove what is found.
            if not is_folder(folder) or not is_directory(parent):
                continue
            for name in _names(parent):
                digest = digest_of(part, folder, name)
                if digest is not None:
                    yield digest, os.path.join(parent, name)


def _names(path: str) -> list[str]:
    # Not scandir() while files are removed: what it yields then is not defined.
    with contextlib.suppress(OSError):
        return os.listdir(path)
    return []


def create_file(path: str, data: bytes) -> None:
    """Write a new file; raises OSError if it can't be written or something is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def touch(path: str, modified: int | None = None) -> None:
    """Mark a file as used just now: by its time of access and, unless that is given, by the other.

    :param modified: time of modification in ns since the epoch
    :raises OSError: if that can't be

    It is not done to what a link leads to, which somebody may have put in the place of the file.
    """
    now = time.time_ns()
    times = (now, now if modified is None else modified)
    os.utime(path, ns=times, follow_symlinks=os.utime not in os.supports_follow_symlinks)


def drop(path: str) -> None:
    """Remove a file if that can be."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def is_directory(path: str) -> bool:
    """Return whether there is a directory, not a link to one."""
    try:
        return stat_module.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def can_be_made(directory: str, *, look: bool) -> None:
    """Raise OSError if there is no such directory and it can't be made; nothing stays made.

    :param look: whether nothing may be tried
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
        # Only the system can tell: a user with all rights can't write everywhere.
        probe = os.path.join(above, f".doit-invariants-{owned_name()}")
        os.mkdir(probe)
        os.rmdir(probe)
