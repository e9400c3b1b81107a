"""The fingerprint of source files and of the project's modules that they import.

Kept of each file: its state, the digest of its normal form, and what it asks for. As long as the
content is the recorded one nothing is parsed; where the imports lead is found out at each check,
as a new file may come before an old one.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from doit_invariants.core.encode import as_seen_from_here, digest_value, relative_to
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.files import EDITED_SINCE_LOADED, FileState, stat_key
from doit_invariants.core.invariant import Context, Fingerprint
from doit_invariants.core.model import Difference, Json
from doit_invariants.core.static import normal
from doit_invariants.core.static.imports import Finder, imports_of
from doit_invariants.core.static.loaded import edited_since_loaded
from doit_invariants.core.trees import TreeState, tree_difference

#: As stored: state of the file, digest of its normal form, imports. The imports are None where
#: the file counts by its content: another language, or a syntax that this Python can't parse.
Entry = list[Json]

_NOTEBOOK = ".ipynb"
_SHEBANG = re.compile(rb"#!.*\b(python|pypy)[\d.]*\b")


@dataclass(frozen=True, slots=True)
class Start:
    """Where to start from.

    :ivar key: what tells this start from others: a path, the name of a module
    :ivar search: absolute directories in which imported names are looked up, in this order
    :ivar follow: whether imports are followed
    :ivar loaded: whether the code runs in this process: of files that are loaded what was loaded
        counts
    """

    key: str
    search: tuple[str, ...]
    follow: bool = True
    loaded: bool = False


#: Returns the absolute paths of the files to start from; raises CannotFingerprint.
Find = Callable[[Finder], Sequence[str]]


def check_follow(kind: str, follow: object) -> None:
    """Check the option of the kinds that follow imports; raises InvalidOption."""
    if follow != "project" and follow is not False:
        raise InvalidOption(
            f"{kind}: follow must be 'project' (the project's modules that it imports count) "
            f"or False, got {follow!r:.60}"
        )


def check_search(kind: str, search: object) -> None:
    """Check the option that names directories; raises InvalidOption."""
    if not isinstance(search, (list, tuple)) or not all(
        isinstance(path, (str, os.PathLike)) for path in search
    ):
        raise InvalidOption(
            f"{kind}: search must be a list of directories like ['src'], got {search!r:.60}"
        )


def shown_options(follow: object, search: Sequence[str | os.PathLike[str]]) -> str:
    """Return what is put behind a name: what narrows an invariant down is part of its identity."""
    parts = [] if follow else ["follow=False"]
    parts += [f"search={[as_seen_from_here(path) for path in search]}"] if search else []
    return "".join(f", {part}" for part in parts)


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


def is_python(path: str) -> bool:
    """Return whether a script is Python: by its suffix, or by the first line of what it holds.

    :raises CannotFingerprint: if it can't be read
    """
    if path.endswith((".py", ".pyw")):
        return True
    try:
        with open(path, "rb") as stream:
            return _SHEBANG.match(stream.readline(200)) is not None
    except OSError as error:
        raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error


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
    key = ("sources", start)
    known = context.memo.get(key)
    own = _own_targets(context)
    if known is None or not own.isdisjoint(known.stamps) or not known.holds():
        known = _fingerprint(context, start, find, previous, own)
        if own.isdisjoint(known.stamps):
            context.memo[key] = known
    found: Fingerprint = known.fingerprint
    return previous if previous == found and previous is not None else found


def sources_difference(old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
    """Return which files differ, as far as the details are still there."""
    if old["digest"] == new["digest"]:
        return None
    before = _tree(old["digest"], context.recall(old.get("details")))
    after = _tree(new["digest"], context.recall(new.get("details")))
    if before is None or after is None:
        return Difference("changed")
    difference = tree_difference(before, after, "")
    return difference if difference is not None and difference.text else Difference("changed")


def list_files(details: Json) -> list[str]:
    """Return the paths of the files that count; none if the details are gone."""
    files = details.get("files") if isinstance(details, dict) else None
    return sorted(files) if isinstance(files, dict) else []


def _tree(digest: str, details: Json) -> TreeState | None:
    try:
        entries = {str(k): FileState(str(v[1]), None) for k, v in details["files"].items()}
    except (TypeError, KeyError, IndexError, AttributeError):
        return None
    return TreeState(digest, entries)


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer of this run, and what it rests on.

    :ivar stamps: stats of the files and of the project's directories that were looked into
    """

    fingerprint: Fingerprint
    stamps: dict[str, Any]

    def holds(self) -> bool:
        """Return whether all is as it was: a task of this run may make what another imports."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps.items())


def _stamp(path: str) -> Any:
    try:
        return stat_key(os.stat(path))
    except OSError:
        return None


def _own_targets(context: Context) -> frozenset[str]:
    paths = [os.path.join(context.root, target) for target in context.targets]
    # To normalise a path takes longer than all the rest.
    return frozenset(os.path.normpath(p) if "./" in p or "//" in p else p for p in paths)


def _fingerprint(
    context: Context,
    start: Start,
    find: Find,
    previous: Fingerprint | None,
    own: frozenset[str],
) -> _Known:
    details = context.recall(previous.get("details")) if previous is not None else None
    finder = Finder(start.search, context.project.contains, context.memo)
    files = closure(context, find(finder), details, finder if start.follow else None, own)
    root = context.root
    digest = digest_value(
        sorted([_portable(path, root, start.search), entry[1]] for path, entry in files.items())
    )
    shown = {context.project.relative(path): entry for path, entry in sorted(files.items())}
    kept = context.keep({"files": shown})
    looked = [path for path in finder.looked if relative_to(path, root) is not None]
    stamps = {path: _stamp(path) for path in (*files, *looked)}
    found: Fingerprint = {"digest": digest, "details": kept}
    edited = edited_since_loaded(files) if start.loaded else ()  # looked at after their contents
    if edited:
        names = [context.project.relative(path) for path in edited]
        found = {**found, "digest": EDITED_SINCE_LOADED, "edited": sorted(names)}
    return _Known(found, stamps)


def _portable(path: str, root: str, search: Iterable[str]) -> str:
    """Return a path that is the same in another checkout, of code beside the project as well."""
    inside = relative_to(path, root)
    if inside is not None:
        return inside
    below = [relative_to(path, directory) for directory in search]
    return min((text for text in below if text is not None), key=len, default=path)


def closure(
    context: Context,
    start: Sequence[str],
    details: Json,
    finder: Finder | None,
    skip: frozenset[str] = frozenset(),
) -> dict[str, Entry]:
    """Return an entry for each file that counts, by its absolute path.

    :param start: absolute paths of files
    :param details: what was kept when these sources were last recorded: a file whose content is
        the same is not parsed again
    :param finder: finds what is imported, None if that does not count
    :param skip: absolute paths that do not count
    :raises CannotFingerprint: if a file can't be read
    """
    before = details.get("files") if isinstance(details, dict) else None
    before = before if isinstance(before, dict) else {}
    found: dict[str, Entry] = {}
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found or path in skip:
            continue
        known = before.get(context.project.relative(path))
        parses = path.endswith((".py", _NOTEBOOK)) or (path in start and is_python(path))
        try:
            entry = found[path] = _entry(context, path, known, parses)
        except FileNotFoundError:
            if path in start:
                raise CannotFingerprint(f"{path} does not exist") from None
            continue  # removed while we looked
        if finder is not None and entry[2]:
            waiting.extend(finder.files(path, entry[2]))
    return found


def _entry(context: Context, path: str, known: Json, parses: bool) -> Entry:
    recorded = _recorded(known)
    state = context.files.state(path, recorded)
    if not parses or state.stat is None:
        return [state.to_json(), state.digest, None]
    # A notebook that was recorded by its content stays so until it changes: nothing reruns for it.
    parsed = known is not None and (known[2] is not None or path.endswith(_NOTEBOOK))
    if recorded is not None and recorded.digest == state.digest and parsed:
        return [state.to_json(), known[1], known[2]]
    key = ("normal form", state.digest)
    if key not in context.memo:
        context.memo[key] = _parsed(path, state)
    return [state.to_json(), *context.memo[key]]


def _recorded(known: Json) -> FileState | None:
    try:
        state, digest, imports = known
        if not isinstance(digest, str) or not isinstance(imports, (list, type(None))):
            return None
        return FileState.from_json(state)
    except (TypeError, ValueError):
        return None


def _parsed(path: str, state: FileState) -> Sequence[Json]:
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error
    if path.endswith(_NOTEBOOK):
        from doit_invariants.core.static import notebook  # late: few projects run notebooks

        return notebook.digest(content.decode("utf-8", "replace")) or (state.digest, None)
    tree = normal.parse(content, path)
    if tree is None:
        return (state.digest, None)
    return (normal.module_digest(tree), imports_of(tree))
