"""The same pipeline for other tools, those that are installed: a target from each input."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.case import Side

_PPG2 = """
import pypipegraph2 as ppg

def make(target):
    target.write_text("made")

ppg.new(run_mode=ppg.RunMode.NONINTERACTIVE, log_level=40)
for n in range({count}):
    job = ppg.FileGeneratingJob(f"out/{{n}}", make)
    job.depends_on(ppg.FileInvariant(f"in/{{n}}"))
ppg.run()
"""

_PYTASK = """
from pathlib import Path
from typing import Annotated
from pytask import Product, task

for n in range({count}):

    @task(id=str(n))
    def task_t(source: Path = Path(f"in/{{n}}"),
               target: Annotated[Path, Product] = Path(f"out/{{n}}")):
        target.write_text("made")
"""

_JOBLIB = """
from pathlib import Path
from joblib import Memory

memory = Memory("cache", verbose=0)

@memory.cache
def make(n, content):
    Path(f"out/{{n}}").write_text("made")

for n in range({count}):
    make(n, Path(f"in/{{n}}").read_text())
"""

_NINJA = "rule make\n command = printf made > $out\n"


def _inputs(path: Path, count: int) -> None:
    (path / "in").mkdir()
    (path / "out").mkdir()
    for n in range(count):
        (path / "in" / str(n)).write_text(str(n))


def _script(name: str, text: str, count: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        _inputs(path, count)
        (path / name).write_text(text.format(count=count))

    return make


def _ninja(count: int) -> Callable[[Path], None]:
    builds = "".join(f"build out/{n}: make in/{n}\n" for n in range(count))

    def make(path: Path) -> None:
        _inputs(path, count)
        (path / "build.ninja").write_text(_NINJA + builds)

    return make


def peers(count: int) -> Iterator[tuple[str, Side]]:
    """Yield the name and the side of each tool that is installed."""
    if importlib.util.find_spec("pypipegraph2"):
        make = _script("pipeline.py", _PPG2, count)
        yield "pypipegraph2", Side(make, (sys.executable, "pipeline.py"))
    if importlib.util.find_spec("pytask"):
        make = _script("task_all.py", _PYTASK, count)
        command = (sys.executable, "-m", "pytask", "build", "--verbose", "0")
        yield "pytask", Side(make, command)
    if importlib.util.find_spec("joblib"):
        make = _script("pipeline.py", _JOBLIB, count)
        yield "joblib", Side(make, (sys.executable, "pipeline.py"))
    ninja = shutil.which("ninja")
    if ninja is not None:
        yield "ninja", Side(_ninja(count), (ninja, "--quiet"))


#: All that are looked for.
PEERS = ("pypipegraph2", "pytask", "joblib", "ninja")
