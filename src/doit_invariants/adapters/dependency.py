"""doit's dependency manager, with invariants.

``get_status`` looks at a task and decides; ``save_success`` records what was seen *before* the
actions ran, so that an input edited meanwhile leaves the task not up-to-date. Both are called
by doit in its main process and thread, with any runner.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from doit.dependency import Dependency, DependencyStatus

from doit_invariants.adapters import stored
from doit_invariants.adapters.checker import ContentChecker, to_triple
from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.freeze import freeze
from doit_invariants.adapters.host import HostFacts, evaluate_uptodate
from doit_invariants.adapters.inputs import compare_inputs, states_to_save
from doit_invariants.adapters.items import listed
from doit_invariants.adapters.options import TaskSpec
from doit_invariants.adapters.recording import make_record
from doit_invariants.adapters.session import Session, ensure_session
from doit_invariants.adapters.signatures import Signer
from doit_invariants.adapters.snapshot import Look
from doit_invariants.core.decide import decide
from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Reason, Verdict
from doit_invariants.core.records import Origin, PathState, Record

#: Reasons of doit's own rules, and that there is no record for any rule to compare with.
_OF_DOIT = {
    "uptodate_false",
    "has_no_dependencies",
    "missing_target",
    "checker_changed",
    "missing_file_dep",
    "awaited_file_dep",
    "added_file_dep",
    "removed_file_dep",
    "changed_file_dep",
    "never_ran",
    "cache_false",
}


class InvariantsDependency(Dependency):  # type: ignore[misc]
    """doit's ``Dependency``, which also knows invariants, targets and directories.

    The loader puts it in the place of doit's by changing the class of the object that doit has
    opened: opening the DB a second time fails with some backends. Nothing here may therefore
    rely on ``__init__``.
    """

    @property
    def session(self) -> Session:
        """The session of this run."""
        return ensure_session(self)

    #: All tasks by name, as doit last handed them over.
    tasks: Mapping[str, Any] = MappingProxyType({})

    @property
    def _pending(self) -> dict[str, Look]:
        """What was seen of tasks that are not recorded yet, by their names."""
        found: dict[str, Look] = self.__dict__.setdefault("_invariants_pending", {})
        return found

    @property
    def _damaged(self) -> dict[str, str]:
        """Why what the DB held of a task was discarded, by its name."""
        found: dict[str, str] = self.__dict__.setdefault("_invariants_damaged", {})
        return found

    def status_is_ignore(self, task: Any) -> Any:
        """Return whether the task is to be ignored; doit asks this first of all."""
        try:
            return super().status_is_ignore(task)
        except Exception as error:
            self._damaged[task.name] = stored.discard(self, task.name, error)
            return None

    def ignore(self, task: Any) -> None:
        """Mark a task to be ignored, and keep what is known of it.

        doit's own drops that with two of its backends: they forget a task that is written unread.
        """
        self._get(task.name, "ignore:")
        super().ignore(task)

    def close(self) -> None:
        """Write the DB, without what no record refers to any more."""
        if not self._closed:
            with contextlib.suppress(Exception):  # of a damaged DB: nothing is tidied then
                self.session.details.sweep()
        super().close()

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed."""
        self._pending.pop(task.name, None)
        super().remove_success(task)

    # ------------------------------------------------------------------ checking

    def get_status(self, task: Any, tasks_dict: Any, get_log: bool = False) -> Any:
        """Decide whether a task is up-to-date; see doit's own for the parameters.

        Raises nothing but what a user's own ``uptodate`` raises, and with ``-n`` not even that:
        doit would wait for ever.

        :returns: doit's status object; ours has the verdict in ``verdict``
        """
        status = DependencyStatus(get_log)
        task.dep_changed = []
        facts = HostFacts()
        tasks = self.tasks = tasks_dict or {}
        items, problems = self._uptodate(facts, task, tasks)
        try:
            with _directory(self.session.root):
                look = self._look(task, tasks, facts, items)
                look.snapshot.problems += problems
                verdict = decide(
                    look.before.record, look.snapshot, look.context, look.before.unreadable
                )
                self._after_check(task, look, verdict)
        except Exception as error:
            verdict = _failed(task.name, error)
        self._report(status, task, facts, verdict)
        return status

    def _uptodate(self, facts: HostFacts, task: Any, tasks: Any) -> tuple[list[Any], list[Reason]]:
        try:
            return evaluate_uptodate(facts, task, self, tasks), []
        except Exception as error:
            if not self.session.guarded:
                raise
            text = f"an uptodate item failed with {type(error).__name__}: {error}"
            return [], [Reason("cannot_check", "uptodate", text)]

    def _look(self, task: Any, tasks: Any, facts: HostFacts, items: list[Any]) -> Look:
        session = self.session
        spec = self._spec(task, items)
        before = stored.read(self, task.name)
        if task.name in self._damaged:
            before.unreadable = self._damaged[task.name]
        record = before.record
        executed_at = record.executed_at if record is not None else None
        context = TaskContext(session, task, executed_at, Signer(session, self, tasks))
        look = Look(session, task, spec, before, context)
        now = look.snapshot
        now.never_ran = record is None and self._get(task.name, "checker:") is None
        now.explicit = spec.own or bool(spec.invariants)
        changes = compare_inputs(self, look, facts, tasks)
        before.drop_what_plain_doit_did_not_see()
        facts.missing_targets = [p for p in task.targets if not self.checker.exists(p)]
        if spec.track_targets:
            look.targets()
        look.invariants()
        now.has_dependencies = bool(facts.counted or spec.own or now.inputs)
        now.host = [*facts.reasons(), *changes]
        now.policy = list(spec.policy.reasons())
        return look

    def _spec(self, task: Any, items: list[Any]) -> TaskSpec:
        """Return the options of a task, with what its ``invariants(...)`` items list."""
        spec = self.session.spec(task.name)
        if not items:
            return spec
        extra = listed(self.session, items)
        for key, one in extra.items():
            if key in spec.invariants:
                raise InvalidOption(f"{one.label()} is listed twice; remove one")
        return replace(spec, own=True, invariants={**spec.invariants, **extra})

    def _after_check(self, task: Any, look: Look, verdict: Verdict) -> None:
        session = self.session
        if session.on_verdict is not None:
            session.on_verdict(task=task, verdict=verdict)
        if verdict.status == "error":
            return
        if verdict.status == "up-to-date" and session.writes:
            self._refresh(task, look)
        if verdict.status == "run" or session.always:
            self._pending[task.name] = look
            if session.writes and task._actions:
                freeze(session, self.tasks)

    def _report(self, status: Any, task: Any, facts: HostFacts, verdict: Verdict) -> None:
        """Put a verdict into the words of doit."""
        status.verdict = verdict
        status.status = verdict.status
        task.dep_changed = _dep_changed(task, facts, verdict)
        if verdict.status == "error":
            status.error_reason = _error_text(facts, verdict)
        if status.get_log:
            status.reasons.update(facts.to_doit())
            status.reasons["invariants"] = list(verdict.reasons)
            if any(reason.code == "has_no_dependencies" for reason in verdict.reasons):
                status.reasons["has_no_dependencies"] = True

    # ------------------------------------------------------------------ recording

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or one that ``reset-dep`` or ``accept`` takes as valid.

        :raises FileNotFoundError: if a ``file_dep`` is gone; doit turns it into a failed task
        """
        with _directory(self.session.root):
            self._save(task, result_hash)

    def _save(self, task: Any, result_hash: Any) -> None:
        look = self._pending.pop(task.name, None)
        inputs: dict[str, PathState] = {}
        if look is not None and isinstance(self.checker, ContentChecker):
            states = states_to_save(self, look, task)
            inputs = {path: state for path, (state, _) in states.items()}
            self.checker.prepared = {path: triple for path, (_, triple) in states.items()}
            try:
                super().save_success(task, result_hash)
            finally:
                self.checker.prepared = {}
        else:
            super().save_success(task, result_hash)
        if look is not None:
            self._save_record(task, look, inputs)

    def _save_record(self, task: Any, look: Look, inputs: dict[str, PathState]) -> None:
        previous = look.before.record
        known = previous is not None or look.before.unreadable is not None
        if not look.snapshot.has_dependencies and not known:
            return  # it runs every time: there is nothing to compare, unless there once was
        if look.spec.track_targets:
            look.targets()  # as the actions left them
        if task.executed:
            self._write(task, make_record(look, inputs, "run", self.session.clock()))
        else:
            executed_at = previous.executed_at if previous is not None else None
            self._write(task, make_record(look, inputs, "accept", executed_at))

    def _refresh(self, task: Any, look: Look) -> None:
        """Save for an up-to-date task what makes its next check cheaper, or was not known yet.

        After a ``touch`` the content is the same under another stat: without this every later
        run would hash it again. Where there is no record this adopts the task as it stands.
        """
        now, previous = look.snapshot, look.before.record
        if not now.has_dependencies or now.never_ran:
            return  # doit knows nothing of a task that `uptodate` alone keeps from running either
        inputs = now.inputs if isinstance(self.checker, ContentChecker) else {}
        origin: Origin = previous.origin if previous is not None else "adopt"
        executed_at = previous.executed_at if previous is not None else None
        record = make_record(look, inputs, origin, executed_at)
        if record == previous and not look.before.moved:
            return
        for path, state in inputs.items():
            self._set(task.name, path, to_triple(state, os.stat(path)))
        if inputs:
            self._set(task.name, "deps:", tuple(inputs))
        if previous is None:
            self._write(task, record)
        else:
            stored.write(self, task.name, record)

    def retarget(self, maker: str, path: str, state: PathState) -> None:
        """Record what a later step made of a target in place as what its maker left."""
        record = stored.read(self, maker).record
        if record is not None and record.targets is not None and path in record.targets:
            targets = {**record.targets, path: state}
            stored.write(self, maker, replace(record, targets=targets))

    def _write(self, task: Any, record: Record) -> None:
        stored.write(self, task.name, record)
        if self.session.on_saved is None:
            return
        try:
            self.session.on_saved(task=task, record=record)
        except Exception as error:
            # The task has succeeded, and doit would end the whole run here.
            text = f"invariants_saved failed with {type(error).__name__}: {error}"
            sys.stderr.write(f"{task.name}: {text}\n")


@contextlib.contextmanager
def _directory(root: str) -> Iterator[None]:
    """Look at relative paths from where they are meant: an action may have left that directory."""
    present = os.getcwd()
    if present == root:
        yield
        return
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(present)


def _dep_changed(task: Any, facts: HostFacts, verdict: Verdict) -> list[str]:
    """Return what actions see as ``changed``: as in doit, but all for a reason of our own.

    An action that works on what changed alone must not skip everything because its code did.
    """
    codes = {reason.code for reason in verdict.reasons}
    if codes - _OF_DOIT:
        return list(task.file_dep)
    if facts.uptodate_false or "has_no_dependencies" in codes:
        return []
    if facts.missing_targets or facts.checker_changed:
        return list(task.file_dep)
    changed = set(facts.changed)
    return [path for path in task.file_dep if path in changed]


def _error_text(facts: HostFacts, verdict: Verdict) -> str:
    problems = [str(one) for one in verdict.reasons if one.code == "cannot_check"]
    if problems:
        return "; ".join(problems)
    return f"Dependent file '{facts.missing[0]}' does not exist."  # doit's own words


def _failed(task: str, error: Exception) -> Verdict:
    text = str(error) if isinstance(error, InvalidOption) else f"{type(error).__name__}: {error}"
    return Verdict(task, "error", (Reason("cannot_check", "invariants", text),))
