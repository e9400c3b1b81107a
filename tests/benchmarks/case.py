"""The parts of a benchmark: sides that are compared, steps of each side, goals.

The sides take turns in each step, so that what else the machine does hits all of them, and each
repetition gives one ratio of neighbours; what counts is the median of those.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Cost, Failed, run

DOIT = (sys.executable, "-m", "doit")
_TICK = 0.1  # let the clock that stamps files advance, as between the runs of a user


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that are compared.

    :ivar make: writes its project into an empty directory
    :ivar command: what is run
    :ivar commands: what is run instead in some steps; an empty one leaves the step out
    """

    make: Callable[[Path], object]
    command: Sequence[str] = DOIT
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def for_step(self, step: str) -> Sequence[str]:
        """Return the command of a step."""
        return self.commands.get(step, self.command)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a user does, and then runs the command.

    :ivar prepare: what the user does in the directory before each run
    :ivar once: whether it is not repeated, because it takes long
    :ivar times: how often it is run in each repetition: a short run needs a median of more
    """

    name: str
    prepare: Callable[[Path], object] | None = None
    once: bool = False
    times: int = 1


Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio, and what it should be.

    :ivar of, to: the side and the step above and below the line
    :ivar less: what is taken from each of them first: the side and the step of their base
    :ivar goal: None where none was set
    :ivar least: whether the goal is the least; else it is the most
    :ivar by: the measure
    :ivar difference: whether it is the difference of the least, and no ratio
    """

    text: str
    of: Place
    to: Place
    goal: float | None = None
    least: bool = False
    by: str = "cpu"
    less: tuple[Place | None, Place | None] = (None, None)
    difference: bool = False

    def value(self, costs: Costs) -> float | None:
        """Return the median over the repetitions, None where a side is missing."""
        above = _amounts(costs, self.of, self.less[0], self.by)
        below = _amounts(costs, self.to, self.less[1], self.by)
        if not above or not below:
            return None
        if len(above) != len(below):  # a step that is done once has no neighbours
            above, below = [statistics.median(above)], [statistics.median(below)]
        if self.difference:  # of what others on the machine can only make longer
            return min(above) - min(below)
        pairs = list(zip(above, below, strict=True))
        if min(*above, *below) <= 0:  # too small to tell from its base
            return None
        return statistics.median(a / b for a, b in pairs)

    def holds(self, value: float) -> bool | None:
        """Return whether a value reaches the goal."""
        if self.goal is None:
            return None
        return value >= self.goal if self.least else value <= self.goal


Costs = dict[str, dict[str, list[Cost]]]


@dataclass(frozen=True, slots=True)
class Case:
    """One benchmark."""

    name: str
    text: str
    sides: Mapping[str, Side]
    steps: Sequence[Step]
    figures: Sequence[Figure] = ()


@dataclass(slots=True)
class Result:
    """The measurements of a case; ``costs`` by side and step."""

    case: Case
    costs: Costs
    failures: list[str]

    def figures(self) -> Iterator[tuple[Figure, float]]:
        """Yield each figure that is known."""
        for figure in self.case.figures:
            value = figure.value(self.costs)
            if value is not None:
                yield figure, value

    def to_json(self) -> Any:
        """Return all of it."""
        return {
            "text": self.case.text,
            "failures": self.failures,
            "costs": {
                side: {step: [cost.to_json() for cost in costs] for step, costs in steps.items()}
                for side, steps in self.costs.items()
            },
            "figures": [
                {"text": one.text, "value": value, "goal": one.goal, "holds": one.holds(value)}
                for one, value in self.figures()
            ],
        }


def measure(case: Case, repeat: int) -> Result:
    """Carry out a case in a temporary directory."""
    result = Result(case, {side: {} for side in case.sides}, [])
    root = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        for name, side in case.sides.items():
            (root / name).mkdir()
            side.make(root / name)
        for step in case.steps:
            for _ in range(1 if step.once else repeat * step.times):
                for name in case.sides:
                    _run_step(result, name, step, root / name)
    finally:
        shutil.rmtree(root)
    return result


def _run_step(result: Result, name: str, step: Step, directory: Path) -> None:
    command = result.case.sides[name].for_step(step.name)
    if not command:
        return
    if step.prepare is not None:
        step.prepare(directory)
        time.sleep(_TICK)
    try:
        cost = run(command, directory)
    except Failed as error:
        result.failures.append(f"{name}, {step.name}: {error}")
    else:
        result.costs[name].setdefault(step.name, []).append(cost)


def _amounts(costs: Costs, place: Place, less: Place | None, by: str) -> list[float]:
    side, step = place
    found = [getattr(cost, by) for cost in costs.get(side, {}).get(step, ())]
    if less is None:
        return found
    side, step = less
    base = [getattr(cost, by) for cost in costs.get(side, {}).get(step, ())]
    return [one - statistics.median(base) for one in found] if base else []
