"""Carries out the plan of a task where its actions run."""

from __future__ import annotations

import time
from typing import Any

from doit_invariants.core.errors import InvariantsError
from doit_invariants.engine.reuse.plan import Outcome, Plan, plain
from doit_invariants.results.capture import CannotKeep


def carry_out(plan: Plan, task: Any, stream: Any) -> Any:
    """Restore a task, or run it and keep its result.

    :param stream: doit's, which knows what is shown at which verbosity
    :returns: None, or doit's failure
    """
    task.executed = True
    task.init_options()
    outcome = Outcome()
    if plan.source is not None:
        try:
            restored = plan.source.restore(plan, gotten(task))
        except InvariantsError as error:
            if str(error):
                outcome.warnings.append(f"not restored: {error}; it runs")
        else:
            plan.outcome = restored
            return _show(plan, restored, task, stream)
    plan.outcome = outcome
    if not plan.runs:
        return _keep(plan, outcome, task)
    started = time.monotonic()
    failure = task.run(stream)
    if failure is None:
        outcome.took = time.monotonic() - started
        _keep(plan, outcome, task)
    return failure


def gotten(task: Any) -> dict[str, Any]:
    """Return the values that a task gets from other tasks, by the names of its arguments."""
    options = task.options or {}
    return {name: options[name] for name in task.getargs if name in options}


def _show(plan: Plan, outcome: Outcome, task: Any, stream: Any) -> None:
    """Give a restored task what it would have, and show what it would have shown."""
    entry = outcome.entry
    if entry is None:
        return
    values, task.result = entry.values_in(plan.root)
    task.values = dict(values)
    shown = stream._get_out_err(task.verbosity) if plan.replay else (None, None)
    for action, texts in zip(task.actions, entry.output, strict=False):
        action.out, action.err = texts
        for target, text in zip(shown, texts, strict=True):
            if target is not None and text:
                target.write(_writable(text, target))


def _writable(text: str, stream: Any) -> str:
    """Return a text without what a stream can't encode: it may come from another machine."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _keep(plan: Plan, outcome: Outcome, task: Any) -> None:
    if plan.keeper is None:
        return
    if plan.runs:
        outcome.output = tuple((action.out, action.err) for action in task.actions)
    try:
        outcome.values = plain(task.values)
        outcome.result = plain(task.result)
    except CannotKeep as error:
        outcome.warnings.append(f"its result is not kept: {error}")
    else:
        plan.keeper.keep(outcome)
