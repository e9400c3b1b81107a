"""Finds the scripts of the project that a command runs, from its words and its input.

Nothing is run. So the output of programs and data from files is unknown; if the name of a script
depends on it, that is noted. All branches of a condition are read. Syntax that is not understood is
ignored and never an error.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doit_invariants.code.programs.environment import Environment, Use
from doit_invariants.code.programs.trivial import plain_commands, run_nothing

if TYPE_CHECKING:
    from doit_invariants.code.loaded.subprocesses import CodeStrings

#: No shell takes a longer command: Linux accepts half of this.
_LONGEST = 1 << 18


@dataclass(frozen=True, slots=True)
class CommandUses:
    """The scripts that a command runs, and the rest that it runs unseen.

    :ivar uses: scripts, in the order of the command, each once
    :ivar unseen: what else it runs or may run, for people
    """

    uses: tuple[Use, ...]
    unseen: tuple[str, ...] = ()


#: The result for most commands.
NOTHING = CommandUses(())


def read(command: str | Sequence[str], cwd: str, environment: Environment) -> CommandUses:
    """Return what a command runs.

    :param command: a string for a shell, or the words of a command that is run without a shell
    :param cwd: absolute directory in which it is run
    """
    if isinstance(command, str) and len(command) > _LONGEST:
        return CommandUses((), (f"{command:.80}...: the command is too long",))
    plain = plain_commands(command) if isinstance(command, str) else [list(map(os.fspath, command))]
    if plain is not None and run_nothing(plain, environment):
        return NOTHING
    # Imported late: most commands run no script.
    from doit_invariants.code.programs.shell import ShellReader
    from doit_invariants.code.programs.shell_state import ShellState

    reader = ShellReader(environment)
    state = ShellState(cwd, environment.environ)
    with reader.within_recursion_limit():
        if plain is not None:
            for words in plain:
                reader.command(words, state)
        elif isinstance(command, str):
            reader.script(command, state)
    return CommandUses(tuple(reader.uses), tuple(reader.unseen))


def read_strings(strings: CodeStrings, cwd: str, environment: Environment) -> CommandUses:
    """Return the scripts that code may start, from the strings in it; too many rather than too few.

    :param cwd: absolute directory in which the code runs
    """
    # Imported late: little code starts processes.
    from doit_invariants.code.programs.scripts_in_code import note_scripts
    from doit_invariants.code.programs.shell import ShellReader

    reader = ShellReader(environment)
    with reader.within_recursion_limit():
        note_scripts(strings, cwd, reader)
    return CommandUses(tuple(reader.uses), tuple(reader.unseen))
