"""Write the exports of one success of a task."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.paths import overlap
from doit_invariants.core.text import error_text
from doit_invariants.exports.content import digest_of_parts, hashed, row_at
from doit_invariants.exports.destination import Destination
from doit_invariants.exports.gzipped import BROKEN
from doit_invariants.exports.making import make, move, suffix
from doit_invariants.exports.manifest import Manifest, Row
from doit_invariants.exports.placing import (
    Blocked,
    PreviousExport,
    is_below,
    is_ours,
    is_same,
    keep_edited,
    leads_to,
    project_path,
    rename,
    swap,
)
from doit_invariants.results.capture import capture
from doit_invariants.results.parts import Artifact, Part


@dataclass(frozen=True, slots=True)
class Draft:
    """Exports that are in place, although the task is not yet known to have succeeded.

    :ivar artifacts: the exported targets and their parts
    :ivar warnings: one line for each target that was not exported, and for each file kept aside
    :ivar rows: the rows of the new manifest, by the path of the target relative to the project
    """

    artifacts: tuple[Artifact, ...]
    warnings: tuple[str, ...]
    rows: tuple[tuple[str, Row], ...]


class Writing:
    """Exports targets one by one, and collects warnings.

    :param destination: where the exports go
    :param known: the manifest of the last success
    :param aside: path of a temporary directory among the exports
    """

    def __init__(self, destination: Destination, known: Manifest | None, aside: str) -> None:
        self._destination = destination
        self._known = known
        self._aside = aside
        self._artifacts: list[Artifact] = []
        self._warnings: list[str] = []
        self._rows: dict[str, Row] = {}

    def draft(self, targets: Sequence[str]) -> Draft:
        """Return what was exported, in the order of the targets."""
        names = [project_path(self._destination.root, target) for target in targets]
        artifacts = sorted(self._artifacts, key=lambda one: names.index(one.path))
        return Draft(tuple(artifacts), tuple(self._warnings), tuple(self._rows.items()))

    def export(self, target: str, targets: Sequence[str]) -> None:
        """Export one target, or collect a warning.

        :param targets: all targets of the task; none of them may be overwritten
        """
        name = project_path(self._destination.root, target)
        if name in self._rows:
            return
        try:
            self._check_apart(target, targets)
            how, place, parts, digest = self._write(target, name)
            export = os.path.relpath(place, os.path.normpath(self._destination.directory))
            self._rows[name] = row_at(place, export.replace(os.sep, "/"), how, digest)
            self._artifacts.append(Artifact(name, parts))
        except (InvariantsError, OSError, *BROKEN) as error:
            self._warnings.append(f"{target} is not exported: {self._why(error, target)}")

    def _check_apart(self, target: str, targets: Sequence[str]) -> None:
        place = self._destination.place(target)
        for other in targets:
            path = os.path.normpath(os.path.join(self._destination.root, other))
            if overlap(place, path):
                raise Blocked(f"its place {place} overlaps with the target {other}")

    def _check_not_around(self, path: str) -> None:
        # A target that is a link can lead to a directory that contains the exports.
        if os.path.realpath(self._destination.directory).startswith(
            os.path.realpath(path) + os.sep
        ):
            raise Blocked(f"it leads to a directory that contains {self._destination.directory}")

    def _why(self, error: BaseException, target: str) -> str:
        text = error_text(error)
        if isinstance(error, (FileExistsError, NotADirectoryError)):
            return f"{os.path.dirname(self._destination.place(target))} is not a directory"
        return text

    def _write(self, target: str, name: str) -> tuple[str, str, tuple[Part, ...], str]:
        """Return how and where the target is exported, its parts, and the digest of the export."""
        how = self._destination.how
        path = os.path.join(self._destination.root, *name.split("/"))
        place = self._destination.place(target) + suffix(how, path)
        if os.path.exists(path) and leads_to(path, place) and not os.path.islink(place):
            # Moved by an earlier run: the export is the only copy, and the task wrote to it.
            parts = capture(place, hashed)
            how = "copy" if how in ("copy", "hardlink") else "move"
            return how, place, parts, digest_of_parts(parts)
        self._check_not_around(path)
        if not is_below(self._destination.directory, place):
            raise Blocked(f"a link in its path {place} leads outside {self._destination.directory}")
        if how == "move" and os.path.islink(path):
            how = "copy"  # the task made the link: it stays
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if how == "move":
            parts = capture(path, hashed)
            digest = digest_of_parts(parts)
            self._move(path, place, name, digest)
            return how, place, parts, digest
        new = os.path.join(self._aside, f"new-{len(self._rows)}-{len(self._warnings)}")
        parts, digest = make(how, path, new, place)
        if self._make_room(path, place, name, digest):
            swap(new, place, self._aside)
        return how, place, parts, digest

    def _move(self, path: str, place: str, name: str, digest: str) -> None:
        self._make_room(path, place, name, digest)
        old = os.path.join(self._aside, f"old-{len(self._rows)}")
        there = os.path.lexists(place)
        if there:
            rename(place, old)
        try:
            move(path, place, self._aside)
        except OSError:
            if there and not os.path.lexists(place):
                rename(old, place)
            raise

    def _make_room(self, path: str, place: str, name: str, digest: str) -> bool:
        """Return whether the place is to be written; an edited export is renamed first.

        :raises Blocked: if the file there is not ours
        """
        if not os.path.lexists(place):
            return True
        previous = self._previous(place, name)
        if is_ours(place, path, previous):
            return True
        if is_same(place, digest):
            return False
        if previous.row is not None:
            self._warnings.append(
                f"{place} was edited since {path} was exported: "
                f"the edited version is kept as {keep_edited(place)}"
            )
        elif not self._destination.overwrite:
            raise Blocked(
                f"{place} was not put there by this task; remove it or set export_overwrite"
            )
        return True

    def _previous(self, place: str, name: str) -> PreviousExport:
        if self._known is None:
            return PreviousExport(None)
        row = self._known.rows.get(name) or self._known.stale.get(name)
        if row is None:
            return PreviousExport(None)
        if place != self._destination.place_of(row):
            return PreviousExport(None)
        return PreviousExport(row, self._known.parts(name))
