"""Applies the cache policy of a task to its verdict."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.core.text import listing
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.records.values import save_values
from doit_invariants.engine.reuse.builder import PlanBuilder
from doit_invariants.engine.reuse.export_lookup import ExportLookup
from doit_invariants.engine.reuse.facts import facts_of, has_ttl, uptodate_is_false
from doit_invariants.engine.reuse.store_lookup import StoreLookup
from doit_invariants.policies.base import answer_of

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.own_place_lookup import OwnPlaceLookup


class CacheDecision:
    """Asks the policy of one task, and plans its answer.

    :param observation: the observation behind the verdict
    :param facts: what the host's own rules find about the task
    """

    def __init__(self, observation: TaskObservation, facts: HostFacts) -> None:
        self._builder = PlanBuilder(observation, facts)
        self._observation, self._facts, self._policy = observation, facts, observation.spec.policy
        self._session, self._task = observation.session, observation.task

    @functools.cached_property
    def _exports(self) -> ExportLookup:
        return ExportLookup(self._builder)

    @functools.cached_property
    def _store(self) -> StoreLookup:
        return StoreLookup(self._builder)

    @functools.cached_property
    def _own_place(self) -> OwnPlaceLookup:
        # Late: few plugins have a place of their own.
        from doit_invariants.engine.reuse.own_place_lookup import OwnPlaceLookup

        return OwnPlaceLookup(self._builder)

    def apply(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the policy's answer; in a run, also give the task its plan."""
        if not self._session.host.actions(self._task) or self._task.has_subtask:
            return verdict
        if verdict.status == "error" and not _lacks_inputs_only(verdict):
            return verdict
        if self._session.runs_all:
            return self._run(verdict)
        if verdict.status == "up-to-date":
            return self._keep_late(verdict)
        answer = answer_of(self._policy, facts_of(self._observation, self._facts, verdict))
        if answer == "accept" and self._lacks_values():
            return self._run(verdict)
        if answer == "accept":
            return self._accept(verdict)
        if answer == "placeholder":
            return self._make_placeholders(verdict)
        if answer == "restore":
            return self._restore(verdict) or self._run(verdict)
        return self._run(verdict)

    def _keep_late(self, verdict: Verdict) -> Verdict:
        """Export or store the result of an up-to-date task, if no earlier run did."""
        if self._policy.keeps == "export":
            return self._exports.keep_late(verdict)
        if self._policy.keeps == "store":
            return self._store.keep_late(verdict)
        return verdict

    def _restore(self, verdict: Verdict) -> Verdict | None:
        """Plan to restore the task; None if it can't be."""
        if self._policy.keeps == "export":
            return self._exports.restore(verdict)
        if verdict.status == "error":
            return None
        if self._policy.keeps == "own":
            return self._own_place.restore(verdict)
        return self._store.restore(verdict)

    def _accept(self, verdict: Verdict) -> Verdict:
        text = self._said("accepted as it stands")
        accepted = verdict._replace(status="up-to-date", policy=text)
        if self._policy.keeps == "export" and self._exports.is_as_left():
            return self._exports.keep_late(accepted)
        return accepted

    def _lacks_values(self) -> bool:
        """Return whether other tasks get values from the task, and none are saved.

        An export has the values; in a run they are saved from there. If the policy never runs the
        task, return False, because nothing could make the values.
        """
        name, builder = self._task.name, self._builder
        if not self._policy.runs or self._session.db.has(name) or not builder.is_asked_for_values():
            return False
        entry = self._exports.entry() if self._policy.keeps == "export" else None
        if entry is not None and self._session.runs:
            save_values(self._session, name, *entry.values_in(self._session.root))
        return entry is None

    def _said(self, text: str) -> str:
        return f"{text} (cache: {self._policy.name})"

    def _run(self, verdict: Verdict) -> Verdict:
        """Let the actions run, and plan to export or store their result if the policy says so."""
        builder = self._builder
        # The result of a task that always runs is not kept: no run would look it up.
        if self._session.runs and self._observation.snapshot.has_dependencies:
            builder.plan.source = None
            builder.plan.replaces = uptodate_is_false(self._facts) or has_ttl(self._observation)
            if self._observation.spec.exports and self._task.targets:
                self._exports.keep()
            elif self._policy.keeps == "store":
                try:
                    self._store.keep()
                except InvariantsError as error:
                    builder.why_not = f"not shared: {error}"
            elif self._policy.keeps == "own":
                self._own_place.keep()
        return verdict._replace(policy=builder.why_not)

    def _make_placeholders(self, verdict: Verdict) -> Verdict:
        targets, placeholders = self._task.targets, self._session.placeholders
        missing = [path for path in targets if path in self._facts.missing_targets]
        if self._session.runs:
            try:
                for path in placeholders.create(missing):
                    self._session.say(
                        self._task.name, f"{path} is missing: made an empty placeholder"
                    )
            except OSError as error:
                text = f"no placeholder can be made for {listing(missing)}: {error.strerror}"
                raise CannotFingerprint(text) from error
        notes = placeholders.among(targets)
        text = f"accepted, with placeholders for {listing(notes or missing)}"
        return verdict._replace(status="up-to-date", policy=self._said(text))


def _lacks_inputs_only(verdict: Verdict) -> bool:
    return not any(reason.code == "cannot_check" for reason in verdict.reasons)
