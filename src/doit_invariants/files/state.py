"""The state of a file: its stat for a quick test, the digest of its content for the real one.

A file whose stat (modification time in nanoseconds, size, inode, change time in nanoseconds)
equals the recorded one is unchanged and is not opened. A file may have been written so shortly
before it was hashed that a second write could have the same times. It is *racily clean* (git's
term, Documentation/technical/racy-git): its stat is recorded as unsettled, so that the next check
reads the content and records the settled stat. The stat of a file that holds more or less than its
size (``/proc/uptime``) proves nothing, so each check reads the file.
"""

from __future__ import annotations

import functools
import os
import stat as stat_module
import time
from collections.abc import Callable
from typing import NamedTuple

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.hashing import digest as digests

#: Modification time in ns, size in bytes, inode, change time in ns.
Stat = tuple[int, int, int, int]

# Replaces the change time of an unsettled stat, so that no file has an equal stat.
_UNSETTLED = -1

#: The digest of a target that was edited before it could be recorded.
EDITED = "edited after the task ended and before it was recorded"

#: The digest of an input that was written while the task that depends on it ran.
EDITED_MEANWHILE = "edited while the task ran"

#: What a user reads about such an input: it is unknown whether the task wrote it.
EDITED_TEXT = "changed while the task ran, by the task itself or by you"

#: The digest of loaded code whose file was edited after it was loaded.
EDITED_SINCE_LOADED = "edited since it was loaded"

#: Digests that never count as equal, even to themselves.
UNEQUAL = frozenset({EDITED_MEANWHILE, EDITED_SINCE_LOADED})

#: Returns a digest of a file in a known format, otherwise None: the hook invariants_digest_file.
FileDigester = Callable[[str], "str | None"]

