"""Entries of a directory store: one JSON file each, with a checksum of its content."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat as stat_module
from collections.abc import Iterator

from doit_invariants.core.model import Json
from doit_invariants.core.text import error_text
from doit_invariants.files.flock import locked
from doit_invariants.files.regular import read_small
from doit_invariants.hashing.digest import digest_json
from doit_invariants.stores.base import StoreError
from doit_invariants.stores.keys import blobs_of
from doit_invariants.stores.local.layout import (
    Layout,
    create_file,
    drop,
    is_directory,
    touch,
)

#: In seconds: other processes hold the lock for a moment.
_PATIENCE = 3.0
#: In bytes: no entry is larger.
_LIMIT = 1 << 26
# These errors mean that the file itself is wrong, not this process, machine or moment.
_DAMAGE = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.ENXIO, errno.EACCES, errno.EPERM)
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EACCES)


class DamagedFile(StoreError):
    """The file at the place of an entry or a blob is invalid and may be replaced."""


class EntryFiles:
    """The entries of a store.

    :param layout: of the store
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def read(self, path: str) -> Json | None:
        """Return the entry in a file, None if there is no file.

        :raises DamagedFile: if the file is not a valid entry
        :raises StoreError: if it can't be read at the moment
        """
        try:
            entry = _checked(read_small(path, _LIMIT))
        except FileNotFoundError:
            return None
        except OSError as error:
            kind = DamagedFile if error.errno in _DAMAGE or is_directory(path) else StoreError
            raise kind(f"{self._layout.short(path)} can't be read: {_reason(error)}") from error
        except (ValueError, RecursionError) as error:
            raise DamagedFile(f"{self._layout.short(path)} is damaged") from error
        if not self._is_at(path, entry.get("signature")):
            raise DamagedFile(f"{self._layout.short(path)} belongs to another task")
        return entry

    def _is_at(self, path: str, signature: object) -> bool:
        """Return whether the path of an entry fits its signature, if it has one."""
        if not isinstance(signature, str):
            return True
        try:
            return os.path.normpath(path) == os.path.normpath(self._layout.entry(signature))
        except StoreError:
            return False

    def mark(self, path: str) -> None:
        """Mark an entry as just used, if this user has permission."""
        with contextlib.suppress(OSError):
            touch(path)

    def add(self, path: str, entry: Json) -> Json | None:
        """Add an entry unless a good one exists.

        :return: None if it was added; otherwise the existing entry
        :raises StoreError: if it can't be written
        """
        data = _packed(entry)
        try:
            temporary, _ = self._layout.writing(lambda name: create_file(name, data))
            try:
                return self._link(temporary, path)
            finally:
                drop(temporary)
        except OSError as error:
            raise StoreError(
                f"{self._layout.short(path)} can't be written: {error_text(error)}"
            ) from error

    def _link(self, temporary: str, path: str) -> Json | None:
        """Publish the entry by a hard link, which succeeds for exactly one of several processes."""
        with contextlib.suppress(FileExistsError):
            try:
                self._hard_link(temporary, path)
                return None
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
        return self._replace(temporary, path)

    def _hard_link(self, temporary: str, path: str) -> None:
        try:
            with self._layout.inside(path) as (name, folder):
                os.link(temporary, name, dst_dir_fd=folder)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with self._layout.inside(path) as (name, folder):
                os.link(temporary, name, dst_dir_fd=folder)

    def _replace(self, temporary: str, path: str) -> Json | None:
        """Replace an unusable entry under a lock: two processes would replace each other's."""
        with contextlib.suppress(StoreError):
            if (other := self._usable(path)) is not None:
                return other
        with self._replacing():
            with contextlib.suppress(DamagedFile):
                if (other := self._usable(path)) is not None:
                    return other
            self._layout.place(temporary, path)
        return None

    @contextlib.contextmanager
    def _replacing(self) -> Iterator[None]:
        """Hold the lock for replacing or removing entries; raises OSError, StoreError."""
        with locked(self._layout.path("add.lock"), wait=_PATIENCE) as held:
            if not held:
                raise StoreError("another process holds add.lock")
            yield

    def _usable(self, path: str) -> Json | None:
        """Return the entry if it and all its blobs exist, otherwise None."""
        entry = self.read(path)
        if entry is None or self.lacks(entry):
            return None
        self.mark(path)
        return entry

    def lacks(self, entry: Json) -> tuple[str, ...]:
        """Return the digests of the blobs that an entry needs and the store does not have."""
        return tuple(
            digest
            for digest, size in blobs_of(entry).items()
            if size_of(self._layout.blob(digest)) != size
        )

    def discard(self, path: str) -> str:
        """Remove an invalid entry; return a suffix for the message that reports the problem."""
        try:
            with self._replacing():
                try:
                    self.read(path)
                except DamagedFile:
                    self._layout.clear(path)
        except (OSError, StoreError) as error:
            return f" (and can't be removed: {_reason(error)})"
        return ""


def size_of(path: str) -> int:
    """Return the size of a regular file in bytes, -1 if it is not one."""
    try:
        info = os.lstat(path)
    except OSError:
        return -1
    return info.st_size if stat_module.S_ISREG(info.st_mode) else -1


def _packed(entry: Json) -> bytes:
    """Return the content of an entry's file; raises StoreError if JSON can't represent it."""
    if not isinstance(entry, dict):
        raise StoreError(f"an entry must be a dict, not {type(entry).__name__}")
    try:
        # Convert to JSON and back first: keys that are numbers sort differently as strings.
        plain = json.loads(json.dumps(entry))
        return json.dumps({"check": digest_json(plain), "entry": plain}).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreError(
            f"the entry can't be written as JSON: {error_text(error)[:200]}"
        ) from error


def _checked(data: bytes) -> Json:
    """Return the entry in a file's content; raises ValueError if it is incomplete or damaged."""
    content = json.loads(data)
    if not isinstance(content, dict) or not isinstance(content.get("entry"), dict):
        raise ValueError("no entry")
    if content.get("check") != digest_json(content["entry"]):
        raise ValueError("the check differs")
    return content["entry"]


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return "it is a link" if error.errno == errno.ELOOP else error_text(error)
    return error_text(error)[:200]
