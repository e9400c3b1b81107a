"""Reads the structure of a shell script: loops, conditions, functions, pipes, subshells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doit_invariants.code.programs import shell_builtins
from doit_invariants.code.programs.arguments import Input
from doit_invariants.code.programs.expand import FIELD
from doit_invariants.code.programs.lexer import (
    BEGIN_WORDS,
    END_WORDS,
    INPUT,
    OPERATOR,
    REDIRECT,
    SKIPPED_WORDS,
    WORD,
    Token,
)

if TYPE_CHECKING:
    from doit_invariants.code.programs.reader import Reader
    from doit_invariants.code.programs.shell_state import ShellState

_ENDS_LINE = frozenset(";\n&")


class BlockReader:
    """Reads a list of tokens."""

    def __init__(self, reader: Reader, tokens: list[Token], state: ShellState) -> None:
        self.reader = reader
        self.tokens = tokens
        self.state = state
        self.at = 0
        self.words: list[str] = []
        self.stdin: Input | None = None
        self.chained = False
        self.cases = 0

    def run(self) -> None:
        """Read all tokens."""
        branch = self.state.branch
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == WORD:
                self._word(token.text)
            elif token.kind == REDIRECT:
                self._redirect(token.text)
            elif token.kind == INPUT:
                text = token.text
                if not token.quoted:
                    text = self.reader.text(text, self.state, quotes=False)
                self.stdin = Input(text=text)
            else:
                self._operator(token.text)
        self._finish()
        self.state.branch = branch

    def _is(self, at: int, text: str) -> bool:
        return at < len(self.tokens) and self.tokens[at].text == text

    def _word(self, text: str) -> None:
        if not self.words and self._keyword(text):
            return
        if self._is(self.at, "(") and self.tokens[self.at].kind == OPERATOR:
            if not self.words and self._is(self.at + 1, ")"):
                self.at += 2
                self._function(text)
                return
            if text.endswith("=") and self.tokens[self.at].glued:
                self._array(text)
                return
        self.words.append(text)

    def _keyword(self, word: str) -> bool:
        if word in SKIPPED_WORDS:
            return True
        if word in BEGIN_WORDS:
            self.state.branch += 1
        elif word in END_WORDS:
            self.state.branch = max(0, self.state.branch - 1)
        elif word in {"for", "select"}:
            self._for()
        elif word == "case":
            self._skip_to("in")
            self.cases += 1
            self.state.branch += 1
            self._pattern()
        elif word == "esac":
            self.cases -= 1
            self.state.branch = max(0, self.state.branch - 1)
        elif word == "function" and self.at < len(self.tokens):
            name = self.tokens[self.at].text
            self.at += 3 if self._is(self.at + 1, "(") else 1
            self._function(name)
        elif word == "[[":
            self._skip_to("]]")
        else:
            return False
        return True

    def _skip_to(self, word: str) -> None:
        while self.at < len(self.tokens) and not self._is(self.at, word):
            self.at += 1
        self.at += 1

    def _pattern(self) -> None:
        """Skip the pattern of a ``case``."""
        at = self.at
        while at < len(self.tokens) and self.tokens[at].text == "\n":
            at += 1
        if not self._is(at, "esac"):
            self.at = at
            self._skip_to(")")

    def _for(self) -> None:
        self.state.branch += 1
        if self.at >= len(self.tokens) or self.tokens[self.at].kind != WORD:
            return
        name = self.tokens[self.at].text
        self.at += 1
        words = ['"$@"']
        if self._is(self.at, "in"):
            self.at += 1
            words = []
            while self.at < len(self.tokens) and self.tokens[self.at].kind == WORD:
                words.append(self.tokens[self.at].text)
                self.at += 1
        values: list[str] = []
        kept = self.state.values
        for choice in self.state.choices(words):
            self.state.values = dict(choice)
            values += [one for word in words for one in self.reader.words(word, self.state)]
        self.state.values = kept
        self.state.choose(name, values)

    def _array(self, word: str) -> None:
        self.at += 1
        values: list[str] = []
        while self.at < len(self.tokens) and not self._is(self.at, ")"):
            token = self.tokens[self.at]
            values += self.reader.words(token.text, self.state) if token.kind == WORD else ()
            self.at += 1
        self.at += 1
        shell_builtins.assign(word, FIELD.join(values), self.state)

    def _function(self, name: str) -> None:
        """Store the body of a function until it is called."""
        while self._is(self.at, "\n"):
            self.at += 1
        begin, opened = self.at, 0
        sign = "(" if self._is(self.at, "(") else "{"
        closes = ")" if sign == "(" else "}"
        while self.at < len(self.tokens):
            opened += self._is(self.at, sign) - self._is(self.at, closes)
            self.at += 1
            if opened <= 0:
                break
        self.state.functions[name] = self.tokens[begin : self.at]

    def _redirect(self, sign: str) -> None:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind != WORD:
            return
        target = self.reader.text(self.tokens[self.at].text, self.state)
        self.at += 1
        if sign == "<":
            self.stdin = Input(files=(target,))
        elif sign == "<<<":
            self.stdin = Input(text=target)

    def _operator(self, text: str) -> None:
        written = self._finish()
        chains = text in {"&&", "||"}
        if text[0] == "|" and not chains:
            self.stdin = written
        if chains and not self.chained:
            self.state.branch += 1
        elif self.chained and not chains and not _ENDS_LINE.isdisjoint(text):
            self.state.branch = max(0, self.state.branch - 1)
        self.chained = chains or (self.chained and _ENDS_LINE.isdisjoint(text))
        for letter in text:
            if letter == "(":
                self.state.enter()
            elif letter == ")":
                self.state.leave()
        if text[:2] == ";;" and self.cases:
            self._pattern()

    def _finish(self) -> Input | None:
        """Read the simple command that ends here."""
        words, stdin = self.words, self.stdin
        self.words, self.stdin = [], None
        return self.reader.simple_command(words, stdin, self.state) if words else None
