"""Looks at a task: gathers what a decision needs, and what is recorded if the task succeeds."""

from __future__ import annotations

import copy
import functools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Json, Reason
from doit_invariants.engine.context import TaskContext
from doit_invariants.engine.execution import Execution
from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.records.recorded import StoredState, translate
from doit_invariants.engine.session import Session
from doit_invariants.engine.tracking import TrackedSet
from doit_invariants.files.selection import Selection
from doit_invariants.files.state import UNEQUAL, FileState, FileView, Stat
from doit_invariants.files.tree import TreeState, is_directory, tree_state
from doit_invariants.rules.decide import Observed, Snapshot
from doit_invariants.rules.invariant import Fingerprint, Invariant
from doit_invariants.rules.record import PathState, Record, RecordedInvariant

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task

_UNTAUGHT = "what is kept for the run where nothing is taught of values"


class TaskObservation:
    """One look at one task: fills a :class:`Snapshot`.

    :param knows_others: whether all tasks are known, so that what other tasks make inside of its
        targets does not count
    """

    def __init__(
        self,
        session: Session,
        task: Task,
        spec: TaskSpec,
        before: StoredState,
        context: TaskContext,
        *,
        knows_others: bool = False,
    ) -> None:
        self.session = session
        self.task = task
        self.spec = spec
        self.before = before
        #: The record with the paths under which doit stored it; ``before`` has those of here.
        self.record_as_stored = before.record
        if before.record is not None and before.record.root != session.root:
            before.moved = True
            before.record = translate(before.record, session.root)
        self.context = context
        self._knows_others = knows_others
        #: What does not count of each target that is a directory, as others make it.
        self.leave: dict[str, frozenset[str]] = {}
        #: Of this what tasks have made that are created late, as it was before the actions.
        self.late: dict[str, dict[str, Stat | None]] = {}
        #: Inputs into which the task is known to have written itself, once it has run.
        self.written: set[str] = set()
        self.snapshot = Snapshot(task.name)
        self._path_problems = 0
        #: Location of the store in which the result is known to be now.
        self.kept = ""
        #: What its actions may import, by the id of the invariant: names of modules, and their
        #: files right before they ran; None if these were not any more what was looked at.
        self.imports: dict[str, tuple[list[str], dict[str, Json] | None]] = {}
        #: Those of them that may not have run so, and whether their contents are the same at least;
        #: None until the actions ran.
        self.imports_edited: dict[str, bool] | None = None
        #: What came back from where the actions ran.
        self.execution = Execution()
        #: What the task is tracked by, where others are tracked alike.
        self.alike: TrackedSet | None = None

    @property
    def comparable(self) -> Record | None:
        """The record with which the task can be compared as it stands, None if there is none."""
        is_readable = self.before.unreadable is None
        return self.before.record if is_readable and self.snapshot.has_dependencies else None

    def _inputs_of_directory(self) -> Selection:
        """Return what counts of a directory that the task reads: not its own targets."""
        own = frozenset(map(os.path.abspath, self.context.targets))
        return Selection(exclude=self.session.excluded, skip=own)

    def _all_of_directory(self, path: str, known: PathState | None) -> Selection:
        """Return what counts of a directory that the task makes: not what others make in it."""
        if path not in self.leave and self._knows_others:
            from doit_invariants.engine.check import (
                nested_targets,  # late: few targets are directories
            )

            leave = nested_targets.Others(self.session, self.task.name).declared(path)
            self.leave[path] = leave | (
                nested_targets.absolute(path, known)
                if isinstance(known, TreeState)
                else frozenset()
            )
        skip, leave = frozenset(self.session.db.files), self.leave.get(path, frozenset())
        return Selection(exclude=self.session.excluded, skip=skip, leave=leave)

    def path(self, path: str, known: PathState | None, info: os.stat_result) -> PathState:
        """Return the state of a path now; what can't be read becomes a problem of the task."""
        try:
            return path_state(self.session.files, path, info, known, self._inputs_of_directory)
        except CannotFingerprint as error:
            self._path_problem(path, str(error))
            return known
        except FileNotFoundError:
            return None  # gone since its stat

    def targets(self) -> None:
        """Look at the targets."""
        states = self.snapshot.targets = self.target_states()
        record = self.before.record
        recorded = (record.targets if record is not None else None) or {}
        for path, state in states.items():
            known = recorded.get(path)
            if not isinstance(state, TreeState) or not isinstance(known, TreeState):
                continue
            if state.digest != known.digest and self._knows_others:
                self._narrow(path, known)

    def _narrow(self, path: str, known: TreeState) -> None:
        """Take out of the record of a directory what others make, if that makes a difference."""
        from doit_invariants.engine.check import nested_targets

        targets = self.snapshot.targets or {}
        before, now = nested_targets.without(path, known, self.leave[path]), targets[path]
        if isinstance(now, TreeState) and now.digest != before.digest:
            others = nested_targets.Others(self.session, self.task.name)
            more = nested_targets.made_later(others, path, known, self.leave[path])
            if more:
                self.leave[path] |= more
                targets[path] = self.target(path, known, os.stat(path))
                before = nested_targets.without(path, known, self.leave[path])
        record = self.before.record
        if record is not None and before.digest != known.digest:
            states = {**(record.targets or {}), path: before}
            self.before.record = replace(record, targets=states)

    def expect_late(self) -> None:
        """Note before the actions run what tasks that are not created yet have made in targets."""
        tasks = self.session.tasks
        if not self._knows_others or not self.session.graph.any_created_late(tasks):
            return
        from doit_invariants.engine.check import nested_targets

        others = nested_targets.Others(self.session, self.task.name)
        self.late = {path: others.late(path) for path in self.task.targets}

    def targets_as_made(self) -> None:
        """Look at the targets once the actions have made them."""
        self.leave = {}
        if self._knows_others and any(map(os.path.isdir, self.task.targets)):
            from doit_invariants.engine.check import nested_targets

            others = nested_targets.Others(self.session, self.task.name)
            self.leave = nested_targets.after_run(others, self.task.targets, self.late)
        self.snapshot.targets = self.target_states()

    def target_states(self) -> dict[str, PathState]:
        """Return the state of each target, None for a missing one."""
        record = self.before.record
        states: dict[str, PathState] = {}
        recorded = (record.targets if record is not None else None) or {}
        for path in self.task.targets:
            try:
                info = os.stat(path)
            except OSError:
                states[path] = None
            else:
                states[path] = self.target(path, recorded.get(path), info)
        return states

    def target(self, path: str, known: PathState | None, info: os.stat_result) -> PathState:
        """Return the state of a target, of which every entry counts but what tools leave."""
        try:
            select = functools.partial(self._all_of_directory, path, known)
            return path_state(self.session.files, path, info, known, select)
        except CannotFingerprint as error:
            self._path_problem(path, str(error))
        except FileNotFoundError:
            pass  # gone since its stat
        except OSError as error:
            self._path_problem(path, f"{path} can't be read: {error.strerror}")
        return None

    def invariants(self) -> None:
        """Fingerprint what is listed, and what plugins add."""
        for key, one in self.spec.invariants.items():
            self._observe(key, one, None)
        try:
            tracked = self.session.trackers.of(self.task, self.spec)
        except CannotFingerprint as error:
            self.problem("invariants", str(error))
            return
        self.snapshot.sources = tracked.sources
        if tracked.serves_several(self.task.name):
            self.alike = tracked
        for key, (plugin, one) in tracked.entries.items():
            self._observe(key, one, plugin)

    def _observe(self, key: str, one: Invariant, source: str | None) -> None:
        record = self.before.record
        entry = record.entries.get(key) if record is not None else None
        if record is not None and entry is not None and entry.older(one):
            entry = self._upgraded(record, key, entry, one)
        previous = entry.fingerprint if entry is not None and entry.comparable(one) else None
        if previous is not None and previous.get("digest") in UNEQUAL:
            previous = None  # a kind may give back what it was given
        self.snapshot.unknown.add(key)
        try:
            fingerprint = one.fingerprint(self.context, previous)
            if not type(one).__module__.startswith("doit_invariants."):
                _check_json(one, fingerprint)
        except InvariantsError as error:
            self.problem(one.label(), str(error).removeprefix(f"{one.label()}: "))
        except Exception as error:
            # A plugin's kind: an exception that gets out makes doit -n wait for ever.
            self.problem(one.label(), f"failed with {type(error).__name__}: {error}")
        else:
            self.snapshot.observed[key] = Observed(one, fingerprint, source)
            self.snapshot.unknown.discard(key)
            if self._is_taught_since(one, previous, fingerprint):
                self.snapshot.adopted.add(key)

    def _is_taught_since(
        self, one: Invariant, previous: Fingerprint | None, now: Fingerprint
    ) -> bool:
        """Return whether a plugin teaches values since, and without it all is as before.

        To be asked after the fingerprint is known: most have not changed.
        """
        if self.session.teach is None or previous is None or previous["digest"] == now["digest"]:
            return False
        context = copy.copy(self.context)
        context.digester = None
        context.memo = self.context.memo.setdefault(_UNTAUGHT, {})
        try:
            untaught = one.fingerprint(context, previous)
            return one.difference(previous, untaught, context) is None
        except Exception:
            return False  # it can't be compared without what is taught, or is a plugin's

    def _upgraded(
        self, record: Record, key: str, entry: RecordedInvariant, one: Invariant
    ) -> RecordedInvariant:
        """Let a kind say what it would have recorded; in the record as it is compared."""
        try:
            fingerprint = one.upgrade(entry.fingerprint, entry.version)
            if fingerprint is None:
                return entry
            _check_json(one, fingerprint)
        except InvariantsError as error:
            self.problem(one.label(), str(error).removeprefix(f"{one.label()}: "))
            return entry
        except Exception as error:
            self.problem(one.label(), f"upgrade() failed with {type(error).__name__}: {error}")
            return entry
        self.before.upgraded = True
        entry = entry._replace(version=one.version, fingerprint=fingerprint)
        self.before.record = replace(record, entries={**record.entries, key: entry})
        return entry

    def problem(self, subject: str, text: str) -> None:
        """Note that something can't be checked."""
        self.snapshot.problems.append(Reason("cannot_check", subject, text))

    def _path_problem(self, path: str, text: str) -> None:
        """Note that an input or a target can't be read: users are told that first."""
        self.snapshot.problems.insert(self._path_problems, Reason("cannot_check", path, text))
        self._path_problems += 1


def _check_json(one: Invariant, fingerprint: Any) -> None:
    """Check what will go into doit's DB: doit would find out at its very end, and lose the rest."""
    if not isinstance(fingerprint, dict) or not isinstance(fingerprint.get("digest"), str):
        raise CannotFingerprint(
            f"{one.label()}: fingerprint() must return a dict with a string as 'digest'"
        )
    try:
        same = json.loads(json.dumps(fingerprint)) == fingerprint
    except (TypeError, ValueError) as error:
        raise CannotFingerprint(f"{one.label()}: the fingerprint is not JSON: {error}") from error
    if not same:
        raise CannotFingerprint(
            f"{one.label()}: the fingerprint changes when it is stored as JSON (a tuple becomes a "
            "list, a key becomes a string); use lists and strings"
        )


def path_state(
    view: FileView,
    path: str,
    info: os.stat_result,
    known: PathState,
    select: Callable[[], Selection],
) -> PathState:
    """Return the state of a ``file_dep`` or target now; ``known`` itself where it is unchanged.

    :param select: asked, for a directory only, which entries of it count
    """
    if is_directory(info):
        return tree_state(view, path, known if isinstance(known, TreeState) else None, select())
    return view.state_of(path, info, known if isinstance(known, FileState) else None)
