"""The long way to a verdict: looks at all of a task, decides, and says why.

Everything is looked at even where one reason would do: users are told all of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import Reason, Verdict
from doit_invariants.engine.check import varying
from doit_invariants.engine.check.file_deps import compare_inputs
from doit_invariants.engine.check.observe import Look
from doit_invariants.engine.check.target_guard import OTHERS
from doit_invariants.engine.context import Signer, TaskContext
from doit_invariants.engine.finish import refresh
from doit_invariants.engine.freeze import freeze
from doit_invariants.engine.listed import with_items
from doit_invariants.engine.records import recorded
from doit_invariants.engine.records.flags import INTERRUPTED
from doit_invariants.engine.records.placeholders import placeholder_reason
from doit_invariants.engine.session import PLAN, Session
from doit_invariants.hosts.doit import workdir
from doit_invariants.hosts.doit.rules import HostFacts, evaluate_uptodate
from doit_invariants.hosts.doit.status import failed, report
from doit_invariants.rules.decide import decide

if TYPE_CHECKING:
    from doit_invariants.hosts.doit.dependency import InvariantsDependency


def check(dep_manager: InvariantsDependency, task: Any, status: Any, *, asked: bool) -> None:
    """Decide whether a task is up-to-date.

    :param status: doit's, which is filled
    :param asked: whether it is known already that the task is not simply as it was recorded
    :raises Exception: what a user's own ``uptodate`` raises, but not with ``-n``
    """
    session, tasks = dep_manager.session, dep_manager.tasks
    if session.home is None:
        session.home = os.getcwd()  # no action has run yet
    facts = HostFacts()
    accepted = session.resume and session.resume.accepted(task.name, tasks)
    if accepted:
        policy = f"accepted by {accepted}"
        report(status, task, facts, Verdict(task.name, "up-to-date", policy=policy))
        return
    items, problems = _uptodate(dep_manager, facts, task)
    simple = not (asked or items or problems or facts.uptodate_false)
    try:
        if simple and dep_manager.is_as_recorded(task, counted=facts.counted):
            verdict = Verdict(task.name, "up-to-date")
            _tell(session, task, verdict)
        else:
            with session.project.as_directory():
                verdict = _verdict(dep_manager, task, facts, items, problems)
    except (Exception, SystemExit) as error:
        verdict = failed(task.name, error)
    report(status, task, facts, verdict)


def _uptodate(
    dep_manager: InvariantsDependency, facts: HostFacts, task: Any
) -> tuple[list[Any], list[Reason]]:
    if not task.uptodate:
        return [], []
    session, tasks = dep_manager.session, dep_manager.tasks
    try:
        with workdir.kept(session, task.name, "an uptodate item"):
            return evaluate_uptodate(facts, task, dep_manager, tasks), []
    except (Exception, SystemExit) as error:
        for argument, (name, _) in task.getargs.items():
            if name not in tasks:
                text = f"{argument!r}: there is no task {name!r}"
                return [], [Reason("cannot_check", "getargs", text)]
        if not session.guarded:
            raise
        text = f"an uptodate item failed with {type(error).__name__}: {error}"
        return [], [Reason("cannot_check", "uptodate", text)]


def _verdict(
    dep_manager: InvariantsDependency,
    task: Any,
    facts: HostFacts,
    items: list[Any],
    problems: list[Reason],
) -> Verdict:
    look = _look(dep_manager, task, facts, items)
    look.snapshot.problems += problems
    verdict = decide(look.before.record, look.snapshot, look.context, look.before.unreadable)
    if look.spec.policy.decides or look.spec.exports:
        # Imported late: most projects have no use for it.
        from doit_invariants.engine.reuse.decide import Answers

        verdict = Answers(dep_manager, look, facts).apply(verdict)
    verdict = _with_its_end(dep_manager.session, varying.tell(look, verdict))
    _tell(dep_manager.session, task, verdict)
    if verdict.status != "error":
        _prepare(dep_manager, task, look, verdict)
    return verdict


def _look(dep_manager: InvariantsDependency, task: Any, facts: HostFacts, items: list[Any]) -> Look:
    session, tasks = dep_manager.session, dep_manager.tasks
    spec = with_items(session, session.spec(task.name), items)
    before = recorded.read(dep_manager, task.name)
    if task.name in dep_manager.damaged:
        before.unreadable = dep_manager.damaged[task.name]
    record = before.record
    executed_at = record.executed_at if record is not None else None
    context = TaskContext(session, task, executed_at, Signer(session, dep_manager, tasks))
    look = Look(session, task, spec, before, context, dep_manager)
    now = look.snapshot
    now.never_ran = record is None and dep_manager._get(task.name, "checker:") is None
    now.explicit = spec.own or bool(spec.invariants)
    changes = compare_inputs(dep_manager, look, facts, tasks)
    before.drop_what_plain_doit_did_not_see()
    # What is an input as well the actions do not make: it is missing as an input.
    made = [path for path in task.targets if path not in task.file_dep]
    facts.missing_targets = [path for path in made if not dep_manager.checker.exists(path)]
    if spec.track_targets:
        look.targets()
    look.invariants()
    now.has_dependencies = bool(facts.counted or spec.own or now.inputs)
    now.host = [*facts.reasons(), *changes]
    placeholders = session.placeholders.among(task.targets)
    now.policy = [*spec.policy.reasons(), *map(placeholder_reason, placeholders)]
    if task.name in session.running:
        now.policy.append(Reason("running", "task", f"running now in {session.running[task.name]}"))
    elif session.unfinished.read().get(task.name) == INTERRUPTED:
        now.policy.append(Reason("interrupted", "task", "its last execution did not end"))
    return look


def _with_its_end(session: Session, verdict: Verdict) -> Verdict:
    """Return a verdict with how the last attempt ended, in the place of "never ran"."""
    if verdict.status == "up-to-date":
        return verdict
    ends = {one.code for one in verdict.reasons} & {"running", "interrupted"}
    end = session.ends.reason(verdict.task) if not ends else None
    if not ends and end is None:
        return verdict
    reasons = [one for one in verdict.reasons if one.code not in ("never_ran", "no_record")]
    return verdict._replace(reasons=(*reasons, *([end] if end is not None else [])))


def _note_others(dep_manager: InvariantsDependency, task: Any, look: Look) -> None:
    """Put on a task what others make inside of its targets: its worker does not know them."""
    inside = dep_manager.session.relations.others_inside
    task.__dict__.pop(OTHERS, None)
    for path in task.targets:
        found = look.leave.get(path, frozenset()).union(inside(path, task.name, dep_manager.tasks))
        if found:
            task.__dict__.setdefault(OTHERS, {})[path] = found


def _tell(session: Session, task: Any, verdict: Verdict) -> None:
    if session.on_verdict is None:
        return
    try:
        session.on_verdict(task=task, verdict=verdict)
    except Exception as error:
        text = f"the hook invariants_verdict failed with {type(error).__name__}: {error}"
        raise InvariantsError(text) from error


def _prepare(dep_manager: InvariantsDependency, task: Any, look: Look, verdict: Verdict) -> None:
    """Do what is due once a verdict is known, and before the task runs if it does."""
    session = look.session
    if verdict.status == "up-to-date" and session.writes and not verdict.reasons:
        refresh(dep_manager, task, look)
    if verdict.status == "run" or session.always:
        dep_manager.pending[task.name] = look
        plan = task.__dict__.get(PLAN)
        if plan is None or plan.runs:  # else nothing is made, and nothing can be interrupted
            _before_it_runs(dep_manager, task, look)


def _before_it_runs(dep_manager: InvariantsDependency, task: Any, look: Look) -> None:
    session = look.session
    if session.runs:
        session.placeholders.remove(task.targets)
        _note_others(dep_manager, task, look)
        look.expect_late()
        if session.settings.store_link == "hardlink":
            from doit_invariants.files.deep import unshare

            for target in task.targets:
                unshare(target)
        if session.durable is not None and task._actions:
            session.durable.dispatch(task)
        if task._actions:
            workdir.hand_out(session, task)
    if session.writes and task._actions:
        freeze(dep_manager, session)
        session.executed = True
        functions = look.context.memo.get("functions")
        if session.runs and functions is not None and functions.uses_modules:
            from doit_invariants.engine.check.imported_modules import begin

            begin(look)
