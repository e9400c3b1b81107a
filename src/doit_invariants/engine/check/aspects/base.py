"""The base class of the rules, and the rules that compare neither files nor code.

Every command imports this module, so the methods of the full check import what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

from doit_invariants.core.model import Json, Reason
from doit_invariants.files.state import Stat
from doit_invariants.rules.schema import KEY, ORIGINS, SCHEMA

if TYPE_CHECKING:
    import os

    from doit_invariants.engine.check.host_facts import HostFacts
    from doit_invariants.engine.check.observe import TaskObservation
    from doit_invariants.engine.options import TaskSpec
    from doit_invariants.engine.session import Session
    from doit_invariants.engine.task import Task

#: Files with the recorded content under another stat: path to digest and new stat.
Renewed = dict[str, tuple[str, Stat]]


class StoredTask:
    """One task, with its stored row as it was read.

    :ivar facts: the results of its ``uptodate`` items, None if there are none
    :ivar row: the stored row; :class:`StoredRecord` sets it before other rules compare with it
    :ivar record: our record in the row
    :ivar stats: stats of the targets, in their order; set by
        :class:`~doit_invariants.engine.check.aspects.TargetsExist`
    :ivar inputs, targets: those that have the recorded content under another stat
    """

    __slots__ = (
        "facts",
        "inputs",
        "record",
        "row",
        "session",
        "spec",
        "stats",
        "targets",
        "task",
    )

    def __init__(self, session: Session, task: Task, facts: HostFacts | None) -> None:
        self.session, self.task, self.facts = session, task, facts
        self.spec: TaskSpec = session.spec(task.name)
        self.row: Json = None
        self.record: Json = None
        self.stats: list[os.stat_result] = []
        self.inputs: Renewed = {}
        self.targets: Renewed = {}

    def renew(self) -> None:
        """Put the present stats of files into the record, so that the next check reads none."""
        from doit_invariants.engine.records.triples import float_mtime  # late: few were touched

        values: dict[str, Json] = {
            path: (float_mtime(stat[0]), stat[1], digest)
            for path, (digest, stat) in self.inputs.items()
        }
        stats = {
            path: self.inputs[path][1] if path in self.inputs else stat
            for path, stat in self.record["stats"].items()
        }
        targets = self.record["targets"] and [
            [path, self.targets.get(path, state)] for path, state in self.record["targets"]
        ]
        values[KEY] = {**self.record, "stats": stats, "targets": targets}
        self.session.db.renew(self.task.name, values)


class Aspect(ABC):
    """One rule that decides whether a task is up-to-date, with a cheap and a full answer.

    If :meth:`unchanged` returns True, :meth:`reasons` must return none.

    :cvar cost: the order of the cheap answers: 0 without the row of the task, 1 for reading the
        row, more for comparing something with it
    """

    cost: ClassVar[int]

    @abstractmethod
    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether this part of a task is certainly as it was recorded.

        :raises Exception: any, because stored data can be damaged; it counts as False
        """

    @abstractmethod
    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Check this part of a task in full, and return why it is not up-to-date.

        ``observation`` gets the values to record, and ``facts`` the reasons that the host reports.
        """


class Uptodate(Aspect):
    """No ``uptodate`` item of the task is false."""

    cost = 0

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether none is false; False for a task with ``calc_dep``, which few have."""
        facts = stored.facts
        return not stored.task.calc_dep and (facts is None or not facts.uptodate_false)

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the false items; the host has evaluated them."""
        from doit_invariants.engine.check.host_facts import describe

        for item, _, _ in facts.uptodate_false:
            yield Reason("uptodate_false", "uptodate", f"{describe(item)} is false")


class Dependencies(Aspect):
    """A task that depends on nothing always runs."""

    cost = 0

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether the task depends on anything."""
        counted = stored.facts is not None and stored.facts.counted
        return bool(counted or stored.spec.own or stored.task.file_dep)

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return a reason if it depends on nothing; inputs from a ``calc_dep`` count here."""
        now = observation.snapshot
        now.has_dependencies = bool(facts.counted or observation.spec.own or now.inputs)
        if not now.has_dependencies:
            text = "no file_dep, uptodate, invariants or cache: the task always runs"
            yield Reason("has_no_dependencies", "task", text)


class StoredRecord(Aspect):
    """There is a record of a success, made in this directory, that this version can read."""

    cost = 1

    def unchanged(self, stored: StoredTask) -> bool:
        """Read the record; return whether it is comparable without translation."""
        session, name = stored.session, stored.task.name
        if name in session.damaged:
            return False
        stored.row = session.db.row(name)
        stored.record = record = stored.row.get(KEY) if stored.row is not None else None
        if record is None or record["schema"] != SCHEMA or record["origin"] not in ORIGINS:
            return False
        executed_at = record["executed_at"]
        is_damaged = executed_at is not None and not isfinite(executed_at)
        return record["root"] == session.root and not is_damaged

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return what is wrong with the record; a record of another directory was translated.

        Damage in the parts of other rules is reported here, too. The cheap answers of these rules
        are False then.
        """
        from doit_invariants.rules.decide import record_reasons

        return record_reasons(
            observation.before.record, observation.snapshot, observation.before.unreadable
        )


class Policy(Aspect):
    """The cache policy gives no reason against a task, and has nothing to do for it."""

    cost = 1

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether the policy has nothing to decide, to record or to store."""
        session, policy = stored.session, stored.spec.policy
        if (session.always and session.writes) or policy.reasons():
            return False
        if not policy.decides:
            return True
        # A shared task whose result is in the store of this run needs nothing more.
        kept = policy.keeps == "store" and stored.record.get("kept")
        return bool(kept) and session.store is not None and kept == session.store.location

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the policy's own reasons; its answer to all reasons comes later."""
        return observation.spec.policy.reasons()


class Flags(Aspect):
    """No flag is set for a task.

    No target is a placeholder, the last run of its actions ended, and no other doit runs it now.
    """

    cost = 0

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether no flag is set."""
        session, task = stored.session, stored.task
        if task.name in session.running or task.name in session.unfinished.read():
            return False
        return not task.targets or not session.placeholders.among(task.targets)

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return a reason for each flag; after a failure the host has removed the record itself."""
        from doit_invariants.engine.records.flags import INTERRUPTED, placeholder_reason

        session, name = observation.session, observation.task.name
        yield from map(placeholder_reason, session.placeholders.among(observation.task.targets))
        if name in session.running:
            yield Reason("running", "task", f"running now in {session.running[name]}")
        elif session.unfinished.read().get(name) == INTERRUPTED:
            yield Reason("interrupted", "task", "its last execution did not end")
