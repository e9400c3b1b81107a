"""Which scripts of the project a command runs: as far as its text says so.

A shell is not imitated: what stands in variables is not known, and nothing is expanded. What is
not understood is left out, and never an error.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from doit_invariants.core.static import normal
from doit_invariants.core.static.imports import imports_of
from doit_invariants.core.static.programs import Call, Script, calls_of, is_assignment

#: Words that stand before a command without being one.
_KEYWORDS = frozenset({"!", "{", "}", "do", "done", "elif", "else", "fi", "if", "then", "until"})
_KEYWORDS |= {"while", "eval"}
_OPERATORS = ";&|()<>\n"
#: A quoted text, an escaped character (a line that goes on, perhaps), or a comment.
_QUOTED = re.compile(
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\\r?.|(?:^|(?<=[\s;&|()]))#[^\n]*""", re.DOTALL | re.MULTILINE
)
_SPECIAL = frozenset("'\"\\#")
_WORDS = re.compile(r"[;&|()<>\n]+|[^\s;&|()<>]+")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"\\]?)(\w+)\1")
_MOST_NESTED = 3


@dataclass(frozen=True, slots=True)
class Use:
    """A script that a command runs.

    :ivar path: absolute path of its file
    :ivar module: the dotted name, where it is run with ``-m``
    :ivar search: absolute directories in which its imports are looked up besides: the present
        one for a module, what the command puts on ``PYTHONPATH``
    """

    path: str
    module: str | None = None
    search: tuple[str, ...] = ()


@dataclass(slots=True)
class _State:
    """Where we are in a command line: its directory and its variables change on the way."""

    cwd: str
    pythonpath: tuple[str, ...] = ()
    outer: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def enter(self) -> None:
        self.outer.append((self.cwd, self.pythonpath))

    def leave(self) -> None:
        if self.outer:
            self.cwd, self.pythonpath = self.outer.pop()

    def path(self, word: str) -> str:
        for name in ("$PWD", "${PWD}"):
            word = word.replace(name, self.cwd)
        return os.path.normpath(os.path.join(self.cwd, word))


def scripts(
    command: str | Sequence[str],
    cwd: str,
    exists: Callable[[str], bool],
    search: Sequence[str] = (),
) -> list[Use]:
    """Return the scripts that a command runs, in its order, each once.

    :param command: text for a shell, or the words of a command that is run without one
    :param cwd: absolute directory in which it is run
    :param exists: whether there is a file, of the project, at an absolute path
    :param search: absolute directories in which modules are looked up besides (``python -m``)
    """
    found: dict[Use, None] = {}
    reader = _Reader(exists, search)
    if isinstance(command, str):
        uses = reader.line(command, _State(cwd), 0)
    else:
        uses = reader.words([os.fspath(word) for word in command], None, _State(cwd), 0)
    for use in uses:
        found[use] = None
    return list(found)


