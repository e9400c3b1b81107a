"""The state of a directory: the names below it and the contents of its files.

What counts: every file by its content, every directory by its name (so an empty one counts),
links by what they lead to. Modes, owners and times do not count. A directory that a link leads
back to while we are inside of it counts as a circle and is not entered again; a broken link
counts by its text: a check never fails for a link. Pipes, sockets and devices count by their type
and are never opened.
"""

from __future__ import annotations

import os
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass

from doit_invariants.core.digest import digest_bytes
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.files import FileState, FileView
from doit_invariants.core.model import Change, Difference, Json, listing
from doit_invariants.core.patterns import Matcher

DIRECTORY = FileState("directory", None)
_CIRCLE = FileState("circle", None)


@dataclass(frozen=True, slots=True)
class TreeState:
    """The entries below a directory.

    :ivar digest: digest of the names and contents
    :ivar entries: relative path, with ``/`` between its parts, to the state of what is there
    """

    digest: str
    entries: dict[str, FileState]

    def to_json(self) -> Json:
        """Return the state as it is stored in a record."""
        entries = {path: state.to_json() for path, state in self.entries.items()}
        return {"digest": self.digest, "entries": entries}

    @staticmethod
    def from_json(data: Json) -> TreeState:
        """Read a stored state.

        :raises ValueError, TypeError, KeyError, AttributeError: if it is not one
        """
        entries = {str(k): FileState.from_json(v) for k, v in data["entries"].items()}
        return TreeState(str(data["digest"]), entries)


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


def tree_state(
    view: FileView, directory: str, known: TreeState | None = None, select: Selection = Selection()
) -> TreeState:
    """Return the state of a directory now.

    :param known: the recorded state; that very object is returned if every stat is equal
    :raises FileNotFoundError: if there is no directory
    :raises CannotFingerprint: if a directory or a file in it can't be read
    """
    before = known.entries if known is not None else {}
    entries = dict(_walk(view, directory, before, select))
    if known is not None and _identical(entries, before):
        return known
    return TreeState(entries_digest(entries), entries)


def tree_difference(old: TreeState, new: TreeState, directory: str) -> Difference | None:
    """Return which entries differ, None if the contents are the same.

    :param directory: path of the directory as the user wrote it, put before the names; empty
        where the names are whole paths already
    """
    if old.digest == new.digest:
        return None
    prefix = directory.rstrip("/") + "/" if directory else ""
    changed = [
        p for p, s in old.entries.items() if p in new.entries and new.entries[p].digest != s.digest
    ]
    removed = [p for p in old.entries if p not in new.entries]
    added = [p for p in new.entries if p not in old.entries]
    changes: list[Change] = []
    texts: list[str] = []
    for what, paths in (("changed", changed), ("added", added), ("removed", removed)):
        names = [prefix + path for path in sorted(paths)]
        changes += [Change(what, name) for name in names]  # type: ignore[arg-type]
        if names:
            texts.append(f"{len(names)} {what} ({listing(names)})")
    return Difference(", ".join(texts), tuple(changes))


def entries_digest(entries: dict[str, FileState]) -> str:
    """Digest the sorted entries; NUL and newline can't be confused with a name's own bytes."""
    lines = (
        os.fsencode(path) + b"\0" + entries[path].digest.encode("utf-8", "surrogatepass") + b"\0"
        for path in sorted(entries)
    )
    return digest_bytes(b"".join(lines))


def _identical(entries: dict[str, FileState], before: dict[str, FileState]) -> bool:
    if len(entries) != len(before):
        return False
    for path, state in entries.items():
        known = before.get(path)
        if known is not state and known != state:
            return False
    return True


def _walk(
    view: FileView, directory: str, before: dict[str, FileState], select: Selection
) -> Iterator[tuple[str, FileState]]:
    """Yield every entry that counts. ``inside`` are the directories that we are in, by inode."""
    stack = [(directory, "", _enter(directory, frozenset()))]
    while stack:
        path, prefix, inside = stack.pop()
        skip = _names_in(path, select.skip)
        for entry in _scan(path, missing_ok=bool(prefix)):
            relative = prefix + entry.name
            if entry.name in skip or (select.exclude is not None and select.exclude(relative)):
                continue
            if not _is_directory(entry):
                if select.include is None or select.include(relative):
                    state = _entry_state(view, entry, before.get(relative))
                    if state is not None:
                        yield relative, state
                continue
            try:
                within = _enter(entry.path, inside)
            except FileNotFoundError:
                continue  # removed while we walked
            if within is inside:
                yield relative, _CIRCLE
            else:
                yield relative, DIRECTORY
                stack.append((entry.path, relative + "/", within))


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


def _names_in(directory: str, paths: frozenset[str]) -> set[str]:
    """Return the names of those paths that lie in a directory itself."""
    # Once a directory: to make each entry's path absolute took a sixth of an unchanged check.
    absolute = os.path.abspath(directory)
    return {name for parent, name in map(os.path.split, paths) if parent == absolute}


def _enter(path: str, inside: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Return ``inside`` with this directory added; the very same set if we are in it already."""
    info = os.stat(path)
    key = (info.st_dev, info.st_ino)
    return inside if key in inside else inside | {key}


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a cycle of links


def _entry_state(
    view: FileView, entry: os.DirEntry[str], known: FileState | None
) -> FileState | None:
    try:
        # DirEntry.stat() follows links; on Windows it lacks the inode, os.stat() has it.
        info = os.stat(entry.path) if os.name == "nt" else entry.stat()
        return view.state_of(entry.path, info, known)
    except FileNotFoundError:
        return _link(entry.path) if entry.is_symlink() else None
    except CannotFingerprint:
        raise
    except OSError as error:
        if entry.is_symlink():
            return _link(entry.path)
        raise CannotFingerprint(f"{entry.path} can't be read: {error.strerror}") from error


def _link(path: str) -> FileState:
    target = os.readlink(path)
    return FileState("link:" + digest_bytes(os.fsencode(target)), None)


def is_directory(info: os.stat_result) -> bool:
    """Return whether a stat is that of a directory."""
    return stat_module.S_ISDIR(info.st_mode)
