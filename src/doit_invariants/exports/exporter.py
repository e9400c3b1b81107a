"""Export and restore the targets of a task: the interface for the rest of the package."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import HOWS
from doit_invariants.core.text import error_text
from doit_invariants.exports.destination import Destination
from doit_invariants.exports.manifest import (
    Manifest,
    read_manifest,
    write_manifest,
)
from doit_invariants.exports.placing import project_path, temporary
from doit_invariants.exports.restoring import (
    ExportError,
    RestoreResult,
    TargetSource,
    find,
    restore,
)
from doit_invariants.exports.stale import remove_stale, stale_exports
from doit_invariants.exports.writing import Draft, Writing
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult

__all__ = ["HOWS", "Draft", "ExportError", "Exporter", "RestorePreview", "RestoreResult"]


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """The expected outcome of a restore.

    :ivar entry: the success that the exports come from; None if there is no manifest
    :ivar refusals: why a missing target can't be restored, for each such target
    :ivar by_hand: missing targets whose exports are in no manifest: somebody put them there
    :ivar by_hand_since: when the oldest of these was modified, in seconds since the epoch
    """

    entry: ResultEntry | None
    refusals: dict[str, str]
    by_hand: tuple[str, ...]
    by_hand_since: float | None = None


class Exporter(Destination):
    """Exports the targets of one task to a destination, and restores them from there."""

    __slots__ = ()

    def export(self, targets: Sequence[str]) -> Draft:
        """Export targets; a target that can't be exported is skipped with a warning.

        :raises InvalidOption: see :meth:`place`
        """
        for target in targets:
            self.place(target)
        # Export a directory before a target in it: that one would create a directory that counts as
        # not ours.
        outer_first = sorted(targets, key=lambda one: project_path(self.root, one).count("/"))
        try:
            with temporary(self.directory) as aside:
                writing = Writing(self, self._known(), aside)
                for target in outer_first:
                    writing.export(target, targets)
                return writing.draft(targets)
        except OSError as error:
            text = f"nothing is exported: {self.directory} can't be written: {error_text(error)}"
            return Draft((), (text,), ())

    def finish(
        self, draft: Draft, entry: ResultEntry, is_others: Callable[[str], bool] = lambda _: False
    ) -> None:
        """Make a draft the exports of the task, once the task is known to have succeeded.

        :param entry: of this success, with the artifacts of the draft
        :param is_others: whether a target, relative to the project, now belongs to another task: an
            earlier export of it then belongs to that task too
        :raises ExportError: if the manifest can't be written
        """
        manifest = Manifest(
            entry, dict(draft.rows), stale_exports(self, self._known(), draft.rows, is_others)
        )
        try:
            with temporary(self.directory) as aside:
                write_manifest(self.directory, self.task, manifest, aside)
                # Only now: a process that is killed leaves one export too many, not one too few.
                remove_stale(self, manifest.stale, aside)
        except (OSError, TypeError, ValueError) as error:
            raise ExportError(
                f"the manifest of the exports can't be written to {self.directory}: "
                f"{error_text(error)}"
            ) from error

    def entry(self) -> ResultEntry | None:
        """Return the success that the exports come from, None if there is no valid manifest."""
        manifest = self._known()
        return manifest.entry if manifest is not None else None

    def preview(self, missing: Sequence[str], replace: Collection[str] = ()) -> RestorePreview:
        """Return whether missing targets could be restored. This is cheap and writes nothing.

        :param replace: targets that exist but may be replaced
        """
        entry, sources, refusals = self._find(missing, replace)
        placed = [source for source in sources if source.row is None]
        since = min((os.stat(source.place).st_mtime for source in placed), default=None)
        return RestorePreview(entry, refusals, tuple(source.target for source in placed), since)

    def restore(self, missing: Sequence[str], replace: Collection[str] = ()) -> RestoreResult:
        """Restore missing targets, all or none.

        :param replace: targets that exist but may be replaced
        :raises ExportError: in one line, if one can't be restored; everything is then as it was
            before
        """
        entry, sources, refusals = self._find(missing, replace)
        for target, reason in refusals.items():
            raise ExportError(f"{target} can't be restored: {reason}")
        restore(self.root, sources)
        by_hand = tuple(source.target for source in sources if source.row is None)
        return RestoreResult(entry, by_hand)

    def _known(self) -> Manifest | None:
        """Return the manifest, None if there is no valid one: then no export counts as ours."""
        try:
            return read_manifest(self.directory, self.task)
        except DamagedResult:
            return None

    def _find(
        self, missing: Sequence[str], replace: Collection[str]
    ) -> tuple[ResultEntry | None, list[TargetSource], dict[str, str]]:
        try:
            manifest = read_manifest(self.directory, self.task)
        except DamagedResult as error:
            reason = f"the manifest of the exports in {self.directory} is damaged: {error}"
            return None, [], dict.fromkeys(missing, reason)
        sources: list[TargetSource] = []
        refusals: dict[str, str] = {}
        for target in missing:
            try:
                sources.append(find(self, manifest, target, replace=target in replace))
            except (InvariantsError, OSError) as error:
                refusals[target] = error_text(error)
        return manifest.entry if manifest else None, sources, refusals
