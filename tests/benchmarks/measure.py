"""Starts a command as a user does, and measures what it costs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

#: The order in which a table shows them.
MEASURES = ("cpu", "wall", "peak", "imports")
UNITS = {"cpu": "s", "wall": "s", "peak": "MB", "imports": "ms"}
_IMPORT = re.compile(r"import time:\s+(\d+) \|")


class Failed(Exception):
    """A command ended with an error, or did not end."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run of a command.

    :ivar wall: seconds until it ended; others on the machine make it longer
    :ivar cpu: seconds of the processor, user and system, its children included
    :ivar peak: the most memory at once, in MB
    :ivar imports: ms spent on imports, 0 where that was not asked for
    """

    wall: float
    cpu: float
    peak: float
    imports: float = 0.0

    def to_json(self) -> dict[str, float]:
        """Return the cost as a dict."""
        return asdict(self)


def run(command: Sequence[str], directory: Path, timeout: float = 1800) -> Cost:
    """Run a command in a new process; raises Failed."""
    times = "importtime" in command
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    with (directory / ".errors").open("w+b") as errors:
        child = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        killer = threading.Timer(timeout, _kill, [child.pid])
        killer.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        killer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace")
    if child.returncode != 0:
        last = text.strip().splitlines()[-1:] or ["no word"]
        raise Failed(f"{' '.join(command[:4])} ended with {child.returncode}: {last[0]}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    imports = sum(map(int, _IMPORT.findall(text))) / 1000 if times else 0.0
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, imports)


def _kill(pid: int) -> None:
    """End a process and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
