"""Create exports: in a temporary directory first, except for ``move``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence

from doit_invariants.exports.content import digest_of_link, digest_of_parts, hashed
from doit_invariants.exports.gzipped import pack
from doit_invariants.exports.placing import rename
from doit_invariants.files.copying import copy_file
from doit_invariants.files.deep import remove
from doit_invariants.results.capture import capture
from doit_invariants.results.parts import Part

#: Creates a file at the second path from the file at the first; returns digest and size in bytes.
_Make = Callable[[str, str], "tuple[str, int]"]


def suffix(how: str, target: str) -> str:
    """Return the suffix that the export of a target gets."""
    if how != "gzip":
        return ""
    return ".tar.gz" if os.path.isdir(target) else ".gz"


def make(how: str, target: str, new: str, place: str) -> tuple[tuple[Part, ...], str]:
    """Create an export in the temporary directory.

    :param how: one of ``HOWS`` except ``move``
    :param target: absolute path of the target
    :param new: path at which to create the export
    :param place: path to which it will be renamed
    :returns: the parts of the target, and the digest of the export
    :raises CannotKeep, OSError: see :func:`capture`
    """
    if how == "gzip":
        parts = pack(target, new)
        return parts, hashed(new)[0]
    if how == "symlink":
        text = link_text(target, place)
        os.symlink(text, new)
        return capture(target, hashed), digest_of_link(text)
    parts = _rebuild(target, new, _link if how == "hardlink" else copy_with_times)
    return parts, digest_of_parts(parts)


def link_text(path: str, link: str) -> str:
    """Return the relative path that a link needs to point to a path, so that both can be moved."""
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    return os.path.relpath(real, os.path.realpath(os.path.dirname(link)))


def copy_with_times(source: str, new: str) -> tuple[str, int]:
    """Copy a file with its mode and its times; return digest and size in bytes."""
    info = os.stat(source)
    found = copy_file(source, new, mode=info.st_mode & 0o777)
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))
    return found


def _link(source: str, new: str) -> tuple[str, int]:
    try:
        # Link to the file that a link points to: every other way exports that too.
        os.link(os.path.realpath(source), new)
    except OSError:  # another file system, or one without hard links
        return copy_with_times(source, new)
    return hashed(new)


def _rebuild(target: str, new: str, file: _Make) -> tuple[Part, ...]:
    def put(source: str) -> tuple[str, int]:
        path = new + source[len(target) :]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return file(source, path)

    parts = capture(target, put)
    _finish(new, parts)
    return parts


def _finish(new: str, parts: Sequence[Part]) -> None:
    """Create the links and directories. Modes last, because a directory may be read-only."""
    paths = {part: os.path.join(new, *part.path.split("/")) if part.path else new for part in parts}
    directories = [part for part in parts if part.type == "directory"]
    for part in parts:
        if part.type == "directory":
            os.makedirs(paths[part], exist_ok=True)
        elif part.type == "link":
            os.makedirs(os.path.dirname(paths[part]), exist_ok=True)
            os.symlink(part.link, paths[part])
    for part in reversed(directories):
        os.chmod(paths[part], part.mode)


def move(target: str, place: str, aside: str) -> None:
    """Move a target to a free place, and leave a link to it.

    :param aside: path of a temporary directory
    :raises OSError: if it can't be moved; the target is then where it was

    Between the two steps there is no target. A process that is killed there costs a run or a
    restore. The opposite order is impossible: a link can't be renamed over a directory.
    """
    text = link_text(place, target)
    try:
        rename(target, place)
    except OSError:
        _move_far(target, place, aside)
    try:
        os.symlink(text, target)
    except OSError:
        rename(place, target)
        raise


def _move_far(target: str, place: str, aside: str) -> None:
    """Move to another file system."""
    new = os.path.join(aside, "far")
    _rebuild(target, new, copy_with_times)
    rename(new, place)
    # Rename first: a killed process must not leave half of a directory as a target.
    old = f"{target}.moved-{secrets.token_hex(6)}"
    os.rename(target, old)
    remove(old)
