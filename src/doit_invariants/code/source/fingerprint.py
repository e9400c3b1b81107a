"""The fingerprint of source files and of the project's modules that they import.

Kept of each file: its state, the digest of its normal form, and what it asks for. As long as the
content is the recorded one nothing is parsed; where the imports lead is found out at each check,
as a new file may come before an old one.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from doit_invariants.code.source.import_closure import ImportClosure, SourceFile, counts_in_part
from doit_invariants.code.source.imports import ModuleFinder
from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference, Json
from doit_invariants.core.paths import as_seen_from_here, is_inside, relative_to
from doit_invariants.files.loaded_sources import edited_since_loaded
from doit_invariants.files.state import EDITED_SINCE_LOADED, FileState, stat_key
from doit_invariants.files.tree import TreeState, tree_difference
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start from.

    :ivar key: what tells this start from others: a path, the name of a module
    :ivar search: absolute directories in which imported names are looked up, in this order
    :ivar follow: whether imports are followed
    :ivar loaded: whether the code runs in this process: of files that are loaded what was loaded
        counts
    :ivar program: whether nobody imports what it starts from
    """

    key: str
    search: tuple[str, ...]
    follow: bool = True
    loaded: bool = False
    program: bool = False


#: Returns the absolute paths of the files to start from; raises CannotFingerprint.
Find = Callable[[ModuleFinder], Sequence[str]]


class FollowsImports(Invariant):
    """What the kinds share whose fingerprint is that of sources and of what they import.

    :ivar follow: ``"project"``, or False if what is imported does not count
    :ivar search: directories in which imports are looked up besides
    """

    follow: Literal["project", False]
    search: Sequence[str | os.PathLike[str]]

    def shown_options(self) -> str:
        """Return what is put behind a name: what narrows an invariant is part of its identity."""
        parts = [] if self.follow else ["follow=False"]
        search = [as_seen_from_here(path) for path in self.search]
        return "".join(f", {part}" for part in [*parts, *([f"search={search}"] if search else [])])

    def validate(self) -> None:
        """A known way to follow, and a list of directories."""
        if self.follow != "project" and self.follow is not False:
            raise InvalidOption(
                f"{self.kind}: follow must be 'project' (imported modules of the project count) "
                f"or False, got {self.follow!r:.60}"
            )
        listed = isinstance(self.search, (list, tuple))
        if not listed or not all(isinstance(path, (str, os.PathLike)) for path in self.search):
            raise InvalidOption(
                f"{self.kind}: search must be a list of directories like ['src'], got "
                f"{self.search!r:.60}"
            )

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:
        """List the files; none if the details are gone, or damaged."""
        try:
            files = recorded["details"]["files"]
            return sorted(_shown(path, entry) for path, entry in files.items())
        except (TypeError, LookupError, AttributeError):
            return []

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the files that differ, as far as the details are still there."""
        if old["digest"] == new["digest"]:
            return None
        before = _tree(old["digest"], context.lookup(old.get("details")))
        after = _tree(new["digest"], context.lookup(new.get("details")))
        if before is None or after is None:
            return Difference("changed")
        difference = tree_difference(before, after, "")
        return difference if difference is not None and difference.text else Difference("changed")


def search_path(
    context: Context, search: Sequence[str | os.PathLike[str]], script: str | None = None
) -> tuple[str, ...]:
    """Return the directories in which the project's modules are looked up, in their order.

    :param search: relative to the root, or absolute; they come before those that always count
    :param script: absolute path of a script: Python puts its directory before all others
    """
    key = ("search path", script and os.path.dirname(script), *search, "sys.path", *sys.path)
    if key not in context.memo:
        paths = [os.path.join(context.root, path) for path in (*search, ".", *sys.path)]
        paths[len(search) + 1 : len(search) + 1] = context.project.extra
        paths[:0] = [os.path.dirname(script)] if script is not None else []
        context.memo[key] = tuple(dict.fromkeys(map(os.path.normpath, paths)))
    found: tuple[str, ...] = context.memo[key]
    return found


def sources_fingerprint(
    context: Context, start: Start, find: Find, previous: Fingerprint | None
) -> Fingerprint:
    """Return the fingerprint of files and of what they import.

    ``digest`` is of the paths in the project and the normal forms: the same in any checkout and
    under any Python. ``details`` is the key of what explains and speeds up, see :func:`closure`.
    The very ``previous`` is returned if nothing at all differs from it. An answer holds for the
    whole run, for all tasks, while the stats of everything that it rests on are the same. Where
    files are not what was loaded the digest is ``EDITED_SINCE_LOADED``, and ``edited`` names them.

    :param find: asked for the files to start from if there is no such answer yet
    :raises CannotFingerprint: if a file can't be read
    """
    return known_sources(context, start, find, previous).answer(previous)


def known_sources(
    context: Context, start: Start, find: Find, previous: Fingerprint | None
) -> SourcesAnswer:
    """Return what answers for these sources; parameters as for :func:`sources_fingerprint`."""
    key = ("sources", start)
    known: SourcesAnswer | None = context.memo.get(key)
    own = _own_targets(context)
    if known is None or not own.isdisjoint(known.stamps) or not known.holds():
        known = _fingerprint_sources(context, start, find, previous, own)
        if own.isdisjoint(known.stamps):
            context.memo[key] = known
    return known


def _shown(path: str, entry: SourceFile) -> str:
    """Return the path of a file, with the names that count of it if those are not all."""
    names = [name for name in entry[4] if name.isidentifier()] if counts_in_part(entry) else []
    return f"{path} ({', '.join(names)})" if names else path


def _tree(digest: str, details: Json) -> TreeState | None:
    try:
        entries = {str(k): FileState(str(v[1]), None) for k, v in details["files"].items()}
    except (TypeError, KeyError, IndexError, AttributeError):
        return None
    return TreeState(digest, entries)


@dataclass(frozen=True, slots=True)
class SourcesAnswer:
    """An answer of this run, and what it rests on.

    :ivar stamps: stats of the files and of the project's directories that were looked into
    :ivar whole: returns the digest if all of each file counts, as in earlier versions; None if
        that is the digest of the fingerprint
    """

    fingerprint: Fingerprint
    stamps: dict[str, Any]
    whole: Callable[[], str] | None

    def holds(self) -> bool:
        """Return whether all is as it was: a task of this run may make what another imports."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps.items())

    def answer(self, previous: Fingerprint | None) -> Fingerprint:
        """Return the fingerprint; with the recorded digest if that stands for the same.

        The digest of all of the files may have been recorded. Beside it is then that of what
        counts of them, so that it holds on.
        """
        found = self.fingerprint
        if previous is None or previous["digest"] == found["digest"] or self.whole is None:
            return previous if previous == found and previous is not None else found
        same = previous.get("part") == found["digest"]
        if not same and ("part" in previous or previous["digest"] != self.whole()):
            return found
        kept = {**found, "digest": previous["digest"], "part": found["digest"]}
        return previous if previous == kept else kept


