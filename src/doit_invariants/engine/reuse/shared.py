"""The answers of cache policies that lead to the store."""

from __future__ import annotations

import abc
import datetime
import os
import random
from typing import TypeVar

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.core.units import format_age
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import Look
from doit_invariants.engine.check.recheck import changed_since
from doit_invariants.engine.records.values import result_of, values_of
from doit_invariants.engine.reuse.facts import (
    expired_at,
    has_ttl,
    left_in_directories,
    stats_of_inputs,
)
from doit_invariants.engine.reuse.plan import NotRestored, Plan, Source
from doit_invariants.engine.reuse.signature import names_of_targets, shared_signature
from doit_invariants.engine.reuse.sinks import StoreSink
from doit_invariants.engine.reuse.sources import AlreadyRestored, StoreSource, find_entry
from doit_invariants.results.entry import ResultEntry
from doit_invariants.stores.base import Store

T = TypeVar("T")


class StoreAnswers(abc.ABC):
    """The half of :class:`~doit_invariants.engine.reuse.decide.Answers` that shares results.

    :param look: the look at the task that the verdict was made of
    :param host: what doit's own rules say of it
    """

    def __init__(self, look: Look, host: HostFacts) -> None:
        self.look = look
        self.host = host
        self.session = look.session
        self.task = look.task
        self.policy = look.spec.policy
        self.plan = Plan(self.session.root, self.session.aside, replay=self.session.settings.replay)
        self._why_not = ""

    @abc.abstractmethod
    def run(self, verdict: Verdict, signature: str | None = None) -> Verdict:
        """Let the actions run, and have their result kept where the policy says so."""

    def _adopt(self) -> None:
        self.session.execution(self.task.name).plan = self.plan

    def _restore_now(
        self, verdict: Verdict, source: Source, signature: str | None = None
    ) -> Verdict:
        """Restore a task with setup tasks, which without them can't run any more if that fails."""
        try:
            self.plan.source = AlreadyRestored(source.restore(self.plan, {}))
        except NotRestored as error:
            self._why_not = f"not restored: {error}"
            self._complain()
            return self.run(verdict, signature)
        self.task.setup_tasks = []
        self._adopt()
        return verdict._replace(status="run", policy="restored")

    def _keep_in_store(self, signature: str | None) -> None:
        names = self._names()
        self.plan.signature = signature or shared_signature(self.look)
        self.plan.sink = self._to_store(names)
        self._adopt()

    def _store(self) -> Store:
        store = self.session.store
        if store is None:
            raise CannotFingerprint("there is no store: the plugin builtin-stores is blocked")
        problem = self.session.store_problem()
        if problem:
            raise CannotFingerprint(problem)
        return store

    def _left(self) -> dict[str, list[str]]:
        return self._absolute(left_in_directories(self.look))

    def _from_store(
        self, signature: str, names: dict[str, str], entry: ResultEntry | None = None
    ) -> StoreSource:
        exclude = tuple(self.session.settings.tree_exclude)
        return StoreSource(
            self._store(), signature, self._absolute(names), self._left(), entry, ignored=exclude
        )

    def _to_store(self, names: dict[str, str]) -> StoreSink:
        return StoreSink(self._store(), self._absolute(names), frozenset(self.session.db.files))

    def _absolute(self, paths: dict[str, T]) -> dict[str, T]:
        """Return the same by absolute paths: an action may leave the directory of the project."""
        return {os.path.join(self.session.root, path): one for path, one in paths.items()}

    def _names(self) -> dict[str, str]:
        if not self.look.spec.share:
            raise CannotFingerprint("share is False")
        if not self.task.targets and not self.look.spec.asked:
            raise CannotFingerprint("it has no targets, and does not say itself that it is")
        return names_of_targets(self.look)

    def _store_late(self, verdict: Verdict) -> Verdict:
        """Put the result of a task that need not run into the store, once and where it is known."""
        record, session = self.look.before.record, self.session
        if self.policy.keeps != "store" or not session.runs or record is None:
            return verdict
        if not record.whole or session.store is None or record.kept == session.store.location:
            return verdict
        from doit_invariants.engine.reuse.provable import is_provable

        result = result_of(self.session, self.task.name)
        if not is_provable(self.look, result):
            return verdict
        self.look.kept = session.store.location
        try:
            names = self._names()
            signature = shared_signature(self.look)
            if self._has(signature, names):
                return verdict
            self._keep_in_store(signature)
        except InvariantsError:
            return verdict
        self.task.values = dict(values_of(self.session, self.task.name))
        self.task.result = result if isinstance(result, dict) else None
        self.task.setup_tasks = []
        self.plan.runs = False
        return verdict._replace(status="run", policy="put into the store, which was not done yet")

    def _has(self, signature: str, names: dict[str, str]) -> bool:
        try:
            return find_entry(self._store(), signature, list(names.values()), look=True) is not None
        except NotRestored:
            return False

    def restore_shared(self, verdict: Verdict) -> Verdict:
        signature = None
        try:
            names = self._names()
            signature = shared_signature(self.look)
            if self.task.getargs:
                return self._restore_late(verdict, signature, names)
            entry = self._find(signature, names)
        except NotRestored as error:
            self._why_not = f"not restored: {error}"
            self._complain()
        except InvariantsError as error:
            self._why_not = f"not shared: {error}"
        else:
            if entry is not None:
                return self._restore_entry(verdict, signature, names, entry)
            self._why_not = self._why_not or "the store has nothing for it as it stands now"
        return self.run(verdict, signature)

    def _find(self, signature: str, names: dict[str, str]) -> ResultEntry | None:
        """Return the entry to restore from, None if there is none that may be used."""
        entry = find_entry(
            self._store(), signature, list(names.values()), look=not self.session.runs
        )
        if entry is None:
            return None
        changed = changed_since(self.look) if self.session.executed else ""
        if changed:
            self._why_not = f"{changed} changed since this run began"
            return None
        if expired_at(self.look, entry.executed_at):
            age = format_age(max(0.0, self.look.context.now - entry.executed_at))
            self._why_not = f"what the store has for it has expired: {age} old"
            return None
        share = self.session.settings.verify_hits
        if self.session.runs and share and random.random() < share:
            self._why_not = "it runs to be compared with what the store has for it (verify_hits)"
            self.session.say(self.task.name, self._why_not)
            self.session.counts.compared += 1
            return None
        return entry

    def _restore_entry(
        self, verdict: Verdict, signature: str, names: dict[str, str], entry: ResultEntry
    ) -> Verdict:
        source = self._from_store(signature, names, entry)
        if self.session.runs and self.task.setup_tasks:
            return self._restore_now(verdict, source, signature)
        self.plan.source, self.plan.signature = source, signature
        self.plan.sink = self._to_store(names)
        when = datetime.datetime.fromtimestamp(entry.executed_at)
        return self._restores(verdict, f"the store, made {when:%Y-%m-%d %H:%M}")

    def _restore_late(self, verdict: Verdict, signature: str, names: dict[str, str]) -> Verdict:
        """Leave the look-up to when the values of ``getargs`` are known."""
        if has_ttl(self.look):
            self._why_not = "not shared: it has a TTL and getargs"
            return self.run(verdict)
        changed = changed_since(self.look) if self.session.executed else ""
        if changed:
            self._why_not = f"{changed} changed since this run began"
            return self.run(verdict, signature)
        source = self._from_store(signature, names)
        source.inputs = self._absolute(stats_of_inputs(self.look))
        source.verify = self.session.settings.verify_hits
        self.plan.source = source
        self.plan.signature = signature
        self.plan.sink = self._to_store(names)
        if self.session.runs:
            self._adopt()
        return verdict._replace(
            policy="looked up in the store when the values that it gets are known"
        )

    def _restores(self, verdict: Verdict, where: str) -> Verdict:
        if not self.session.runs:
            return verdict._replace(status="run", policy=f"would be restored from {where}")
        self._adopt()
        return verdict._replace(status="run", policy=f"restored from {where}")

    def _complain(self) -> None:
        """Say in a run what is wrong with the store; a plain miss is nothing to talk about."""
        if self.session.runs:
            self.session.say(self.task.name, f"{self._why_not}; it runs")
