"""``python -m tests.conformance``: prints the errors of each tool, by class of edits.

A cell is ``stale results / needless reruns / errors``: what should have run and was kept, what
ran without need, what failed or ran without any edit.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .execute import lacks
from .model import Case
from .rivals import Findings, ours, plain_doit, pypipegraph2, whole_files
from .score import as_markdown, as_text, rows
from .table import CASES


def main() -> int:
    """Run all cases with all tools; exit with 1 if doit-invariants gets one wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--ppg", metavar="PYTHON", help="an interpreter that has pypipegraph2")
    parser.add_argument("--only", metavar="TEXT", default="", help="cases with this in their ids")
    parser.add_argument("--wrong", action="store_true", help="list what doit-invariants gets wrong")
    options = parser.parse_args()

    cases = [case for case in CASES if options.only in case.id and lacks(case) is None]
    tools: dict[str, Callable[[Sequence[Case], Path], Findings]] = {
        "doit-invariants": ours,
        "plain doit": plain_doit,
        "whole-file hashing": whole_files,
    }
    if options.ppg or importlib.util.find_spec("pypipegraph2"):
        tools["pypipegraph2"] = pypipegraph2(options.ppg or sys.executable)
    results: dict[str, Findings] = {}
    for name, tool in tools.items():
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            results[name] = tool(cases, Path(directory).resolve())
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)

    table = rows(cases, results)
    print(as_markdown(table) if options.markdown else as_text(table))
    wrong = {case.id: results["doit-invariants"][case.id].wrong(case) for case in cases}
    wrong = {id_: text for id_, text in wrong.items() if text is not None}
    if options.wrong:
        for id_, text in wrong.items():
            print(f"{id_}: {text}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
