"""Inspect what is at the place of an export: its digest, its parts, whether it is ours."""

from __future__ import annotations

import os
import stat as stat_module
import time
from collections.abc import Iterator, Sequence

from doit_invariants.exports.manifest import Row
from doit_invariants.files.state import is_racy
from doit_invariants.hashing.digest import ALGORITHM, digest_bytes, digest_file, digest_json
from doit_invariants.results.capture import capture
from doit_invariants.results.parts import Part

#: Used instead of a digest if the content was not hashed.
NO_DIGEST = ALGORITHM + ":" + "0" * 32


def hashed(path: str) -> tuple[str, int]:
    """Return the digest and the size in bytes of a file, for :func:`capture`."""
    size = os.stat(path).st_size
    return digest_file(path, size), size


def sized(path: str) -> tuple[str, int]:
    """Return the size in bytes of a file without reading it, for :func:`capture`."""
    return NO_DIGEST, os.stat(path).st_size


def digest_of_parts(parts: Sequence[Part]) -> str:
    """Return the digest of an export that consists of these parts.

    It ignores modes: a checkout or a umask changes them although nobody edited anything.
    """
    if parts[0].type == "file":
        return parts[0].digest
    return digest_json([[part.path, part.type, part.digest, part.link] for part in parts])


def digest_of_link(text: str) -> str:
    """Return the digest of a symbolic link."""
    return digest_bytes(b"link " + os.fsencode(text))


def digest_at(path: str) -> str:
    """Return the digest of whatever is at a path.

    :raises OSError: if there is nothing or it can't be read
    :raises CannotKeep: if it can't be an export
    """
    if os.path.islink(path):
        return digest_of_link(os.readlink(path))
    return digest_of_parts(capture(path, hashed))


def row_at(path: str, export: str, how: str, digest: str) -> Row:
    """Return the manifest row for whatever is at a path; raises OSError.

    :param export: the path as the manifest names it
    """
    info = os.lstat(path)
    key = (info.st_mtime_ns, info.st_size, info.st_ino, info.st_mtime_ns)
    # The stat of a directory says nothing about the files in it.
    vague = stat_module.S_ISDIR(info.st_mode) or is_racy(key, time.time_ns())
    mtime = -1 if vague else info.st_mtime_ns
    return Row(export, how, digest, info.st_size, mtime, info.st_ino)


def is_row(path: str, row: Row) -> bool:
    """Return whether a path still holds what the row describes; raises OSError, CannotKeep."""
    info = os.lstat(path)
    if (info.st_mtime_ns, info.st_size, info.st_ino) == (row.mtime_ns, row.size, row.inode):
        return True
    return digest_at(path) == row.digest


def is_still_linked(path: str, target: str, parts: Sequence[Part]) -> bool:
    """Return whether each file of an export is unchanged or still the same file as in the target.

    :param parts: what the target contained when it was exported by hard links

    A task that opens its target for writing also writes into the hard link. That is not an edit by
    the user.
    """
    before = {part.path: part for part in parts}
    for part in capture(path, hashed):
        old = before.get(part.path)
        below = part.path.split("/") if part.path else []
        mine, theirs = os.path.join(path, *below), os.path.join(target, *below)
        if old is not None and (part.type, part.digest, part.link) == (
            old.type,
            old.digest,
            old.link,
        ):
            continue
        if part.type != "file" or not os.path.exists(theirs) or not os.path.samefile(mine, theirs):
            return False
    return True


def misshapen(path: str, parts: Sequence[Part]) -> str | None:
    """Return how a path visibly differs from its parts; None if it does not.

    :raises OSError: if it can't be read
    :raises CannotKeep: if it can't be an export

    Contents are not read, so an edit that keeps the size of a file is not noticed.
    """
    found = {part.path: part for part in capture(path, sized)}
    now = found[""].type
    if now != parts[0].type:
        return f"it was a {parts[0].type} and is a {now} now"
    return next(_differences(found, {part.path: part for part in parts}), None)


def _differences(found: dict[str, Part], wanted: dict[str, Part]) -> Iterator[str]:
    for name in sorted({**found, **wanted}):
        if name not in found:
            yield f"{name} is no longer in it"
        elif name not in wanted:
            yield f"{name} was added to it"
        elif _coarse(found[name]) != _coarse(wanted[name]):
            yield f"{name} in it was changed" if name else "it was changed"


def _coarse(part: Part) -> tuple[str, int, str]:
    return (part.type, part.size, part.link)
