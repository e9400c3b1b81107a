"""A doit project in a directory: writes its files and runs doit on it."""

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

    :param path: the directory; :meth:`write` creates it if needed
    :ivar path: the directory
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files, and create their directories.

        :param files: contents by path, which is relative to the project. A string is written as
            UTF-8. A path that ends in ``/`` creates a directory, and its content is ignored
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
        """Return the content of a UTF-8 file as a string."""
        return (self.path / name).read_text(encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace all occurrences of a string in a file.

        :raises AssertionError: if the file does not contain it
        """
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write({name: text.replace(old, new)})

    def remove(self, *names: str) -> None:
        """Remove files, given by their relative paths."""
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
        :param process: True to start doit in a new process, as a shell does; ``"fork"`` for a fork
            of this process, which has already imported everything; False to run doit in this
            process, which is ten times faster than a new one. By default False, but for ``-n``
            without ``now`` it is ``"fork"``, or True where doit's own processes can't be forks
        :param timeout: seconds after which the run is ended and the test fails
        :param env: environment variables to set in addition to those of this process
        :param now: the present time for everything with an age, in seconds since the epoch; needs
            a run in this process
        :param python: the Python interpreter of a new process
        :param cwd: the directory to start doit in, relative to that of the project
        :returns: the exit code, the output, and the tasks that were executed, up-to-date or failed
        :raises ValueError: if both ``now`` and a new process are asked for
        """
        if process is None and "-n" in arguments and now is None:
            process = "fork"
        if process and now is not None:
            raise ValueError("now: only a run in this process can be given a clock")
        started = self.path / cwd
        command = ["doit", *arguments]
        forks = python == sys.executable and can_fork(workers="-n" in arguments)
        if process == "fork" and forks:
            ran = in_fork(list(arguments), started, timeout, env or {})
        elif process:
            ran = in_new_process([python, "-m", *command], started, timeout, env or {})
        else:
            ran = in_this_process(list(arguments), self.path, started, timeout, env or {}, now)
        return read_outcome(command, *ran)


def settings_toml(
    *, loader: bool = True, backend: str | None = None, settings: Mapping[str, Any] | None = None
) -> str:
    """Return the content of a ``pyproject.toml`` for doit.

    :param loader: whether to use the loader of doit-invariants
    :param backend: the name of doit's DB backend; None for doit's default
    :param settings: the table ``[tool.doit.invariants]``: strings, booleans, numbers and lists of
        them
    """
    lines = ["[tool.doit]"]
    lines += ['loader = "invariants"'] if loader else []
    lines += [f'backend = "{backend}"'] if backend is not None else []
    if settings:
        # JSON strings, booleans, numbers and lists of them are also valid TOML.
        lines += ["[tool.doit.invariants]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"
