"""The interfaces through which the readers of commands call each other.

A shell script, its builtins, a Makefile, a test runner and code that starts processes are read
in modules of their own. Each of them may meet all others again, so the reader is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from doit_invariants.code.programs.arguments import Input
    from doit_invariants.code.programs.environment import Environment, Use
    from doit_invariants.code.programs.shell_state import ShellState


class Recorder(Protocol):
    """Notes what is run: scripts, modules, code."""

    def use(self, use: Use) -> None:
        """Note a use."""

    def file(self, path: str, follow: str, arguments: tuple[str, ...], state: ShellState) -> None:
        """Note a script, and what it runs in turn."""

    def code(self, code: str, state: ShellState) -> None:
        """Note the modules that code imports, and the scripts that it names."""

    def module(self, name: str, state: ShellState) -> None:
        """Note a module that is run with ``-m``."""

    def imported(
        self, module: str, state: ShellState, added: tuple[str, ...], *, inside: bool = True
    ) -> None:
        """Note a module that is imported, if it is of the project."""


class Reader(Protocol):
    """Reads commands, and all that they run in turn.

    :ivar uses: what was found so far
    :ivar makefiles_read: the calls of make that were read
    """

    environment: Environment
    uses: dict[Use, None]
    makefiles_read: set[tuple[object, ...]]

    @property
    def recorder(self) -> Recorder:
        """What notes the scripts that are run."""

    def script(self, text: str, state: ShellState) -> None:
        """Read a whole script: its functions as well that it never seems to call."""

    def line(self, text: str, state: ShellState) -> None:
        """Read command lines; the state is changed by what they do."""

    def words(self, raw: str, state: ShellState) -> list[str]:
        """Return what a word becomes."""

    def text(self, raw: str, state: ShellState, *, quotes: bool = True) -> str:
        """Return what a word becomes that stays one."""

    def output(self, text: str, state: ShellState) -> str:
        """Read a command whose output is put in; return that, UNKNOWN if it is not known."""

    def simple_command(
        self, raw: list[str], stdin: Input | None, state: ShellState
    ) -> Input | None:
        """Read a simple command; return what it writes, as far as that is known."""

    def command(
        self,
        words: list[str],
        state: ShellState,
        settings: Sequence[tuple[str, str]] = (),
        stdin: Input | None = None,
    ) -> Input | None:
        """Read a command whose words are known."""

    def note(self, text: str) -> None:
        """Note what can't be looked into."""
