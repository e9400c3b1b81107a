"""The score of each tool, by class of edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .model import Case
from .rivals import Findings


@dataclass
class Score:
    """Counts of one tool, for one class of edits or for all.

    :ivar cases: those that the tool can express
    :ivar stale: kept, and should have run
    :ivar needless: ran, and should have been kept
    :ivar errors: failed, or ran without an edit
    :ivar impossible: cases that the tool cannot express
    """

    cases: int = 0
    stale: int = 0
    needless: int = 0
    errors: int = 0
    impossible: int = 0

    @property
    def cell(self) -> str:
        """The counts of what is wrong, as the table shows them."""
        if not self.cases:
            return "."
        return f"{self.stale} / {self.needless} / {self.errors}"


def score(cases: Sequence[Case], findings: Findings) -> Score:
    """Count the errors of a tool."""
    result = Score()
    for case in cases:
        finding = findings.get(case.id)
        if finding is None:
            result.impossible += 1
            continue
        result.cases += 1
        result.errors += bool(finding.errors)
        if not finding.errors:
            result.stale += finding.wrong(case) == "stale result"
            result.needless += finding.wrong(case) == "needless rerun"
    return result


def rows(cases: Sequence[Case], results: Mapping[str, Findings]) -> list[list[str]]:
    """Return the table: a head, a row for each class, and the sums."""
    table = [["class of edits", "cases", *results]]
    groups = {case.group: None for case in cases}
    for group in groups:
        members = [case for case in cases if case.group == group]
        cells = [score(members, findings).cell for findings in results.values()]
        table.append([group, str(len(members)), *cells])
    sums = [score(cases, findings) for findings in results.values()]
    table.append(["all: stale / needless / errors", str(len(cases)), *(s.cell for s in sums)])
    table.append(["cannot be expressed", "", *(str(s.impossible) for s in sums)])
    return table


def as_text(table: Sequence[Sequence[str]]) -> str:
    """Return the table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def as_markdown(table: Sequence[Sequence[str]]) -> str:
    """Return the table in Markdown."""
    lines = [f"| {' | '.join(row)} |" for row in table]
    lines.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join(lines)
