"""Where exports lie, and how new ones get there without losing files that are not ours."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass

from doit_invariants.core.errors import InvalidOption, InvariantsError
from doit_invariants.core.model import ASIDE
from doit_invariants.exports.content import digest_at, is_row, is_still_linked
from doit_invariants.exports.manifest import Row, is_name_below
from doit_invariants.files.deep import remove
from doit_invariants.files.processes import is_orphaned_path, owned_name
from doit_invariants.results.capture import CannotKeep
from doit_invariants.results.parts import Part


class Blocked(InvariantsError):
    """The file at the place of an export must not be overwritten; says why."""


def project_path(root: str, target: str) -> str:
    """Return the path of a target relative to the project, with ``/``.

    :raises InvalidOption: if the target is outside the project
    """
    path = os.path.normpath(os.path.join(root, target))
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):  # the project path may contain a link
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        relative = os.path.relpath(real, os.path.realpath(root))
    relative = relative.replace(os.sep, "/")
    if relative == ".":
        raise InvalidOption(
            f"the target {target} is the project directory; name the files in it instead"
        )
    if not is_name_below(relative):
        raise InvalidOption(
            f"the target {target} can't be exported: it is not inside the project; "
            "let the task write it there, or use another cache"
        )
    return relative


@contextlib.contextmanager
def temporary(directory: str) -> Iterator[str]:
    """Create a temporary directory among the exports, and remove it at the end.

    :param directory: absolute path of the export directory, which is created if necessary
    :raises OSError: if it can't be created
    """
    own = os.path.join(directory, ASIDE)
    os.makedirs(own, exist_ok=True)
    if os.path.islink(own):
        raise OSError(errno.ELOOP, f"{own} is a link", own)
    _tidy(own)
    path = os.path.join(own, owned_name())
    os.mkdir(path)
    try:
        yield path
    finally:
        remove(path)


def _tidy(own: str) -> None:
    """Remove what killed processes left."""
    for name in os.listdir(own):
        path = os.path.join(own, name)
        if is_orphaned_path(path):
            with contextlib.suppress(OSError):
                remove(path)


def rename(source: str, destination: str) -> None:
    """Rename, even a read-only directory: it must be writable to get another parent."""
    info = os.lstat(source)
    if not stat_module.S_ISDIR(info.st_mode):
        os.replace(source, destination)
        return
    mode = info.st_mode & 0o777
    if mode & 0o700 != 0o700:
        os.chmod(source, mode | 0o700)
    try:
        os.rename(source, destination)
    except OSError:
        os.chmod(source, mode)
        raise
    os.chmod(destination, mode)


def swap(new: str, place: str, aside: str) -> None:
    """Put a new export in its place by a rename.

    :param aside: path of a temporary directory on the same file system, for the old export
    :raises OSError: if it can't be renamed; the old export then stays in place
    """
    old = os.path.join(aside, "old-" + secrets.token_hex(4))
    is_tree = os.path.isdir(place) and not os.path.islink(place)
    goes = os.path.lexists(place) and (is_tree or os.path.isdir(new))
    if goes:  # a rename only replaces files and links, by files and links
        rename(place, old)
    try:
        rename(new, place)
    except OSError:
        if goes:
            rename(old, place)
        raise
    if goes:
        remove(old)


@dataclass(frozen=True, slots=True)
class PreviousExport:
    """An export that an earlier run left in its place.

    :ivar row: from the manifest, None if it names no such export
    :ivar parts: what the target contained then
    """

    row: Row | None
    parts: tuple[Part, ...] = ()


def is_ours(place: str, target: str, previous: PreviousExport) -> bool:
    """Return whether a place still holds what an earlier run left there, unedited.

    :param target: absolute path of the target
    :raises OSError: if it can't be read
    """
    if os.path.islink(place) and leads_to(place, target):
        return True
    if previous.row is None:
        return False
    try:
        if is_row(place, previous.row):
            return True
        return previous.row.how == "hardlink" and is_still_linked(place, target, previous.parts)
    except CannotKeep:
        return False


def is_below(directory: str, place: str) -> bool:
    """Return whether a place is really below the export directory, without a link in between.

    :param place: a path that begins with that of the directory
    """
    inside = os.path.relpath(os.path.dirname(place), os.path.normpath(directory))
    real = os.path.normpath(os.path.join(os.path.realpath(directory), inside))
    return os.path.realpath(os.path.dirname(place)) == real


def leads_to(link: str, path: str) -> bool:
    """Return whether a link points to a path, even if nothing exists there."""
    return os.path.realpath(link) == os.path.realpath(path)


def is_same(place: str, digest: str) -> bool:
    """Return whether a place holds the same content as a new export; raises OSError."""
    try:
        return digest_at(place) == digest
    except CannotKeep:
        return False


def keep_edited(place: str) -> str:
    """Rename the file at a place to a free name, and return that name; raises OSError."""
    number = 1
    while os.path.lexists(f"{place}.edited-{number}"):
        number += 1
    os.rename(place, f"{place}.edited-{number}")
    return f"{place}.edited-{number}"
