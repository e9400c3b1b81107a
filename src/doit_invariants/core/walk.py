"""Walks through a directory, and compares what is there with what is known, a directory at a time.

The walk itself is most of what an unchanged directory costs. So its loops are those that Python
runs in C, over the entries of one directory; only what is not as it was, or not of the usual sort,
is looked at one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doit_invariants.core.blocks import WIDTH, Block, columns, stats_column
from doit_invariants.core.digest import digest_bytes
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.files import FileState, FileView
from doit_invariants.core.patterns import Matcher

_CIRCLE = FileState("circle", None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries of a directory count.

    :ivar include: matches the files that count, None for all
    :ivar exclude: matches what does not count; an excluded directory is not entered
    :ivar skip: absolute paths that do not count (the targets of the task that asks)
    """

    include: Matcher | None = None
    exclude: Matcher | None = None
    skip: frozenset[str] = frozenset()


#: Everything counts.
ALL = Selection()


class Walk:
    """One walk.

    :param view: looks at the files
    :param known: the recorded blocks
    :param others: the recorded entries beside them, by relative path
    :ivar others: what was found that has no place in a block
    :ivar same: whether each block that was found is a recorded one
    """

    def __init__(
        self,
        view: FileView,
        select: Selection,
        known: Sequence[Block],
        others: Mapping[str, FileState],
    ) -> None:
        self._view = view
        self._select = select
        self._known = {block.path: block for block in known}
        self._others = others
        self.others: dict[str, FileState] = {}
        self.same = True

    def through(self, directory: str) -> Iterator[Block]:
        """Yield the files of each directory, a known block itself where all is as it was.

        :raises FileNotFoundError: if there is no directory
        :raises CannotFingerprint: if a directory or a file in it can't be read
        """
        # Once: to make the path of each entry absolute takes as long as its stat.
        skip = _names_by_directory(self._select.skip)
        first = os.path.abspath(directory)
        # Each with the directories that we are in then, by inode.
        stack = [(directory, "", _enter(directory, frozenset()))]
        while stack:
            path, relative, inside = stack.pop()
            prefix = relative + "/" if relative else ""
            entries = _scan(path, missing_ok=bool(relative))
            here = os.path.join(first, relative.replace("/", os.sep)) if relative else first
            files, directories = self._selected(entries, prefix, skip.get(here, ()))
            for entry in directories:
                try:
                    within = _enter(entry.path, inside)
                except FileNotFoundError:
                    continue  # removed while we walked
                if within is inside:
                    self.others[prefix + entry.name] = _CIRCLE
                else:
                    stack.append((entry.path, prefix + entry.name, within))
            yield self._block(relative, prefix, files)

    def _selected(
        self, entries: list[os.DirEntry[str]], prefix: str, skipped: Sequence[str]
    ) -> tuple[list[os.DirEntry[str]], list[os.DirEntry[str]]]:
        """Return the files and the directories that count."""
        select = self._select
        dropped = set(skipped)
        if select.exclude is not None:
            dropped |= select.exclude.among(prefix, [entry.name for entry in entries])
        if dropped:
            entries = [entry for entry in entries if entry.name not in dropped]
        directories = _directories(entries)
        if directories:
            below = {entry.name for entry in directories}
            entries = [entry for entry in entries if entry.name not in below]
        if select.include is not None:
            included = select.include.among(prefix, [entry.name for entry in entries])
            entries = [entry for entry in entries if entry.name in included]
        return entries, directories

    def _block(self, relative: str, prefix: str, files: list[os.DirEntry[str]]) -> Block:
        known = self._known.get(relative)
        try:
            stats = stats_column(map(_stat, files))
        except (OSError, OverflowError):
            stats = None
        names = "/".join([entry.name for entry in files])
        if known is not None and stats == known.stats and names == known.names:
            return known
        compared = _compare(names, stats, len(files), known)
        block = self._look(relative, prefix, compared, files)
        if known is not None:
            all_known = not compared.fresh and len(block.stats) == len(known.stats)
            if all_known or block == known:
                return known  # perhaps listed in another order
        self.same = False
        return block

    def _look(
        self,
        relative: str,
        prefix: str,
        compared: _Compared,
        files: Sequence[os.DirEntry[str]],
    ) -> Block:
        """Look at the files that are not known to be as they were, and return the block."""
        names, stats, digests = compared.names, compared.stats, compared.digests
        elsewhere: list[int] = []
        for number in compared.fresh:
            path = prefix + names[number]
            known = compared.before(number) or self._others.get(path)
            state = self._state(files[number], known)
            column = columns(state) if state is not None else None
            if column is not None:
                stats[number * WIDTH : (number + 1) * WIDTH], digests[number] = column
                continue
            elsewhere.append(number)
            if state is not None:
                self.others[path] = state
        if elsewhere:
            out = set(elsewhere)
            kept = [number for number in range(len(names)) if number not in out]
            names = [names[number] for number in kept]
            digests = [digests[number] for number in kept]
            stats = bytearray().join(
                [stats[number * WIDTH : (number + 1) * WIDTH] for number in kept]
            )
        return Block(relative, "/".join(names), bytes(stats), "".join(digests))

    def _state(self, entry: os.DirEntry[str], known: FileState | None) -> FileState | None:
        """Return the state of an entry that is no directory, None if it is gone."""
        try:
            return self._view.state_of(entry.path, _stat(entry), known)
        except FileNotFoundError:
            return _link(entry.path) if entry.is_symlink() else None
        except CannotFingerprint:
            raise
        except OSError as error:
            if entry.is_symlink():
                return _link(entry.path)
            raise CannotFingerprint(f"{entry.path} can't be read: {error.strerror}") from error


