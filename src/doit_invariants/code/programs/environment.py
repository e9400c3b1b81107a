"""The environment of a command: files of the project, variables, programs on PATH."""

from __future__ import annotations

import glob
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from doit_invariants.code.programs.expand import UNKNOWN, is_pattern, plain
from doit_invariants.code.programs.table import Table

_FROM = re.compile(rb"^\s*from ([\w.]+) import \w+|^\s*import ([\w.]+)", re.MULTILINE)
_PYTHON = re.compile(rb"#!.*\b(python|pypy)|^#!/bin/sh\n'''exec'")
_SHELL = re.compile(rb"#!\s*\S*/(env\s+(-S\s+)?)?(ba|da|k|z)?sh\b")
_T = TypeVar("_T")
_MOST_TEXT = 1_000_000
_MOST_MATCHES = 1_000
#: Within these ns a directory may change and keep its time.
_SETTLED_NS = 2_000_000_000
#: A directory that keeps changing is listed at most so many times.
_MOST_LISTINGS = 20
#: A wrapper that an installer wrote imports these before the module of the program.
_OF_WRAPPERS = frozenset({b"re", b"sys", b"os", b"importlib", b"importlib.metadata"})


@dataclass(frozen=True, slots=True)
class Use:
    """A script that a command runs.

    :ivar path: absolute path of its file
    :ivar module: the dotted name if it is run with ``-m``
    :ivar search: additional absolute directories in which its imports are looked up: the current
        directory for a module, and what the command puts on ``PYTHONPATH``
    :ivar starts: absolute paths of the files to start from if the path is a directory
    """

    path: str
    module: str | None = None
    search: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()


class Environment:
    """The environment in which commands are read.

    :ivar exists: returns whether there is a file of the project at an absolute path
    :ivar search: additional absolute directories in which modules are looked up
    :ivar environ: environment variables
    :ivar table: the known programs
    """

    def __init__(
        self,
        exists: Callable[[str], bool],
        search: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        table: Table | None = None,
    ) -> None:
        self.exists = exists
        self.search = tuple(search)
        self.environ = {} if environ is None else environ
        self.table = table or Table()
        self._texts: dict[str, tuple[int, str]] = {}
        self._modules: dict[str, str | None] = {}
        self._cached: dict[str, tuple[str, Any]] = {}
        self._listings: dict[str, tuple[int, frozenset[str]]] = {}
        self._listed: dict[str, int] = {}

    def text(self, path: str) -> str | None:
        """Return the content of a file; None if it can't be read or is too long for a script."""
        try:
            info = os.stat(path)
            known = self._texts.get(path)
            if known is not None and known[0] == info.st_mtime_ns:
                return known[1]
            if info.st_size > _MOST_TEXT:
                return None
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
        except OSError:
            return None
        self._texts[path] = (info.st_mtime_ns, text)
        return text

    def cached(self, path: str, look: Callable[[str, str], _T | None]) -> _T | None:
        """Return the result of a function of a file's content, computed once for each content."""
        text = self.text(path)
        if text is None:
            return None
        known = self._cached.get(path)
        if known is None or known[0] != text:
            known = self._cached[path] = (text, look(text, path))
        found: _T | None = known[1]
        return found

    def paths(self, path: str) -> list[str]:
        """Return the files that a path names: the file itself, or the matches of a pattern."""
        if UNKNOWN in path:
            return []
        if not is_pattern(path):
            return [path] if self.exists(path) else []
        pattern = "".join(plain(c) if is_pattern(c) else glob.escape(c) for c in path)
        return list(filter(self.exists, sorted(glob.glob(pattern))[:_MOST_MATCHES]))

    def may_hold(self, directory: str) -> Callable[[str], bool]:
        """Return a function that tells whether a directory may hold a relative name.

        The directory is listed once, because looking up hundreds of names one by one is slow.
        """
        names = self._names_in(directory)
        if names is None:
            return lambda _: True

        def may(name: str) -> bool:
            first = name.partition("/")[0]
            # Some file systems ignore case, and change the spelling of letters outside ASCII.
            return first in ("", ".", "..") or first.casefold() in names or not first.isascii()

        return may

    def _names_in(self, directory: str) -> frozenset[str] | None:
        """Return the names in a directory, None if single lookups take less time."""
        try:
            before = os.stat(directory).st_mtime_ns
            known = self._listings.get(directory)
            if known is not None and known[0] == before:
                return known[1]
            count = self._listed[directory] = self._listed.get(directory, 0) + 1
            if count > _MOST_LISTINGS:  # the directory changes all the time
                return None
            now = time.time_ns()
            names = frozenset(map(str.casefold, os.listdir(directory)))
        except (OSError, ValueError):
            return frozenset()
        if now - before > _SETTLED_NS:
            self._listings[directory] = (before, names)
        return names

    def language(self, path: str) -> str:
        """Return how an executable file is read."""
        if path.endswith((".py", ".pyw")):
            return "python"
        if path.endswith((".sh", ".bash", ".zsh", ".ksh")):
            return "shell"
        if path.endswith(".ipynb"):
            return "notebook"
        try:
            with open(path, "rb") as stream:
                first = stream.readline(200)
        except OSError:
            return "content"
        if _PYTHON.match(first):
            return "python"
        return "shell" if _SHELL.match(first) else "content"

    def module_of(self, program: str) -> str | None:
        """Return the module that a console script on PATH runs, from the wrapper's imports."""
        if program not in self._modules:
            self._modules[program] = self._module_of(program)
        return self._modules[program]

    def _module_of(self, program: str) -> str | None:
        path = shutil.which(program, path=self.environ.get("PATH"))
        if path is None or "/" in program:
            return None
        try:
            with open(path, "rb") as stream:
                head = stream.read(2000)
        except OSError:
            return None
        if not _PYTHON.match(head):
            return None
        for match in _FROM.finditer(head):
            name = match[1] or match[2]
            if name not in _OF_WRAPPERS:
                return name.decode()
        return None
