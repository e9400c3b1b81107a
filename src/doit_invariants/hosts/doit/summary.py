"""Tells once what is to be said of many tasks: one edit may be the reason of hundreds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from doit_invariants.core.model import Reason
from doit_invariants.hosts.doit.outlook import Prospect

#: Reasons that are the same for each task, but for its own file.
_OWN_FILES = {
    "missing_target": "target is missing",
    "awaited_file_dep": "file_dep does not exist yet, another task makes it",
}

#: What stands in the text of a reason and differs between tasks with one cause.
_OWN_WORDS = re.compile(r" \(used by [^\n]*\)$| on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def fold(prospects: list[Prospect], few: int) -> list[list[Prospect]]:
    """Return tasks in groups of which the same is to be said, each at its first place.

    :param few: so many tasks are told one by one nevertheless
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
    """Yield the lines for tasks of which the same is to be said."""
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
    # With a diff the cause is what it shows, whatever the function of the task is called.
    subject = "" if reason.detail else reason.subject
    return reason.code, subject, text, reason.detail
