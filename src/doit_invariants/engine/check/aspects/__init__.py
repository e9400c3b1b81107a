"""The rules that decide whether a task is up-to-date, each with a cheap and a full answer.

Nearly every task of nearly every run is exactly as it was recorded. So each rule first answers
whether its part of the task is *unchanged*, from the stored record as it was read. If all parts
are unchanged, the task is up-to-date; this takes less than a third of the time of a full check.
Otherwise every rule gives its *reasons*. All rules are asked, not only those that found a change,
because users get all reasons and the next record needs all parts.

The cheap answer is never "changed": a rule that is not certain returns False, and the full check
decides. Tasks that certainly run are found in :mod:`doit_invariants.engine.check.unconditional`.

This module has the rules that compare contents: of inputs, of targets, of invariants. A file with
the recorded content under another stat, after a ``touch`` or a checkout, is unchanged; its new stat
goes into the stored record.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json, Reason
from doit_invariants.engine.check.aspects.base import (
    Aspect,
    Dependencies,
    Flags,
    Policy,
    Renewed,
    StoredRecord,
    StoredTask,
    Uptodate,
)
from doit_invariants.files.state import UNEQUAL, FileView
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.engine.check.host_facts import HostFacts
    from doit_invariants.engine.check.observe import TaskObservation
    from doit_invariants.engine.context import TaskContext
    from doit_invariants.engine.session import Session
    from doit_invariants.engine.task import Task


class FileDeps(Aspect):
    """The ``file_dep``, their contents and the checker are as recorded."""

    cost = 2

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether names, checker and contents are as recorded."""
        session, task, row = stored.session, stored.task, stored.row
        if session.host.checker is not None or row["checker:"] != session.host.checker_name:
            return False
        stats, trees = stored.record["stats"], stored.record["trees"]
        if len(stats) + len(trees) != len(task.file_dep) or set(row["deps:"]) != set(task.file_dep):
            return False
        for path in task.file_dep:
            if path in trees:
                if not _is_same_input_directory(stored, path):
                    return False
                continue
            info = os.stat(path)
            mtime, size, digest = row[path]
            if size != info.st_size or type(digest) is not str:
                return False
            stat = stats[path]
            if stat == [info.st_mtime_ns, size, info.st_ino, info.st_ctime_ns]:
                same = mtime == info.st_mtime
            else:
                same = _is_of_time(mtime, stat) and _has_content(
                    session.files, path, info, digest, stat, stored.inputs
                )
            # The time of the triple differs if plain doit has saved the file since.
            if not same:
                return False
        return True

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the inputs that differ; then drop recorded parts that are older than them."""
        from doit_invariants.engine.check.file_deps import compare_inputs

        found = compare_inputs(observation, facts)
        observation.before.drop_implicit()
        return found


class TargetsExist(Aspect):
    """All targets exist."""

    cost = 3

    def unchanged(self, stored: StoredTask) -> bool:
        """Take the stats of all targets; a missing one raises."""
        stored.stats = list(map(os.stat, stored.task.targets))
        return True

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the missing targets."""
        # The actions do not make a target that is also an input: it is missing as an input.
        made = [path for path in observation.task.targets if path not in observation.task.file_dep]
        checker = observation.session.host.checker
        exists = checker.exists if checker is not None else os.path.exists
        facts.missing_targets = missing = [path for path in made if not exists(path)]
        return [Reason("missing_target", path, "target is missing") for path in missing]


class TargetContents(Aspect):
    """The targets and their contents are as recorded."""

    cost = 3

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether the targets are as recorded, in the recorded order."""
        session, task, recorded = stored.session, stored.task, stored.record["targets"]
        if not stored.spec.track_targets:
            return recorded is None
        if len(recorded) != len(task.targets):
            return False
        for path, info, (known, state) in zip(task.targets, stored.stats, recorded, strict=True):
            if path != known:
                return False
            if type(state) is dict:
                others = session.graph.others_inside(path, task.name, session.tasks)
                skip = session.db.files
                if not _is_same_directory(session, path, state, state["digest"], skip, others):
                    return False
                continue
            digest, stat = state
            now = [info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns]
            if type(digest) is not str:
                return False
            if stat != now and not _has_content(
                session.files, path, info, digest, stat, stored.targets
            ):
                return False
        return True

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the targets that differ; observe them even without a record, for the next one."""
        from doit_invariants.rules.decide import target_reasons

        if observation.spec.track_targets:
            observation.targets()
        record = observation.comparable
        return target_reasons(record, observation.snapshot) if record is not None else ()


