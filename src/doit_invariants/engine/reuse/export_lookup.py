"""Looks for the exports of a task, and plans to export its targets."""

from __future__ import annotations

import os
from collections.abc import Sequence

from doit_invariants.core.model import Verdict
from doit_invariants.engine.records.values import values_of
from doit_invariants.engine.reuse.builder import PlanBuilder
from doit_invariants.engine.reuse.exports import exporter_of, is_outdated
from doit_invariants.engine.reuse.facts import missing_targets
from doit_invariants.engine.reuse.signature import name_of_target
from doit_invariants.engine.reuse.sinks import ExportSink
from doit_invariants.engine.reuse.sources import ExportSource
from doit_invariants.exports.manifest import SUFFIXES
from doit_invariants.results.entry import ResultEntry
from doit_invariants.rules.decide import path_difference


class ExportLookup:
    """Looks up and makes the exports of one task."""

    def __init__(self, builder: PlanBuilder) -> None:
        self._builder = builder
        self._observation, self._session, self._task = (
            builder.observation,
            builder.session,
            builder.task,
        )
        self._plan = builder.plan
        self._exporter = exporter_of(self._session, self._task, self._observation.spec)

    def entry(self) -> ResultEntry | None:
        """Return the entry of the exports, None if they have none."""
        return self._exporter.preview(()).entry

    def keep(self) -> None:
        """Plan to export the targets."""
        self._plan.sink = self._sink()
        self._plan.signature = self._builder.signature_or_none()
        self._builder.adopt()

    def keep_late(self, verdict: Verdict) -> Verdict:
        """Export the targets of an up-to-date task, if its result was not exported yet."""
        record, targets = self._observation.before.record, self._task.targets
        if not self._session.runs or not targets:
            return verdict
        if record is None or record.executed_at is None:
            return verdict
        matches = not verdict.reasons
        outdated = is_outdated(self._session.root, record, self._exporter.entry())
        if not outdated and (not matches or self._all_exported(targets)):
            return verdict
        self._task.values = dict(values_of(self._session, self._task.name))
        self._plan.runs = False
        self._plan.sink = self._sink()
        self._plan.signature = self._builder.signature_or_none() if matches else None
        self._task.setup_tasks = []
        self._builder.adopt()
        return verdict._replace(
            status="run", policy="exported now, because it was not exported yet"
        )

    def restore(self, verdict: Verdict) -> Verdict | None:
        """Plan to restore missing targets; return None if they can't be, with ``why_not`` set."""
        builder, session = self._builder, self._session
        missing = missing_targets(self._observation, builder.facts)
        placeholders = session.placeholders.among(self._task.targets)
        found = self._exporter.preview(missing, placeholders)
        if found.refusals:
            builder.why_not = f"not restored: {'; '.join(found.refusals.values())}"
            return None
        if is_outdated(session.root, self._observation.before.record, found.entry):
            builder.why_not = "not restored: its exports are older than its last result"
            return None
        if found.by_hand and builder.is_asked_for_values():
            builder.why_not = (
                "not restored: other tasks get values from it, and its export was put there by hand"
            )
            return None
        self._plan.valid = self._is_valid(found.entry, missing)
        source = ExportSource(self._exporter, missing, placeholders)
        self._plan.source = source
        if session.runs and self._task.setup_tasks:
            return builder.restore_now(verdict, source)
        self._plan.sink = self._sink()
        return builder.restores(verdict, os.path.relpath(self._exporter.directory, session.root))

    def _is_valid(self, entry: ResultEntry | None, missing: Sequence[str]) -> bool:
        """Return whether the exports are what the actions would make now."""
        signature = self._builder.signature_or_none()
        return (
            bool(signature)
            and entry is not None
            and entry.signature == signature
            and not self._task.getargs
            and self._has_the_rest_of(entry, missing)
        )

    def _has_the_rest_of(self, entry: ResultEntry, missing: Sequence[str]) -> bool:
        """Return whether the targets that are not restored are the same as their exports."""
        states = self._observation.target_states()
        made = {one.path: one.state for one in entry.artifacts}
        for path, state in states.items():
            name = name_of_target(self._session.root, path)
            if path not in missing and (state is None or made.get(name) != state.digest):
                return False
        return True

    def _all_exported(self, targets: Sequence[str]) -> bool:
        places = [self._exporter.place(target) for target in targets]
        return all(any(os.path.lexists(place + suffix) for suffix in SUFFIXES) for place in places)

    def _sink(self) -> ExportSink:
        return ExportSink(self._exporter, list(self._task.targets))

    def is_as_left(self) -> bool:
        """Return whether the targets are as the last success left them: an edit is not exported."""
        record, states = self._observation.before.record, self._observation.target_states()
        recorded = record.targets if record is not None else None
        return recorded is not None and all(
            state is not None and path_difference(recorded.get(path), state, path) is None
            for path, state in states.items()
        )
