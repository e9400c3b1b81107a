"""Runs the stories whose directories are named on stdin, one after the other.

Usage: ``run_stories.py [MODULE ...]``, with names of modules to import beforehand.

A directory has ``project``, where the commands run, and ``plan.json``: the commands, the time limit
of each, and the contents of ``pyproject.toml`` for the first ``doit`` command, for the second, and
so on, in a cycle. The outcome of each command is written to ``results.json``. A line is written to
stdout when the story is over.

Each command has a process of its own, forked from this one, which has imported what all of them
need. This is the only difference from ``doit run`` in a shell, and it is several times as fast.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

from doit.__main__ import main as doit_main
from doit.doit_cmd import DoitMain

HUNG = "did not end"


def prepare(modules: list[str]) -> None:
    """Let Python keep what every command would otherwise read, compile or import again."""
    # As in the script `doit`: beside it there is nothing that a dodo.py could import.
    sys.path[0] = os.path.dirname(sys.executable)
    DoitMain.BIN_NAME = "doit"
    DoitMain().get_cmds()
    inspect.getsource(prepare)
    for name in modules:
        importlib.import_module(name)
    # A dodo.py that is edited twice in a second must not be taken for the one before.
    sys.dont_write_bytecode = True
    gc.freeze()


def redirect(streams: list[Path]) -> None:
    """Become the leader of a process group without input, whose output goes to files."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(streams, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)


def execute(command: str) -> None:
    """Do what the command says; does not return."""
    words = shlex.split(command)
    if words[0] == "doit":
        sys.argv = words
        doit_main()
    else:
        os.execvp("sh", ["sh", "-ec", command])


def wait(child: int, seconds: float) -> int | str:
    """Return the exit code of a child; one that takes too long is killed with its children."""
    deadline = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return HUNG
        time.sleep(0.002)


def read(path: Path) -> str:
    """Return what was written to a file."""
    return path.read_text(encoding="utf-8", errors="replace")


def run(directory: Path) -> None:
    """Run the story of a directory; a child leaves it by the exit of its command."""
    plan = json.loads(read(directory / "plan.json"))
    streams = [directory / "out", directory / "err"]
    results: list[dict[str, Any]] = []
    runs = 0
    os.chdir(directory / "project")
    for command in plan["commands"]:
        if command.startswith("doit"):
            config = plan["configs"][runs % len(plan["configs"])]
            Path("pyproject.toml").write_text(config, encoding="utf-8")
            runs += 1
        child = os.fork()
        if not child:
            redirect(streams)
            execute(command)
        code = wait(child, plan["seconds"])
        results.append({"code": code, "out": read(streams[0]), "err": read(streams[1])})
    (directory / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    prepare(sys.argv[1:])
    for line in sys.stdin:
        run(Path(line.rstrip("\n")))
        print("over", flush=True)