class Invariants(Aspect):
    """The listed and tracked invariants, and their fingerprints, are as recorded."""

    cost = 4

    def unchanged(self, stored: StoredTask) -> bool:
        """Return whether they are as recorded, in the recorded order, from the same plugins."""
        session, task, record = stored.session, stored.task, stored.record
        tracked = session.trackers.of(task, stored.spec)
        sources, listed = record["sources"], stored.spec.invariants
        invariants: list[_Named] = [(key, None, one) for key, one in listed.items()]
        alike = type(sources) is str and task.name not in session.late
        if alike and tracked.unchanged_as == sources:
            # Another task with the same functions and the same record is known to be unchanged:
            # usually a loop in dodo.py has made both.
            same = list(record["entries"]) == list(listed)
            return same and _are_same(stored, invariants, record)
        record = session.details.expand(record)
        if record["sources"] != list(tracked.sources):
            return False
        if list(record["entries"]) != [*listed, *tracked.entries]:
            return False
        invariants += [(key, plugin, one) for key, (plugin, one) in tracked.entries.items()]
        same = _are_same(stored, invariants, record)
        if same and alike and all(one.stable_in_run for _, one in tracked.entries.values()):
            session.trackers.note_unchanged(tracked, sources)
        return same

    def reasons(self, observation: TaskObservation, facts: HostFacts) -> Iterable[Reason]:
        """Return the invariants that differ; observe them even without a record, for the next."""
        from doit_invariants.rules.decide import invariant_reasons

        observation.invariants()
        record = observation.comparable
        if record is None:
            return ()
        return invariant_reasons(record, observation.snapshot, observation.context)


#: All rules, in the order in which users read their reasons. The cheap and the full check use it.
ASPECTS: tuple[Aspect, ...] = (
    Uptodate(),
    TargetsExist(),
    FileDeps(),
    Dependencies(),
    StoredRecord(),
    Invariants(),
    TargetContents(),
    Policy(),
    Flags(),
)
_CHEAPEST_FIRST = [one.unchanged for one in sorted(ASPECTS, key=attrgetter("cost"))]


def is_unchanged(session: Session, task: Task, facts: HostFacts | None = None) -> bool:
    """Return whether a cheap comparison proves that a task is up-to-date.

    If it does, a new record would be the same as the stored one. Do not call this for a task with
    ``uptodate`` items that list invariants: these are not among the options of the task.

    :param facts: the results of its ``uptodate`` items, None if there are none
    """
    try:
        if os.getcwd() != session.root:
            return False  # an action has left it: relative paths mean other files now
        return _is_unchanged(session, task, facts)
    except (Exception, SystemExit):
        # A file is gone, the record is damaged, or a policy fails: the full check reports it.
        return False


def _is_unchanged(session: Session, task: Task, facts: HostFacts | None) -> bool:
    stored = StoredTask(session, task, facts)
    for unchanged in _CHEAPEST_FIRST:
        if not unchanged(stored):
            return False
    if session.writes and (stored.inputs or stored.targets):
        stored.renew()
    return True


def reasons(observation: TaskObservation, facts: HostFacts) -> list[Reason]:
    """Return all reasons why a task is not up-to-date; fill in the observation for its record."""
    return [one for aspect in ASPECTS for one in aspect.reasons(observation, facts)]


def recheck_imports(session: Session) -> None:
    """Check again the modules that actions import when they run: a task may have changed them."""
    functions = session.memo.get("functions")
    if functions is not None and functions.uses_modules and functions.look_again_at_modules():
        session.trackers.forget_unchanged()


#: Id of an invariant, the plugin that adds it (None if it is listed), and the invariant.
_Named = tuple[str, "str | None", Invariant]


def _are_same(stored: StoredTask, invariants: list[_Named], record: Json) -> bool:
    if not invariants:
        return True
    # Late: most tasks have only the invariants of their functions, which many tasks share.
    from doit_invariants.engine.context import TaskContext

    sign = functools.partial(_sign, stored.session)
    context = TaskContext(stored.session, stored.task, record["executed_at"], sign)
    entries = record["entries"]
    return all(_is_same(one, entries[key], plugin, context) for key, plugin, one in invariants)


def _is_same(one: Invariant, entry: Json, plugin: str | None, context: TaskContext) -> bool:
    kind, version, label, recorded, source = entry
    if kind != one.kind or type(version) is not int or version != one.version or source != plugin:
        return False
    digest = recorded["digest"]
    if type(digest) is not str or digest in UNEQUAL or label != one.label():
        return False
    if "blocks" in recorded and _is_large(recorded):
        return False  # comparing it takes long, and after a change the full check does it again
    now = one.fingerprint(context, recorded)
    return (now is recorded or now == recorded) and one.difference(recorded, now, context) is None


def _sign(session: Session, task: str) -> str:
    from doit_invariants.engine.check.signer import Signer  # late: few tasks list `Task(...)`

    return Signer(session)(task)


def _is_of_time(mtime: float, stat: Json) -> bool:
    from doit_invariants.engine.records.triples import float_mtime  # late: few were touched

    return mtime == float_mtime(stat[0])


def _has_content(
    files: FileView, path: str, info: os.stat_result, digest: str, stat: Json, renewed: Renewed
) -> bool:
    """Return whether a file has the recorded content, although its stat differs."""
    state = files.state_of(path, info, None)
    if state.digest != digest or state.stat is None:
        return False
    if list(state.stat) != stat:
        renewed[path] = (digest, state.stat)
    return True


def _is_same_input_directory(stored: StoredTask, path: str) -> bool:
    mtime, _, digest = stored.row[path]  # the time of a directory does not count
    session, skip = stored.session, (*stored.task.targets, *stored.session.db.files)
    tree = stored.record["trees"][path]
    return type(mtime) is float and _is_same_directory(session, path, tree, digest, skip)


def _is_same_directory(*args: Any) -> bool:
    from doit_invariants.engine.check.directories import is_same_directory  # late: few have any

    return is_same_directory(*args)


def _is_large(recorded: Json) -> bool:
    from doit_invariants.files.tree import is_large

    return is_large(recorded)
