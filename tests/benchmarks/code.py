"""The cost to fingerprint code: of a large library, and in a run of many tasks."""

from __future__ import annotations

import argparse
import email.generator
import email.message
import email.parser
import email.policy
import json.tool
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doit_invariants.engine.context import TaskContext
from doit_invariants.hosts.doit.sessions import create_session
from doit_invariants.kinds.function import Function
from doit_invariants.plugins.settings import Settings
from doit_invariants.testing import settings_toml

PACKAGES = ("email", "json", "argparse")
FUNCTIONS, TASKS = 50, 10_000

DODO = f"""
import helpers

def make(n):
    def work(targets):
        with open(targets[0], "w") as out:
            out.write(helpers.clean(n))
    return work

FUNCTIONS = [make(n) for n in range({FUNCTIONS})]

def task_t():
    for n in range({TASKS}):
        yield {{"name": str(n), "actions": [FUNCTIONS[n % {FUNCTIONS}]], "targets": [f"out/{{n}}"],
               "file_dep": [f"in/{{n % 100}}"]}}
"""


def library_callables() -> Iterator[Any]:
    """Yield the functions and classes of the packages."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES and isinstance(module, types.ModuleType):
            for value in vars(module).values():
                here = getattr(value, "__module__", None) == name
                if here and isinstance(value, (types.FunctionType, type)):
                    yield value


def context() -> TaskContext:
    """Return a context of a new run that treats the packages as code of the project."""
    library = os.path.dirname(email.__file__)
    roots = (library, os.path.dirname(json.__file__), argparse.__file__)
    session = create_session(Settings(code_roots=roots))
    task: Any = types.SimpleNamespace(name="task", targets=())
    return TaskContext(session, task, None, lambda name: name)


def fingerprint_library() -> dict[str, float]:
    """Return the seconds for all callables of the packages: cold, again, and in a new run."""
    invariants = [Function(one) for one in library_callables()]
    for one in invariants:
        one.strict = False
    first = context()
    started = time.perf_counter()
    recorded = [one.fingerprint(first, None) for one in invariants]
    cold = time.perf_counter() - started
    times = []
    for _ in range(5):
        started = time.perf_counter()
        for one, previous in zip(invariants, recorded, strict=True):
            one.fingerprint(first, previous)
        times.append(time.perf_counter() - started)
    later = context()
    started = time.perf_counter()
    for one, previous in zip(invariants, recorded, strict=True):
        assert one.fingerprint(later, previous) is previous
    return {
        "callables": len(invariants),
        "cold": cold,
        "warm": statistics.median(times),
        "next run": time.perf_counter() - started,
    }


def share_of_a_run() -> dict[str, float]:
    """Return the seconds of a no-op run of many tasks, and of their code's fingerprints in it."""
    root = Path(tempfile.mkdtemp())
    try:
        for name in ("in", "out"):
            (root / name).mkdir()
        for number in range(100):
            (root / "in" / str(number)).touch()
        (root / "pyproject.toml").write_text(settings_toml(backend="sqlite3"))
        (root / "helpers.py").write_text("def clean(n):\n    return str(n)\n")
        (root / "dodo.py").write_text(DODO)
        times = []
        for _ in range(6):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "doit", "-o", os.devnull], cwd=root, check=True)
            times.append(time.perf_counter() - started)
        namespace: dict[str, Any] = {"__name__": "dodo", "__file__": str(root / "dodo.py")}
        sys.path.insert(0, str(root))
        exec(compile(DODO, str(root / "dodo.py"), "exec"), namespace)
        run = context()
        invariants = [Function(one) for one in namespace["FUNCTIONS"]]
        recorded = [one.fingerprint(context(), None) for one in invariants]
        started = time.perf_counter()
        for _ in range(TASKS // FUNCTIONS):
            for one, previous in zip(invariants, recorded, strict=True):
                one.fingerprint(run, previous)
        return {"no-op": statistics.median(times[1:]), "code": time.perf_counter() - started}
    finally:
        shutil.rmtree(root)


def main() -> None:
    """Print both."""
    found = fingerprint_library()
    print(f"{found['callables']} callables of {', '.join(PACKAGES)}:")
    print(f"  cold {found['cold']:.2f} s, in the next run {found['next run'] * 1000:.0f} ms")
    print(f"  warm {found['warm'] * 1000:.2f} ms, {found['cold'] / found['warm']:.0f} times faster")
    run = share_of_a_run()
    print(f"{TASKS} tasks that share {FUNCTIONS} functions, no-op {run['no-op']:.2f} s:")
    print(f"  code {run['code'] * 1000:.0f} ms, {100 * run['code'] / run['no-op']:.1f} %")


if __name__ == "__main__":
    main()
