"""Digest whole modules by their source, if functions can't be followed one by one.

A function can't be followed into a module if it imports the module when it runs, passes it on as a
value, or if it may use any name in the module (``getattr``, ``eval``). Then the whole module
counts, and everything it imports. For a loaded module its loaded state counts, which the file
represents only until somebody writes to it.
"""

from __future__ import annotations

import copy
import os
import sys

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.files.state import EDITED_SINCE_LOADED
from doit_invariants.rules.invariant import Context, Fingerprint

#: Recorded entries of source files, by path; see :mod:`doit_invariants.code.source.import_closure`.
FileEntries = dict[str, Json]


def leaf(name: str, digest: str | None) -> str:
    """Return the string that represents a module in references."""
    return f"module {name} {digest}"


class ModuleDigests:
    """Returns the digest of a project module and of its imports, by name."""

    def __init__(self, context: Context) -> None:
        # All tasks share the answers. The targets of the task that happens to ask first may be
        # imported by other tasks.
        self._context = copy.copy(context)
        self._context.targets = ()
        self._found: dict[str, Fingerprint | None] = {}
        self._hints: dict[str, Fingerprint] = {}
        self._loaded: set[str] | None = None

    def __call__(self, name: str) -> str | None:
        """Return the digest of a module, None if it is not one of the project's.

        Return ``EDITED_SINCE_LOADED`` for a loaded module that no file matches.
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        found = self._found[name]
        return None if found is None else str(found["digest"])

    def hint(self, recorded: Json) -> None:
        """Add recorded details of modules: unchanged files are then not parsed again."""
        if isinstance(recorded, dict):
            for name, details in recorded.items():
                self._hints.setdefault(name, {"digest": "", "details": details})

    def details(self, name: str) -> Json:
        """Return the key of the stored details of a module."""
        found = self._found.get(name)
        return None if found is None else found.get("details")

    @property
    def found_any(self) -> bool:
        """Whether any requested module is one of the project's."""
        return any(found is not None for found in self._found.values())

    def imported_late(self, name: str, *, first: bool) -> FileEntries:
        """Return the files of a module and its imports that were not loaded at first.

        :param first: whether to return their state when the module was inspected, not the present
            one
        """
        found = self._found.get(name) if first else self._find(name)
        details = self._context.lookup(found.get("details")) if found is not None else None
        files = details["files"] if details is not None else {}
        paths = {os.path.normpath(os.path.join(self._context.root, name)): name for name in files}
        loaded = self._loaded or ()
        return {p: files[name] for p, name in paths.items() if os.path.realpath(p) not in loaded}

    def look_again(self) -> dict[str, str]:
        """Inspect modules again that were not loaded at first: a task may have made them since.

        :returns: maps the former string for each changed module to the present one
        """
        changed: dict[str, str] = {}
        for name, found in self._found.items():
            if found is None or not self.imported_late(name, first=True):
                continue
            now = self._find(name)
            if now is not None and now["digest"] != found["digest"]:
                self._found[name] = now
                changed[leaf(name, found["digest"])] = leaf(name, now["digest"])
        return changed

    def _find(self, name: str) -> Fingerprint | None:
        # Imported late: few functions use a whole module of the project.
        from doit_invariants.code.source.fingerprint import Start, search_path, sources_fingerprint
        from doit_invariants.code.source.imports import ModuleFinder
        from doit_invariants.files.loaded_sources import loaded_files

        if self._loaded is None:
            self._loaded = loaded_files()
        context = self._context
        start = Start(f"module {name}", search_path(context, ()), loaded=True)
        chain = ModuleFinder(start.search, context.project.contains, context.memo).chain(name)
        files = [one.file for one in chain if one.file is not None]
        whole = len(chain) == len(name.split("."))
        if not name or not whole or not files or not context.project.contains(files[-1]):
            return self._gone(name)
        try:
            return sources_fingerprint(context, start, lambda _: files, self._hints.get(name))
        except CannotFingerprint:
            # It can't be read now, so it can't be imported either; but it may be loaded.
            return self._gone(name)

    def _gone(self, name: str) -> Fingerprint | None:
        """Return the fingerprint of a loaded project module whose file is gone."""
        file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        if not isinstance(file, str) or not self._context.project.contains(file):
            return None
        if os.path.isfile(os.path.dirname(file)) or os.path.exists(file):
            return None  # in a zip, or not on the search path
        return {"digest": EDITED_SINCE_LOADED, "edited": [self._context.project.relative(file)]}
