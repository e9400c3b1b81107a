"""``Module``: the source of a module, and what it imports."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Sequence
from typing import ClassVar, Literal

from doit_invariants.code.source.fingerprint import (
    FollowsImports,
    Start,
    search_path,
    sources_fingerprint,
)
from doit_invariants.code.source.imports import FoundModule, ModuleFinder
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.rules.invariant import Context, Fingerprint


class Module(FollowsImports):
    """Unchanged while a module, and the modules of the project that it imports, are the same.

    :param module: its dotted name, or the module itself
    :param follow: ``"project"``, or False if only the module itself counts
    :param search: directories to search for modules before the project's own

    The source counts, without comments, docstrings, annotations and layout. A name is looked up
    in the project's directory and on ``sys.path``, without importing anything. A package counts
    by its ``__init__`` and the imports of that, not by every module inside. The packages that
    contain a module count as imported. An extension module of the project counts by its content.
    """

    kind: ClassVar[str] = "Module"

    #: Whether it runs in another process, as the module of a command does. Then its files count.
    elsewhere = False

    def __init__(
        self,
        module: str | types.ModuleType,
        *,
        follow: Literal["project", False] = "project",
        search: Sequence[str | os.PathLike[str]] = (),
    ) -> None:
        self.module = module
        self.follow = follow
        self.search = search

    @property
    def dotted_name(self) -> str:
        """The dotted name of the module."""
        return str(getattr(self.module, "__name__", self.module))

    def identity(self) -> str:
        """The dotted name and the options."""
        return self.dotted_name + self.shown_options()

    def validate(self) -> None:
        """Accept a dotted name or a module, and a known ``follow``."""
        if not isinstance(self.module, (str, types.ModuleType)):
            raise InvalidOption(f"Module: give a dotted name or a module, got {self.module!r:.60}")
        if isinstance(self.module, str) and (
            self.module.endswith(".py") or not all(map(str.isidentifier, self.module.split(".")))
        ):
            hint = "for a path, use Script(path)"
            if "*" in self.module:
                hint = "for all modules of a package, use Tree('package', include=['*.py'])"
            raise InvalidOption(
                f"Module: {self.module!r:.60} is not a name like 'package.module'; {hint}"
            )
        super().validate()

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the module and its imports, once for all tasks that use it.

        A module that this process has loaded counts as it was loaded, because that is what runs.
        """
        if self.elsewhere or self.dotted_name not in sys.modules:
            return self._fingerprint(context, previous)
        if self.memo_key not in context.memo:
            context.memo[self.memo_key] = self._fingerprint(context, previous)
        fingerprint: Fingerprint = context.memo[self.memo_key]
        return fingerprint

    @property
    def memo_key(self) -> tuple[str, str]:
        """The key in the memo of a run; only used for a module that is loaded."""
        return ("Module", self.identity())

    def _fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        search = search_path(context, self.search)
        loaded = not self.elsewhere and self.dotted_name in sys.modules
        start = Start(self.dotted_name, search, bool(self.follow), loaded, self.elsewhere)
        return sources_fingerprint(
            context, start, lambda find: self._files(find, context), previous
        )

    def _files(self, finder: ModuleFinder, context: Context) -> tuple[str, ...]:
        """Return the files of the packages that contain the module, and its own file."""
        chain = finder.chain(self.dotted_name)
        files = tuple(found.file for found in chain if found.file is not None)
        loaded = getattr(self.module, "__file__", None)
        if isinstance(loaded, str):
            loaded = os.path.normpath(os.path.join(context.root, loaded))
            if loaded not in files[-1:]:
                files = (loaded,)  # it was loaded from outside the search path
        problem = self._problem(chain, files, context)
        if problem is not None:
            raise CannotFingerprint(f"{self}: {problem}")
        return files if self.follow else files[-1:]

    def _problem(
        self, chain: list[FoundModule], files: tuple[str, ...], context: Context
    ) -> str | None:
        parts = self.dotted_name.split(".")
        foreign = any(not context.project.contains(file) for file in files[-1:])
        if foreign or parts[0] in sys.builtin_module_names:
            return (
                "it is not part of the project; track an installed package by its version, "
                "with Distribution(...)"
            )
        if isinstance(self.module, types.ModuleType) and files:
            return None
        if len(chain) < len(parts):
            return "there is no such module in the project or on sys.path"
        if chain[-1].file is None:
            return "it has no __init__.py; name the modules in it, or use Tree(...)"
        return None
