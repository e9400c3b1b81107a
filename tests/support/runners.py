"""The ways in which doit can run tasks: in turn, in processes, in threads."""

from __future__ import annotations

import pytest

# Put this into a dodo.py that runs with an entry of START_METHODS.
SET_START_METHOD = """
import multiprocessing, os
if os.environ.get("START"):
    multiprocessing.set_start_method(os.environ["START"], force=True)
"""

# The arguments of doit, and the value of the variable START.
START_METHODS: dict[str, tuple[list[str], str]] = {
    "serial": ([], ""),
    "fork": (["-n", "2"], "fork"),
    "spawn": (["-n", "2"], "spawn"),
    "threads": (["-n", "2", "-P", "thread"], ""),
}

# The arguments of doit, for the parameter `runner` of a test.
EACH_RUNNER = [
    pytest.param((), id="serial"),
    pytest.param(("-n", "2"), id="processes"),
    pytest.param(("-n", "2", "-P", "thread"), id="threads", marks=pytest.mark.matrix),
]
