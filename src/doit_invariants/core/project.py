"""Decides which code belongs to the project."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable, Iterator

from doit_invariants.core.paths import is_inside, relative_to

#: Names of the directories that installers fill, in any environment.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class Project:
    """Separates the project's code from Python's own and from installed distributions.

    A source file is project code unless it belongs to Python's standard library or is where
    installers put distributions. So the tree of the ``dodo.py``, editable installs and the
    directories of ``PYTHONPATH`` are project code: no version number stands for them. This
    package is never project code, however it is installed.

    :ivar root: absolute path of the directory of the project
    :ivar extra: absolute paths of directories that always are project code
    """

    def __init__(self, root: str, extra: Iterable[str] = ()) -> None:
        self.root = root
        self.extra = tuple(os.path.abspath(os.path.join(root, path)) for path in extra)
        self._known: dict[str, bool] = {}

    def contains(self, path: str) -> bool:
        """Return whether a source file is project code.

        :param path: absolute, or relative to the current directory; the file need not exist
        """
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._decide(os.path.abspath(path))
        return known

    def as_directory(self) -> contextlib.AbstractContextManager[None]:
        """Return a context in which the root is the current directory.

        Relative paths start from the root, but an action may have changed the current directory.
        """
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
        """Return the path as records name it: relative if it is below the root."""
        absolute = os.path.abspath(path)
        return relative_to(absolute, self.root) or absolute.replace(os.sep, "/")


#: Shared, because it is needed several times for each task.
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
    """Return the directories of Python's standard library: ``stdlib``, ``platstdlib`` (C parts).

    On POSIX they follow from the location of ``os``. ``sysconfig`` gives the same answer, but
    first reads Python's whole build configuration, which takes as long as several fingerprints.
    """
    home, name = os.path.split(os.path.dirname(os.path.abspath(os.__file__)))
    lib = sys.platlibdir
    if os.name == "posix" and name.startswith("python") and os.path.basename(home) == lib:
        return {os.path.join(home, name), os.path.join(sys.exec_prefix, lib, name)}
    import sysconfig

    return {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