class _Reader:
    def __init__(self, exists: Callable[[str], bool], search: Sequence[str]) -> None:
        self.exists = exists
        self.search = tuple(search)

    def line(self, text: str, state: _State, depth: int) -> Iterator[Use]:
        """Yield what a whole command line runs."""
        if depth < _MOST_NESTED:
            for inner in _substitutions(text):
                yield from self.line(inner, _State(state.cwd, state.pythonpath), depth + 1)
        words: list[str] = []
        stdin: str | None = None
        tokens = iter(_tokens(text))
        for token in tokens:
            if not token or not set(token) <= set(_OPERATORS):
                words.append(token)
            elif "<" in token or ">" in token:
                target = next(tokens, "")
                stdin = target if token == "<" else stdin
            else:
                yield from self.words(words, stdin, state, depth)
                words, stdin = [], None
                for operator in token:
                    if operator == "(":
                        state.enter()
                    elif operator == ")":
                        state.leave()
        yield from self.words(words, stdin, state, depth)

    def words(
        self, words: list[str], stdin: str | None, state: _State, depth: int
    ) -> Iterator[Use]:
        """Yield what one simple command runs; ``cd`` and ``export`` change the state."""
        while words and words[0] in _KEYWORDS:
            words = words[1:]
        count = next((n for n, word in enumerate(words) if not is_assignment(word)), len(words))
        pythonpath = _pythonpath(words[:count], state)
        words = words[count:]
        if not words:
            state.pythonpath = pythonpath
        elif words[0] in {"cd", "pushd"}:
            there = [word for word in words[1:] if word != "--"]
            state.cwd = state.path(there[0] if there else "~")
        elif words[0] == "export":
            state.pythonpath = _pythonpath(words[1:], state)
        else:
            for call in calls_of(words, stdin):
                yield from self._uses(call, state, pythonpath, depth)

    def _uses(
        self, call: Call, state: _State, pythonpath: tuple[str, ...], depth: int
    ) -> Iterator[Use]:
        pythonpath = _pythonpath(call.variables, state, pythonpath)
        if call.inline is not None:
            if depth < _MOST_NESTED:
                yield from self.line(call.inline, _State(state.cwd, pythonpath), depth + 1)
        elif call.code is not None:
            yield from self._code(call.code, (state.cwd, *pythonpath))
        elif call.module is not None:
            yield from self._module(call.module, (state.cwd, *pythonpath))
        elif call.script is not None:
            yield from self._script(call.script, state, pythonpath)

    def _script(self, script: Script, state: _State, pythonpath: tuple[str, ...]) -> Iterator[Use]:
        for name in script.names:
            path = state.path(name)
            if self.exists(path):
                yield Use(path, None, pythonpath if script.python else ())
                return

    def _code(self, code: str, first: tuple[str, ...]) -> Iterator[Use]:
        """Yield the modules that code on the command line imports."""
        tree = normal.parse(code)
        for text in imports_of(tree) if tree is not None else ():
            where, _, name = text.partition(":")
            for module in (where, f"{where}.{name}"):
                parts = module.split(".")
                for directory in (
                    (*first, *self.search) if all(map(str.isidentifier, parts)) else ()
                ):
                    below = os.path.join(directory, *parts)
                    path = next(filter(self.exists, (f"{below}.py", f"{below}/__init__.py")), None)
                    if path is not None:
                        yield Use(path, module, first)
                        break

    def _module(self, name: str, first: tuple[str, ...]) -> Iterator[Use]:
        parts = name.split(".")
        if not all(map(str.isidentifier, parts)):
            return
        for directory in (*first, *self.search):
            below = os.path.join(directory, *parts)
            main = os.path.join(below, "__main__.py")
            if self.exists(main):
                yield Use(main, f"{name}.__main__", first)
                return
            if self.exists(below + ".py"):
                yield Use(below + ".py", name, first)
                return


def _pythonpath(
    words: Sequence[str], state: _State, default: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Return the directories that the last ``PYTHONPATH=...`` among the words names."""
    found = state.pythonpath if default is None else default
    for word in words:
        name, _, value = word.partition("=")
        if name == "PYTHONPATH":
            parts = (part for part in value.split(os.pathsep) if part and "$" not in part)
            found = tuple(state.path(part) for part in parts)
    return found


def _substitutions(text: str) -> Iterator[str]:
    """Yield the commands whose output is put in, inside of double quotes as well."""
    if "$(" not in text and "`" not in text:
        return
    at, single = 0, False
    while at < len(text):
        if text[at] == "'":
            single = not single
        elif not single and text[at] == "`" and (end := text.find("`", at + 1)) > 0:
            yield text[at + 1 : end]
            at = end
        elif not single and text.startswith("$(", at):
            end, open_ones = at + 2, 1
            while end < len(text) and open_ones:
                open_ones += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            yield text[at + 2 : end - 1]
            at = end - 1
        at += 1


def _tokens(text: str) -> list[str]:
    """Split a command line into words and operators."""
    if _SPECIAL.isdisjoint(text):  # most are: a lexer takes ten times as long
        return _WORDS.findall(text)
    text = _QUOTED.sub(_without_comment, _without_heredocs(text))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        # A quote without its end: what stands before it may be understood all the same.
        return re.sub(r"([;&|()<>\n]+)", r" \1 ", text).replace("\n", ";").split()


def _without_comment(match: re.Match[str]) -> str:
    """Leave out comments and the ends of lines that go on.

    Not left to shlex: for it a comment begins within a word as well, that of a URL.
    """
    found = match.group()
    return "" if found[0] == "#" or (found[0] == "\\" and found[-1] == "\n") else found


def _without_heredocs(text: str) -> str:
    """Leave out the lines that a command is given as its input."""
    if "<<" not in text:
        return text
    kept: list[str] = []
    ends: list[str] = []
    for line in text.split("\n"):
        if ends:
            if line.strip() == ends[0]:
                ends.pop(0)
            continue
        ends = [match.group(2) for match in _HEREDOC.finditer(line)]
        kept.append(_HEREDOC.sub("", line))
    return "\n".join(kept)
