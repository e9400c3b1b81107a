"""`python -m tests.benchmarks`: prints medians and ratios, and writes them as JSON if asked.

Each case runs plain doit and doit with the loader in turns, so that noise of the machine hits
both; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from doit_invariants.testing import settings_toml

DODO = """
def make(dependencies, targets):
    with open(targets[0], "w") as file:
        file.write("made")

def task_t():
    for n in range({count}):
        yield {{"name": str(n), "actions": [make], "file_dep": [f"in/{{n}}"],
               "targets": [f"out/{{n}}"]}}
"""
SIDES = {"plain": False, "ours": True}
PHASES = ("cold", "first no-op", "no-op", "after touch", "then")


def make_project(path: Path, count: int, backend: str, *, loader: bool) -> None:
    """Write a project of many small tasks, each with an input, a target and a Python action."""
    (path / "in").mkdir(parents=True)
    (path / "out").mkdir()
    for n in range(count):
        (path / "in" / str(n)).write_text(str(n))
    (path / "pyproject.toml").write_text(settings_toml(loader=loader, backend=backend))
    (path / "dodo.py").write_text(DODO.format(count=count))
    time.sleep(0.1)  # let the clock that stamps files tick


def timed(path: Path) -> float:
    """Run doit; return the seconds that it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "doit"], cwd=path, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def touch(path: Path) -> None:
    """Give every input another time."""
    for file in (path / "in").iterdir():
        file.touch()


def measure(count: int, backend: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each phase for both sides."""
    seconds: dict[str, dict[str, list[float]]] = {p: {s: [] for s in SIDES} for p in PHASES}
    root = Path(tempfile.mkdtemp())
    try:
        for number in range(rounds):
            projects = {side: root / f"{side}{number}" for side in SIDES}
            for side, path in projects.items():
                make_project(path, count, backend, loader=SIDES[side])
            for phase in PHASES:
                for side, path in projects.items():
                    if phase == "after touch":
                        touch(path)
                        time.sleep(0.1)
                    seconds[phase][side].append(timed(path))
    finally:
        shutil.rmtree(root)
    return {p: {s: statistics.median(t) for s, t in by.items()} for p, by in seconds.items()}


def imports(rounds: int) -> dict[str, float]:
    """Return the median seconds until a module is imported in a new interpreter, less its start."""
    modules = ("sys", "doit.doit_cmd", "doit_invariants", "doit_invariants.front.loader")
    seconds: dict[str, list[float]] = {name: [] for name in modules}
    for _ in range(rounds):
        for name in modules:
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {name: medians[name] - medians["sys"] for name in modules[1:]}


def main() -> None:
    """Run the benchmarks that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--backends", nargs="+", default=["dbm", "json", "sqlite3"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the medians to this file")
    options = parser.parse_args()
    results: dict[str, Any] = {"imports": imports(max(options.rounds, 5))}
    for name, median in results["imports"].items():
        print(f"import {name}: {median * 1000:.0f} ms")
    print(f"\n{'tasks':>7} {'backend':8} {'phase':12} {'plain s':>8} {'ours s':>8} {'ratio':>6}")
    for count in options.tasks:
        for backend in options.backends:
            medians = measure(count, backend, options.rounds)
            results[f"{count} {backend}"] = medians
            for phase, by in medians.items():
                ratio = by["ours"] / by["plain"]
                row = f"{by['plain']:8.2f} {by['ours']:8.2f} {ratio:6.2f}"
                print(f"{count:7} {backend:8} {phase:12} {row}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
