"""The state of a shell while its commands are read: directory, variables, functions."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from doit_invariants.code.programs.expand import FIELD, UNKNOWN
from doit_invariants.code.programs.lexer import Token

_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_MOST_VALUES = 200
_LONGEST = 1 << 16

#: Directories on PYTHONPATH, each with a flag: whether it is written without a variable.
SearchPath = tuple[tuple[str, bool], ...]


@dataclass(slots=True)
class ShellState:
    """The state of a shell.

    :ivar cwd: absolute path; contains UNKNOWN after a change to an unknown directory
    :ivar values: the possible values of each variable; several if they depend on conditions
    :ivar arguments: ``$0``, ``$1`` and so on, None if they are not known
    :ivar branch: number of conditions around the current command
    :ivar output: output of the last command, None if it is not known
    """

    cwd: str
    environ: Mapping[str, str]
    pythonpath: SearchPath = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arguments: tuple[str, ...] | None = None
    functions: dict[str, list[Token]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    outer: list[tuple[str, SearchPath, dict[str, tuple[str, ...]]]] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)
    branch: int = 0
    output: str | None = None

    def copy(self) -> ShellState:
        """Return the state of a new shell that inherits this one."""
        return replace(
            self, values=dict(self.values), functions=dict(self.functions), outer=[], pushed=[]
        )

    def enter(self) -> None:
        """Begin a subshell."""
        self.outer.append((self.cwd, self.pythonpath, dict(self.values)))

    def leave(self) -> None:
        """End a subshell, and restore directory and variables."""
        if self.outer:
            self.cwd, self.pythonpath, self.values = self.outer.pop()

    def path(self, word: str) -> str:
        """Return the absolute path of a word."""
        return os.path.normpath(os.path.join(self.cwd, word))

    def lookup(self, name: str) -> str | None:
        """Return the value of a variable, None if it is not known."""
        if name == "PWD":
            return self.cwd
        if name.isdecimal() or name in {"@", "*"}:
            return self._argument(name)
        if name in self.values:
            return self.values[name][0]
        if name == "BASH_SOURCE":
            return self._argument("0")
        if name == "PYTHONPATH":  # the value in the environment is on `sys.path`
            return os.pathsep.join(path for path, _ in self.pythonpath)
        return self.environ.get(name)

    def _argument(self, name: str) -> str | None:
        if self.arguments is None:
            return None
        if name in {"@", "*"}:
            return FIELD.join(self.arguments[1:])
        number = int(name)
        return self.arguments[number] if number < len(self.arguments) else ""

    def assign(self, name: str, value: str, *, append: bool = False) -> None:
        """Set a variable; under a condition its old values stay possible."""
        before = self.values.get(name, ())
        if append and before:
            self.choose(name, [one + value for one in before])
        else:
            self.choose(name, (*before, value) if self.branch else (value,))

    def choose(self, name: str, values: Sequence[str]) -> None:
        """Set the possible values of a variable."""
        kept = [one if len(one) <= _LONGEST else UNKNOWN for one in values]
        self.values[name] = tuple(dict.fromkeys(kept))[:_MOST_VALUES] or (UNKNOWN,)

    def choices(self, raw: Sequence[str]) -> Iterator[dict[str, tuple[str, ...]]]:
        """Yield the values of variables for each combination that can occur in the words."""
        names = {name for word in raw if "$" in word for name in _REFERENCE.findall(word)}
        several = sorted(name for name in names if len(self.values.get(name, ())) > 1)
        if not several:
            yield self.values
            return
        ways = itertools.product(*(self.values[name] for name in several))
        for way in itertools.islice(ways, _MOST_VALUES):
            yield {**self.values, **{n: (v,) for n, v in zip(several, way, strict=True)}}
