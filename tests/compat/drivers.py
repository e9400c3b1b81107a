"""The processes that run stories: one for each variant, started once and used for all stories."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "driver" / "run_stories.py"
PLAIN = "[tool.doit]\n"
LOADER = f'{PLAIN}loader = "invariants"\n'
UNTRACKED = f"{LOADER}[tool.doit.invariants]\ntrack_code = false\ntrack_targets = false\n"

#: The contents of ``pyproject.toml`` for the ``doit`` commands of a story, in turn.
VARIANTS = {
    "plain": [PLAIN],
    "loader": [LOADER],
    "untracked": [UNTRACKED],  # nothing is tracked that doit does not track
    "switching": [PLAIN, LOADER],  # installed and uninstalled, again and again
}

#: Environment variables that would change what doit or Python does.
_ALTERS = re.compile(r"DOIT_|PYTHON(?!PATH$)")


class Driver:
    """A process that runs stories in one variant; it is started when it is needed."""

    def __init__(self, variant: str) -> None:
        self.configs = VARIANTS[variant]
        self._process: subprocess.Popen[str] | None = None

    def start(self, commands: list[str], project: Path, directory: Path) -> None:
        """Begin with a story.

        :param project: the files that it starts from
        :param directory: where it takes place; must not exist
        """
        shutil.copytree(project, directory / "project")
        plan = {"commands": commands, "configs": self.configs, "seconds": 300}
        (directory / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        if self._process is None:
            self._process = self._launch()
        assert self._process.stdin is not None
        self._process.stdin.write(f"{directory}\n")
        self._process.stdin.flush()

    def finish(self, directory: Path) -> Any:
        """Wait for the end of a story, return what each command did."""
        assert self._process is not None
        assert self._process.stdout is not None
        # Each command has its time limit, kept by the driver.
        answer = self._process.stdout.readline()
        if answer != "over\n":
            raise RuntimeError(f"the driver failed: {answer}{self.stop()}")
        return json.loads((directory / "results.json").read_text(encoding="utf-8"))

    def stop(self) -> str:
        """End the process, even in the middle of a story; return its last output."""
        process, self._process = self._process, None
        if process is None:
            return ""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]

    def _launch(self) -> subprocess.Popen[str]:
        modules = ["doit_invariants.hosts.doit.loader"] if self.configs != [PLAIN] else []
        path = [os.path.dirname(sys.executable), os.environ.get("PATH", "")]
        env = {name: value for name, value in os.environ.items() if not _ALTERS.match(name)}
        env |= {
            "LC_ALL": "C",
            "TZ": "UTC",
            "PATH": os.pathsep.join(path),
            "PYTHONHASHSEED": "0",  # doit keeps file_dep in a set, and prints it
        }
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), *modules],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
