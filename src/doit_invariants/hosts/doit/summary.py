"""Groups tasks with the same reasons for ``why``: one edit may be the reason of hundreds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from doit_invariants.core.model import Reason
from doit_invariants.hosts.doit.outlook import Prospect

#: Reasons that only differ in the file of each task, with their common description.
_OWN_FILES = {
    "missing_target": "target is missing",
    "awaited_file_dep": "file_dep does not exist yet, another task makes it",
}

#: Parts of a reason that differ between tasks with the same cause.
_OWN_WORDS = re.compile(r" \(used by [^\n]*\)$| on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def fold(prospects: list[Prospect], few: int) -> list[list[Prospect]]:
    """Group tasks with the same status and reasons. A group takes the place of its first task.

    :param few: groups of up to this many tasks are split into single tasks
    """
    groups: dict[Any, list[Prospect]] = {}
    for one in prospects:
        groups.setdefault(_key(one), []).append(one)
    found: list[list[Prospect]] = []
    for one in prospects:
        alike = groups[_key(one)]
        if len(alike) <= few:
            found.append([one])
        elif one is alike[0]:
            found.append(alike)
    return found


def lines(alike: Sequence[Prospect]) -> Iterator[str]:
    """Yield the lines for a group of tasks with the same status and reasons."""
    first = alike[0]
    after = tuple(dict.fromkeys(name for one in alike for name in one.after))
    names = _some([one.verdict.task for one in alike])
    yield f"{names}: {first._replace(after=after).text()}"
    for place, reason in enumerate(first.verdict.reasons):
        every = [one.verdict.reasons[place] for one in alike]
        subjects = _some(list(dict.fromkeys(one.subject for one in every)))
        texts = {one.text for one in every}
        text = reason.text if len(texts) == 1 else _OWN_FILES.get(reason.code, reason.text)
        yield f"  {subjects}: {text}"
        yield from (f"      {line}" for line in reason.detail)
    if first.verdict.policy:
        yield f"  {first.verdict.policy}"


def _some(names: list[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
    )


def _key(one: Prospect) -> Any:
    reasons = tuple(_key_of_reason(reason) for reason in one.verdict.reasons)
    return one.status, bool(one.after), reasons, one.verdict.policy


def _key_of_reason(reason: Reason) -> Any:
    if reason.code in _OWN_FILES:
        return reason.code
    text = _OWN_WORDS.sub("", reason.text)
    # A diff shows the cause: the name of the task's own function does not matter.
    subject = "" if reason.detail else reason.subject
    return reason.code, subject, text, reason.detail