@dataclass(slots=True)
class _Compared:
    """The files of a directory beside what is recorded of them.

    :ivar names, stats: what was found
    :ivar digests: those that are known, at the places of their files
    :ivar fresh: the places of the files that are not as they were recorded
    :ivar known: the recorded block
    :ivar places: where in that the files are, by where they are here
    """

    names: list[str]
    stats: bytearray
    digests: list[str]
    fresh: Sequence[int]
    known: Block | None = None
    places: Mapping[int, int] = field(default_factory=dict)

    def before(self, number: int) -> FileState | None:
        """Return the recorded state of a file, None if there is none."""
        place = self.places.get(number)
        return None if place is None or self.known is None else self.known.state(place)


def _compare(text: str, stats: bytes | None, count: int, known: Block | None) -> _Compared:
    """Find each file in the recorded block.

    :param text: the names of the files
    :param stats: None if they do not fit a column; then all files are looked at
    """
    names = text.split("/") if text else []
    found, digests = bytearray(count * WIDTH if stats is None else stats), [""] * count
    if known is None:
        return _Compared(names, found, digests, range(count))
    if text == known.names:
        places = dict(enumerate(range(count)))
    else:
        index = {name: place for place, name in enumerate(known.split())}
        places = {n: index[name] for n, name in enumerate(names) if name in index}
    fresh: list[int] = []
    for number in range(count):
        here, there = number * WIDTH, places.get(number, -1) * WIDTH
        at = slice(there, there + WIDTH)
        if stats is not None and there >= 0 and stats[here : here + WIDTH] == known.stats[at]:
            digests[number] = known.digests[at]
        else:
            fresh.append(number)
    return _Compared(names, found, digests, fresh, known, places)


def _directories(entries: Sequence[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in entries if entry.is_dir()]
    except OSError:  # one of them is a cycle of links
        return [entry for entry in entries if _is_directory(entry)]


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stat_by_path(entry: os.DirEntry[str]) -> os.stat_result:
    return os.stat(entry.path)


#: Returns the stat of an entry, links followed. On Windows what the entry has lacks the inode.
_stat = _stat_by_path if os.name == "nt" else os.DirEntry.stat


def _scan(path: str, *, missing_ok: bool) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except FileNotFoundError:
        if missing_ok:
            return []  # removed while we walked: its parent's other entries still count
        raise
    except NotADirectoryError:
        raise
    except OSError as error:
        raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error


def _names_by_directory(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for parent, name in map(os.path.split, paths):
        found.setdefault(parent, []).append(name)
    return found


def _enter(path: str, inside: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Return ``inside`` with this directory added; the very same set if we are in it already."""
    info = os.stat(path)
    key = (info.st_dev, info.st_ino)
    return inside if key in inside else inside | {key}


def _link(path: str) -> FileState:
    target = os.readlink(path)
    return FileState("link:" + digest_bytes(os.fsencode(target)), None)
