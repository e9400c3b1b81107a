"""Restore targets from their exports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.text import error_text
from doit_invariants.exports.content import (
    NO_DIGEST,
    digest_of_parts,
    hashed,
    misshapen,
    sized,
)
from doit_invariants.exports.destination import Destination
from doit_invariants.exports.gzipped import BROKEN, open_tar, unpack_file
from doit_invariants.exports.making import link_text
from doit_invariants.exports.manifest import Manifest, Row
from doit_invariants.exports.placing import project_path
from doit_invariants.exports.stale import is_unchanged
from doit_invariants.files.copying import copy_file
from doit_invariants.results.capture import capture
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import Part
from doit_invariants.results.staging import Staging


class ExportError(InvariantsError):
    """Targets can't be restored, or an export can't be completed; says why in one line."""


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The outcome of a restore.

    :ivar entry: the success that the exports come from; None if there is no manifest
    :ivar by_hand: targets whose exports are in no manifest: somebody put them there
    """

    entry: ResultEntry | None
    by_hand: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetSource:
    """Where to restore a missing target from.

    :ivar target: as the caller named it
    :ivar path: its absolute path
    :ivar place: absolute path of the export
    :ivar row: from the manifest, None for an export that was put there by hand
    :ivar parts: what the target contained; for an export that was put there by hand, what is known
        without unpacking
    """

    target: str
    path: str
    place: str
    row: Row | None
    parts: tuple[Part, ...] | None


def find(
    destination: Destination, manifest: Manifest | None, target: str, *, replace: bool = False
) -> TargetSource:
    """Return where to restore a missing target from; no content is hashed.

    :param replace: whether an existing target may be replaced
    :raises InvariantsError, OSError: with the reason, if it can't be restored
    """
    name = project_path(destination.root, target)
    place = destination.place(target)
    path = os.path.join(destination.root, *name.split("/"))
    if os.path.exists(path) and not replace:
        raise ExportError("it already exists")
    row = manifest.rows.get(name) if manifest is not None else None
    if manifest is None or row is None:
        found = _by_hand(destination, target, path, place)
        _check_not_stale(destination, manifest, name, found.place)
        return found
    place = destination.place_of(row)
    if row.how == "symlink":
        raise ExportError(f"its export {place} is only a link to it")
    parts = manifest.parts(name)
    wanted = parts if row.how != "gzip" else (Part("", "file", size=row.size),)
    _check_there(place)
    reason = misshapen(place, wanted)
    if reason is not None:
        raise ExportError(_not_as_exported(place, reason))
    return TargetSource(target, path, place, row, parts)


def _check_not_stale(
    destination: Destination, manifest: Manifest | None, name: str, place: str
) -> None:
    stale = manifest.stale.get(name) if manifest is not None else None
    if stale and place == destination.place_of(stale) and is_unchanged(place, stale):
        raise ExportError(f"its export {place} is from an earlier run")


def _not_as_exported(place: str, reason: str) -> str:
    return f"{place} is not as it was exported: {reason}; remove it to run the task"


def _check_there(place: str) -> None:
    if os.path.exists(place):
        return
    if os.path.islink(place):
        raise ExportError(f"its export {place} is a broken link")
    raise ExportError(f"its export {place} is missing")


def _by_hand(destination: Destination, target: str, path: str, place: str) -> TargetSource:
    for end in (".gz", ".tar.gz") if destination.how == "gzip" else ():
        if os.path.isfile(place + end):
            return TargetSource(target, path, place + end, None, None)
    _check_there(place)
    return TargetSource(target, path, place, None, capture(place, sized))


def restore(root: str, sources: Sequence[TargetSource]) -> None:
    """Restore targets, all or none.

    :param root: absolute path of the project directory
    :raises ExportError: in one line, if one can't be restored; everything is then as it was before
    """
    staging = Staging(root)
    source = None
    try:
        for source in sources:
            _stage(staging, source)
        source = None
        staging.commit()
    except (InvariantsError, OSError, *BROKEN) as error:
        name = source.target if source else ", ".join(one.target for one in sources)
        raise ExportError(f"{name} can't be restored: {_why(error, source)}") from error
    finally:
        staging.abandon()


def _why(error: BaseException, source: TargetSource | None) -> str:
    if source is None or isinstance(error, ExportError):
        return error_text(error)
    if isinstance(error, OSError) and error.filename not in (None, source.place):
        return error_text(error)
    if source.row is None:
        return f"its export {source.place} can't be read: {error_text(error)}"
    return _not_as_exported(source.place, error_text(error))


def _stage(staging: Staging, source: TargetSource) -> None:
    if source.row is not None and source.row.how == "move":
        _check_moved(source)
        staging.link(link_text(source.place, source.path), source.path)
    elif source.place.endswith(".tar.gz") and _is_packed(source):
        _stage_tar(staging, source)
    elif _is_packed(source):
        _stage_packed(staging, source)
    else:
        _stage_plain(staging, source)


def _is_packed(source: TargetSource) -> bool:
    return source.parts is None or (source.row is not None and source.row.how == "gzip")


def _check_moved(source: TargetSource) -> None:
    assert source.parts is not None
    found = capture(source.place, hashed)
    if digest_of_parts(found) != digest_of_parts(source.parts):
        raise ExportError(_not_as_exported(source.place, "its content was changed"))


def _check(source: TargetSource, part: Part, found: tuple[str, int]) -> None:
    if source.row is not None and part.digest != found[0]:
        what = f"{part.path} in it" if part.path else "its content"
        raise ExportError(_not_as_exported(source.place, f"{what} was changed"))


def _finish(new: str, mode: int, like: str) -> None:
    info = os.stat(like)
    os.chmod(new, mode)
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))


def _stage_plain(staging: Staging, source: TargetSource) -> None:
    def fetch(part: Part, new: str) -> None:
        below = part.path.split("/") if part.path else []
        place = os.path.join(source.place, *below)
        _check(source, part, copy_file(place, new))
        _finish(new, part.mode, place)

    assert source.parts is not None
    staging.make(source.parts, source.path, fetch)


def _stage_packed(staging: Staging, source: TargetSource) -> None:
    mode = os.stat(source.place).st_mode & 0o777
    parts = source.parts or (Part("", "file", NO_DIGEST, mode=mode),)
    limit = parts[0].size if source.parts else None

    def fetch(part: Part, new: str) -> None:
        _check(source, part, unpack_file(source.place, new, limit))
        _finish(new, part.mode, source.place)

    staging.make(parts, source.path, fetch)


def _stage_tar(staging: Staging, source: TargetSource) -> None:
    with open_tar(source.place, os.path.basename(source.path), source.parts) as tar:
        if source.parts is not None and _shape(tar.parts) != _shape(source.parts):
            raise ExportError(_not_as_exported(source.place, "it holds something else"))

        def fetch(part: Part, new: str) -> None:
            _check(source, part, tar.fetch(part.path, new))
            os.chmod(new, part.mode)

        staging.make(source.parts or tar.parts, source.path, fetch)


def _shape(parts: Sequence[Part]) -> set[tuple[str, str, int, str]]:
    return {(part.path, part.type, part.size, part.link) for part in parts}
