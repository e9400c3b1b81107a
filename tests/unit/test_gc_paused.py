"""Leftovers of runs do not pile up in a process that lives on, like that of a notebook."""

from __future__ import annotations

import subprocess
import sys

RUNS = """
import gc
from doit_invariants.hosts.doit.process import gc_paused
for _ in range(12):
    with gc_paused():
        for _ in range(100_000):
            circle = []
            circle.append(circle)
print(gc.get_freeze_count(), gc.isenabled())
"""


def test_circles_of_earlier_runs_are_collected() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RUNS], capture_output=True, text=True, check=True, timeout=300
    )
    count, enabled = ran.stdout.split()
    assert int(count) < 800_000
    assert enabled == "True"
