"""Where results go: into a store, to the export directory, or to the place of a policy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.text import error_text
from doit_invariants.engine.reuse.plan import (
    Digests,
    NotPublished,
    Plan,
    PlanOutcome,
    Publication,
    late_signature,
)
from doit_invariants.files.state import stat_key
from doit_invariants.hashing.digest import measure_file
from doit_invariants.results.capture import CannotKeep, capture
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import Artifact, DamagedResult
from doit_invariants.stores.base import Store

if TYPE_CHECKING:
    from doit_invariants.exports.exporter import Exporter
    from doit_invariants.results import places


@dataclass(slots=True)
class StoreSink:
    """Puts the targets of a task into a store; the main process writes the entry later."""

    store: Store
    targets: dict[str, str]
    skip: frozenset[str] = frozenset()

    def keep(self, outcome: PlanOutcome) -> None:
        """Put the contents into the store."""
        _take(outcome, self.store.put, self.targets, self.skip, "the store")

    def signature(self, signature: str, getargs: Mapping[str, Any]) -> str:
        """Return the signature under which a later run looks up the result."""
        return late_signature(signature, getargs)

    def publish(
        self, outcome: PlanOutcome, entry: ResultEntry, publication: Publication
    ) -> list[str]:
        """Add the entry; an existing entry stays, unless the plan replaces it."""
        if publication.why_not:
            raise NotPublished(f"not put into the store: {publication.why_not}")
        there = self.store.add(entry.signature, entry.to_json())
        if there is None:
            return []
        try:
            other = ResultEntry.from_json(there)
        except DamagedResult:
            other = None
        if other is None or publication.replaces or not _is_of_same_task(entry, other):
            self._replace(entry)
            return []
        different = entry.differs_in(other)
        if not different and entry.output and not other.output:
            self._replace(entry)  # an entry that was stored late has no output
        return different

    def _replace(self, entry: ResultEntry) -> None:
        self.store.remove(entry.signature)
        self.store.add(entry.signature, entry.to_json())

    def location(self) -> str:
        """Return the location of the store."""
        return self.store.location

    def announcement(self, plan: Plan) -> str:
        """Return nothing: for the user the task is simply up-to-date."""
        return ""


@dataclass(slots=True)
class PolicySink:
    """Puts the targets of a task into the place of its policy, with a plugin's code.

    :ivar signed: whether the result has a signature; it must then provably belong to it
    """

    sink: places.Sink
    targets: dict[str, str]
    signed: bool
    skip: frozenset[str] = frozenset()

    def keep(self, outcome: PlanOutcome) -> None:
        """Put the contents into the place."""
        _take(outcome, self._put, self.targets, self.skip, self.sink.where)

    def _put(self, path: str) -> tuple[str, int]:
        measured = measure_file(path)  # before the copy: _take() finds a write in between
        try:
            self.sink.put(path)
        except (InvariantsError, OSError):
            raise
        except (Exception, SystemExit) as error:
            raise CannotKeep(f"failed with {type(error).__name__}: {error_text(error)}") from error
        return measured

    def signature(self, signature: str, getargs: Mapping[str, Any]) -> str:
        """Return the signature of the task; a task that gets values has none here."""
        return signature

    def publish(
        self, outcome: PlanOutcome, entry: ResultEntry, publication: Publication
    ) -> list[str]:
        """Give the entry to the place; with a signature, only if the result belongs to it."""
        where = self.sink.where
        if publication.why_not and self.signed:
            raise NotPublished(f"not put into {where}: {publication.why_not}")
        try:
            self.sink.finish(entry)
        except (Exception, SystemExit) as error:
            text = str(error) if isinstance(error, InvariantsError) else ""
            text = text or f"failed with {type(error).__name__}: {error_text(error)}"
            raise NotPublished(f"not put into {where}: {text}") from error
        return []

    def location(self) -> str:
        """Return nothing: the place does not promise to keep the result."""
        return ""

    def announcement(self, plan: Plan) -> str:
        """Return nothing: a result only goes there after a run of its actions."""
        return ""


@dataclass(slots=True)
class ExportSink:
    """Exports the targets of a task; the main process writes the manifest later."""

    exporter: Exporter
    targets: list[str]

    def keep(self, outcome: PlanOutcome) -> None:
        """Copy the targets to the export directory."""
        try:
            outcome.draft = self.exporter.export(self.targets)
        except InvariantsError as error:
            outcome.warnings.append(f"not exported: {error}")
        else:
            outcome.warnings += outcome.draft.warnings

    def signature(self, signature: str, getargs: Mapping[str, Any]) -> str:
        """Return the signature of the task: exports are looked up by their targets."""
        return signature

    def publish(
        self, outcome: PlanOutcome, entry: ResultEntry, publication: Publication
    ) -> list[str]:
        """Write the manifest."""
        if outcome.draft is not None:
            self.exporter.finish(outcome.draft, entry, publication.is_others)
        return []

    def location(self) -> str:
        """Return nothing: users edit and remove exports."""
        return ""

    def announcement(self, plan: Plan) -> str:
        """Say where the targets were exported to."""
        outcome = plan.outcome
        if outcome is None or outcome.draft is None or not outcome.draft.rows:
            return "not exported"
        return f"exported to {os.path.relpath(self.exporter.directory, plan.root)}"


def _take(
    outcome: PlanOutcome,
    take: Callable[[str], tuple[str, int]],
    targets: Mapping[str, str],
    skip: frozenset[str],
    where: str,
) -> None:
    """Put the contents of targets somewhere, and note the artifacts and digests.

    :param take: puts one file, and returns its digest and its size in bytes
    """
    digests: Digests = {}

    def put(path: str) -> tuple[str, int]:
        before = stat_key(os.stat(path))
        now = time.time_ns()
        digest, size = take(path)
        if stat_key(os.stat(path)) != before:
            raise CannotKeep(f"{path} was written while it was put into {where}")
        digests[path] = (digest, before, now)
        return digest, size

    try:
        for path in targets:
            if os.path.islink(path.rstrip("/")):
                raise CannotKeep(f"its target {path} is a link")
        outcome.artifacts = tuple(
            Artifact(name, capture(path, put, skip)) for path, name in targets.items()
        )
    except InvariantsError as error:
        outcome.warnings.append(f"not put into {where}: {error}")
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        outcome.warnings.append(f"not put into {where}:{name}: {error.strerror or error}")
    outcome.digests.update(digests)


def _is_of_same_task(entry: ResultEntry, other: ResultEntry) -> bool:
    names, others = ([one.path for one in each.artifacts] for each in (entry, other))
    return entry.signature == other.signature and names == others
