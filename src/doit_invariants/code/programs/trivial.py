"""Recognizes commands that run no script of the project, without parsing them.

Reading a command as a shell does takes several times as long, and each task is checked in each run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from doit_invariants.code.programs import shell_builtins
from doit_invariants.code.programs.arguments import SPECIAL, name_of
from doit_invariants.code.programs.environment import Environment
from doit_invariants.code.programs.lexer import KEYWORDS

_PLAIN = re.compile(r"[ \w./+:,@%=-]*(?:> *[\w./-]+ *)?")
_OUTPUT = re.compile(r"((?<!\S)\d+)?>.*")
_BETWEEN = re.compile("&&|;|\n")


def runs_nothing(command: str, environment: Environment) -> bool:
    """Return whether a command certainly runs no script; False if that is not quickly known."""
    plain = plain_commands(command)
    return plain is not None and run_nothing(plain, environment)


def run_nothing(commands: Iterable[Sequence[str]], environment: Environment) -> bool:
    """Return whether several commands, given as words, certainly run no script."""
    return all(_runs_nothing(words[0], environment) for words in commands if words)


def plain_commands(text: str) -> list[list[str]] | None:
    """Return the words of commands without special characters for the shell, like most commands.

    :returns: None for all other commands
    """
    found: list[list[str]] = []
    for one in _BETWEEN.split(text):
        if _PLAIN.fullmatch(one) is None:
            return None
        words = _OUTPUT.sub("", one).split()
        if words and (words[0] in KEYWORDS or "=" in words[0]):
            return None
        found.append(words)
    return found


def _runs_nothing(name: str, environment: Environment) -> bool:
    """Return whether a program is known to run no script of the project."""
    if name in shell_builtins.BUILTINS:
        return name in shell_builtins.QUIET and name not in environment.table.added
    if "/" in name or name in SPECIAL or environment.table.programs(name_of(name)):
        return False
    return environment.module_of(name) is None
