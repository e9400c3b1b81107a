"""What the cache policy of a task makes of its verdict."""

from __future__ import annotations

import datetime
import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from doit_invariants.adapters.anew import changed_since
from doit_invariants.adapters.exporting import exporter_of
from doit_invariants.adapters.host import HostFacts
from doit_invariants.adapters.plan import (
    FromExport,
    FromStore,
    NotRestored,
    Plan,
    Restored,
    ToExport,
    ToStore,
    find_entry,
)
from doit_invariants.adapters.policy_facts import (
    expired_at,
    facts_of,
    is_told,
    missing_targets,
)
from doit_invariants.adapters.session import PLAN
from doit_invariants.adapters.sharing import name_of_target, names_of_targets, shared_signature
from doit_invariants.adapters.snapshot import Look
from doit_invariants.core.artifacts.entry import Entry
from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict, listing
from doit_invariants.core.trees import TreeState
from doit_invariants.exports.exporter import Exporter
from doit_invariants.kinds.ttl import describe
from doit_invariants.stores.base import Store

if TYPE_CHECKING:
    from doit_invariants.adapters.dependency import InvariantsDependency


T = TypeVar("T")


class Answers:
    """Asks the policy of one task, and plans what it answers.

    :param dep_manager: doit's dependency manager
    :param look: the look at the task that the verdict was made of
    :param host: what doit's own rules say of it
    """

    def __init__(self, dep_manager: InvariantsDependency, look: Look, host: HostFacts) -> None:
        self.dep_manager = dep_manager
        self.look = look
        self.host = host
        self.session = look.session
        self.task = look.task
        self.policy = look.spec.policy
        self.plan = Plan(self.session.root, self.session.aside, replay=self.session.settings.replay)
        self._why_not = ""

    def apply(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the policy's answer; in a run the task then has its plan."""
        if not self.task._actions or self.task.has_subtask:
            return verdict
        if verdict.status == "error" and not _lacks_inputs_only(verdict):
            return verdict
        if self.session.runs_all:
            return self._run(verdict)
        if verdict.status == "up-to-date":
            return self._export_late(verdict)
        facts = facts_of(self.look, self.host, verdict)
        answer = self.policy.answer(facts)
        if answer == "accept" and self._lacks_values():
            return self._run(verdict)
        if answer == "accept":
            text = "accepted as it stands"
            return replace(verdict, status="up-to-date", policy=self._said(text))
        if answer == "fabricate":
            return self._fabricate(verdict)
        if answer == "restore" and self.policy.keeps == "export":
            return self._restore_export(verdict)
        if answer == "restore" and verdict.status != "error":
            return self._restore_shared(verdict)
        return self._run(verdict)

    def _lacks_values(self) -> bool:
        """Return whether other tasks get values of the task, and there are none.

        Of one that was exported they are known; one that may never run has none.
        """
        name = self.task.name
        if self.policy.name == "force" or self.dep_manager._in(name):
            return False
        if name not in self.session.relations.gotten(self.dep_manager.tasks):
            return False
        entry = None
        if self.policy.keeps == "export":
            entry = self._exporter().look(()).entry
        if entry is not None and self.session.runs:
            self.dep_manager.save_values(name, entry.values, entry.result)
        return entry is None

    def _said(self, text: str) -> str:
        return f"{text} (cache: {self.policy.name})"

    # ------------------------------------------------------------------ running

    def _run(self, verdict: Verdict, signature: str | None = None) -> Verdict:
        """Let the actions run, and have their result kept where the policy says so."""
        if not self.session.runs or not self.look.snapshot.has_dependencies:
            return replace(verdict, policy=self._why_not)  # it always runs: nobody would look it up
        self.plan.source = None
        self.plan.newest = is_told(self.host) or expired_at(self.look, None)
        if self.policy.keeps == "export" and self.task.targets:
            self.plan.keeper = ToExport(self._exporter(), list(self.task.targets))
            self.plan.signature = self._signature_or_none()
            self._adopt()
        elif self.policy.keeps == "store":
            try:
                self._keep_in_store(signature)
            except InvariantsError as error:
                self._why_not = f"not shared: {error}"
        return replace(verdict, policy=self._why_not)

    def _keep_in_store(self, signature: str | None) -> None:
        names = self._names()
        self.plan.signature = signature or shared_signature(self.dep_manager, self.look)
        self.plan.keeper = self._to_store(names)
        self._adopt()

    def _signature_or_none(self) -> str | None:
        try:
            return shared_signature(self.dep_manager, self.look)
        except InvariantsError:
            return None

    def _adopt(self) -> None:
        setattr(self.task, PLAN, self.plan)

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
        return replace(verdict, status="up-to-date", policy=self._said(text))

    # ------------------------------------------------------------------ exports

    def _exporter(self) -> Exporter:
        return exporter_of(self.session, self.task, self.look.spec)

    def _all_exported(self, targets: list[str]) -> bool:
        places = [self._exporter().place(target) for target in targets]
        return all(
            any(os.path.lexists(place + suffix) for suffix in ("", ".gz", ".tar.gz"))
            for place in places
        )

    def _restore_export(self, verdict: Verdict) -> Verdict:
        missing = missing_targets(self.look, self.host)
        exporter = self._exporter()
        placeholders = self.session.placeholders.among(self.task.targets)
        found = exporter.look(missing, placeholders)
        if found.refusals:
            self._why_not = f"not restored: {'; '.join(found.refusals.values())}"
            return self._run(verdict)
        signature = self._signature_or_none()
        entry = found.entry
        self.plan.valid = (
            bool(signature)
            and entry is not None
            and entry.signature == signature
            and not self.task.getargs
            and self._has_the_rest_of(entry, missing)
        )
        source = FromExport(exporter, missing, placeholders)
        self.plan.source = source
        if self.session.runs and self.task.setup_tasks:
            return self._restore_now(verdict, source)
        self.plan.keeper = ToExport(exporter, list(self.task.targets))
        return self._restores(verdict, os.path.relpath(exporter.directory, self.session.root))

    def _restore_now(
        self, verdict: Verdict, source: FromStore | FromExport, signature: str | None = None
    ) -> Verdict:
        """Restore a task with setup tasks, which without them can't run any more if that fails."""
        try:
            self.plan.source = Restored(source.restore(self.plan, {}))
        except NotRestored as error:
            self._why_not = f"not restored: {error}"
            self._complain()
            return self._run(verdict, signature)
        self.task.setup_tasks = []
        self._adopt()
        return replace(verdict, status="run", policy="restored")

    def _has_the_rest_of(self, entry: Entry, missing: list[str]) -> bool:
        """Return whether the targets that are not restored are what was exported as well."""
        states = self.look.target_states()
        made = {one.path: one.state for one in entry.artifacts}
        for path, state in states.items():
            name = name_of_target(self.session.root, path)
            if path not in missing and (state is None or made.get(name) != state.digest):
                return False
        return True

    def _export_late(self, verdict: Verdict) -> Verdict:
        """Export the targets of a task that is up-to-date where they were not exported yet."""
        record, targets = self.look.before.record, self.task.targets
        if self.policy.keeps != "export" or not self.session.runs or not targets:
            return verdict
        if record is None or record.executed_at is None or self._all_exported(targets):
            return verdict
        name = self.task.name
        self.task.values = dict(self.dep_manager.get_values(name))
        self.plan.runs = False
        self.plan.keeper = ToExport(self._exporter(), list(targets))
        self.plan.signature = self._signature_or_none()
        self.task.setup_tasks = []
        self._adopt()
        return replace(verdict, status="run", policy="exported, which was not done yet")

    # ------------------------------------------------------------------ the store

    def _store(self) -> Store:
        store = self.session.store
        if store is None:
            raise CannotFingerprint("there is no store: the plugin builtin-stores is blocked")
        return store

    def _left(self) -> dict[str, list[str]]:
        """Return what the task is known to have left in directories that are its targets."""
        record = self.look.before.record
        targets = (record.targets if record is not None else None) or {}
        trees = {path: state for path, state in targets.items() if isinstance(state, TreeState)}
        return self._absolute({path: list(state.entries) for path, state in trees.items()})

    def _to_store(self, names: dict[str, str]) -> ToStore:
        return ToStore(self._store(), self._absolute(names), frozenset(self.session.database))

    def _absolute(self, paths: dict[str, T]) -> dict[str, T]:
        """Return the same by absolute paths: an action may leave the directory of the project."""
        return {os.path.join(self.session.root, path): one for path, one in paths.items()}

    def _names(self) -> dict[str, str]:
        if not self.look.spec.share:
            raise CannotFingerprint("share is False")
        if not self.task.targets and not self.look.spec.asked:
            raise CannotFingerprint("it has no targets, and does not say itself that it is")
        return names_of_targets(self.look)

    def _restore_shared(self, verdict: Verdict) -> Verdict:
        signature = None
        try:
            names = self._names()
            signature = shared_signature(self.dep_manager, self.look)
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
        return self._run(verdict, signature)

    def _find(self, signature: str, names: dict[str, str]) -> Entry | None:
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
            age = describe(max(0.0, self.look.context.now - entry.executed_at))
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
        self, verdict: Verdict, signature: str, names: dict[str, str], entry: Entry
    ) -> Verdict:
        source = FromStore(self._store(), signature, self._absolute(names), self._left(), entry)
        if self.session.runs and self.task.setup_tasks:
            return self._restore_now(verdict, source, signature)
        self.plan.source, self.plan.signature = source, signature
        self.plan.keeper = self._to_store(names)
        when = datetime.datetime.fromtimestamp(entry.executed_at)
        return self._restores(verdict, f"the store, made {when:%Y-%m-%d %H:%M}")

    def _restore_late(self, verdict: Verdict, signature: str, names: dict[str, str]) -> Verdict:
        """Leave the look-up to when the values of ``getargs`` are known."""
        if expired_at(self.look, None):
            self._why_not = "not shared: it has a TTL and getargs"
            return self._run(verdict)
        self.plan.source = FromStore(self._store(), signature, self._absolute(names), self._left())
        self.plan.signature = signature
        self.plan.keeper = self._to_store(names)
        if self.session.runs:
            self._adopt()
        return replace(verdict, policy="looked up when the values that it gets are known")

    def _restores(self, verdict: Verdict, where: str) -> Verdict:
        if self.session.runs:
            self._adopt()
        return replace(verdict, status="run", policy=f"restored from {where}")

    def _complain(self) -> None:
        """Say in a run what is wrong with the store; a plain miss is nothing to talk about."""
        if self.session.runs:
            self.session.say(self.task.name, f"{self._why_not}; it runs")


def _lacks_inputs_only(verdict: Verdict) -> bool:
    return not any(reason.code == "cannot_check" for reason in verdict.reasons)
