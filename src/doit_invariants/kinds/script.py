"""``Script``: a program of the project, and what it imports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar, Literal

from doit_invariants.code.source.fingerprint import (
    FollowsImports,
    Start,
    search_path,
    sources_fingerprint,
)
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.paths import as_seen_from_here
from doit_invariants.rules.invariant import Context, Fingerprint


class Script(FollowsImports):
    """Unchanged while a script, and the modules of the project that it imports, are the same.

    :param path: string or path object, relative to the project's directory or absolute
    :param follow: ``"project"``, or False if the imports of the script do not count
    :param search: further directories to search for imports, as with ``PYTHONPATH``

    A Python script (``.py``, ``.pyw``, or a first line that names Python) counts by its source
    without comments, docstrings, annotations and layout. Nothing is imported. The imports are
    looked up beside the script, in the project's directory and on ``sys.path``. Installed packages
    do not count; use ``Distribution`` to track them. A script in another language, or one that
    this Python can't parse, counts by its content, and its imports do not count.
    """

    kind: ClassVar[str] = "Script"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        follow: Literal["project", False] = "project",
        search: Sequence[str | os.PathLike[str]] = (),
    ) -> None:
        self.path = path
        self.follow = follow
        self.search = search
        self._shown = as_seen_from_here(path)
        #: Set if the path stands for many files, such as the tests below a directory: absolute
        #: paths to start from, and directories to search for imports. Not part of the identity,
        #: so that a new test counts as a change.
        self.starts: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def identity(self) -> str:
        """The path and the options."""
        return self._shown + self.shown_options()

    def validate(self) -> None:
        """Accept a path, and a known ``follow``."""
        if not isinstance(self.path, (str, os.PathLike)) or not str(self.path):
            raise InvalidOption(
                f"Script: the path must be a string or a path object, got {self.path!r:.60}"
            )
        super().validate()

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the script and its imports, once for all tasks that use it."""
        path = os.path.normpath(os.path.join(context.root, os.fspath(self.path)))
        if self.starts is not None:
            files, search = self.starts
            key = "\n".join((path, *files))
            start = Start(key, search_path(context, search), bool(self.follow))
            return sources_fingerprint(context, start, lambda _: files, previous)
        # Python searches for imports beside the file itself, not beside a link to it.
        real = os.path.realpath(path) if os.path.islink(path) else path
        start = Start(
            path, search_path(context, self.search, real), bool(self.follow), program=True
        )
        return sources_fingerprint(context, start, lambda _: self._files(path), previous)

    def _files(self, path: str) -> tuple[str, ...]:
        if not os.path.isfile(path):
            problem = "is not a file" if os.path.exists(path) else "does not exist"
            if "*" in self._shown and not os.path.exists(path):
                problem += "; Script does not expand patterns: list each script"
            raise CannotFingerprint(f"{self}: {self._shown} {problem}")
        return (path,)
