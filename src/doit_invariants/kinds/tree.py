"""``Tree``: the names and contents below a directory."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Change, Difference
from doit_invariants.core.paths import as_seen_from_here
from doit_invariants.core.text import listing
from doit_invariants.files.selection import Selection, matcher, unexpanded
from doit_invariants.files.tree import TreeState, stored_tree, tree_difference, tree_state
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

#: The fingerprint of a missing directory.
_ABSENT: Fingerprint = {"digest": "absent", "entries": {}}


class Tree(Invariant):
    """Unchanged while the names and contents below a directory are the same.

    :param directory: string or path object
    :param include: patterns of the files that count; by default all count
    :param exclude: patterns of files and directories that do not count, in addition to the
        setting ``tree_exclude``; an excluded directory is not entered
    :param deep: if False, only the names and modification times of the directory's own entries
        count. Nothing is read, but a copy or a checkout elsewhere counts as changed
    :param missing_ok: whether the directory may be missing; a missing directory differs from an
        empty one

    A pattern without ``/`` matches a name at any depth (``*.pyc``); a pattern with ``/`` matches a
    path relative to the directory (``raw/**/*.csv``). The task's own targets do not count.
    """

    kind: ClassVar[str] = "Tree"

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        deep: bool = True,
        missing_ok: bool = False,
    ) -> None:
        self.directory = directory
        self._shown = as_seen_from_here(directory)
        self.include = include
        self.exclude = exclude
        self.deep = deep
        self.missing_ok = missing_ok

    def identity(self) -> str:
        """The directory and the options that select its entries: a new selection is a new
        invariant."""
        parts = [self._shown.rstrip("/") or "/"]
        parts += [f"include={list(self.include)}"] if self.include else []
        parts += [f"exclude={list(self.exclude)}"] if self.exclude else []
        parts += [] if self.deep else ["deep=False"]
        return ", ".join(parts)

    def validate(self) -> None:
        """Accept the name of a directory, lists of patterns, and Booleans."""
        if not isinstance(self.directory, (str, os.PathLike)) or not str(self.directory):
            raise InvalidOption(
                f"Tree: the directory must be a string or a path object, got {self.directory!r:.60}"
            )
        for option in ("include", "exclude"):
            value = getattr(self, option)
            if not isinstance(value, (list, tuple)) or not all(isinstance(p, str) for p in value):
                raise InvalidOption(
                    f"Tree: {option} must be a list of patterns like ['*.csv'], got {value!r:.60}"
                )
            matcher(value)
        for option in ("deep", "missing_ok"):
            value = getattr(self, option)
            if not isinstance(value, bool):
                raise InvalidOption(f"Tree: {option} must be True or False, got {value!r:.60}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record every entry, so that the next check reads only files whose stat changed."""
        directory = os.fspath(self.directory)
        if not os.path.isdir(directory):
            if os.path.exists(directory):
                raise CannotFingerprint(
                    f"{self}: {directory} is not a directory; use Files({directory!r})"
                )
            why = unexpanded(directory)
            if glob.has_magic(directory):
                why = " (Tree takes no pattern: give the directory, and include=[...])"
            if why:
                raise CannotFingerprint(f"{self}: the directory {directory} does not exist{why}")
            if self.missing_ok:
                return dict(_ABSENT)
            raise CannotFingerprint(
                f"{self}: the directory {directory} does not exist; if it may be missing, "
                "set missing_ok=True"
            )
        if not self.deep:
            return self._shallow(directory, context)
        known = stored_tree(previous)
        state = tree_state(context.files, directory, known, self._selection(context))
        return previous if state is known and previous else state.to_json()

    def _selection(self, context: Context) -> Selection:
        return Selection(
            include=matcher(list(self.include)),
            exclude=matcher([*context.tree_exclude, *self.exclude]),
            skip=frozenset(os.path.abspath(target) for target in context.targets),
        )

    def _shallow(self, directory: str, context: Context) -> Fingerprint:
        select = self._selection(context)
        times: dict[str, int] = {}
        with os.scandir(directory) as found:
            for entry in found:
                excluded = select.exclude is not None and select.exclude(entry.name)
                included = select.include is None or select.include(entry.name)
                if included and not excluded and os.path.abspath(entry.path) not in select.skip:
                    times[entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns
        return {"digest": digest_value(times), "times": times}

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return the digest of the contents; raise for times, which no other machine shares."""
        if not self.deep and fingerprint != _ABSENT:
            raise CannotFingerprint(f"{self} compares times, which mean nothing on another machine")
        return super().signature_part(fingerprint, context)

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the entries that differ."""
        if old["digest"] == new["digest"]:
            return None
        if _ABSENT in (old, new):
            return Difference(
                "the directory appeared" if old == _ABSENT else "the directory is gone"
            )
        if not self.deep:
            return _shallow_difference(old["times"], new["times"], self._shown)
        return tree_difference(TreeState.from_json(old), TreeState.from_json(new), self._shown)


def _shallow_difference(old: dict[str, int], new: dict[str, int], where: str) -> Difference:
    def place(name: str) -> str:
        return f"{where.rstrip('/')}/{name}"

    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    changes = [
        Change(
            "added" if name not in old else "removed" if name not in new else "changed",
            place(name),
        )
        for name in names
    ]
    return Difference(f"{len(names)} differ ({listing(list(map(place, names)))})", tuple(changes))
