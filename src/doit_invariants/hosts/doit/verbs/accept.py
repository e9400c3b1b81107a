"""``doit invariants accept``: records tasks as valid without running them."""

from __future__ import annotations

import json
from typing import Any

from doit_invariants.core.model import Reason


def execute(command: Any, tasks: list[Any], as_json: bool) -> int:
    """Record the present state of tasks, without running them.

    The values, the result and the time of the last execution are kept: an accepted result does not
    become younger. A task is refused if a target or ``file_dep`` is missing, or if a target is only
    a placeholder.

    :returns: 0 if all tasks were accepted, otherwise 1
    """
    still: dict[str, list[Reason]] = {}
    outcomes = {task.name: _accept(command, task, still) for task in tasks}
    command.dep_manager.close()
    if as_json:
        command.write(json.dumps(outcomes, indent=2))
    else:
        for name, refused in outcomes.items():
            command.write(f"refused {name}: {refused}" if refused else f"accepted {name}")
            for reason in still.get(name, ()):
                command.write(f"  it still runs: {reason}")
    return 1 if any(outcomes.values()) else 0


def _accept(command: Any, task: Any, still: dict[str, list[Reason]]) -> str:
    """Accept one task; return why it is refused, or an empty string.

    :param still: receives, by the name of the task, the reasons why it will run anyway
    """
    dep_manager = command.dep_manager
    values = dep_manager.get_values(task.name)
    result = dep_manager.get_result(task.name)
    every = {one.name: one for one in command.task_list}
    for name in list(task.calc_dep):
        task.update_deps({"file_dep": dep_manager.get_values(name).get("file_dep", ())})
    status = dep_manager.get_status(task, every)
    for reason in status.verdict.reasons:
        if reason.code in ("missing_target", "missing_file_dep", "cannot_check", "placeholder"):
            return str(reason)
    if any(reason.code == "has_no_dependencies" for reason in status.verdict.reasons):
        return "it has nothing that could make it up-to-date"
    task.values = dict(values)
    try:
        task.save_extra_values()
    except Exception as error:
        return f"an uptodate item can't save its value: {type(error).__name__}: {error}"
    # Otherwise doit's `timeout` would count this as an execution.
    if "success-time" in task.values:
        task.values.pop("success-time")
        if "success-time" in values:
            task.values["success-time"] = values["success-time"]
    dep_manager.save_success(task, result_hash=result)
    still[task.name] = list(dep_manager.get_status(task, every).verdict.reasons)
    return ""
