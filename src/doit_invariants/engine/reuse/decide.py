"""What the cache policy of a task makes of its verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.core.text import listing
from doit_invariants.engine.records.values import save_values, values_of
from doit_invariants.engine.reuse.exports import exporter_of, is_outdated
from doit_invariants.engine.reuse.facts import (
    facts_of,
    has_ttl,
    is_told,
    missing_targets,
)
from doit_invariants.engine.reuse.shared import StoreAnswers
from doit_invariants.engine.reuse.signature import name_of_target, shared_signature
from doit_invariants.engine.reuse.sinks import ExportSink, PolicySink
from doit_invariants.engine.reuse.sources import ExportSource, PolicySource
from doit_invariants.exports.exporter import Exporter
from doit_invariants.exports.manifest import SUFFIXES
from doit_invariants.policies.base import answer_of
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.places import ResultKey
from doit_invariants.rules.decide import path_difference


class Answers(StoreAnswers):
    """Asks the policy of one task, and plans what it answers."""

    def apply(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the policy's answer; in a run the task then has its plan."""
        if not self.session.host.actions(self.task) or self.task.has_subtask:
            return verdict
        if verdict.status == "error" and not _lacks_inputs_only(verdict):
            return verdict
        if self.session.runs_all:
            return self.run(verdict)
        if verdict.status == "up-to-date":
            return self._store_late(self._export_late(verdict))
        facts = facts_of(self.look, self.host, verdict)
        answer = answer_of(self.policy, facts)
        if answer == "accept" and self._lacks_values():
            return self.run(verdict)
        if answer == "accept":
            text = self._said("accepted as it stands")
            accepted = verdict._replace(status="up-to-date", policy=text)
            return self._export_late(accepted) if self._is_as_left() else accepted
        if answer == "placeholder":
            return self._fabricate(verdict)
        return self._restore(verdict) if answer == "restore" else self.run(verdict)

    def _restore(self, verdict: Verdict) -> Verdict:
        if self.policy.keeps == "export":
            return self._restore_export(verdict)
        if verdict.status == "error":
            return self.run(verdict)
        if self.policy.keeps == "own":
            return self._restore_elsewhere(verdict)
        return self.restore_shared(verdict)

    def _lacks_values(self) -> bool:
        """Return whether other tasks get values of the task, and there are none.

        Of one that was exported they are known; one that may never run has none.
        """
        name = self.task.name
        if not self.policy.runs or self.session.db.has(name) or not self._is_asked_for_values():
            return False
        entry = None
        if self.policy.keeps == "export":
            entry = self._exporter().preview(()).entry
        if entry is not None and self.session.runs:
            save_values(self.session, name, *entry.values_in(self.session.root))
        return entry is None

    def _is_asked_for_values(self) -> bool:
        return self.task.name in self.session.relations.gotten(self.session.tasks)

    def _said(self, text: str) -> str:
        return f"{text} (cache: {self.policy.name})"

    # ------------------------------------------------------------------ running

    def run(self, verdict: Verdict, signature: str | None = None) -> Verdict:
        """Let the actions run, and have their result kept where the policy says so."""
        if not self.session.runs or not self.look.snapshot.has_dependencies:
            return verdict._replace(policy=self._why_not)  # it always runs: nobody would look it up
        self.plan.source = None
        self.plan.newest = is_told(self.host) or has_ttl(self.look)
        if self.look.spec.exports and self.task.targets:
            self.plan.sink = ExportSink(self._exporter(), list(self.task.targets))
            self.plan.signature = self._signature_or_none()
            self._adopt()
        elif self.policy.keeps == "store":
            try:
                self._keep_in_store(signature)
            except InvariantsError as error:
                self._why_not = f"not shared: {error}"
        elif self.policy.keeps == "own":
            self._keep_elsewhere(self._key())
        return verdict._replace(policy=self._why_not)

    def _signature_or_none(self) -> str | None:
        try:
            return shared_signature(self.look)
        except InvariantsError:
            return None

    # ------------------------------------------------------------------ places of the policy's own

    def _key(self) -> ResultKey:
        names = {path: name_of_target(self.session.root, path) for path in self.task.targets}
        signature = self._signature_or_none() or ""
        return ResultKey(self.task.name, signature, self.session.root, self._absolute(names))

    def _keep_elsewhere(self, key: ResultKey) -> None:
        sink = self.policy.sink(key)
        if sink is not None:
            skip = frozenset(self.session.db.files)
            self.plan.sink = PolicySink(sink, dict(key.targets), skip)
            self.plan.signature = key.signature
            self._adopt()

    def _restore_elsewhere(self, verdict: Verdict) -> Verdict:
        key = self._key()
        found = self.policy.source(key)
        if found is None:
            return self.run(verdict)
        source = PolicySource(found)
        self.plan.signature = key.signature
        if self.session.runs and self.task.setup_tasks:
            return self._restore_now(verdict, source)
        self.plan.source = source
        if self.session.runs:
            self._keep_elsewhere(key)
        return self._restores(verdict, found.where)

    # ------------------------------------------------------------------ placeholders

    def _fabricate(self, verdict: Verdict) -> Verdict:
        missing = [p for p in self.task.targets if p in self.host.missing_targets]
        if self.session.runs:
            try:
                for path in self.session.placeholders.create(missing):
                    self.session.say(
                        self.task.name, f"{path} is missing: made an empty placeholder"
                    )
            except OSError as error:
                text = f"no placeholder can be made for {listing(missing)}: {error.strerror}"
                raise CannotFingerprint(text) from error
        notes = self.session.placeholders.among(self.task.targets)
        text = f"accepted, with placeholders for {listing(notes or missing)}"
        return verdict._replace(status="up-to-date", policy=self._said(text))

    # ------------------------------------------------------------------ exports

    def _exporter(self) -> Exporter:
        return exporter_of(self.session, self.task, self.look.spec)

    def _all_exported(self, targets: Sequence[str]) -> bool:
        exporter = self._exporter()
        places = [exporter.place(target) for target in targets]
        return all(any(os.path.lexists(place + suffix) for suffix in SUFFIXES) for place in places)

    def _restore_export(self, verdict: Verdict) -> Verdict:
        missing = missing_targets(self.look, self.host)
        exporter = self._exporter()
        placeholders = self.session.placeholders.among(self.task.targets)
        found = exporter.preview(missing, placeholders)
        if found.refusals:
            self._why_not = f"not restored: {'; '.join(found.refusals.values())}"
            return self.run(verdict)
        if is_outdated(self.session.root, self.look.before.record, found.entry):
            self._why_not = "not restored: its exports are older than its last result"
            return self.run(verdict)
        if found.by_hand and self._is_asked_for_values():
            self._why_not = "not restored: others get values of it, and it was put there by hand"
            return self.run(verdict)
        signature = self._signature_or_none()
        entry = found.entry
        self.plan.valid = (
            bool(signature)
            and entry is not None
            and entry.signature == signature
            and not self.task.getargs
            and self._has_the_rest_of(entry, missing)
        )
        source = ExportSource(exporter, missing, placeholders)
        self.plan.source = source
        if self.session.runs and self.task.setup_tasks:
            return self._restore_now(verdict, source)
        self.plan.sink = ExportSink(exporter, list(self.task.targets))
        return self._restores(verdict, os.path.relpath(exporter.directory, self.session.root))

    def _has_the_rest_of(self, entry: ResultEntry, missing: list[str]) -> bool:
        """Return whether the targets that are not restored are what was exported as well."""
        states = self.look.target_states()
        made = {one.path: one.state for one in entry.artifacts}
        for path, state in states.items():
            name = name_of_target(self.session.root, path)
            if path not in missing and (state is None or made.get(name) != state.digest):
                return False
        return True

    def _export_late(self, verdict: Verdict) -> Verdict:
        """Export the targets of a task that need not run, where its result was not exported yet."""
        record, targets = self.look.before.record, self.task.targets
        if self.policy.keeps != "export" or not self.session.runs or not targets:
            return verdict
        if record is None or record.executed_at is None:
            return verdict
        matches = not verdict.reasons
        outdated = is_outdated(self.session.root, record, self._exporter().entry())
        if not outdated and (not matches or self._all_exported(targets)):
            return verdict
        name = self.task.name
        self.task.values = dict(values_of(self.session, name))
        self.plan.runs = False
        self.plan.sink = ExportSink(self._exporter(), list(targets))
        self.plan.signature = self._signature_or_none() if matches else None
        self.task.setup_tasks = []
        self._adopt()
        return verdict._replace(status="run", policy="exported, which was not done yet")

    def _is_as_left(self) -> bool:
        """Return whether the targets are what the last success left: no edit is exported."""
        record, states = self.look.before.record, self.look.target_states()
        recorded = record.targets if record is not None else None
        return recorded is not None and all(
            state is not None and path_difference(recorded.get(path), state, path) is None
            for path, state in states.items()
        )


def _lacks_inputs_only(verdict: Verdict) -> bool:
    return not any(reason.code == "cannot_check" for reason in verdict.reasons)