def _stamp(path: str) -> Any:
    try:
        return stat_key(os.stat(path))
    except OSError:
        return None


def _own_targets(context: Context) -> frozenset[str]:
    paths = [os.path.join(context.root, target) for target in context.targets]
    # To normalise a path takes longer than all the rest.
    return frozenset(os.path.normpath(p) if "./" in p or "//" in p else p for p in paths)


def _fingerprint_sources(
    context: Context, start: Start, find: Find, previous: Fingerprint | None, own: frozenset[str]
) -> SourcesAnswer:
    details = context.lookup(previous.get("details")) if previous is not None else None
    finder = ModuleFinder(start.search, context.project.contains, context.memo)
    closure = ImportClosure(context, find(finder), details, finder if start.follow else None, own)
    narrow = start.follow and not start.loaded
    files = closure.parts(program=start.program) if narrow else closure.whole()
    digest = _digest(context, start, files)
    shown = {context.project.relative(path): entry for path, entry in sorted(files.items())}
    kept = context.intern({"files": shown})
    looked = [path for path in finder.looked if is_inside(path, context.root)]
    stamps = {path: _stamp(path) for path in (*files, *looked)}
    found: Fingerprint = {"digest": digest, "details": kept}
    edited = edited_since_loaded(files) if start.loaded else ()  # looked at after their contents
    if edited:
        names = [context.project.relative(path) for path in edited]
        found = {**found, "digest": EDITED_SINCE_LOADED, "edited": sorted(names)}
    partly = any(counts_in_part(entry) for entry in files.values())
    whole = functools.cache(lambda: _digest(context, start, closure.whole()))
    return SourcesAnswer(found, stamps, whole if partly else None)


def _digest(context: Context, start: Start, files: dict[str, SourceFile]) -> str:
    """Return the digest of files, without those of which nothing counts."""
    named = ((_portable(path, context.root, start.search), e[1]) for path, e in files.items())
    return digest_value(sorted([path, digest] for path, digest in named if digest))


def _portable(path: str, root: str, search: Iterable[str]) -> str:
    """Return a path that is the same in another checkout, of code beside the project as well."""
    inside = relative_to(path, root)
    if inside is not None:
        return inside
    below = [relative_to(path, directory) for directory in search]
    return min((text for text in below if text is not None), key=len, default=path)
