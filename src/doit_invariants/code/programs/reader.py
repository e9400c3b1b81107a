"""The interfaces through which the readers of commands call each other.

Separate modules read a shell script, its builtins, a Makefile, a test runner and code that starts
processes. Each of them may run any other, so they get the reader as a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from doit_invariants.code.programs.arguments import Input
    from doit_invariants.code.programs.environment import Environment, Use
    from doit_invariants.code.programs.shell_state import ShellState


class Recorder(Protocol):
    """Records what is run: scripts, modules, code."""

    def use(self, use: Use) -> None:
        """Record a use."""

    def file(self, path: str, follow: str, arguments: tuple[str, ...], state: ShellState) -> None:
        """Record a script and everything that it runs."""

    def code(self, code: str, state: ShellState) -> None:
        """Record the modules that code imports, and the scripts that it names."""

    def module(self, name: str, state: ShellState) -> None:
        """Record a module that is run with ``-m``."""

    def imported(
        self, module: str, state: ShellState, added: tuple[str, ...], *, inside: bool = True
    ) -> None:
        """Record an imported module if it belongs to the project.

        :param added: additional directories to search
        :param inside: whether code of the command imports it; then the current directory is
            searched
        """


class Reader(Protocol):
    """Reads commands and everything that they run.

    :ivar uses: the scripts found so far
    :ivar makefiles_read: the calls of make that were read
    """

    environment: Environment
    uses: dict[Use, None]
    makefiles_read: set[tuple[object, ...]]

    @property
    def recorder(self) -> Recorder:
        """Records the scripts that are run."""

    def script(self, text: str, state: ShellState) -> None:
        """Read a whole script, including functions that it never seems to call."""

    def line(self, text: str, state: ShellState) -> None:
        """Read command lines, which change the state."""

    def words(self, raw: str, state: ShellState) -> list[str]:
        """Return the words to which a word expands."""

    def text(self, raw: str, state: ShellState, *, quotes: bool = True) -> str:
        """Return the expansion of a word that is not split."""

    def output(self, text: str, state: ShellState) -> str:
        """Read a command that is substituted; return its output, UNKNOWN if it is not known."""

    def simple_command(
        self, raw: list[str], stdin: Input | None, state: ShellState
    ) -> Input | None:
        """Read a simple command; return its output, None if it is not known."""

    def command(
        self,
        words: list[str],
        state: ShellState,
        settings: Sequence[tuple[str, str]] = (),
        stdin: Input | None = None,
    ) -> Input | None:
        """Read a command whose words are expanded."""

    def note(self, text: str) -> None:
        """Note something that can't be looked into."""
