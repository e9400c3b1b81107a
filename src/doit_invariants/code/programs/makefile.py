"""Reads a Makefile: the recipes of the requested targets and of their prerequisites."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doit_invariants.code.programs.environment import Use
from doit_invariants.code.programs.expand import UNKNOWN

if TYPE_CHECKING:
    from doit_invariants.code.programs.reader import Reader
    from doit_invariants.code.programs.shell_state import ShellState

_VARIABLE = re.compile(
    r"\s*(?:export\s+|override\s+)*([\w.-]+)\s*(\+|\?|::?|:::|!)?=\s*(.*)", re.DOTALL
)
_INCLUDE = re.compile(r"\s*(-include|include|sinclude)\s+(.*)")
_RULE = re.compile(r"([^\t#:=][^:=#]*):{1,2}(?!=)([^;]*)(?:;(.*))?")
_CONDITION = re.compile(
    r"\s*(ifeq|ifneq|ifdef|ifndef|else|endif|endef|define|export|unexport|vpath)\b"
)
_REFERENCE = re.compile(r"\$(?:\(([^()$]*)\)|\{([^{}$]*)\}|([@<^+?*%$\w]))")
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_LONGEST = 20_000
_MOST_ROUNDS = 8


@dataclass(slots=True)
class _Rule:
    targets: list[str]
    needs: list[str]
    recipe: list[str] = field(default_factory=list)

    def makes(self, target: str) -> bool:
        """Return whether this is a rule for a target, by name or by pattern."""
        named = any(one == target or UNKNOWN in one for one in self.targets)
        return named or self.stem(target) is not None

    def stem(self, target: str) -> str | None:
        """Return the stem of a target in the pattern that matches it, None if none matches."""
        for one in self.targets:
            before, percent, after = one.partition("%")
            if percent and target.startswith(before) and target.endswith(after):
                return target[len(before) : len(target) - len(after)]
        return None

    def needs_for(self, target: str) -> list[str]:
        """Return the prerequisites of a target by this rule."""
        stem = self.stem(target)
        return [one if stem is None else one.replace("%", stem) for one in self.needs]


class _Makefile:
    """The variables and rules of a Makefile and its included files."""

    def __init__(self, reader: Reader, state: ShellState) -> None:
        self.reader = reader
        self.state = state
        self.variables: dict[str, str] = {"MAKE": "make", "CURDIR": state.cwd, "SHELL": "sh"}
        self.rules: list[_Rule] = []
        self.files: list[str] = []

    def read(self, path: str) -> None:
        """Read a file unless it was read before."""
        text = self.reader.environment.text(path) if path not in self.files else None
        if text is None:
            return
        self.files.append(path)
        rules: list[_Rule] = []
        for line in re.sub(r"\\\n[ \t]*", " ", text).split("\n"):
            if line.startswith("\t"):
                for rule in rules[-1:]:
                    rule.recipe.append(line[1:])
                continue
            line = re.sub(r"(^|\s)#.*", "", line)
            if line.strip() and not _CONDITION.match(line):
                self._line(line, rules)

    def _line(self, line: str, rules: list[_Rule]) -> None:
        variable = _VARIABLE.fullmatch(line)
        include = _INCLUDE.fullmatch(line)
        if variable is not None:
            self._variable(variable[1], variable[2], variable[3].strip())
        elif include is not None:
            for name in self.expanded(include[2]).split():
                for path in self.reader.environment.paths(self.state.path(name)):
                    self.read(path)
        elif (rule := _RULE.fullmatch(line)) is not None:
            targets, needs = (self.expanded(rule[n]).split() for n in (1, 2))
            rules.append(_Rule(targets, [one for one in needs if one != "|"]))
            rules[-1].recipe += [rule[3].strip()] if rule[3] else []
            self.rules.append(rules[-1])

    def _variable(self, name: str, operator: str | None, value: str) -> None:
        if operator == "+":
            value = f"{self.variables.get(name, '')} {value}".strip()
        if operator == "?" and name in self.variables:
            return
        if operator == "!":
            value = f"$(shell {value})"
        self.variables[name] = value

    def expanded(self, text: str, automatic: dict[str, str] | None = None) -> str:
        """Return a string with expanded variables; an unknown one becomes UNKNOWN."""
        known = automatic or {}

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or match[3] or ""
            if name == "$":
                return "\0"
            if name in known:
                return known[name]
            if name in self.variables:
                return self.variables[name]
            return self._function(name)

        for _ in range(_MOST_ROUNDS):
            replaced = _REFERENCE.sub(value, text)
            if replaced == text or len(replaced) > _LONGEST:
                break
            text = replaced
        return text.replace("\0", "$")

    def _function(self, call: str) -> str:
        name, _, argument = call.partition(" ")
        if name == "shell":
            return self.reader.output(argument.replace("\0", "$"), self.state.copy())
        if name == "wildcard":
            patterns = map(self.state.path, argument.split())
            found = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
            return " ".join(os.path.relpath(path, self.state.cwd) for path in found)
        if name in {"abspath", "realpath", "strip", "firstword", "lastword", "dir", "notdir"}:
            return argument if name != "notdir" else os.path.basename(argument)
        return self.reader.environment.environ.get(call, UNKNOWN)

    def asked(self, targets: Sequence[str]) -> Iterator[tuple[_Rule, str]]:
        """Yield the rules of targets and of their prerequisites, each with a target it makes."""
        first = next((r for r in self.rules if r.targets and r.targets[0][:1] not in ".%"), None)
        waiting = list(targets) or (first.targets if first is not None else [])
        seen: set[str] = set()
        done: set[int] = set()
        for target in waiting:  # grows during the loop
            if target in seen:
                continue
            seen.add(target)
            for rule in self.rules:
                if rule.makes(target):
                    waiting += rule.needs_for(target)
                    if id(rule) not in done or any("%" in one for one in rule.targets):
                        done.add(id(rule))
                        yield rule, target


def make(reader: Reader, arguments: Sequence[str], state: ShellState) -> None:
    """Record the Makefile, and what the recipes run."""
    words = list(arguments)
    if UNKNOWN in state.cwd:
        reader.note("make: can't tell which directory it runs in")
        return
    # Makefiles may run each other without end.
    key = (*words, state.cwd, *state.pythonpath, *sorted(state.values.items()))
    if key in reader.makefiles_read:
        return
    reader.makefiles_read.add(key)
    files = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-f"]
    rest = [w for at, w in enumerate(words) if w != "-f" and (not at or words[at - 1] != "-f")]
    paths = [state.path(name) for name in files or _NAMES]
    paths = [path for path in paths if reader.environment.exists(path)]
    makefile = _Makefile(reader, state)
    for path in paths if files else paths[:1]:
        makefile.read(path)
        reader.recorder.use(Use(path))
    for word in rest:
        name, equals, value = word.partition("=")
        if equals:
            makefile.variables[name] = value
    for path in makefile.files:
        reader.recorder.use(Use(path))
    for rule, target in makefile.asked([word for word in rest if "=" not in word]):
        _recipe(makefile, rule, target)


def _recipe(makefile: _Makefile, rule: _Rule, target: str) -> None:
    needs, stem = rule.needs_for(target), rule.stem(target)
    automatic = {"@": target, "<": needs[0] if needs else "", "^": " ".join(needs)}
    automatic |= {"+": automatic["^"], "?": automatic["^"], "*": "%" if stem is None else stem}
    for line in rule.recipe:
        command = makefile.expanded(line.lstrip("@-+ \t"), automatic)
        makefile.reader.script(command, makefile.state.copy())
