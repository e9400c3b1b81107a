"""Starts processes with a limit of time, because many errors in doit end in a hang."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Process:
    """A process and its descendants, started at once."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self.command = command
        self._popen = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def finish(self, seconds: float) -> tuple[int, str]:
        """Wait for the end, return the exit code and the output.

        :raises AssertionError: if it takes longer, once the process and its children are killed
        """
        try:
            output, _ = self._popen.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            output = self.kill()
            raise AssertionError(
                f"{' '.join(self.command)} did not end within {seconds} s; its output:\n{output}"
            ) from None
        return self._popen.returncode, output

    def kill(self) -> str:
        """End the process and its children if they still run, return the output."""
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
        return self._popen.communicate()[0]
