"""Shows what was measured: as tables, as JSON, and as curves."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import MEASURES, UNITS, Cost

if TYPE_CHECKING:
    from tests.benchmarks.case import Result


def table(rows: list[list[str]]) -> str:
    """Return rows as a table in Markdown; the first row has the titles."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def costs(result: Result) -> str:
    """Return the medians of a case."""
    used = [one for one in MEASURES if any(getattr(cost, one) for _, _, cost in _costs(result))]
    rows = [["step", "side", *(f"{one} {UNITS[one]}" for one in used)]]
    for step, side, cost in _costs(result):
        rows.append(
            [step, side, *(f"{getattr(cost, one):.{2 if one != 'peak' else 0}f}" for one in used)]
        )
    return table(rows)


def _costs(result: Result) -> Iterator[tuple[str, str, Cost]]:
    for step in result.case.steps:
        for side in result.case.sides:
            found = result.costs[side].get(step.name)
            if found:
                values = [statistics.median(getattr(one, m) for one in found) for m in MEASURES]
                yield step.name, side, Cost(**dict(zip(MEASURES, values, strict=True)))


def figures(results: Iterable[Result]) -> str:
    """Return the ratios with their goals."""
    rows = [["case", "ratio", "found", "goal", "holds"]]
    for result in results:
        for figure, value in result.figures():
            sign = "at least" if figure.least else "at most"
            goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
            holds = {None: "", True: "yes", False: "no"}[figure.holds(value)]
            rows.append([result.case.name, figure.text, f"{value:.2f}", goal, holds])
    return table(rows)


def machine() -> dict[str, Any]:
    """Return on what it was measured."""
    names = ("doit", "doit-invariants", "xxhash", "pluggy")
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        **{name: metadata.version(name) for name in names},
    }


def curves(result: Result) -> dict[str, list[tuple[float, float]]]:
    """Return for each side of the scaling case the number of tasks and seconds of a no-op."""
    found: dict[str, list[tuple[float, float]]] = {}
    for side, steps in result.costs.items():
        name, count = side.split()
        if "no-op" in steps:
            seconds = statistics.median(cost.cpu for cost in steps["no-op"])
            found.setdefault(name, []).append((float(count), seconds))
    return found
