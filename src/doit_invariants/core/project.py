"""Decides which code belongs to the project."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable, Iterator

from doit_invariants.core.paths import is_inside, relative_to

#: Directories of these names hold what an installer put there, in any environment.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class Project:
    """Tells code of the project from that of Python and of installed distributions.

    Code of the project is every source file that neither belongs to Python's standard library
    nor lies where installers put distributions: the tree of the ``dodo.py``, editable installs,
    what ``PYTHONPATH`` adds. Such code has no version that could stand for it. This package
    itself is never part of it, however it is installed.

    :ivar root: absolute path of the directory of the project
    :ivar extra: absolute paths of directories that are part of it wherever they lie
    """

    def __init__(self, root: str, extra: Iterable[str] = ()) -> None:
        self.root = root
        self.extra = tuple(os.path.abspath(os.path.join(root, path)) for path in extra)
        self._known: dict[str, bool] = {}

    def contains(self, path: str) -> bool:
        """Return whether a source file is code of the project.

        :param path: of a file, relative to the present directory or absolute; it need not exist
        """
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._decide(os.path.abspath(path))
        return known

    def as_directory(self) -> contextlib.AbstractContextManager[None]:
        """Look at relative paths from where they are meant: an action may have left that."""
        try:
            present = os.getcwd()
        except OSError:
            present = ""  # an action has removed it
        return _THERE if present == self.root else _elsewhere(self.root, present)

    def _decide(self, path: str) -> bool:
        if any(is_inside(path, directory) for directory in self.extra):
            return True
        if not _INSTALLED.isdisjoint(path.split(os.sep)):
            return False
        return not any(is_inside(path, directory) for directory in _library())

    def relative(self, path: str) -> str:
        """Return the path as it is named in records: relative to the root where it is below."""
        absolute = os.path.abspath(path)
        return relative_to(absolute, self.root) or absolute.replace(os.sep, "/")


#: Asked for several times for each task.
_THERE = contextlib.nullcontext()


@contextlib.contextmanager
def _elsewhere(directory: str, present: str) -> Iterator[None]:
    os.chdir(directory)
    try:
        yield
    finally:
        if present:
            os.chdir(present)


@functools.cache
def _library() -> tuple[str, ...]:
    """Return the directories of the standard library, and of this package."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    zipped = [path for path in sys.path if os.path.basename(path).startswith("python3")]
    return (here, *_standard(), *zipped)


def _standard() -> set[str]:
    """Return where Python's standard library is, with its parts in C: ``stdlib``, ``platstdlib``.

    ``sysconfig`` tells it, but on POSIX it first reads all that Python was built with, which takes
    as long as to look at some functions. What it says there follows from where ``os`` lies.
    """
    home, name = os.path.split(os.path.dirname(os.path.abspath(os.__file__)))
    lib = sys.platlibdir
    if os.name == "posix" and name.startswith("python") and os.path.basename(home) == lib:
        return {os.path.join(home, name), os.path.join(sys.exec_prefix, lib, name)}
    import sysconfig

    return {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