# A kernel stamps files with a clock that ticks every 1 to 16 ms (jiffies, Windows' timer). FAT
# and HFS+ store whole seconds, which shows in the time itself.
_TICK_NS = 20_000_000
_COARSE_NS = 2_000_000_000
_LARGE = 1 << 26
# Sizes that are reported for files that a kernel generates when they are read.
_MADE_UP = (0, 4096)
#: File systems whose files are generated when they are read.
_FILE_SYSTEMS = frozenset(
    {"binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "efivarfs", "proc"}
    | {"pstore", "securityfs", "sysfs", "tracefs"}
)


class FileState(NamedTuple):
    """Content of a file, and the stat that the file had with this content.

    :ivar digest: digest of the content; the type if it is neither a file nor a directory
    :ivar stat: the stat, settled or not; None if there is no content, and if stats prove nothing
        about the content
    """

    digest: str
    stat: Stat | None

    def to_json(self) -> Json:
        """Return the state as it is stored in a record."""
        return [self.digest, list(self.stat) if self.stat else None]

    @staticmethod
    def from_json(data: Json) -> FileState:
        """Read a stored state.

        :raises ValueError: if it is not one
        """
        digest, stat = data
        if not isinstance(digest, str):
            raise ValueError("the digest of a file must be a string")
        return FileState(digest, stat_from_json(stat))


def stat_from_json(data: Json) -> Stat | None:
    """Read a stored stat; raises ValueError if it is neither None nor four integers."""
    if data is None:
        return None
    mtime, size, inode, ctime = data
    if not type(mtime) is type(size) is type(inode) is type(ctime) is int:
        raise ValueError("a stat must be four integers")
    return (mtime, size, inode, ctime)


def stat_key(info: os.stat_result) -> Stat:
    """Return the part of a stat that is compared."""
    return (info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns)


def is_racy(stat: Stat, now_ns: int) -> bool:
    """Return whether a file with this stat could be written again without changing it.

    :param now_ns: the time at which its content was read, in ns since the epoch
    """
    return now_ns - max(stat[0], stat[3]) < tick_of(stat)


def is_settled(stat: Stat) -> bool:
    """Return whether an equal stat proves that the content is the same."""
    return stat[3] != _UNSETTLED


def tick_of(stat: Stat) -> int:
    """Return within how many ns two writes can leave the same stat."""
    return _COARSE_NS if max(stat[0], stat[3]) % 1_000_000_000 == 0 else _TICK_NS


def latest_change(stat: Stat) -> int:
    """Return the time, in ns since the epoch, after which a file was certainly not written.

    The modification time does not count, because it can be set. On Windows it counts, because
    there the change time is the time of creation.
    """
    return max(stat[0], stat[3]) if os.name == "nt" else stat[3]


def _wait_until_settled(stat: Stat) -> None:
    """Wait for the end of the tick in which a file was written, at most one tick.

    This is for large files: an unsettled file is read again in the next run, which takes longer.
    """
    left = max(stat[0], stat[3]) + _TICK_NS - time.time_ns()
    if 0 < left <= _TICK_NS:
        time.sleep(left / 1e9)


class FileView:
    """Observes files for one run of doit, and hashes each content once.

    Each question is answered with a new stat, because files may change at any time. A digest from
    memory is used only if the file still has the same stat, and the stat is not racy.

    :param digester: asked for a digest before a file is hashed, None if no plugin has the hook
    """

    def __init__(self, digester: FileDigester | None = None) -> None:
        self._digester = digester
        self._seen: dict[str, FileState] = {}
        # Separate from _seen: for files that we wrote or read ourselves even a racy stat is
        # trusted during this run, but still recorded as unsettled.
        self._learned: dict[str, tuple[Stat, FileState]] = {}
        self._md5: dict[tuple[str, Stat], str] = {}
        self._contents: dict[tuple[str, Stat], str] = {}
        #: Digests of contents in this run, by the digest of the string that a plugin returned.
        self.plugin_digests: dict[str, str] = {}
        #: Looks up such a digest of an earlier run; returns None if it is unknown.
        self.recorded_plugin_digest: Callable[[str], Json] = lambda _: None

    @property
    def asks_plugins(self) -> bool:
        """Whether plugins may return digests that are not digests of the contents."""
        return self._digester is not None

    def state(self, path: str, known: FileState | None = None) -> FileState:
        """Return the current state of a file.

        :param path: path of anything but a directory; links are followed
        :param known: the recorded state; the same object is returned if the stat is equal
        :raises FileNotFoundError: if there is no file, or the path is a broken or cyclic link
        :raises CannotFingerprint: if it can't be read
        """
        return self.state_of(path, os.stat(path), known)

    def state_of(self, path: str, info: os.stat_result, known: FileState | None) -> FileState:
        """Return the same as :meth:`state`, for a caller that already has the stat of the path."""
        key = stat_key(info)
        if known is not None and known.stat == key:
            return known
        if not stat_module.S_ISREG(info.st_mode):
            # Never opened, because reading a pipe would wait for a writer.
            return FileState(f"special:{stat_module.S_IFMT(info.st_mode):o}", None)
        seen = self._known(path, key)
        if seen is None:
            seen = self._seen[path] = self._hash(path, key)
        if known is None or known.digest == seen.digest:
            return seen
        if digests.is_plain_md5(known.digest):
            return self._compare_md5(path, key, known, seen)
        if self._has_content(path, key, known.digest, seen.digest):
            return FileState(known.digest, seen.stat)
        return seen

    def _known(self, path: str, key: Stat) -> FileState | None:
        seen = self._seen.get(path)
        if seen is not None and seen.stat == key:
            return seen
        stat, state = self._learned.get(path, (None, None))
        return state if stat == key else None

    def learn(self, path: str, digest: str, stat: Stat, when_ns: int) -> None:
        """Remember the digest of a content that was just written or read.

        :param stat: the stat of the file at that time
        :param when_ns: that time, in ns since the epoch

        Does nothing if plugins digest files, because their digest may differ.
        """
        if self._digester is None:
            settled = not is_racy(stat, when_ns)
            state = FileState(digest, stat if settled else (*stat[:3], _UNSETTLED))
            self._learned[path] = (stat, state)

    def _hash(self, path: str, key: Stat) -> FileState:
        if key[1] >= _LARGE:
            _wait_until_settled(key)
        started = time.time_ns()
        try:
            digest, size = self._digest(path, key[1])
            info = os.stat(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        # If the file was written while it was read, the content is mixed: do not trust the stat.
        after = stat_key(info)
        settled = after == key and not is_racy(key, started)
        if after == key and (size != key[1] or (size in _MADE_UP and is_made_up(info.st_dev))):
            return FileState(digest, None)
        return FileState(digest, key if settled else (*key[:3], _UNSETTLED))

    def _digest(self, path: str, size: int) -> tuple[str, int]:
        given = self._digester(path) if self._digester is not None else None
        if given is None:
            return digests.measure_file(path, size)
        content, size = digests.measure_file(path, size)
        self.plugin_digests[digests.digest_bytes(given.encode("utf-8", "surrogateescape"))] = (
            content
        )
        return given, size

    def _has_content(self, path: str, key: Stat, recorded: str, now: str) -> bool:
        """Return whether a file has the recorded content although the digests differ.

        Digests differ for the same content after a plugin that digests the format of the file was
        added, removed or changed.
        """
        content: Json = recorded
        if not digests.is_of_content(recorded):
            name = digests.digest_bytes(recorded.encode("utf-8", "surrogateescape"))
            content = self.recorded_plugin_digest(name)
            if content is None:
                return False
        elif self._digester is None:
            return False  # both are digests of contents
        if now == content:
            return True
        if (path, key) not in self._contents:
            try:
                self._contents[path, key] = digests.digest_file(path, key[1])
            except OSError as error:
                raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        return bool(self._contents[path, key] == content)

    def _compare_md5(self, path: str, key: Stat, known: FileState, now: FileState) -> FileState:
        """Compare a state that plain doit saved by its md5."""
        md5 = self._md5.get((path, key))
        if md5 is None:
            try:
                md5 = self._md5[path, key] = digests.md5_of_file(path)
            except OSError as error:
                raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        return FileState(md5, now.stat) if md5 == known.digest else now


def is_made_up(device: int) -> bool:
    """Return whether size and times of files on a device prove nothing about their content.

    :param device: as ``st_dev`` has it
    """
    return device in _devices()


@functools.lru_cache(maxsize=1)
def _devices() -> frozenset[int]:
    found: set[int] = set()
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                before, _, after = line.partition(" - ")
                file_system = after.partition(" ")[0]
                if file_system in _FILE_SYSTEMS or file_system.startswith("fuse."):
                    major, _, minor = before.split()[2].partition(":")
                    found.add(os.makedev(int(major), int(minor)))
    except (OSError, ValueError, IndexError):
        pass  # not Linux: there only a size that differs from the content shows such a file
    return frozenset(found)
