"""``doit invariants why``: prints what a run would do with tasks, with all reasons."""

from __future__ import annotations

import json
from typing import Any

from doit_invariants.core.text import printable
from doit_invariants.hosts.doit.outlook import Outlook, Prospect
from doit_invariants.hosts.doit.summary import fold, lines
from doit_invariants.hosts.doit.verbs import show

#: Groups of up to this many tasks are printed as single tasks.
_FEW = 3


def execute(command: Any, names: list[str], as_json: bool, *, each: bool = False) -> int:
    """Explain tasks, and the tasks that they need. No task is run, and no record is written.

    :param each: whether each task is explained separately, even if many have the same reasons
    :returns: 0 if a run would execute none of them, otherwise 1
    """
    every = {task.name: task for task in command.task_list}
    prospects = Outlook(command.dep_manager, every, names, full=True).all()
    if as_json:
        command.write(json.dumps([one.to_json() for one in prospects], indent=2))
    else:
        for alike in [[one] for one in prospects] if each else fold(prospects, _FEW):
            for line in (*lines(alike), *_not_compared(command, alike)):
                command.write(printable(line))
    return 0 if all(one.status in ("up-to-date", "ignored") for one in prospects) else 1


def _not_compared(command: Any, prospects: list[Prospect]) -> list[str]:
    """Return a line for each object whose changes can't be seen, if the task is up-to-date."""
    found: dict[str, None] = {}
    for one in prospects if len(prospects) <= _FEW else ():
        if one.status == "up-to-date" and not one.verdict.reasons:
            found.update(dict.fromkeys(show.not_compared(command, one.verdict.task)))
    return [f"  {line}" for line in found]
