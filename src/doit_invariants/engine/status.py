"""Makes the verdict on a task, and prepares the task if it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import Reason, Verdict
from doit_invariants.engine.check import varying
from doit_invariants.engine.check.aspects import is_unchanged, reasons
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.check.signer import Signer
from doit_invariants.engine.check.unconditional import always_runs
from doit_invariants.engine.context import TaskContext
from doit_invariants.engine.finish import refresh
from doit_invariants.engine.freeze import freeze
from doit_invariants.engine.listed import ListedItem, with_items
from doit_invariants.engine.records import recorded
from doit_invariants.engine.session import Session
from doit_invariants.rules.decide import verdict_on

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task


def task_status(
    session: Session, task: Task, *, fast_path_tried: bool = False
) -> tuple[Verdict, HostFacts]:
    """Decide whether a task is up-to-date.

    :param fast_path_tried: whether the cheap check has already failed to prove it unchanged
    :returns: the verdict, and what the host's own rules find about the task
    :raises Exception: any exception of a user's own ``uptodate``, unless the session is guarded
    """
    facts = HostFacts()
    accepted = session.host.accepts(task)
    if accepted:
        return Verdict(task.name, "up-to-date", policy=f"accepted by {accepted}"), facts
    items, problems = _uptodate(session, facts, task)
    simple = not (fast_path_tried or items or problems)
    try:
        if simple and is_unchanged(session, task, facts):
            verdict = Verdict(task.name, "up-to-date")
            _tell(session, task, verdict)
        else:
            with session.project.as_directory():
                verdict = _verdict(session, task, facts, items, problems)
    except (Exception, SystemExit) as error:
        verdict = failed(task.name, error)
    return verdict, facts


def failed(task: str, error: BaseException) -> Verdict:
    """Return the verdict on a task that can't be checked."""
    text = str(error) if isinstance(error, InvariantsError) else f"{type(error).__name__}: {error}"
    return Verdict(task, "error", (Reason("cannot_check", "invariants", text),))


def _uptodate(
    session: Session, facts: HostFacts, task: Task
) -> tuple[list[ListedItem], list[Reason]]:
    if not task.uptodate:
        return [], []
    try:
        return session.host.uptodate(task, facts), []
    except (Exception, SystemExit) as error:
        for argument, (name, _) in task.getargs.items():
            if name not in session.tasks:
                text = f"{argument!r}: there is no task {name!r}"
                return [], [Reason("cannot_check", "getargs", text)]
        if not session.guarded:
            raise
        text = f"an uptodate item failed with {type(error).__name__}: {error}"
        return [], [Reason("cannot_check", "uptodate", text)]


def _verdict(
    session: Session,
    task: Task,
    facts: HostFacts,
    items: list[ListedItem],
    problems: list[Reason],
) -> Verdict:
    observation = begin_observation(session, task, items)
    found = reasons(observation, facts)
    observation.snapshot.problems += problems
    verdict = verdict_on(observation.snapshot, found)
    if observation.spec.policy.decides or observation.spec.exports:
        # Imported late: most projects use no cache.
        from doit_invariants.engine.reuse.decide import CacheDecision

        verdict = CacheDecision(observation, facts).apply(verdict)
    verdict = _with_last_end(session, varying.tell(observation, verdict))
    _tell(session, task, verdict)
    if verdict.status != "error":
        _prepare(session, task, observation, verdict)
    return verdict


def begin_observation(session: Session, task: Task, items: list[ListedItem]) -> TaskObservation:
    """Return an observation of a task that has only read its record."""
    spec = with_items(session.plugins.kinds, session.spec(task.name), items)
    before = recorded.read(session, task.name)
    if task.name in session.damaged:
        before.unreadable = session.damaged[task.name]
    record = before.record
    executed_at = record.executed_at if record is not None else None
    context = TaskContext(session, task, executed_at, Signer(session))
    observation = TaskObservation(session, task, spec, before, context, knows_others=True)
    now = observation.snapshot
    now.never_ran = record is None and session.db.get(task.name, "checker:") is None
    now.explicit = spec.own or bool(spec.invariants)
    return observation


def _with_last_end(session: Session, verdict: Verdict) -> Verdict:
    """Return a verdict that says how the last run ended, instead of "never ran"."""
    if verdict.status == "up-to-date":
        return verdict
    ends = {one.code for one in verdict.reasons} & {"running", "interrupted"}
    end = session.ends.reason(verdict.task) if not ends else None
    if not ends and end is None:
        return verdict
    others = [one for one in verdict.reasons if one.code not in ("never_ran", "no_record")]
    return verdict._replace(reasons=(*others, *([end] if end is not None else [])))


def _note_others(task: Task, observation: TaskObservation) -> None:
    """Note what other tasks make inside the targets of a task: a worker can't find that out."""
    session = observation.session
    for path in task.targets:
        found = session.graph.others_inside(path, task.name, session.tasks)
        leave = observation.leave.get(path, frozenset()).union(found)
        if leave:
            session.execution(task.name).made_by_others[path] = leave


def _tell(session: Session, task: Task, verdict: Verdict) -> None:
    if session.on_verdict is None:
        return
    try:
        session.on_verdict(task=task, verdict=verdict)
    except Exception as error:
        text = f"the hook invariants_verdict failed with {type(error).__name__}: {error}"
        raise InvariantsError(text) from error


def _prepare(session: Session, task: Task, observation: TaskObservation, verdict: Verdict) -> None:
    """Update the record of an up-to-date task, or prepare a task to run."""
    if verdict.status == "up-to-date" and session.writes and not verdict.reasons:
        refresh(observation)
    if verdict.status == "run" or session.always:
        session.pending[task.name] = observation
        execution = session.executions.get(task.name)
        plan = execution.plan if execution is not None else None
        if plan is None or plan.runs:  # otherwise no action runs, so none can be interrupted
            _before_it_runs(session, task, observation)


def _before_it_runs(session: Session, task: Task, observation: TaskObservation) -> None:
    acts = bool(session.host.actions(task))
    if session.runs:
        session.placeholders.remove(task.targets)
        _note_others(task, observation)
        observation.expect_late()
        if session.settings.store_link == "hardlink":
            from doit_invariants.files.deep import unshare

            for target in task.targets:
                unshare(target)
        if acts:
            session.host.about_to_run(task)
    if session.writes and acts:
        freeze(session, always_runs)
        session.executed = True
        functions = observation.context.memo.get("functions")
        if session.runs and functions is not None and functions.uses_modules:
            from doit_invariants.engine.check.imported_modules import begin

            begin(observation)
