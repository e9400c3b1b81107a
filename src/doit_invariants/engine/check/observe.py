"""Observes a task: collects what the verdict needs, and what is recorded if the task succeeds."""

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

_WITHOUT_PLUGINS = "memo of fingerprints without the hook invariants_digest_value"


class TaskObservation:
    """One observation of one task: fills a :class:`Snapshot`.

    :param knows_others: whether all tasks are known, so that files which other tasks make inside
        its targets do not count
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
        #: The record with the paths as they were stored; ``before`` has those of this directory.
        self.record_as_stored = before.record
        if before.record is not None and before.record.root != session.root:
            before.moved = True
            before.record = translate(before.record, session.root)
        self.context = context
        self._knows_others = knows_others
        #: By target directory, the paths in it that do not count because other tasks make them.
        self.leave: dict[str, frozenset[str]] = {}
        #: By target directory, what delayed tasks made in it in earlier runs, with the stats before
        #: the actions.
        self.late: dict[str, dict[str, Stat | None]] = {}
        #: Inputs that the task is known to have written itself, once it has run.
        self.written: set[str] = set()
        self.snapshot = Snapshot(task.name)
        self._path_problems = 0
        #: Location of the store that is known to have the result; empty for none.
        self.kept = ""
        #: What its actions may import, by the id of the invariant: names of modules, and their
        #: files right before the actions ran; None if the files had changed since they were
        #: fingerprinted.
        self.imports: dict[str, tuple[list[str], dict[str, Json] | None]] = {}
        #: Ids of invariants whose modules may have run with another content, and whether the
        #: contents before and after are the same; None until the actions ran.
        self.imports_edited: dict[str, bool] | None = None
        #: The execution as it came back from the worker.
        self.execution = Execution()
        #: The tracked set of the task, if it shares that with other tasks.
        self.shared_set: TrackedSet | None = None

    @property
    def comparable(self) -> Record | None:
        """The record to compare the task with, None if there is none that can be used."""
        is_readable = self.before.unreadable is None
        return self.before.record if is_readable and self.snapshot.has_dependencies else None

    def _inputs_of_directory(self) -> Selection:
        """Return which entries of an input directory count: all but the task's own targets."""
        own = frozenset(map(os.path.abspath, self.context.targets))
        return Selection(exclude=self.session.excluded, skip=own)

    def _all_of_directory(self, path: str, known: PathState | None) -> Selection:
        """Return which entries of a target directory count: all but what other tasks make in it."""
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
        """Return the present state of a path; an unreadable path is a problem of the task."""
        try:
            return path_state(self.session.files, path, info, known, self._inputs_of_directory)
        except CannotFingerprint as error:
            self._path_problem(path, str(error))
            return known
        except FileNotFoundError:
            return None  # removed after its stat was taken

    def targets(self) -> None:
        """Observe the targets."""
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
        """Remove from the record of a directory what other tasks make, if it makes a difference."""
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
        """Note, before the actions run, what delayed tasks made in the targets in earlier runs."""
        tasks = self.session.tasks
        if not self._knows_others or not self.session.graph.any_created_late(tasks):
            return
        from doit_invariants.engine.check import nested_targets

        others = nested_targets.Others(self.session, self.task.name)
        self.late = {path: others.late(path) for path in self.task.targets}

    def targets_as_made(self) -> None:
        """Observe the targets after the actions have made them."""
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
        """Return the state of a target; in a directory all entries count except excluded ones."""
        try:
            select = functools.partial(self._all_of_directory, path, known)
            return path_state(self.session.files, path, info, known, select)
        except CannotFingerprint as error:
            self._path_problem(path, str(error))
        except FileNotFoundError:
            pass  # removed after its stat was taken
        except OSError as error:
            self._path_problem(path, f"{path} can't be read: {error.strerror}")
        return None

    def invariants(self) -> None:
        """Fingerprint the listed invariants, and those that plugins add."""
        for key, one in self.spec.invariants.items():
            self._observe(key, one, None)
        try:
            tracked = self.session.trackers.of(self.task, self.spec)
        except CannotFingerprint as error:
            self.problem("invariants", str(error))
            return
        self.snapshot.sources = tracked.sources
        if tracked.is_shared(self.task.name):
            self.shared_set = tracked
        for key, (plugin, one) in tracked.entries.items():
            self._observe(key, one, plugin)

    def _observe(self, key: str, one: Invariant, source: str | None) -> None:
        record = self.before.record
        entry = record.entries.get(key) if record is not None else None
        if record is not None and entry is not None and entry.older(one):
            entry = self._upgraded(record, key, entry, one)
        previous = entry.fingerprint if entry is not None and entry.comparable(one) else None
        if previous is not None and previous.get("digest") in UNEQUAL:
            previous = None  # a kind may return `previous` itself, which would be recorded again
        self.snapshot.unknown.add(key)
        try:
            fingerprint = one.fingerprint(self.context, previous)
            if not type(one).__module__.startswith("doit_invariants."):
                _check_json(one, fingerprint)
        except InvariantsError as error:
            self.problem(one.label(), str(error).removeprefix(f"{one.label()}: "))
        except Exception as error:
            # A plugin's kind may raise anything, and an escaped exception makes doit -n hang.
            self.problem(one.label(), f"failed with {type(error).__name__}: {error}")
        else:
            self.snapshot.observed[key] = Observed(one, fingerprint, source)
            self.snapshot.unknown.discard(key)
            if self._differs_by_plugin_alone(one, previous, fingerprint):
                self.snapshot.adopted.add(key)

    def _differs_by_plugin_alone(
        self, one: Invariant, previous: Fingerprint | None, now: Fingerprint
    ) -> bool:
        """Return whether only a new plugin for values makes the fingerprint differ.

        Called after the fingerprint is known, because most have not changed.
        """
        if (
            self.session.value_digester is None
            or previous is None
            or previous["digest"] == now["digest"]
        ):
            return False
        context = copy.copy(self.context)
        context.digester = None
        context.memo = self.context.memo.setdefault(_WITHOUT_PLUGINS, {})
        try:
            without_plugins = one.fingerprint(context, previous)
            return one.difference(previous, without_plugins, context) is None
        except Exception:
            return False  # the value needs the plugin, or a plugin's kind failed

    def _upgraded(
        self, record: Record, key: str, entry: RecordedInvariant, one: Invariant
    ) -> RecordedInvariant:
        """Let a kind upgrade the fingerprint of an older version, in the record to compare with."""
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
        """Note a problem: something can't be checked."""
        self.snapshot.problems.append(Reason("cannot_check", subject, text))

    def _path_problem(self, path: str, text: str) -> None:
        """Note that an input or a target can't be read, before all other problems."""
        self.snapshot.problems.insert(self._path_problems, Reason("cannot_check", path, text))
        self._path_problems += 1


def _check_json(one: Invariant, fingerprint: Any) -> None:
    """Check that doit's DB can store a fingerprint.

    Otherwise doit would fail when it writes its DB at the end, and lose all other records.
    """
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
    """Return the present state of a ``file_dep`` or target; ``known`` itself if it is unchanged.

    :param select: returns which entries of a directory count; only called for a directory
    """
    if is_directory(info):
        return tree_state(view, path, known if isinstance(known, TreeState) else None, select())
    return view.state_of(path, info, known if isinstance(known, FileState) else None)
