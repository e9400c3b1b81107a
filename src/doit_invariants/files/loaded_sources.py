"""Knows which source files this process has loaded, and whether they changed since.

Imported code runs as it was at the import, even if its file changes later. So a file may stand for
loaded code only if nobody has written it since. Python does not keep the sources that it imports,
so the stat of each source is noted right before its import. The header of a ``.pyc`` is no
substitute: another process may rewrite it, and its time has whole seconds only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from doit_invariants.files.state import Stat, latest_change, stat_key, tick_of
from doit_invariants.hashing.digest import digest_file

#: For a file younger than this (in ns) the digest is noted, too. It is probably generated at each
#: load, or could be written again under the same stat.
_YOUNG_NS = 2_000_000_000
#: When this module was imported: this process began no later.
_IMPORTED_NS = time.time_ns()


class _Noted:
    """A source file as it was right before its import; only a young one has a digest."""

    def __init__(self, stat: Stat, digest: str | None) -> None:
        self.stat = stat
        self.digest = digest


class _Watch:
    """The first finder of modules: finds nothing, but notes the files that others will find."""

    def __init__(self) -> None:
        self._noted: dict[str, _Noted] = {}
        self._by_real: dict[str, _Noted] | None = None

    def noted(self, path: str) -> _Noted | None:
        """Return what was noted about a file.

        :param path: real path of the file. The noted paths are resolved only here, because
            resolving takes longer than noting, and few callers ask.
        """
        if self._by_real is None:
            self._by_real = {os.path.realpath(name): one for name, one in self._noted.items()}
        return self._by_real.get(path)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Note the files that may hold the source of a module; Python calls this."""
        if path is None and name in sys.stdlib_module_names:
            return
        try:
            for entry in list(sys.path if path is None else path):
                if isinstance(entry, str) and not _is_installed(entry):
                    self._note(os.path.join(entry or os.getcwd(), name.rpartition(".")[2]))
        except Exception:
            return  # an import must not fail because of us

    def _note(self, base: str) -> None:
        for path in (f"{base}.py", os.path.join(base, "__init__.py")):
            try:
                stat = stat_key(os.stat(path))
            except OSError:
                continue
            young = time.time_ns() - latest_change(stat) < _YOUNG_NS
            self._noted.pop(path, None)  # keeps the latest file last
            self._noted[path] = _Noted(stat, _content(path) if young else None)
            self._by_real = None


_WATCH = _Watch()


def watch_imports() -> None:
    """Note which files are imported from now on; another call has no effect."""
    if not any(finder is _WATCH for finder in sys.meta_path):
        sys.meta_path.insert(0, _WATCH)


def loaded_files() -> set[str]:
    """Return the real paths of the sources of all loaded modules except installed ones."""
    found = set()
    for module in list(sys.modules.values()):
        # Through __dict__, because access to an attribute would import a lazy module.
        path = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(path, str) and not _is_installed(os.path.dirname(path)):
            found.add(os.path.realpath(path))
    return found


def edited_since_loaded(files: Iterable[str]) -> list[str]:
    """Return the files that are loaded and may have changed since.

    :param files: absolute paths
    """
    loaded = loaded_files()
    return [path for path in files if os.path.realpath(path) in loaded and was_edited(path)]


def was_edited(path: str) -> bool:
    """Return whether a loaded file may have been written since it was loaded."""
    noted = _WATCH.noted(os.path.realpath(path))
    try:
        stat = stat_key(os.stat(path))
    except OSError:
        return True
    if noted is None:
        # Loaded before watch_imports(), or by an import hook: compare with the process's start.
        return latest_change(stat) >= process_began() - tick_of(stat)
    if noted.digest is not None:
        return _content(path) != noted.digest
    return noted.stat != stat


def _content(path: str) -> str:
    try:
        return digest_file(path)
    except OSError:
        return ""


_INSTALLED: dict[str, bool] = {}
_LIBRARY = os.path.dirname(os.__file__)


def _is_installed(directory: str) -> bool:
    """Return whether a directory certainly holds installed code, which has many modules."""
    known = _INSTALLED.get(directory)
    if known is None:
        parts = directory.split(os.sep)
        known = "site-packages" in parts or "dist-packages" in parts
        known = known or directory.startswith(_LIBRARY) or directory.endswith(".zip")
        _INSTALLED[directory] = known
    return known


_LOADING: list[float] = []


def load_begins(*, earlier: bool) -> None:
    """Note that the load of a ``dodo.py`` begins now.

    :param earlier: whether it began with this process, because the ``dodo.py`` itself runs doit
    """
    _LOADING[:] = [process_began() / 1e9 if earlier else time.time()]


def load_began() -> float:
    """Return when the load of ``dodo.py`` began, in seconds since the epoch."""
    return _LOADING[0] if _LOADING else _IMPORTED_NS / 1e9


_BEGAN: list[int] = []


def process_began() -> int:
    """Return when this process began, in ns since the epoch.

    If the system does not provide it, return the time when this module was imported. Then an edit
    between the real start and that time is missed, but only in scripts that run doit themselves.
    """
    if not _BEGAN:
        began = _IMPORTED_NS
        try:
            with open("/proc/self/stat", "rb") as stream:
                ticks = int(stream.read().rpartition(b")")[2].split()[19])
            age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
            began = min(began, time.time_ns() - int(age * 1e9))
        except (OSError, ValueError, IndexError, AttributeError):
            pass
        _BEGAN.append(began)
    return _BEGAN[0]
