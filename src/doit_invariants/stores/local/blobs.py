"""Blobs of a directory store: file contents named by their digest."""

from __future__ import annotations

import contextlib
import json
import os
import stat as stat_module
from collections.abc import Callable

from doit_invariants.core.text import error_text
from doit_invariants.files.copying import WrongContent, clone_file, copy_file, set_mode
from doit_invariants.files.processes import owned_name
from doit_invariants.files.regular import open_regular, read_small
from doit_invariants.hashing.digest import digest_file, digest_open
from doit_invariants.stores.base import StoreError
from doit_invariants.stores.local.entries import DamagedFile
from doit_invariants.stores.local.layout import Layout, create_file, drop, touch

# Smaller files are faster to copy than to clone, and copying verifies them as well.
_CLONE_FROM = 1 << 17
# In bytes: blobs up to this size are quick to read.
_HUGE = 1 << 28


class BlobFiles:
    """The blobs of a store.

    :param layout: of the store
    :param link: as in :class:`~doit_invariants.stores.base.StoreOptions`
    """

    def __init__(self, layout: Layout, link: str) -> None:
        self._layout = layout
        self._link = link
        # Directories whose file system can't clone from or to the store.
        self._no_clones: set[str] = set()
        self._clones: bool | None = False if link == "copy" else None

    def put(self, path: str) -> tuple[str, int, bool]:
        """Copy a file into the store; return digest, size, and whether the blob is new.

        :raises OSError, StoreError: if it can't be copied
        """
        create = 0o444 if self._link == "hardlink" else 0o666
        temporary, (digest, size) = self._layout.writing(
            lambda name: copy_file(path, name, create=create)
        )
        final = self._layout.blob(digest)
        there = self._keep(final, size)
        if there and self._is_verified(digest, final):
            drop(temporary)
            return digest, size, False
        # The existing blob is unverified and may be damaged: replace it with this one, which is
        # good.
        try:
            self._layout.place(temporary, final)
        except OSError:
            if not there:
                raise
            drop(temporary)
            return digest, size, False
        if self._link == "hardlink" or (size >= _CLONE_FROM and self._can_clone(final)):
            self._remember(digest, os.lstat(final))
        return digest, size, not there

    def _is_verified(self, digest: str, blob: str) -> bool:
        try:
            return self._known(digest) == _key(os.lstat(blob))
        except OSError:
            return False

    def _can_clone(self, blob: str) -> bool:
        """Return whether the store's own file system shares blocks; this is tried once."""
        if self._clones is None:
            probe = self._layout.path("tmp", owned_name())
            self._clones = False
            with contextlib.suppress(OSError):
                self._clones = clone_file(blob, probe)
            drop(probe)
        return self._clones

    def _keep(self, final: str, size: int) -> bool:
        """Return whether the existing blob can be used; mark it as used if so.

        If we can't mark it (another user owns it), it is replaced: until our entry is written, only
        its time stamp protects it from pruning.
        """
        try:
            info = os.lstat(final)
            if not stat_module.S_ISREG(info.st_mode) or info.st_size != size:
                return False
            touch(final, info.st_mtime_ns)
        except OSError:
            return False
        return True

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        """Create a file with a content; see :meth:`doit_invariants.stores.base.Store.fetch`.

        :raises OSError, StoreError: if it can't be created
        """
        blob = self._layout.blob(digest)
        if self._clone(digest, size, blob, path, mode):
            return
        if self._link == "hardlink" and self._hard_link(digest, size, blob, path, mode):
            return
        try:
            copy_file(blob, path, expect=digest, size=size, mode=mode, follow=False)
        except WrongContent as wrong:
            raise self._damaged(digest, size, wrong.size) from wrong

    def _clone(self, digest: str, size: int, blob: str, path: str, mode: int) -> bool:
        """Share the blocks of the blob if the file system can; return whether that worked."""
        folder = os.path.dirname(path)
        if self._link == "copy" or folder in self._no_clones:
            return False
        if self._link == "auto" and size < _CLONE_FROM:
            return False
        if not clone_file(blob, path, create=0o600):
            self._no_clones.add(folder)
            return False
        try:
            # Verify the clone: it can't change any more, while the blob can.
            self._verify(digest, size, os.lstat(blob), lambda: digest_file(path, size))
            os.chmod(path, mode & 0o777)
        except BaseException:
            drop(path)
            raise
        return True

    def _hard_link(self, digest: str, size: int, blob: str, path: str, mode: int) -> bool:
        """Make the file another name of the blob; return whether that worked.

        All steps use the open file. At any moment somebody who can write to the store may replace
        the blob with a link to a private file of this user. A later step by path would make that
        file readable by everybody.
        """
        descriptor = open_regular(blob, follow=False)
        try:
            info = os.fstat(descriptor)
            if not self._may_link(info, mode):
                return False
            self._verify(digest, size, info, lambda: digest_open(descriptor))
            if info.st_mode & 0o222:
                set_mode(descriptor, blob, info.st_mode & 0o444)  # it was put without that option
            return _link_same(blob, path, info)
        finally:
            os.close(descriptor)

    @staticmethod
    def _may_link(info: os.stat_result, mode: int) -> bool:
        """Return whether one file can serve as both, because all its names share one mode.

        It can't in these cases:

        - the file must be executable
        - more users may read the blob than the file
        - the blob belongs to another user, who could change it
        """
        wider = info.st_mode & 0o444 & ~mode
        own = not hasattr(os, "geteuid") or info.st_uid == os.geteuid()
        return stat_module.S_ISREG(info.st_mode) and own and not mode & 0o111 and not wider

    def _verify(
        self, digest: str, size: int, info: os.stat_result, read: Callable[[], str]
    ) -> None:
        """Read a content in full, unless the stat of the blob is unchanged since the last time.

        :param info: stat of the blob
        :param read: reads the content, and returns its digest
        """
        if info.st_size != size:
            raise self._damaged(digest, size, info.st_size)
        if self._known(digest) == _key(info):
            return
        if read() != digest:
            raise self._damaged(digest, size, info.st_size)
        self._remember(digest, info)

    def _known(self, digest: str) -> object:
        try:
            return json.loads(read_small(self._layout.stat(digest), 1000))
        except (OSError, ValueError, RecursionError):
            return None

    def _remember(self, digest: str, info: os.stat_result) -> None:
        """Record that the blob was verified under this stat, which was taken before reading.

        If this fails, the blob is merely read again.
        """
        with contextlib.suppress(OSError, StoreError):
            text = json.dumps(_key(info)).encode()
            temporary, _ = self._layout.writing(lambda name: create_file(name, text))
            self._layout.place(temporary, self._layout.stat(digest))

    def _damaged(self, digest: str, size: int, found: int) -> DamagedFile:
        """Remove a blob; return the exception to raise.

        A blob that became huge stays until it is put again, because it would have to be read first.
        """
        name = self._layout.short(self._layout.blob(digest))
        what = "has the wrong content" if found == size else f"has {found} bytes, not {size}"
        removed = self.discard(digest) if found <= max(size, _HUGE) else ""
        return DamagedFile(f"{name} {what}{removed}")

    def check(self, digest: str, path: str) -> int:
        """Read a blob in full; return the size of an intact one.

        :raises DamagedFile: if it is damaged; it was then removed
        :raises FileNotFoundError: if it is gone
        """
        name = self._layout.short(path)
        try:
            info = os.lstat(path)
            if stat_module.S_ISREG(info.st_mode):
                if _digest(path) == digest:
                    return info.st_size
                raise DamagedFile(f"{name} has the wrong content{self.discard(digest)}")
            raise DamagedFile(f"{name} is not a regular file{self.discard(digest)}")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise DamagedFile(f"{name} can't be read: {error_text(error)} (not removed)") from error

    def discard(self, digest: str) -> str:
        """Remove a damaged blob; return a suffix for the message that reports the damage.

        The blob is moved away first and checked again there, because a good one may just have
        replaced it.
        """
        blob, aside = self._layout.blob(digest), self._layout.path("tmp", owned_name())
        try:
            with self._layout.inside(blob) as (name, folder):
                os.rename(name, aside, src_dir_fd=folder)
            if _is_intact(aside, digest):
                self._layout.place(aside, blob)
            else:
                self._layout.clear(aside)
            self._layout.clear(self._layout.stat(digest))
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f" (and can't be removed: {error_text(error)})"
        return ""


def _link_same(blob: str, path: str, info: os.stat_result) -> bool:
    """Make a path another name of the file with exactly this stat; return whether that worked."""
    try:
        os.link(blob, path)
    except FileExistsError:
        raise
    except OSError:
        return False  # another file system, or too many links
    if os.path.samestat(os.lstat(path), info):
        return True
    os.unlink(path)
    return False


def _digest(path: str) -> str:
    descriptor = open_regular(path, follow=False)
    try:
        return digest_open(descriptor)
    finally:
        os.close(descriptor)


def _is_intact(path: str, digest: str) -> bool:
    try:
        return _digest(path) == digest
    except OSError:
        return False  # an unreadable blob is useless, and nothing would replace it


def _key(info: os.stat_result) -> list[int]:
    """Return what to compare in a blob's stat. The change time is not: a hard link changes it."""
    return [info.st_ino, info.st_size, info.st_mtime_ns]
