"""Extends ``doit info`` with our reasons, and ``doit list -s`` with the tasks before a task."""

from __future__ import annotations

import fnmatch
from typing import Any

from doit.cmd_info import Info

from doit_invariants.core.model import Reason
from doit_invariants.hosts.doit.outlook import Outlook

#: Codes of reasons that doit prints itself.
_SAID_BY_DOIT = {
    "uptodate_false",
    "has_no_dependencies",
    "missing_target",
    "checker_changed",
    "missing_file_dep",
    "added_file_dep",
    "removed_file_dep",
}


def explain_reasons(reasons: dict[str, Any]) -> str:
    """Return the part of ``doit info`` that says why a task is not up-to-date."""
    lines = [line for line in (Info.get_reasons(reasons),) if line]
    for reason in reasons.get("invariants", ()):
        said = reason.code in _SAID_BY_DOIT
        # doit names a changed file, but not what changed inside a directory.
        inside = any(change.where != reason.subject for change in reason.changes)
        plain = reason.code == "changed_file_dep" and not inside
        if not said and not plain:
            lines.append(f" * {reason}")
    return "\n".join(lines)


def answer_with_needs(command: Any) -> None:
    """Have ``doit list -s`` and ``doit info`` check the tasks before a task, as ``why`` does."""
    dep_manager = command.dep_manager
    outlook: Outlook | None = None

    def get_status(task: Any, tasks: Any, get_log: bool = False) -> Any:
        nonlocal outlook
        status = type(dep_manager).get_status(dep_manager, task, tasks, get_log=get_log)
        if status.status == "run" or (status.status == "error" and not task.calc_dep):
            return status
        if outlook is None or outlook.tasks is not tasks:
            outlook = Outlook(dep_manager, tasks, _selected(command, tasks), full=False)
        outlook.know(status.verdict)
        prospect = outlook.of(task.name)
        if prospect.runs:
            if get_log and status.status == "up-to-date":
                text = f"up-to-date as it stands, but {prospect.text()}"
                status.reasons["invariants"] = [Reason("may_run", "task", text)]
            status.status = "run"
        return status

    dep_manager.get_status = get_status


def _selected(command: Any, tasks: Any) -> list[str]:
    """Return the names of the tasks that ``doit run`` would select, with patterns expanded."""
    chosen: dict[str, None] = {}
    for word in command.sel_tasks or tasks:
        chosen.update(dict.fromkeys(fnmatch.filter(tasks, word) if "*" in word else [word]))
    return [name for name in chosen if name in tasks]
