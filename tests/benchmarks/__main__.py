"""`python -m tests.benchmarks`: doit with the loader beside plain doit, and other tools.

Each case is run in a temporary directory, in processes of its own, in turns. Prints the medians of
each case, and at the end the ratios with their goals. `cpu` is user and system time, which others
on the machine disturb least; the ratios are of that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.case import Result, measure
from tests.benchmarks.cases import Sizes, all_cases
from tests.benchmarks.peers import PEERS
from tests.benchmarks.svg import draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that the command line asks for."""
    names = list(all_cases(Sizes()))
    options = _parser(names).parse_args(arguments)
    sizes = Sizes(shrink=options.shrink or (100 if options.quick else 1), most=options.most)
    repeat = options.repeat or (2 if options.quick else 5)
    results: list[Result] = []
    for name, make in all_cases(sizes).items():
        if name in (options.cases or names):
            results.append(measure(make(), repeat))
            _show(results[-1])
            if options.json:  # at once: all of it takes long
                options.json.write_text(json.dumps(_as_json(results, repeat), indent=1) + "\n")
    print("\n" + report.figures(results))
    if options.svg:
        _draw(results, options.svg)
    return 1 if any(result.failures for result in results) else 0


def _parser(names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=names, metavar="CASE", help=", ".join(names))
    parser.add_argument("--repeat", type=int, help="how often each step is run; 5")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size, twice")
    parser.add_argument("--shrink", type=int, help="what all sizes are divided by; 1")
    parser.add_argument("--most", type=int, default=100_000, help="most tasks of the curve")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curve of `scaling`")
    return parser


def _show(result: Result) -> None:
    print(f"\n{result.case.name}: {result.case.text}\n\n{report.costs(result)}")
    missing = [name for name in PEERS if name in result.case.text and name not in result.case.sides]
    if missing:
        print(f"not installed: {', '.join(missing)}")
    for failure in result.failures:
        print(f"FAILED: {failure}")
    sys.stdout.flush()


def _as_json(results: list[Result], repeat: int) -> Any:
    found = {result.case.name: result.to_json() for result in results}
    return {"machine": report.machine(), "repeat": repeat, "cases": found}


def _draw(results: list[Result], path: Path) -> None:
    for result in results:
        if result.case.name == "scaling":
            names = {"plain": "plain doit", "ours": "doit with the loader"}
            found = {names[name]: points for name, points in report.curves(result).items()}
            text = draw("Nothing to do", found, "tasks", "seconds (user and system)")
            path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
