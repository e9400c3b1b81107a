"""Reads shell commands as a shell would, without running them, and records what they run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from doit_invariants.code.programs import shell_builtins
from doit_invariants.code.programs.arguments import Call, Input, calls_of, is_assignment
from doit_invariants.code.programs.environment import Environment, Use
from doit_invariants.code.programs.expand import UNKNOWN, expand, expand_text
from doit_invariants.code.programs.lexer import Token, tokens
from doit_invariants.code.programs.script_recorder import ScriptRecorder
from doit_invariants.code.programs.shell_state import ShellState
from doit_invariants.code.programs.shell_syntax import BlockReader

_MOST_NESTED = 12
_MOST_COMMANDS = 5_000
#: A word without these needs no expansion.
_SIGNS = frozenset("'\"\\$`*?[{~<>")


class ShellReader:
    """Reads commands and everything that they run.

    :ivar uses: the scripts found so far
    :ivar unseen: what can't be looked into, for people
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.uses: dict[Use, None] = {}
        self.unseen: dict[str, None] = {}
        self.recorder = ScriptRecorder(self)
        #: The calls of make that were read.
        self.makefiles_read: set[tuple[object, ...]] = set()
        self._depth = 0
        self._left = _MOST_COMMANDS

    @contextlib.contextmanager
    def within_recursion_limit(self) -> Iterator[None]:
        """Stop reading at Python's recursion limit: no command may make its task fail."""
        try:
            yield
        except RecursionError:
            self.note("the rest of a command that is nested too deep")

    def script(self, text: str, state: ShellState) -> None:
        """Read a whole script, including functions that it never seems to call."""
        self.line(text, state)
        for name in [name for name in state.functions if name not in state.called]:
            self.function(name, None, state)

    def line(self, text: str, state: ShellState) -> None:
        """Read command lines, which change the state."""
        self.block(tokens(text), state)

    def block(self, pieces: list[Token], state: ShellState) -> None:
        """Read commands that are split into tokens."""
        if self._depth < _MOST_NESTED:
            self._depth += 1
            BlockReader(self, pieces, state).run()
            self._depth -= 1

    def function(self, name: str, arguments: tuple[str, ...] | None, state: ShellState) -> None:
        """Read the body of a shell function."""
        state.called.add(name)
        outer, body = state.arguments, state.functions.pop(name)
        state.arguments = arguments
        self.block(body, state)  # without the function, which could call itself without end
        state.arguments = outer
        state.functions.setdefault(name, body)

    # ------------------------------------------------------------------ words

    def words(self, raw: str, state: ShellState) -> list[str]:
        """Return the words to which a word expands."""
        if _SIGNS.isdisjoint(raw):
            return [raw]
        return expand(raw, state.lookup, lambda text: self.output(text, state))

    def text(self, raw: str, state: ShellState, *, quotes: bool = True) -> str:
        """Return the expansion of a word that is not split."""
        if _SIGNS.isdisjoint(raw):
            return raw
        output = lambda text: self.output(text, state)  # noqa: E731 - a name for the type
        return expand_text(raw, state.lookup, output, quotes=quotes)

    def output(self, text: str, state: ShellState) -> str:
        """Read a command that is substituted; return its output, UNKNOWN if it is not known."""
        inner = state.copy()
        inner.output = None
        self.line(text, inner)
        return UNKNOWN if inner.output is None else inner.output

    # ------------------------------------------------------------------ commands

    def simple_command(
        self, raw: list[str], stdin: Input | None, state: ShellState
    ) -> Input | None:
        """Read a simple command; return its output, None if it is not known."""
        count = next((n for n, word in enumerate(raw) if not is_assignment(word)), len(raw))
        written: Input | None = None
        kept, first = state.values, True
        for values in state.choices(raw):
            state.values = dict(values)
            settings = [(one, self.text(one.partition("=")[2], state)) for one in raw[:count]]
            words = [word for one in raw[count:] for word in self.words(one, state)]
            state.values = kept
            if words:
                written = self.command(words, state, settings, stdin)
            else:
                self._assign(settings, state, first=first)
            kept, first = state.values, False
        return written

    @staticmethod
    def _assign(settings: list[tuple[str, str]], state: ShellState, *, first: bool) -> None:
        state.branch += not first
        for raw, value in settings:
            shell_builtins.assign(raw, value, state)
        state.branch -= not first

    def command(
        self,
        words: list[str],
        state: ShellState,
        settings: Sequence[tuple[str, str]] = (),
        stdin: Input | None = None,
    ) -> Input | None:
        """Read a command whose words are expanded."""
        self._left -= 1
        state.output = None
        if self._left < 0 or not words:
            if self._left == -1:
                self.unseen["the rest of a long script"] = None
            return None
        name = words[0]
        if name in state.functions:
            self.function(name, tuple(words), state)
        elif name in shell_builtins.BUILTINS and name not in self.environment.table.added:
            return shell_builtins.BUILTINS[name](self, words, stdin, state)
        else:
            self._run(words, state, settings, stdin)
        return None

    def _run(
        self,
        words: list[str],
        state: ShellState,
        settings: Sequence[tuple[str, str]],
        stdin: Input | None,
    ) -> None:
        inner = state
        if settings:
            inner = state.copy()
            inner.branch = 0
            for raw, value in settings:
                shell_builtins.assign(raw, value, inner)
        for call in calls_of(words, stdin, self.environment.table):
            self._call(call, inner, stdin, words)

    def _call(self, call: Call, state: ShellState, stdin: Input | None, words: list[str]) -> None:
        if call.directory is not None or call.variables:
            state = state.copy()
            state.branch = 0
            for one in call.variables:
                shell_builtins.assign(one, one.partition("=")[2], state)
            if call.directory is not None:
                state.cwd = state.path(call.directory)
        if call.words is not None:
            count = next((n for n, w in enumerate(call.words) if not is_assignment(w)), None)
            if count is not None:
                settings = [(one, one.partition("=")[2]) for one in call.words[:count]]
                self.command(list(call.words[count:]), state, settings, stdin)
        elif call.inline is not None:
            inner = state.copy()
            inner.arguments = call.arguments
            self.script(call.inline, inner)
        else:
            self.recorder.call(call, state, words)

    def note(self, text: str) -> None:
        """Note something that can't be looked into."""
        self.unseen[text.replace(UNKNOWN, "...")] = None
