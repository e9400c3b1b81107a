"""Asks a plugin's policy where the result of a task comes from, and where it goes."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TypeVar

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.core.text import error_text
from doit_invariants.engine.reuse.builder import PlanBuilder
from doit_invariants.engine.reuse.facts import has_ttl, left_in_directories
from doit_invariants.engine.reuse.signature import name_of_target, shared_signature
from doit_invariants.engine.reuse.sinks import PolicySink
from doit_invariants.engine.reuse.sources import PolicySource
from doit_invariants.results.places import ResultKey, Sink, Source

T = TypeVar("T", Source, Sink)


class OwnPlaceLookup:
    """The policy's own place for results, for one task; its code is a plugin's.

    If that code raises, the task runs or its result is not kept, but the task does not fail.
    """

    def __init__(self, builder: PlanBuilder) -> None:
        self._builder = builder
        self._observation, self._session, self._task = (
            builder.observation,
            builder.session,
            builder.task,
        )
        self._unsigned = ""
        self._key = self._make_key()

    def _make_key(self) -> ResultKey:
        builder, root = self._builder, self._session.root
        signature = ""
        try:
            if self._task.getargs:
                raise CannotFingerprint(
                    "it gets values from other tasks, and they are known too late"
                )
            builder.names()
            signature = shared_signature(self._observation)
        except InvariantsError as error:
            self._unsigned = f"not shared: {error}"
        names = {path: name_of_target(root, path) for path in self._task.targets}
        return ResultKey(self._task.name, signature, root, builder.absolute(names))

    def keep(self) -> None:
        """Plan to give the result to the policy's sink, if it has one."""
        sink = self._ask(self._builder.policy.sink, "kept")
        if sink is not None:
            targets, skip = dict(self._key.targets), frozenset(self._session.db.files)
            self._builder.plan.sink = PolicySink(sink, targets, bool(self._key.signature), skip)
            self._builder.plan.signature = self._key.signature
            self._builder.adopt()
        self._builder.why_not = self._builder.why_not or self._unsigned

    def restore(self, verdict: Verdict) -> Verdict | None:
        """Plan to restore the task; return None if it can't be, with ``builder.why_not`` set."""
        builder, session, plan = self._builder, self._session, self._builder.plan
        if has_ttl(self._observation):
            builder.why_not = "not restored: it has a TTL, and may have expired there"
            return None
        if builder.changed_in_run():
            return None
        found = self._ask(builder.policy.source, "restored")
        if found is None:
            builder.why_not = builder.why_not or self._unsigned
            return None
        source = PolicySource(
            found,
            dict(self._key.targets),
            builder.absolute(left_in_directories(self._observation)),
            tuple(session.settings.tree_exclude),
        )
        plan.signature = self._key.signature
        if session.runs and self._task.setup_tasks:
            return builder.restore_now(verdict, source)
        plan.source = source
        if session.runs:
            self.keep()
        return builder.restores(verdict, found.where)

    def _ask(self, question: Callable[[ResultKey], T | None], done: str) -> T | None:
        """Return the source or the sink of the policy, None if it has none that works.

        :param done: the participle for the message about a failure: "not kept", "not restored"
        """
        name = self._builder.policy.name
        try:
            found = question(self._key)
            if found is not None:
                pickle.dumps((found, found.where))  # fail here, not on the way to a worker
        except (Exception, SystemExit) as error:
            text = str(error) if isinstance(error, InvariantsError) else ""
            text = text or f"failed with {type(error).__name__}: {error_text(error)}"
            self._builder.why_not = f"not {done}: the policy {name!r}: {text}"
            if self._session.runs:
                self._session.say(self._task.name, self._builder.why_not)
            return None
        return found
