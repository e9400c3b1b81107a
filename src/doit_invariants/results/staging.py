"""Restore targets, all or none: create them in a staging directory, then rename them into place.

The staging directory is in ``.doit-invariants`` in the project directory. Each run has one, and
so has each restore outside of a run. The next restore removes directories of killed processes. A
target on another file system can't be renamed from there: its staging directory is beside the
target.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from doit_invariants.core.model import ASIDE
from doit_invariants.files.deep import remove, walk
from doit_invariants.files.processes import is_orphaned_path, owned_name
from doit_invariants.results.bystanders import InTheWay, let_stay

if TYPE_CHECKING:
    from doit_invariants.results.parts import Part

_TRIES = 100

#: Creates the file of a part at a path where nothing exists yet.
Fetch = Callable[["Part", str], None]


#: Returns whether a path, relative to a target, does not count as part of it.
Excluded = Callable[[str], bool]


def check_replaceable(
    target: str, known: Collection[str], excluded: Excluded | None = None
) -> list[str]:
    """Check that only a former state of a target would be replaced.

    :param known: names, relative to the target, that are or were part of it
    :param excluded: whether a name does not count as part of the target; such files stay
    :returns: names, relative to the target, of the files that stay
    :raises InTheWay: if the target is a link, or a directory that contains anything else
    """
    path = target.rstrip("/")
    if os.path.islink(path):
        raise InTheWay(f"its target {target} is a link")
    stay: list[str] = []
    for directory, directories, files in walk(path):
        inside = os.path.relpath(directory, path)
        for name in (*directories, *files):
            relative = name if inside == "." else f"{inside}/{name}"
            if excluded is not None and excluded(relative):
                stay.append(relative)
                if name in directories:
                    directories.remove(name)
            elif relative not in known:
                raise InTheWay(
                    f"its target {target} contains {relative}, which the task did not create"
                )
    return stay


#: Staging directories of runs that this process knows to exist.
_THERE: set[str] = set()


def clear(root: str, run: str) -> None:
    """Remove the staging directory of a run, at its end, and those of killed processes."""
    directory = os.path.join(root, ASIDE)
    if os.path.isdir(directory):
        _make_own(directory)
        _remove_own(os.path.join(directory, run))


class Staging:
    """Targets on their way into place.

    :param root: absolute path of the project directory
    :param run: name of the run's staging directory, which :func:`clear` removes; without it these
        targets get a directory of their own (a thousand of those take as long to create as the
        targets)
    """

    def __init__(self, root: str, run: str | None = None) -> None:
        self.root = root
        self._run = run
        self._name = owned_name()
        self._made: list[str] = []
        self._moves: list[tuple[str, str]] = []
        self._modes: dict[str, int] = {}

    def make(
        self, parts: Sequence[Part], target: str, fetch: Fetch, stay: Sequence[str] = ()
    ) -> None:
        """Create a target in the staging directory.

        :param parts: the parts, already checked
        :param fetch: creates the files among them
        :param stay: files that are not part of the target and stay in it
        :raises InTheWay: if the new target lacks the directory of such a file
        :raises OSError: if it can't be created; call :meth:`abandon` then
        """
        new = self._place(target)
        modes: list[tuple[str, int]] = []
        for part in parts:
            path = os.path.join(new, *part.path.split("/")) if part.path else new
            if part.type == "file":
                fetch(part, path)
            elif part.type == "link":
                os.symlink(part.link, path)
            else:
                os.mkdir(path)
                modes.append((path, part.mode))
        let_stay(stay, target, new)
        for path, mode in reversed(modes):  # last: a directory may be read-only
            if path != new:
                os.chmod(path, mode)
        self._moves.append((new, target))
        if modes:
            self._modes[target] = parts[0].mode

    def link(self, text: str, target: str) -> None:
        """Create a symbolic link in the staging directory; raises OSError."""
        new = self._place(target)
        os.symlink(text, new)
        self._moves.append((new, target))

    def commit(self) -> None:
        """Rename everything into place.

        :raises OSError: if a rename fails; everything is then as it was before
        """
        done: list[tuple[str, str | None]] = []
        try:
            for new, target in self._moves:
                place = target.rstrip("/")
                os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
                done.append((place, _set_aside(place, new)))
                os.replace(new, place)
                if target in self._modes:  # a read-only directory could not be renamed
                    os.chmod(place, self._modes[target])
        except OSError:
            for target, old in reversed(done):
                _put_back(target, old)
            raise
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove the staged files."""
        for directory in self._made:
            _remove_own(directory)
        if self._run is not None:
            for new, _ in self._moves:
                for path in (new, new + ".old"):
                    if os.path.lexists(path):
                        remove(path)
        self._made.clear()
        self._moves.clear()

    def _place(self, target: str) -> str:
        """Return a path from which a rename to the target is possible."""
        near = _existing_parent(target)
        same = _device(self.root) == _device(near)
        if same and self._run is not None:
            own = os.path.join(self.root, ASIDE, self._run)
            if own not in _THERE:
                _make(own)
                _THERE.add(own)
            return os.path.join(own, f"{self._name}-{len(self._moves)}")
        own = os.path.join(self.root if same else near, ASIDE, self._name)
        if own not in self._made:
            _make(own)
            self._made.append(own)
        return os.path.join(own, str(len(self._moves)))


def _make(own: str) -> None:
    """Create a staging directory, although another restore that ends may remove its parent."""
    _make_own(os.path.dirname(own))
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            os.makedirs(own, exist_ok=True)
            return
    os.makedirs(own)


def _make_own(directory: str) -> None:
    """Create the parent of all staging directories, or remove those of killed processes from it."""
    try:
        os.makedirs(directory)
    except FileExistsError:
        for name in os.listdir(directory):
            if is_orphaned_path(os.path.join(directory, name)):
                remove(os.path.join(directory, name))


def _remove_own(directory: str) -> None:
    remove(directory)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(directory))  # fails while another restore uses it


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _set_aside(target: str, new: str) -> str | None:
    """Keep the present target until all new ones are in place; return its path, None if absent."""
    if not os.path.lexists(target):
        return None
    old = new + ".old"
    if _is_directory(target) or _is_directory(new):
        os.rename(target, old)  # a rename can only replace a file, and only by a file
        return old
    try:
        os.link(target, old, follow_symlinks=False)  # so that the target exists at any moment
    except (OSError, NotImplementedError):
        os.rename(target, old)
    return old


def _put_back(target: str, old: str | None) -> None:
    remove(target)
    if old is not None:
        with contextlib.suppress(OSError):
            os.rename(old, target)


def _existing_parent(path: str) -> str:
    parent = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    return parent


def _device(path: str) -> int:
    return os.stat(path).st_dev
