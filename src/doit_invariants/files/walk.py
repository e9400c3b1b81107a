"""Walks through a directory and compares it with its recorded state, one level at a time.

For an unchanged directory the walk itself takes most of the time. So its loops over the entries of
a directory run in C. Only entries that changed or are unusual are handled one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.files.columns import (
    WIDTH,
    Block,
    Columns,
    column,
    packed,
    stats_column,
    stats_digest,
)
from doit_invariants.files.selection import Selection
from doit_invariants.files.state import FileState, FileView
from doit_invariants.hashing.digest import digest_bytes

_CIRCLE = FileState("circle", None)

_Entry: TypeAlias = "os.DirEntry[str]"
_Inode = tuple[int, int]

#: The entries of a directory that count: names of the files, their stats (links followed; None for
#: a broken link), and names of the directories.
_Listing: TypeAlias = "tuple[list[str], Sequence[os.stat_result | None], list[str]]"


class Walk:
    """One walk.

    :param view: observes the files
    :param known: the recorded blocks
    :param others: the recorded entries outside the blocks, by relative path
    :ivar others: the entries found that a block can't hold
    :ivar names: the names of the files in each block
    :ivar same: whether all blocks found are recorded ones
    :ivar left_out: the relative paths that other tasks produce
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
        self.names: list[str] = []
        self.same = True
        self.left_out: set[str] = set()

    def through(self, directory: str) -> Iterator[Block]:
        """Yield a block for each directory, the recorded one itself if nothing changed.

        :raises FileNotFoundError: if there is no directory
        :raises CannotFingerprint: if a directory or a file in it can't be read
        """
        top = os.path.abspath(directory)
        skip = _names_below(top, self._select.skip | self._select.leave)
        ways = self._ways(top)
        # Directories that lead to paths left out, as long as nothing else is found in them.
        waiting: dict[str, tuple[str, _Listing]] = {}
        # Each entry has the inodes of the directories around it.
        stack: list[tuple[str, str, frozenset[_Inode]]] = [(directory, "", frozenset())]
        while stack:
            path, relative, inside = stack.pop()
            prefix = relative + "/" if relative else ""
            try:
                inode, found = self._visit(path, prefix, inside, skip.get(relative, ()))
            except (FileNotFoundError, NotADirectoryError):
                if not relative:
                    raise
                continue  # removed during the walk: the other entries of its parent still count
            if found is None:
                yield from self._released(waiting, relative)
                self.others[relative] = _CIRCLE
                continue
            names, infos, directories = found
            if directories:
                inside, top = inside | {inode}, os.path.join(path, "")
                stack += [(top + name, prefix + name, inside) for name in directories]
            if relative in ways and not names:
                waiting[relative] = path, found
                continue
            if waiting:
                yield from self._released(waiting, relative)
            yield self._block(path, relative, names, infos)

    def _ways(self, top: str) -> set[str]:
        ways: set[str] = set()
        for parent, names in _names_below(top, self._select.leave).items():
            self.left_out.update(f"{parent}/{name}" if parent else name for name in names)
            while parent:
                ways.add(parent)
                parent = parent.rpartition("/")[0]
        return ways

    def _released(self, waiting: dict[str, tuple[str, _Listing]], relative: str) -> Iterator[Block]:
        """Yield the waiting directories that lead to a directory in which something counts."""
        for up in [one for one in waiting if relative.startswith(one + "/")]:
            path, (names, infos, _) = waiting.pop(up)
            yield self._block(path, up, names, infos)

    def _visit(
        self, path: str, prefix: str, inside: frozenset[_Inode], skipped: Sequence[str]
    ) -> tuple[_Inode, _Listing | None]:
        """List a directory; the listing is None if the directory contains itself by a link.

        Entries are looked up by the descriptor of the directory if the system allows that, which
        saves resolving its path for each entry. Entries are unusable once it is closed.
        """
        descriptor = None
        try:
            if _BY_DESCRIPTOR:
                descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            place = path if descriptor is None else descriptor
            info = os.stat(place)
            inode = (info.st_dev, info.st_ino)
            if inode in inside:
                return inode, None
            with os.scandir(place) as entries:
                return inode, self._selected(list(entries), prefix, skipped)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _selected(self, entries: list[_Entry], prefix: str, skipped: Sequence[str]) -> _Listing:
        """Return the entries of a directory that count."""
        include, exclude = self._select.include, self._select.exclude
        names = [entry.name for entry in entries]
        dropped = exclude.among(prefix, names) if exclude is not None else set()
        dropped.update(skipped)
        directories = _directories(entries)
        if directories:
            directories = [name for name in directories if name not in dropped]
            dropped.update(directories)
        if include is not None:
            dropped |= set(names) - include.among(prefix, names)
        if dropped:
            entries = [entry for entry in entries if entry.name not in dropped]
            names = [entry.name for entry in entries]
        return names, _infos(entries), directories

    def _block(
        self, path: str, relative: str, files: list[str], infos: Sequence[os.stat_result | None]
    ) -> Block:
        known = self._known.get(relative)
        names = "/".join(files)
        stats = stats_column(infos) if all(infos) else None  # type: ignore[arg-type]
        if (
            known is not None
            and stats is not None
            and stats_digest(names, stats) == known.digest_of_stats
        ):
            self.names.append(names)
            return known
        compared = _compare(names, stats, known and known.columns())
        columns = self._look(path, relative, compared, infos)
        block = packed(relative, columns)
        if known is not None and compared.known is not None:
            all_known = not compared.fresh and len(columns.stats) == len(compared.known.stats)
            if all_known or block.same(known):
                self.names.append(compared.known.names)  # the listing may have another order
                return known
        self.names.append(columns.names)
        self.same = False
        return block

    def _look(
        self, path: str, relative: str, compared: _Compared, infos: Sequence[os.stat_result | None]
    ) -> Columns:
        """Determine the states of the files that are not known to be unchanged."""
        place, prefix = os.path.join(path, ""), relative + "/" if relative else ""
        names, stats, digests = compared.names, compared.stats, compared.digests
        elsewhere: set[int] = set()
        for number in compared.fresh:
            name = names[number]
            known = compared.before(number) or self._others.get(prefix + name)
            state = self._state(place + name, infos[number], known)
            found = column(state) if state is not None else None
            if found is not None:
                stats[number * WIDTH : (number + 1) * WIDTH], digests[number] = found
                continue
            elsewhere.add(number)
            if state is not None:
                self.others[prefix + name] = state
        if elsewhere:
            kept = [number for number in range(len(names)) if number not in elsewhere]
            names = [names[number] for number in kept]
            digests = [digests[number] for number in kept]
            stats = bytearray().join(
                [stats[number * WIDTH : (number + 1) * WIDTH] for number in kept]
            )
        return Columns("/".join(names), bytes(stats), "".join(digests))

    def _state(
        self, path: str, info: os.stat_result | None, known: FileState | None
    ) -> FileState | None:
        """Return the state of an entry that is not a directory, None if it is gone."""
        try:
            return self._view.state_of(path, info or os.stat(path), known)
        except FileNotFoundError:
            return _link(path)
        except CannotFingerprint:
            if os.path.isfile(path):
                raise
            return None  # something else is there now
        except OSError as error:
            if os.path.islink(path):
                return _link(path)
            raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error


