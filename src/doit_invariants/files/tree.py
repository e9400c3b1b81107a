"""The state of a directory: the names below it and the contents of its files.

Files count by content, directories by name (so an empty one counts), and links by their target.
Modes, owners and times do not count. A link back to a directory that contains it counts as a circle
and is not followed. A broken link counts by the path in it. So a check never fails because of a
link. Pipes, sockets and devices count by type and are never opened.
"""

from __future__ import annotations

import os
import stat as stat_module
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Change, Difference, Json
from doit_invariants.core.text import listing
from doit_invariants.files.selection import ALL, Selection
from doit_invariants.files.state import FileState, FileView
from doit_invariants.hashing.digest import digest_bytes

# The modules that pack and walk are imported late, because most tasks have no directory and doit
# must start fast.
if TYPE_CHECKING:
    from doit_invariants.files.columns import Block

#: A directory with more entries is large: a user would notice a second walk.
_LARGE = 1_000
#: Number of characters of a file's digest in a block.
_DIGEST = 21


@dataclass(frozen=True)
class TreeState:
    """The entries below a directory.

    Two states are equal if their records would be equal.

    :ivar digest: digest of the names and contents
    :ivar others: entries by relative path, with ``/`` between its parts: all entries, or those
        that a block can't hold
    :ivar blocks: the directories with their files, each after its parent
    :ivar left_out: relative paths that did not count, because other tasks produce them
    """

    digest: str
    others: dict[str, FileState]
    blocks: tuple[Block, ...] = ()
    left_out: tuple[str, ...] = ()

    @cached_property
    def entries(self) -> dict[str, FileState]:
        """All entries by relative path, unpacked on first use."""
        if not self.blocks:
            return self.others
        from doit_invariants.files import columns as packing

        return {**dict(packing.entries_of(self.blocks)), **self.others}

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out the unpacked entries."""
        return TreeState, (self.digest, self.others, self.blocks, self.left_out)

    def to_json(self) -> Json:
        """Return the state as it is stored in a record."""
        entries = {path: state.to_json() for path, state in self.others.items()}
        stored: Json = {"digest": self.digest, "entries": entries}
        if self.left_out:
            stored["left_out"] = list(self.left_out)
        if not self.blocks:
            return stored
        from doit_invariants.files import columns as packing

        return {**stored, "blocks": packing.to_json(self.blocks)}

    def shown(self) -> Json:
        """Return the state for people to read: in the stored form, but without blocks."""
        return TreeState(self.digest, self.entries, (), self.left_out).to_json()

    @staticmethod
    def from_json(data: Json) -> TreeState:
        """Read a stored state.

        :raises ValueError, TypeError, KeyError, AttributeError: if it is not one
        """
        others = {str(k): FileState.from_json(v) for k, v in data["entries"].items()}
        left_out = tuple(map(str, data.get("left_out", ())))
        if "blocks" not in data:
            return TreeState(str(data["digest"]), others, (), left_out)
        from doit_invariants.files import columns as packing

        blocks = packing.from_json(data["blocks"])
        return TreeState(str(data["digest"]), others, blocks, left_out)


def stored_tree(data: Json) -> TreeState | None:
    """Return the stored state of a directory, None if the data is not one."""
    try:
        return TreeState.from_json(data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def in_blocks(data: Json) -> TreeState | None:
    """Return the stored state of a directory, None if the data is not one or has no blocks."""
    packed = isinstance(data, dict) and isinstance(data.get("blocks"), dict)
    return stored_tree(data) if packed else None


def is_large(data: Json) -> bool:
    """Return whether a stored state or fingerprint is that of a directory with many files."""
    blocks = data.get("blocks")
    directories = blocks.get("directories") if isinstance(blocks, dict) else None
    try:
        return sum(1 + len(block[-1]) // _DIGEST for block in directories or ()) > _LARGE
    except (TypeError, IndexError, KeyError):
        return False


def tree_state(
    view: FileView, directory: str, known: TreeState | None = None, select: Selection = ALL
) -> TreeState:
    """Return the current state of a directory.

    :param known: the recorded state; the same object is returned if every stat is equal
    :raises FileNotFoundError: if there is no directory
    :raises CannotFingerprint: if a directory or a file in it can't be read
    """
    from doit_invariants.files import columns as packing
    from doit_invariants.files.walk import Walk

    before = known or TreeState("", {})
    walk = Walk(view, select, before.blocks, before.others)
    blocks = tuple(walk.through(directory))
    same = walk.same and len(blocks) == len(before.blocks) and walk.others == before.others
    left_out = tuple(sorted(walk.left_out))
    if known is not None and same:
        return known if known.left_out == left_out else replace(known, left_out=left_out)
    try:
        digest = packing.digest_of(blocks, walk.names, walk.others)
    except ValueError:  # a recorded block is damaged
        return tree_state(view, directory, None, select)
    if digest is None:
        digest = entries_digest({**dict(packing.entries_of(blocks)), **walk.others})
    return TreeState(digest, walk.others, blocks, left_out)


def narrowed(state: TreeState, left_out: Collection[str]) -> TreeState:
    """Return the state that would have been recorded if these paths had not counted.

    :param left_out: relative paths
    """
    out = set(left_out)
    kept = {path: one for path, one in state.entries.items() if not out.intersection(ups(path))}
    for path in sorted({up for one in out for up in ups(one)}, reverse=True):
        if path in kept and not any(other.startswith(path + "/") for other in kept):
            del kept[path]  # a directory that holds nothing else
    return TreeState(entries_digest(kept), kept, (), tuple(sorted(out)))


def ups(path: str) -> list[str]:
    """Return a relative path and all its parent directories."""
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]


def tree_difference(old: TreeState, new: TreeState, directory: str) -> Difference | None:
    """Return the entries that differ, None if the contents are the same.

    :param directory: path of the directory as the user wrote it, a prefix for the names; empty if
        the names already are whole paths
    """
    if old.digest == new.digest:
        return None
    prefix = directory.rstrip("/") + "/" if directory else ""
    before, after = _apart(old, new)
    changed = [p for p, s in before.items() if p in after and after[p].digest != s.digest]
    removed = [p for p in before if p not in after]
    added = [p for p in after if p not in before]
    changes: list[Change] = []
    texts: list[str] = []
    for what, paths in (("changed", changed), ("added", added), ("removed", removed)):
        names = [prefix + path for path in sorted(paths)]
        changes += [Change(what, name) for name in names]  # type: ignore[arg-type]
        if names:
            texts.append(f"{len(names)} {what} ({listing(names)})")
    return Difference(", ".join(texts), tuple(changes))


def entries_digest(entries: dict[str, FileState]) -> str:
    """Return the digest of the sorted entries; NUL separates them because no name contains it."""
    lines = (
        os.fsencode(path) + b"\0" + entries[path].digest.encode("utf-8", "surrogatepass") + b"\0"
        for path in sorted(entries)
    )
    return digest_bytes(b"".join(lines))


def was_written(old: FileState | TreeState | None, new: FileState | TreeState | None) -> bool:
    """Return whether a file, or any file of a tree, was written, even with the same content.

    It may have had different content in between. The change time does not count, because creating
    a hard link changes it.
    """
    if isinstance(old, FileState) and isinstance(new, FileState):
        return bool(old.stat and new.stat and old.stat[:3] != new.stat[:3])
    if isinstance(old, TreeState) and isinstance(new, TreeState):
        before, after = _apart(old, new)
        return any(was_written(before[path], after[path]) for path in before.keys() & after.keys())
    return False


def _apart(old: TreeState, new: TreeState) -> tuple[dict[str, FileState], dict[str, FileState]]:
    """Return the entries of both without directories whose recorded files are equal."""
    if not old.blocks or not new.blocks:
        return old.entries, new.entries
    from doit_invariants.files import columns as packing

    before = {block.path: block for block in old.blocks}
    same = {
        block.path
        for block in new.blocks
        if block.path in before and block.same(before[block.path])
    }
    one, other = (
        {**dict(packing.entries_of(b for b in tree.blocks if b.path not in same)), **tree.others}
        for tree in (old, new)
    )
    return one, other


def is_directory(info: os.stat_result) -> bool:
    """Return whether a stat belongs to a directory."""
    return stat_module.S_ISDIR(info.st_mode)
