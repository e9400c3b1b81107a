"""``doit invariants why``: what a run would do with tasks, with every reason."""

from __future__ import annotations

import json
from typing import Any

from doit_invariants.adapters.outlook import Outlook, Prospect
from doit_invariants.core.model import printable


def execute(command: Any, names: list[str], as_json: bool) -> int:
    """Explain tasks, and what they need; nothing is run or written.

    :returns: 0 if a run would run none of them, else 1
    """
    every = {task.name: task for task in command.task_list}
    prospects = Outlook(command.dep_manager, every, names, full=True).all()
    if as_json:
        command.write(json.dumps([one.to_json() for one in prospects], indent=2))
    else:
        for prospect in prospects:
            _print(command, prospect)
    return 0 if all(one.status in ("up-to-date", "ignored") for one in prospects) else 1


def _print(command: Any, prospect: Prospect) -> None:
    verdict = prospect.verdict
    command.write(printable(f"{verdict.task}: {prospect.text()}"))
    for reason in verdict.reasons:
        command.write(f"  {reason}")
        for line in reason.detail:
            command.write(printable(f"      {line}"))
    if verdict.policy:
        command.write(printable(f"  {verdict.policy}"))