class _Compared:
    """The files of a directory with their recorded columns.

    :ivar names, stats: the files found
    :ivar digests: the known digests, an empty string for each other file
    :ivar fresh: the numbers of the files that are not as recorded
    :ivar known: the recorded columns
    :ivar places: the number of each file in the recorded columns, by its number here
    """

    def __init__(self, names: list[str], stats: bytes | None, known: Columns | None) -> None:
        self.names = names
        self.stats = bytearray(len(names) * WIDTH if stats is None else stats)
        self.digests = [""] * len(names)
        self.fresh: Sequence[int] = range(len(names))
        self.known = known
        self.places: Mapping[int, int] = {}

    def before(self, number: int) -> FileState | None:
        """Return the recorded state of a file, None if there is none."""
        place = self.places.get(number)
        return None if place is None or self.known is None else self.known.state(place)


def _compare(text: str, stats: bytes | None, known: Columns | None) -> _Compared:
    """Find each file in the recorded columns.

    :param text: the names of the files, joined with ``/``
    :param stats: None if they do not fit into a column; then no file counts as unchanged
    """
    names = text.split("/") if text else []
    found = _Compared(names, stats, known)
    if known is None:
        return found
    if text == known.names:
        found.places = dict(enumerate(range(len(names))))
    else:
        index = {name: place for place, name in enumerate(known.split())}
        found.places = {n: index[name] for n, name in enumerate(names) if name in index}
    if stats is None:
        return found
    found.fresh = fresh = []
    for number in range(len(names)):
        here, there = number * WIDTH, found.places.get(number, -1) * WIDTH
        at = slice(there, there + WIDTH)
        if there >= 0 and stats[here : here + WIDTH] == known.stats[at]:
            found.digests[number] = known.digests[at]
        else:
            fresh.append(number)
    return found


def _directories(entries: Sequence[_Entry]) -> list[str]:
    try:
        return [entry.name for entry in filter(os.DirEntry.is_dir, entries)]
    except OSError:  # one of them is a link in a cycle of links
        return [entry.name for entry in entries if _is_directory(entry)]


def _is_directory(entry: _Entry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _infos(entries: Sequence[_Entry]) -> Sequence[os.stat_result | None]:
    try:
        return list(map(_stat, entries))
    except OSError:
        return [_info(entry) for entry in entries]


def _info(entry: _Entry) -> os.stat_result | None:
    try:
        return _stat(entry)
    except OSError:
        return None


def _stat_by_path(entry: _Entry) -> os.stat_result:
    return os.stat(entry.path)


#: Returns the stat of an entry, links followed. On Windows the entry's own stat lacks the inode.
_stat = _stat_by_path if os.name == "nt" else os.DirEntry.stat
_BY_DESCRIPTOR = os.scandir in os.supports_fd and os.stat in os.supports_dir_fd


def _names_below(top: str, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of the paths below a directory, by their relative parent."""
    # Computed once: making the path of each entry absolute would take as long as its stat.
    found: dict[str, list[str]] = {}
    start = os.path.join(top, "")
    for path in paths:
        if path.startswith(start):
            parent, _, name = path[len(start) :].replace(os.sep, "/").rpartition("/")
            found.setdefault(parent, []).append(name)
    return found


def _link(path: str) -> FileState | None:
    """Return the state of a broken link, None if it is gone."""
    try:
        target = os.readlink(path)
    except OSError:
        return None
    return FileState("link:" + digest_bytes(os.fsencode(target)), None)
