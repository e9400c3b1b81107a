"""``Files``: the contents of some files."""

from __future__ import annotations

import glob
import os
from typing import ClassVar

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.core.paths import as_seen_from_here, relative_to
from doit_invariants.files.selection import unexpanded
from doit_invariants.files.state import FileState
from doit_invariants.files.tree import TreeState, entries_digest, stored_tree, tree_difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Files(Invariant):
    """Unchanged while the contents of these files are the same, and none was added or removed.

    :param paths: strings or path objects, relative to the project's directory or absolute. Paths
        with ``*``, ``?`` and ``[...]`` are globs (``**`` crosses directories); they are expanded
        at each check, not when ``dodo.py`` is loaded
    :param missing_ok: whether files may be missing. If not, a path without wildcards must exist
        when the task is checked, and a pattern that matches no file is reported

    Names and contents count; times and modes do not. The task's own targets are left out, because
    they are tracked as targets.
    """

    kind: ClassVar[str] = "Files"

    def __init__(self, *paths: str | os.PathLike[str], missing_ok: bool = False) -> None:
        self.paths = paths
        self.missing_ok = missing_ok
        self._shown = ", ".join(map(as_seen_from_here, paths))

    def identity(self) -> str:
        """The paths; those in the project's directory are relative to it."""
        return self._shown

    def validate(self) -> None:
        """Accept at least one path, each a string or a path object."""
        if not self.paths:
            raise InvalidOption("Files() needs at least one path: Files('data/*.csv')")
        for path in self.paths:
            if not isinstance(path, (str, os.PathLike)):
                raise InvalidOption(
                    f"Files: a path must be a string or a path object, got {path!r:.60}; "
                    "pass a list as Files(*paths)"
                )
        if not isinstance(self.missing_ok, bool):
            raise InvalidOption(
                f"Files: missing_ok must be True or False, got {self.missing_ok!r:.60}"
            )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record each file by its path relative to the project."""
        known = stored_tree(previous)
        before = known.entries if known is not None else {}
        own = {os.path.abspath(target) for target in context.targets}
        entries: dict[str, FileState] = {}
        for path in self._expand(context):
            absolute = os.path.abspath(path)
            if absolute not in own:
                name = relative_to(absolute, context.root) or path
                state = self._state(context, path, before.get(name))
                if state is not None:
                    entries[name] = state
        return TreeState(entries_digest(entries), entries).to_json()  # type: ignore[no-any-return]

    def _expand(self, context: Context) -> list[str]:
        found: set[str] = set()
        for given in self.paths:
            path = os.fspath(given)
            if not glob.has_magic(path):
                found.add(path)
                continue
            files = {p for p in glob.glob(path, recursive=True) if not os.path.isdir(p)}
            if os.path.lexists(path):
                files.add(path)  # a file whose name only looks like a pattern
            if not files:
                self._matches_nothing(context, path)
            found |= files
        return sorted(found)

    def _matches_nothing(self, context: Context, path: str) -> None:
        why = unexpanded(path)
        if not self.missing_ok:
            context.say(
                f"{self}: no file matches {path!r}{why}; if that is fine, set missing_ok=True"
            )
        elif why:
            raise CannotFingerprint(f"no file matches {path!r}{why}")

    def _state(self, context: Context, path: str, known: FileState | None) -> FileState | None:
        if os.path.isdir(path):
            raise CannotFingerprint(f"{path} is a directory; use Tree({path!r})")
        try:
            return context.files.state(path, known)
        except (FileNotFoundError, NotADirectoryError) as error:
            why = unexpanded(path)
            if why:
                raise CannotFingerprint(f"{path} does not exist{why}") from error
            if self.missing_ok:
                return None
            raise CannotFingerprint(
                f"{path} does not exist; if it may be missing, set missing_ok=True"
            ) from error
        except OSError as error:
            raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:
        """Say so if there is no file to compare."""
        return [] if recorded.get("entries") else ["no file"]

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the files that differ."""
        if old["digest"] == new["digest"]:
            return None
        difference = tree_difference(TreeState.from_json(old), TreeState.from_json(new), "")
        return difference or Difference("changed")
