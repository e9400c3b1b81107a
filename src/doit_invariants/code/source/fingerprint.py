"""The fingerprint of source files and of the project's modules that they import.

For each file, the details hold its state, the digest of its normal form, and its imports. A file
is parsed only if its content changed. Imports are resolved at each check, because a new file may
take precedence over an old one.
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
    """Where to start.

    :ivar key: identifies this start: a path, the name of a module
    :ivar search: absolute directories in which imported names are looked up, in this order
    :ivar follow: whether imports are followed
    :ivar loaded: whether the code runs in this process; then a file that changed after its import
        is reported as edited
    :ivar program: whether no other module imports the files to start from
    """

    key: str
    search: tuple[str, ...]
    follow: bool = True
    loaded: bool = False
    program: bool = False


#: Returns the absolute paths of the files to start from; raises CannotFingerprint.
Find = Callable[[ModuleFinder], Sequence[str]]


class FollowsImports(Invariant):
    """Base of the kinds whose fingerprint covers sources and the modules that they import.

    :ivar follow: ``"project"``, or False if imported modules do not count
    :ivar search: additional directories in which imports are looked up
    """

    follow: Literal["project", False]
    search: Sequence[str | os.PathLike[str]]

    def shown_options(self) -> str:
        """Return the options to append to a name, because they are part of the identity."""
        parts = [] if self.follow else ["follow=False"]
        search = [as_seen_from_here(path) for path in self.search]
        return "".join(f", {part}" for part in [*parts, *([f"search={search}"] if search else [])])

    def validate(self) -> None:
        """Check the options ``follow`` and ``search``; raises InvalidOption."""
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
        """List the files; none if the details are missing or damaged."""
        try:
            files = recorded["details"]["files"]
            return sorted(_shown(path, entry) for path, entry in files.items())
        except (TypeError, LookupError, AttributeError):
            return []

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Return which files differ, or just that something changed if details are missing."""
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
    """Return the directories in which the project's modules are looked up, in this order.

    :param search: directories to search first, absolute or relative to the root
    :param script: absolute path of a script, because Python searches its directory before all
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
    """Return the fingerprint of files and of the modules that they import.

    ``digest`` covers the paths in the project and the normal forms, so it is the same in every
    checkout and with every Python. ``details`` is the key of the entries for each file, which
    explain a change and save parsing; see :class:`ImportClosure`. The same object ``previous`` is
    returned if nothing differs. An answer is valid for all tasks of a run while the stats of all
    files and directories behind it stay the same. If files changed after they were loaded, the
    digest is ``EDITED_SINCE_LOADED`` and ``edited`` names them.

    :param find: returns the files to start from; called only if there is no valid answer
    :raises CannotFingerprint: if a file can't be read
    """
    return known_sources(context, start, find, previous).answer(previous)


def known_sources(
    context: Context, start: Start, find: Find, previous: Fingerprint | None
) -> SourcesAnswer:
    """Return a valid answer for sources; parameters as for :func:`sources_fingerprint`."""
    key = ("sources", start)
    known: SourcesAnswer | None = context.memo.get(key)
    own = _own_targets(context)
    if known is None or not own.isdisjoint(known.stamps) or not known.holds():
        known = _fingerprint_sources(context, start, find, previous, own)
        if own.isdisjoint(known.stamps):
            context.memo[key] = known
    return known


def _shown(path: str, entry: SourceFile) -> str:
    """Return the path of a file, with the names in it that count unless all count."""
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
    """An answer of this run, and the stats that it depends on.

    :ivar stamps: stats of the files and of the project's directories that were searched
    :ivar whole: returns the digest in which all of each file counts, as in earlier versions; None
        if that is the digest of the fingerprint
    """

    fingerprint: Fingerprint
    stamps: dict[str, Any]
    whole: Callable[[], str] | None

    def holds(self) -> bool:
        """Return whether the answer is still valid: tasks of this run may produce modules."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps.items())

    def answer(self, previous: Fingerprint | None) -> Fingerprint:
        """Return the fingerprint, with the recorded digest if that covers the same sources.

        An earlier version may have recorded the digest of the whole files. It is kept, and the
        field ``part`` has the digest of the parts that count, so that the record stays valid.
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
    # Normalized only if needed: that takes longer than all the rest.
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
    edited = edited_since_loaded(files) if start.loaded else ()  # after the contents were read
    if edited:
        names = [context.project.relative(path) for path in edited]
        found = {**found, "digest": EDITED_SINCE_LOADED, "edited": sorted(names)}
    partly = any(counts_in_part(entry) for entry in files.values())
    whole = functools.cache(lambda: _digest(context, start, closure.whole()))
    return SourcesAnswer(found, stamps, whole if partly else None)


def _digest(context: Context, start: Start, files: dict[str, SourceFile]) -> str:
    """Return the digest of files, without files in which nothing counts."""
    named = ((_portable(path, context.root, start.search), e[1]) for path, e in files.items())
    return digest_value(sorted([path, digest] for path, digest in named if digest))


def _portable(path: str, root: str, search: Iterable[str]) -> str:
    """Return a path that is the same in another checkout, even for code outside the project."""
    inside = relative_to(path, root)
    if inside is not None:
        return inside
    below = [relative_to(path, directory) for directory in search]
    return min((text for text in below if text is not None), key=len, default=path)
