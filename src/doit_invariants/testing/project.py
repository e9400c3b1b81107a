"""A project of doit in a directory: writes its files, runs doit on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from doit_invariants.testing.forks import can_fork, in_fork
from doit_invariants.testing.outcome import Outcome, read_outcome
from doit_invariants.testing.runs import in_new_process, in_this_process


class Project:
    """A directory with a ``dodo.py``.

    :ivar path: the directory
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files by their relative paths, with the directories that they need.

        :param files: contents by path; text is written as UTF-8. A path that ends in ``/`` is
            an empty directory
        """
        for name, content in files.items():
            target = self.path / name
            if name.endswith("/"):
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            raw = content.encode() if isinstance(content, str) else content
            target.write_bytes(raw)

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return (self.path / name).read_text(encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be in a file."""
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write({name: text.replace(old, new)})

    def remove(self, *names: str) -> None:
        """Remove files."""
        for name in names:
            (self.path / name).unlink()

    def run(
        self,
        *arguments: str,
        process: bool | Literal["fork"] | None = None,
        timeout: float = 300,
        env: Mapping[str, str] | None = None,
        now: float | None = None,
        python: str = sys.executable,
        cwd: str = ".",
    ) -> Outcome:
        """Run doit in the directory.

        :param arguments: the command line after ``doit``
        :param process: True for a new process, as a user's shell starts it; ``"fork"`` for a fork
            of this process, which has imported everything already; False for this process, which
            is ten times faster than a new one. By default this process, but a fork where doit
            itself starts processes (``-n``), and a new one where these would not be forks
        :param timeout: seconds after which the run is killed and the test fails: doit's typical
            failure is to wait for ever
        :param env: environment variables to set
        :param now: the time for everything with an age, in seconds since the epoch; only in
            this process
        :param python: the interpreter for a process of its own
        :param cwd: the directory to start in, relative to that of the project
        """
        if process is None and "-n" in arguments and now is None:
            process = "fork" if can_fork() and python == sys.executable else True
        if process and now is not None:
            raise ValueError("now: only a run in this process can be given a clock")
        started = self.path / cwd
        command = ["doit", *arguments]
        if process == "fork":
            ran = in_fork(list(arguments), started, timeout, env or {})
        elif process:
            ran = in_new_process([python, "-m", *command], started, timeout, env or {})
        else:
            ran = in_this_process(list(arguments), self.path, started, timeout, env or {}, now)
        return read_outcome(command, *ran)


def settings_toml(
    *, loader: bool = True, backend: str | None = None, settings: Mapping[str, Any] | None = None
) -> str:
    """Return a ``pyproject.toml`` for doit.

    :param loader: whether our loader is used
    :param backend: doit's DB backend, None for its default
    :param settings: the table ``[tool.doit.invariants]``
    """
    lines = ["[tool.doit]"]
    lines += ['loader = "invariants"'] if loader else []
    lines += [f'backend = "{backend}"'] if backend is not None else []
    if settings:
        # JSON texts, booleans, numbers and lists of them are TOML as well.
        lines += ["[tool.doit.invariants]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"
