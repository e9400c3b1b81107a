"""``Command``: the output of a command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import ClassVar

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Change, Difference
from doit_invariants.core.text import shorten
from doit_invariants.files.lock import HELD
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Command(Invariant):
    """Unchanged while the output of a command is the same: ``Command("gcc --version")``.

    :param cmd: a string for the shell, or a list of strings that runs without a shell
    :param timeout: seconds after which the command counts as failed

    Standard output and standard error count: some tools print their version to standard error.
    The command runs in the project's directory, without input, at most once in a run of doit. It
    also runs when doit only lists the status of tasks, so it must not change anything. If it
    fails, the task fails, because its output is then meaningless.
    """

    kind: ClassVar[str] = "Command"

    def __init__(self, cmd: str | Sequence[str], *, timeout: float = 60) -> None:
        self.cmd = cmd
        self.timeout = timeout

    def identity(self) -> str:
        """The command."""
        return self.cmd if isinstance(self.cmd, str) else " ".join(map(str, self.cmd))

    def validate(self) -> None:
        """Accept a command that is not empty, and a positive timeout."""
        parts = [self.cmd] if isinstance(self.cmd, str) else self.cmd
        texts = isinstance(parts, (list, tuple)) and all(
            isinstance(part, (str, os.PathLike)) for part in parts
        )
        if not texts or not parts or not str(parts[0]).strip():
            raise InvalidOption(
                "Command: give a string like 'gcc --version' or a list of strings, "
                f"got {self.cmd!r:.60}"
            )
        number = isinstance(self.timeout, (int, float)) and not isinstance(self.timeout, bool)
        if not number or not self.timeout > 0:
            raise InvalidOption(
                f"Command: timeout must be a positive number of seconds, got {self.timeout!r:.60}"
            )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record a digest of the output, and its first line for the reason."""
        shell = isinstance(self.cmd, str)
        key = ("Command", self.cmd if shell else tuple(map(str, self.cmd)))
        if key not in context.memo:
            context.memo[key] = self._run(shell, context.root)
        fingerprint: Fingerprint = context.memo[key]
        return fingerprint

    def _run(self, shell: bool, root: str) -> Fingerprint:
        arguments = self.cmd if shell else [os.fspath(part) for part in self.cmd]
        try:
            done = subprocess.run(
                arguments,
                shell=shell,
                cwd=root,
                # Its value is new in each run; without it `env` prints the same each time.
                env={name: value for name, value in os.environ.items() if name != HELD},
                timeout=self.timeout,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotFingerprint(
                f"{self}: still running after {self.timeout} seconds; set a larger timeout"
            ) from error
        except OSError as error:
            raise CannotFingerprint(f"{self}: can't be run: {error.strerror}") from error
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        if done.returncode != 0:
            said = f": {shorten(lines[-1])}" if lines else ""
            raise CannotFingerprint(f"{self}: failed with exit code {done.returncode}{said}")
        return {"digest": digest_bytes(done.stdout), "first": shorten(lines[0]) if lines else ""}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Show the first line of both outputs if these lines differ."""
        if old["digest"] == new["digest"]:
            return None
        if old["first"] == new["first"]:
            return Difference("output changed after its first line")
        change = Change("changed", "output", repr(old["first"]), repr(new["first"]))
        return Difference(str(change), (change,))
