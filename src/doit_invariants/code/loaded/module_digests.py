"""Digests whole modules by their source, where functions can't be followed one by one.

That is where a function imports a module when it runs, passes a module on as a value, or may
use any name of it (``getattr``, ``eval``): then all of the module counts, and what it imports. Of
what is loaded that is what was loaded, for which the file stands only while nobody has written it.
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
    """Return the text that stands for a module in what refers to it."""
    return f"module {name} {digest}"


class ModuleDigests:
    """Answers with the digest of a project module and of what it imports, by its name."""

    def __init__(self, context: Context) -> None:
        # The answers are those of all tasks. The targets of the task that happens to ask first are
        # what other tasks import.
        self._context = copy.copy(context)
        self._context.targets = ()
        self._found: dict[str, Fingerprint | None] = {}
        self._hints: dict[str, Fingerprint] = {}
        self._loaded: set[str] | None = None

    def __call__(self, name: str) -> str | None:
        """Return the digest of a module, None if it is not one of the project's.

        ``EDITED_SINCE_LOADED`` stands for what is loaded and no file tells.
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        found = self._found[name]
        return None if found is None else str(found["digest"])

    def hint(self, recorded: Json) -> None:
        """Take what was recorded of modules: a file that is still the same is not parsed again."""
        if isinstance(recorded, dict):
            for name, details in recorded.items():
                self._hints.setdefault(name, {"digest": "", "details": details})

    def details(self, name: str) -> Json:
        """Return the key of what was kept of a module."""
        found = self._found.get(name)
        return None if found is None else found.get("details")

    @property
    def found_any(self) -> bool:
        """Whether any module that was asked for is one of the project's."""
        return any(found is not None for found in self._found.values())

    def imported_late(self, name: str, *, first: bool) -> FileEntries:
        """Return the files of a module, and of what it imports, that were not loaded at first.

        :param first: whether as they were when the module was looked at; else as they are now
        """
        found = self._found.get(name) if first else self._find(name)
        details = self._context.lookup(found.get("details")) if found is not None else None
        files = details["files"] if details is not None else {}
        paths = {os.path.normpath(os.path.join(self._context.root, name)): name for name in files}
        loaded = self._loaded or ()
        return {p: files[name] for p, name in paths.items() if os.path.realpath(p) not in loaded}

    def look_again(self) -> dict[str, str]:
        """Look again at modules that were not loaded at first: a task may have made them since.

        :returns: what stands for those that changed, by what stood for them
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
        """Return what stands for a loaded module of the project whose file is no more."""
        file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        if not isinstance(file, str) or not self._context.project.contains(file):
            return None
        if os.path.isfile(os.path.dirname(file)) or os.path.exists(file):
            return None  # in a zip, or not where modules are looked up
        return {"digest": EDITED_SINCE_LOADED, "edited": [self._context.project.relative(file)]}
