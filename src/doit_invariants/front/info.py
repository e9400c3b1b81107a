"""``doit info`` with our reasons beside doit's."""

from __future__ import annotations

from typing import Any

from doit.cmd_info import Info

#: Reasons that doit prints itself.
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
    """Return the text of ``doit info`` for why a task is not up-to-date."""
    lines = [line for line in (Info.get_reasons(reasons),) if line]
    for reason in reasons.get("invariants", ()):
        said = reason.code in _SAID_BY_DOIT
        # doit names a changed file; what changed inside a directory only we know.
        inside = any(change.where != reason.subject for change in reason.changes)
        plain = reason.code == "changed_file_dep" and not inside
        if not said and not plain:
            lines.append(f" * {reason}")
    return "\n".join(lines)
