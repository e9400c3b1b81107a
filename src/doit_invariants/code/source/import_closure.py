"""Finds the source files that a program consists of, and which part of each counts.

The files to start from count as a whole. In an imported file only the code behind the requested
names counts, if that code can be determined; see :mod:`~doit_invariants.code.source.module_parts`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any

from doit_invariants.code.source import normal_form
from doit_invariants.code.source.imported_names import ANYTHING, PICKLES, asks_of
from doit_invariants.code.source.imports import ModuleFinder, imports_of
from doit_invariants.code.source.module_parts import module_part
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.files.state import FileState
from doit_invariants.rules.invariant import Context

#: A stored list: state of the file, digest of its normal form, imports. The imports are None if
#: the file counts by its content: another language, or a syntax that this Python can't parse.
#: If the file imports anything or counts in part, three more items follow:
#:
#: - the names that it requests by these imports
#: - how much of it counts: ``PROGRAM``, None for all, or a list of names
#: - the digest of the whole file
#:
#: If nothing in the file counts, the second item is empty.
SourceFile = list[Json]

#: The whole file counts, and no other module can use what it imports.
PROGRAM = "program"
_LONG = 6
_NOTEBOOK = ".ipynb"
_SHEBANG = re.compile(rb"#!.*\b(python|pypy)[\d.]*\b")


def is_python(path: str) -> bool:
    """Return whether a script is Python, by its suffix or its first line.

    :raises CannotFingerprint: if it can't be read
    """
    if path.endswith((".py", ".pyw")):
        return True
    try:
        with open(path, "rb") as stream:
            return _SHEBANG.match(stream.readline(200)) is not None
    except OSError as error:
        raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error


def counts_in_part(entry: SourceFile) -> bool:
    """Return whether only the code behind some names counts in a file."""
    return len(entry) == _LONG and isinstance(entry[4], list) and entry[1] != entry[5]


class ImportClosure:
    """The files that some programs consist of.

    :param start: absolute paths of files
    :param details: the recorded details of these sources: a file whose content is unchanged is not
        parsed again
    :param finder: finds imported modules, None if they do not count
    :param skip: absolute paths that do not count
    """

    def __init__(
        self,
        context: Context,
        start: Sequence[str],
        details: Json,
        finder: ModuleFinder | None,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        before = details.get("files") if isinstance(details, dict) else None
        self._before: dict[str, Json] = before if isinstance(before, dict) else {}
        self._context = context
        self._start = start
        self._finder = finder
        self._skip = skip
        self._trees: dict[str, ast.Module | None] = {}

    def whole(self) -> dict[str, SourceFile]:
        """Return an entry for each file, as a whole.

        :raises CannotFingerprint: if a file can't be read
        """
        found: dict[str, SourceFile] = {}
        waiting = list(self._start)
        while waiting:
            path = waiting.pop()
            if path in found or path in self._skip:
                continue
            entry = self._try(path, None, short=True)
            if entry is None:
                continue
            found[path] = entry
            if self._finder is not None and entry[2]:
                waiting.extend(self._finder.files(path, entry[2]))
        return found

    def parts(
        self, *, program: bool, pickles: bool = False, trusting: bool = True
    ) -> dict[str, SourceFile]:
        """Return an entry for each file, with the part that counts.

        :param program: whether no other module uses what the start imports
        :param pickles: whether all functions and classes count
        :param trusting: whether to assume first that the recorded parts still count. If so,
            nothing needs to be parsed; if not, the search is repeated without this assumption.
        :raises CannotFingerprint: if a file can't be read
        """
        assert self._finder is not None
        found: dict[str, SourceFile] = {}
        asked: dict[str, Any] = dict.fromkeys(self._start, PROGRAM if program else None)
        waiting = list(self._start)
        while waiting:
            path = waiting.pop()
            done = path in found and _suffices(found[path], asked[path], more=trusting)
            entry = None
            if not done and path not in self._skip:
                entry = self._try(path, asked[path], trusting=trusting)
            if entry is None:
                continue
            found[path] = entry
            asks = entry[3] if len(entry) == _LONG else [(text, None) for text in entry[2] or ()]
            texts = {text for text, _ in asks}
            if ANYTHING in texts:
                # The findings are kept, so that nothing needs to be parsed next time.
                looked = {p: [e[0], e[5], *e[2:]] for p, e in found.items() if len(e) == _LONG}
                whole = self.whole()
                return {**whole, **{p: e for p, e in looked.items() if p in whole}}
            if PICKLES in texts and not pickles:
                return self.parts(program=program, pickles=True, trusting=trusting)
            for file, names in self._finder.asked(path, asks):
                names = names if names is None or not pickles else [*names, PICKLES]
                more = _together(asked[file], names) if file in asked else _sorted(names)
                if file not in asked or more != asked[file]:
                    asked[file] = more
                    waiting.append(file)
        if trusting and any(len(e) == _LONG and e[4] != asked[p] for p, e in found.items()):
            return self.parts(program=program, pickles=pickles, trusting=False)
        return found

    def _try(
        self, path: str, names: Json, *, short: bool = False, trusting: bool = False
    ) -> SourceFile | None:
        try:
            return self._entry(path, names, short=short, trusting=trusting)
        except FileNotFoundError:
            if path in self._start:
                raise CannotFingerprint(f"{path} does not exist") from None
            return None  # removed during the search

    def _entry(self, path: str, names: Json, *, short: bool, trusting: bool) -> SourceFile:
        known: Any = self._before.get(self._context.project.relative(path))
        recorded = _recorded(known)
        state = self._context.files.state(path, recorded)
        parses = path.endswith((".py", _NOTEBOOK)) or (path in self._start and is_python(path))
        if not parses or state.stat is None:
            return [state.to_json(), state.digest, None]
        if recorded is not None and recorded.digest == state.digest:
            kept = _kept(known, names, short=short, notebook=path.endswith(_NOTEBOOK))
            if kept is None and _suffices(known, names, more=trusting):
                kept = list(known[1:])
            if kept is not None:
                return [state.to_json(), *kept]
        return [state.to_json(), *self._parsed(path, state, names, short=short)]

    def _parsed(self, path: str, state: FileState, names: Json, *, short: bool) -> list[Json]:
        """Return the items of an entry after the state."""
        tree = self._tree(path)
        if path.endswith(_NOTEBOOK):
            from doit_invariants.code.source import notebook  # late: few projects run notebooks

            text = _content(path).decode("utf-8", "replace")
            digest, imports = notebook.digest(text) or (state.digest, None)
        elif tree is None:
            return [state.digest, None]
        else:
            key = ("normal form", state.digest)
            if key not in self._context.memo:
                self._context.memo[key] = (normal_form.module_digest(tree), imports_of(tree))
            digest, imports = self._context.memo[key]
        if short or imports is None:
            return [digest, imports]
        if tree is None:
            return [digest, imports, [[ANYTHING, None]], names, digest]
        found = module_part(tree, names) if isinstance(names, list) else None
        if found is not None:
            return [found.digest, imports, _listed(found.asks), names, digest]
        asks = asks_of(tree.body, () if names == PROGRAM else None)
        return [digest, imports, _listed(asks), names, digest] if asks else [digest, imports]

    def _tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            if path.endswith(_NOTEBOOK):
                from doit_invariants.code.source import notebook

                self._trees[path] = notebook.tree(_content(path).decode("utf-8", "replace"))
            else:
                self._trees[path] = normal_form.parse(_content(path), path)
        return self._trees[path]


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CannotFingerprint(f"{path} can't be read: {error.strerror}") from error


def _listed(asks: Iterable[Any]) -> Json:
    return [[text, names] for text, names in asks]


def _sorted(names: Iterable[str] | None) -> Json:
    return None if names is None else sorted(set(names))


def _together(known: Json, names: Iterable[str] | None) -> Json:
    """Return the names that count if a file is requested twice, None for all."""
    if names is None or not isinstance(known, list):
        return None
    return sorted({*known, *names})


def _recorded(known: Json) -> FileState | None:
    try:
        state, digest, imports = known[:3]
        if not isinstance(digest, str) or not isinstance(imports, (list, type(None))):
            return None
        return FileState.from_json(state)
    except (TypeError, ValueError):
        return None


def _kept(known: Any, names: Json, *, short: bool, notebook: bool) -> list[Json] | None:
    """Return the stored items after the state of a file; None if they are not sufficient."""
    long = len(known) == _LONG
    if short or (not long and known[2] == [] and not isinstance(names, list)):
        # A notebook that was recorded by its content is reused until it changes.
        if known[2] is None and not notebook:
            return None
        return [known[5] if long else known[1], known[2]]
    if known[2] is None and notebook:
        return [known[1], None]
    return None


def _suffices(entry: Any, names: Json, *, more: bool) -> bool:
    """Return whether an entry covers the part of a file that counts.

    :param more: whether it may cover more
    """
    if len(entry) != _LONG:
        return False
    if not more or not isinstance(names, list) or not isinstance(entry[4], list):
        return bool(entry[4] == names)
    return set(names) <= set(entry[4])
