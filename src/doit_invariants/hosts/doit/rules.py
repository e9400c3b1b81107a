"""doit's own rules for ``uptodate`` items, as in doit 0.37.

doit evaluates them in ``Dependency.get_status``, which stops at the first reason. An explanation
needs all reasons, and a run must use the same code as an explanation.
"""

from __future__ import annotations

import inspect
import subprocess
from typing import Any

from doit.dependency import UptodateCalculator

from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.listed import ListedItem


def evaluate_uptodate(
    facts: HostFacts, task: Any, dep_manager: Any, tasks: Any
) -> list[ListedItem]:
    """Evaluate the ``uptodate`` items of a task as doit does.

    :param facts: receives the items that are false, and whether any item counts
    :returns: our own items among them, which are not called: the caller checks their invariants
    :raises Exception: any exception of an item
    """
    own: list[ListedItem] = []
    for item, args, kwargs in task.uptodate:
        if isinstance(item, ListedItem):
            own.append(item)
            continue
        answer = _evaluate(item, args, kwargs, task, dep_manager, tasks)
        if answer is not None:
            facts.counted = True
            if not answer:
                facts.uptodate_false.append((item, args, kwargs))
    return own


def _evaluate(item: Any, args: Any, kwargs: Any, task: Any, dep_manager: Any, tasks: Any) -> Any:
    if not callable(item):
        if not isinstance(item, str):
            return item
        null = subprocess.DEVNULL
        return subprocess.call(item, shell=True, stdout=null, stderr=null) == 0
    if isinstance(item, UptodateCalculator):
        item.setup(dep_manager, tasks)
        item.get_val = dep_manager.get_here
    magic: list[Any] = []
    for place, name in enumerate(inspect.signature(item).parameters):
        if place == 0 and name == "task":
            magic.append(task)
        elif place == 1 and name == "values":
            magic.append(dep_manager.get_values(task.name))
    return item(*magic, *args, **kwargs)
