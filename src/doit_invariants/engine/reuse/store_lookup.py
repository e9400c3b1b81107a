"""Looks up the result of a task in the store, and plans to put it there."""

from __future__ import annotations

import datetime
import random

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.core.units import format_age
from doit_invariants.engine.records.values import result_of, values_of
from doit_invariants.engine.reuse.builder import PlanBuilder
from doit_invariants.engine.reuse.facts import (
    expired_at,
    has_ttl,
    left_in_directories,
    stats_of_inputs,
)
from doit_invariants.engine.reuse.plan import NotRestored
from doit_invariants.engine.reuse.signature import shared_signature
from doit_invariants.engine.reuse.sinks import StoreSink
from doit_invariants.engine.reuse.sources import StoreSource, find_entry
from doit_invariants.results.entry import ResultEntry
from doit_invariants.stores.base import Store


class StoreLookup:
    """Looks up and stores the result of one task whose policy uses the store."""

    def __init__(self, builder: PlanBuilder) -> None:
        self._builder = builder
        self._observation, self._session, self._task = (
            builder.observation,
            builder.session,
            builder.task,
        )
        self._plan = builder.plan
        self._signature: str | None = None

    def keep(self) -> None:
        """Plan to put the result into the store.

        :raises InvariantsError: saying why the result can't be shared
        """
        names = self._builder.names()
        self._plan.signature = self._signature or shared_signature(self._observation)
        self._plan.sink = self._sink(names)
        self._builder.adopt()

    def keep_late(self, verdict: Verdict) -> Verdict:
        """Put the result of an up-to-date task into the store, once, if it is proven."""
        record, session = self._observation.before.record, self._session
        if not session.runs or record is None:
            return verdict
        if not record.whole or session.store is None or record.kept == session.store.location:
            return verdict
        from doit_invariants.engine.reuse.provable import is_provable

        result = result_of(session, self._task.name)
        if not is_provable(self._observation, result):
            return verdict
        self._observation.kept = session.store.location
        try:
            names = self._builder.names()
            self._signature = shared_signature(self._observation)
            if self._has(self._signature, names):
                return verdict
            self.keep()
        except InvariantsError:
            return verdict
        self._task.values = dict(values_of(session, self._task.name))
        self._task.result = result if isinstance(result, dict) else None
        self._task.setup_tasks = []
        self._plan.runs = False
        return verdict._replace(
            status="run", policy="put into the store now, because it was not there yet"
        )

    def restore(self, verdict: Verdict) -> Verdict | None:
        """Plan to restore the task; return None if it can't be, with ``builder.why_not`` set."""
        builder = self._builder
        try:
            names = builder.names()
            signature = self._signature = shared_signature(self._observation)
            if self._task.getargs:
                return self._restore_late(verdict, signature, names)
            entry = self._find(signature, names)
        except NotRestored as error:
            builder.why_not = f"not restored: {error}"
            builder.report_failure()
        except InvariantsError as error:
            builder.why_not = f"not shared: {error}"
        else:
            if entry is not None:
                return self._restore_entry(verdict, signature, names, entry)
            builder.why_not = builder.why_not or self._miss(verdict)
        return None

    def _miss(self, verdict: Verdict) -> str:
        """Say why the store has no result. As long as an input is missing, nobody can know."""
        graph, tasks = self._session.graph, self._session.tasks
        for one in verdict.reasons:
            path = one.subject
            maker = graph.producer(path, tasks) if one.code == "awaited_file_dep" else None
            if maker is not None:
                return f"its signature is known only after task {maker}: {path} is missing"
        return "the store has no result for its signature"

    def _find(self, signature: str, names: dict[str, str]) -> ResultEntry | None:
        """Return the entry to restore from, None if no entry may be used."""
        builder, session = self._builder, self._session
        entry = find_entry(
            self._store(), signature, list(names.values()), read_only=not session.runs
        )
        if entry is None or builder.changed_in_run():
            return None
        if expired_at(self._observation, entry.executed_at):
            age = format_age(max(0.0, self._observation.context.now - entry.executed_at))
            builder.why_not = f"the stored result has expired: {age} old"
            return None
        share = session.settings.verify_hits
        if session.runs and share and random.random() < share:
            builder.why_not = "it runs to compare its result with the stored one (verify_hits)"
            session.say(self._task.name, builder.why_not)
            session.counts.compared += 1
            return None
        return entry

    def _restore_entry(
        self, verdict: Verdict, signature: str, names: dict[str, str], entry: ResultEntry
    ) -> Verdict | None:
        source = self._source(signature, names, entry)
        if self._session.runs and self._task.setup_tasks:
            return self._builder.restore_now(verdict, source)
        self._plan.source, self._plan.signature = source, signature
        self._plan.sink = self._sink(names)
        when = datetime.datetime.fromtimestamp(entry.executed_at)
        return self._builder.restores(verdict, f"the store, made {when:%Y-%m-%d %H:%M}")

    def _restore_late(
        self, verdict: Verdict, signature: str, names: dict[str, str]
    ) -> Verdict | None:
        """Plan a look-up that happens once the values of ``getargs`` are known."""
        if has_ttl(self._observation):
            self._builder.why_not = "not shared: it has a TTL and getargs"
            return None
        if self._builder.changed_in_run():
            return None
        source = self._source(signature, names)
        source.inputs = self._builder.absolute(stats_of_inputs(self._observation))
        source.verify = self._session.settings.verify_hits
        self._plan.source, self._plan.signature = source, signature
        self._plan.sink = self._sink(names)
        if self._session.runs:
            self._builder.adopt()
        return verdict._replace(
            policy="looked up in the store once the values from other tasks are known"
        )

    def _store(self) -> Store:
        store = self._session.store
        if store is None:
            raise CannotFingerprint("there is no store: the plugin builtin-stores is blocked")
        problem = self._session.store_problem()
        if problem:
            raise CannotFingerprint(problem)
        return store

    def _has(self, signature: str, names: dict[str, str]) -> bool:
        try:
            return (
                find_entry(self._store(), signature, list(names.values()), read_only=True)
                is not None
            )
        except NotRestored:
            return False

    def _source(
        self, signature: str, names: dict[str, str], entry: ResultEntry | None = None
    ) -> StoreSource:
        builder = self._builder
        targets = builder.absolute(names)
        left = builder.absolute(left_in_directories(self._observation))
        exclude = tuple(self._session.settings.tree_exclude)
        return StoreSource(self._store(), signature, targets, left, entry, ignored=exclude)

    def _sink(self, names: dict[str, str]) -> StoreSink:
        skip = frozenset(self._session.db.files)
        return StoreSink(self._store(), self._builder.absolute(names), skip)
