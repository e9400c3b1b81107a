"""Processes that are killed while they export and restore."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from doit_invariants.exports import placing
from doit_invariants.exports.exporter import ExportError

from .exporting import (
    RESTORING,
    exporter,
)

CHILD = """
import os, shutil, sys
from doit_invariants.results.entry import ResultEntry
from doit_invariants.exports.exporter import Exporter
root, how = sys.argv[1:]
one = Exporter(root, root + "/published", how, False, "t")
os.chdir(root)
print("ready", flush=True)
number = 0
while True:
    number += 1
    os.makedirs("new/sub")
    for name in ("new/sub/a", "new/b", "file"):
        with open(name, "w") as stream:
            stream.write(f"{number} " * 20000)
    for new, target in (("new", "d"), ("file", "f")):
        if os.path.islink(target) or os.path.isfile(target):
            os.unlink(target)
        elif os.path.exists(target):
            os.rename(target, f"{root}-trash-{number}")
        os.rename(new, target)
    draft = one.export(["f", "d"])
    assert not [text for text in draft.warnings if "edited" not in text], draft.warnings
    one.finish(draft, ResultEntry("", "t", draft.artifacts, {"n": number}, None, (), 1, 1))
    os.unlink("f")
    if how == "move":
        os.unlink("d")
    else:
        os.rename("d", f"{root}-old-{number}")
    one.restore(["f", "d"])
"""


def numbers(root: Path) -> set[str]:
    """Return the contents of the targets; each must be complete."""
    found = set()
    for name in ("f", "d/b", "d/sub/a"):
        words = (root / name).read_text().split()
        assert len(words) == 20000, name
        assert len(set(words)) == 1, name
        found.add(words[0])
    return found


def kill_once(root: Path, how: str, rng: random.Random) -> str:
    """Kill a process that exports and restores all the time; return how a restore ends then."""
    root.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), how], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0, 0.08))
        assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    if (root / "d").exists():
        assert sorted(os.listdir(root / "d")) == ["b", "sub"]
    for name in ("f", "d"):
        placing.remove(str(root / name))
    one = exporter(root, how)
    try:
        restored = one.restore(["f", "d"])
    except ExportError:
        assert not os.path.lexists(root / "f")
        assert not os.path.lexists(root / "d")
        return "refused"
    found = numbers(root)
    if restored.entry is None:
        return "by hand"
    assert found == {str(restored.entry.values["n"])}
    return "restored"


def kill(tmp_path: Path, rounds: int) -> set[str]:
    """Kill in all ways of exporting; return how restores ended."""
    rng = random.Random(7)
    return {kill_once(tmp_path / str(n), RESTORING[n % 4], rng) for n in range(rounds)}


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_killed(tmp_path: Path) -> None:
    """Whenever the process is killed, a restore gives one right result or none."""
    kill(tmp_path, 6)


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_killed_often(tmp_path: Path) -> None:
    """The same, a hundred times."""
    assert kill(tmp_path, 100) >= {"restored", "refused"}
