"""``doit invariants why``: the verdict on tasks, with every reason."""

from __future__ import annotations

import json
from typing import Any

from doit_invariants.core.model import Verdict, printable


def execute(command: Any, tasks: list[Any], as_json: bool) -> int:
    """Explain tasks; nothing is run or written.

    :returns: 0 if all are up-to-date, else 1
    """
    every = {task.name: task for task in command.task_list}
    check = command.dep_manager.get_status
    verdicts: list[Verdict] = [check(task, every, get_log=True).verdict for task in tasks]
    if as_json:
        command.write(json.dumps([verdict.to_json() for verdict in verdicts], indent=2))
    else:
        for verdict in verdicts:
            _print(command, verdict)
    return 0 if all(verdict.status == "up-to-date" for verdict in verdicts) else 1


def _print(command: Any, verdict: Verdict) -> None:
    words = {"run": "not up-to-date", "up-to-date": "up-to-date", "error": "can't be checked"}
    command.write(f"{verdict.task}: {words[verdict.status]}")
    for reason in verdict.reasons:
        command.write(f"  {reason}")
        for line in reason.detail:
            command.write(printable(f"      {line}"))
    if verdict.policy:
        command.write(printable(f"  {verdict.policy}"))
