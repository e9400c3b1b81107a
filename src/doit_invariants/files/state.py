"""The state of files: their stat as a cheap test, the digest of their content as the real one.

A file whose stat (modification time in nanoseconds, size, inode, change time in nanoseconds)
equals the recorded one is unchanged and is not opened. A file that was written so shortly
before it was hashed that a second write could carry the same times is *racily clean* (git's
word, Documentation/technical/racy-git): its stat is recorded as unsettled, so that the next
check looks at the content, and records the settled stat then. A file that holds more or less than
its size says (``/proc/uptime``) has no stat to believe: each check reads it.
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

# In the place of the change time where equality of stats would prove nothing: no file has it.
_UNSETTLED = -1

#: The digest that stands for a target that was edited before it could be recorded.
EDITED = "edited after the task ended and before it was recorded"

#: The digest that stands for what was written while the task that depends on it ran.
EDITED_MEANWHILE = "edited while the task ran"

#: What is said of that: nobody knows who it was.
EDITED_TEXT = "changed while the task ran, by the task itself or by you"

#: The digest that stands for code that is loaded, and whose file is not what was loaded.
EDITED_SINCE_LOADED = "edited since it was loaded"

#: Digests that nothing has: what is recorded under one is equal to nothing, not even to itself.
UNEQUAL = frozenset({EDITED_MEANWHILE, EDITED_SINCE_LOADED})

#: Returns a digest of a file whose format it knows, or None: the hook invariants_digest_file.
FileDigester = Callable[[str], "str | None"]

# A kernel stamps files with a clock that ticks every 1 to 16 ms (jiffies, Windows' timer); FAT
# and HFS+ keep whole seconds, which shows in the stamp itself.
_TICK_NS = 20_000_000
_COARSE_NS = 2_000_000_000
_LARGE = 1 << 26
# What files claim to be long that a kernel makes up when they are read.
_MADE_UP = (0, 4096)
#: File systems whose files a kernel or a program makes up when they are read.
_FILE_SYSTEMS = frozenset(
    {"binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "efivarfs", "proc"}
    | {"pstore", "securityfs", "sysfs", "tracefs"}
)


class FileState(NamedTuple):
    """Content of a file, and the stat under which it had it.

    :ivar digest: digest of the content; for what is neither a file nor a directory, its type
    :ivar stat: the stat, settled or not; None for what has no content to speak of, and where
        stats say nothing of the content
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
    """Return what is compared of a stat."""
    return (info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns)


def is_racy(stat: Stat, now_ns: int) -> bool:
    """Return whether a file with this stat could be written again without changing it.

    :param now_ns: the time at which its content was read, in ns since the epoch
    """
    return now_ns - max(stat[0], stat[3]) < tick_of(stat)


def tick_of(stat: Stat) -> int:
    """Return within how many ns a file with this stat could be written twice alike."""
    return _COARSE_NS if max(stat[0], stat[3]) % 1_000_000_000 == 0 else _TICK_NS


def latest_change(stat: Stat) -> int:
    """Return after which time, in ns since the epoch, a file was certainly not written.

    The change time alone, as a modification time can be set. On Windows that is the time when
    the file was made.
    """
    return max(stat[0], stat[3]) if os.name == "nt" else stat[3]


def _wait_until_settled(stat: Stat) -> None:
    """Wait for the end of the tick in which a file was written, at most as long as one lasts.

    For large files: to read one again in the next run, as it was not settled, takes longer.
    """
    left = max(stat[0], stat[3]) + _TICK_NS - time.time_ns()
    if 0 < left <= _TICK_NS:
        time.sleep(left / 1e9)


class FileView:
    """Looks at files for one run of doit, and hashes each content once.

    What is looked at is never assumed to stay: every question is a fresh stat, and only a
    content that is still under the same, not racy stat is answered from memory.

    :param digester: asked for a digest before a file is hashed, None if nobody listens
    """

    def __init__(self, digester: FileDigester | None = None) -> None:
        self._digester = digester
        self._seen: dict[str, FileState] = {}
        # Apart from what was seen: here a racy stat is believed for the rest of the run, as we
        # wrote or read the file ourselves; it is recorded as unsettled all the same.
        self._learned: dict[str, tuple[Stat, FileState]] = {}
        self._md5: dict[tuple[str, Stat], str] = {}
        self._contents: dict[tuple[str, Stat], str] = {}
        #: The digest of the content, by that of what a plugin gave for it in this run.
        self.plugin_digests: dict[str, str] = {}
        #: Returns the same of earlier runs, None for what is not known.
        self.recorded_plugin_digest: Callable[[str], Json] = lambda _: None

    @property
    def asks_plugins(self) -> bool:
        """Whether plugins may give digests that are not those of the contents."""
        return self._digester is not None

    def state(self, path: str, known: FileState | None = None) -> FileState:
        """Return the state of a file now.

        :param path: path of anything but a directory; links are followed
        :param known: the recorded state; that very object is returned if the stat is equal
        :raises FileNotFoundError: if there is none, or the path is a broken or cyclic link
        :raises CannotFingerprint: if it can't be read
        """
        return self.state_of(path, os.stat(path), known)

    def state_of(self, path: str, info: os.stat_result, known: FileState | None) -> FileState:
        """Return what :meth:`state` does, for a caller that has the stat of the path already."""
        key = stat_key(info)
        if known is not None and known.stat == key:
            return known
        if not stat_module.S_ISREG(info.st_mode):
            # Never opened: reading a pipe would wait for a writer.
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
        """Take the digest of a content that was just written or read anyway.

        :param stat: the stat of the file then
        :param when_ns: the time then, in ns since the epoch

        Where plugins teach formats nothing is learned: they may say something else.
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
        # Written while it was read: the content is some mixture, and no stat stands for it.
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
        """Return whether a file has the content of which something else is recorded.

        That is so where a plugin that teaches its format was added, removed or changed: then the
        digest is another one, and the file may be the same.
        """
        content: Json = recorded
        if not digests.is_of_content(recorded):
            name = digests.digest_bytes(recorded.encode("utf-8", "surrogateescape"))
            content = self.recorded_plugin_digest(name)
            if content is None:
                return False
        elif self._digester is None:
            return False  # nothing else was ever said of it
        if now == content:
            return True
        if (path, key) not in self._contents:
            try:
                self._contents[path, key] = digests.digest_file(path, key[1])
            except OSError as error:
                raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        return bool(self._contents[path, key] == content)

    def _compare_md5(self, path: str, key: Stat, known: FileState, now: FileState) -> FileState:
        """Check a state that plain doit saved by the only digest it has."""
        md5 = self._md5.get((path, key))
        if md5 is None:
            try:
                md5 = self._md5[path, key] = digests.md5_of_file(path)
            except OSError as error:
                raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        return FileState(md5, now.stat) if md5 == known.digest else now


def is_made_up(device: int) -> bool:
    """Return whether files on a device say nothing of their content by size and times.

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
        pass  # not Linux: there the size that differs has to do
    return frozenset(found)
