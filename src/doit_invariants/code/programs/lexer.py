"""Splits a shell script into words, operators and heredocs."""

from __future__ import annotations

import re
from typing import NamedTuple

WORD, OPERATOR, REDIRECT, INPUT = range(4)

#: Words that precede a command.
SKIPPED_WORDS = frozenset({"!", "{", "}", "do", "else", "then", "elif", "coproc"})
#: Words that begin and end conditional code.
BEGIN_WORDS = frozenset({"if", "while", "until"})
END_WORDS = frozenset({"fi", "done"})
#: All words that are special where a command may begin.
KEYWORDS = SKIPPED_WORDS | BEGIN_WORDS | END_WORDS
KEYWORDS |= {"for", "select", "case", "esac", "function", "[["}


class Token(NamedTuple):
    """A piece of a command line.

    :ivar kind: WORD with its quotes, OPERATOR, REDIRECT without the number before it and without
        its target, INPUT for a heredoc
    :ivar text: the piece as written; the lines of a heredoc
    :ivar quoted: whether nothing in the heredoc is expanded
    :ivar glued: whether there is no blank between the previous piece and this one
    """

    kind: int
    text: str
    quoted: bool = False
    glued: bool = False


#: A string without these is split by one regular expression, which takes a tenth of the time.
_SPECIAL = frozenset("'\"\\#$`<*?[{~(")
_FAST = re.compile(r"\d*>[>|]?|&&|[;|)\n]+|[^\s;|)>&]+")
_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_REDIRECT = re.compile(r"(?:\d+|\{\w+\})?(<<<|<<-?|<>|<&|>>|>&|>\||[<>])(?!\()|(&>>?)")
_OPERATOR = re.compile(r";;&?|;&|&&|\|\||\|&|[;&|()\n]")
_PLAIN = re.compile(r"[^\s;&|()<>'\"\\`$]+")
_SINGLE = re.compile(r"'[^']*'")
_ANSI = re.compile(r"\$'(?:\\.|[^'\\])*'", re.DOTALL)
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_END_WORD = frozenset(" \t\r\n;&|()<>")


def tokens(text: str) -> list[Token]:
    """Return the pieces of a command line; a quote without an end is a literal character."""
    if _SPECIAL.isdisjoint(text) and text.count("&") == 2 * text.count("&&"):
        return [Token(_kind(piece), piece) for piece in _FAST.findall(text)]
    return _Lexer(text).tokens()


def _kind(piece: str) -> int:
    if piece[-1] == ">" or piece.endswith(">|"):
        return REDIRECT
    return OPERATOR if piece[0] in ";|)\n&" else WORD


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Token] = []
        self.heredocs: list[tuple[str, bool, bool, int]] = []

    def tokens(self) -> list[Token]:
        glued = False
        while self.at < len(self.text):
            blank = _BLANK.match(self.text, self.at) or (
                None if glued else _COMMENT.match(self.text, self.at)
            )
            if blank is not None:
                self.at, glued = blank.end(), False
                continue
            self._next(glued)
            glued = self.found[-1].text != "\n"
        self._heredocs()
        return self.found

    def _next(self, glued: bool) -> None:
        redirect = _REDIRECT.match(self.text, self.at)
        if redirect is not None:
            self.at = redirect.end()
            sign = redirect.group(1) or redirect.group(2)
            self.found.append(Token(REDIRECT, sign, False, glued))
            if sign in {"<<", "<<-"}:
                self._delimiter(sign)
            return
        operator = _OPERATOR.match(self.text, self.at)
        if operator is not None:
            self.at = operator.end()
            self.found.append(Token(OPERATOR, operator.group(), False, glued))
            if operator.group() == "\n":
                self._heredocs()
            return
        end = word_end(self.text, self.at)
        self.found.append(Token(WORD, self.text[self.at : end], False, glued))
        self.at = end

    def _delimiter(self, sign: str) -> None:
        blank = _BLANK.match(self.text, self.at)
        begin = blank.end() if blank is not None else self.at
        self.at = word_end(self.text, begin)
        raw = self.text[begin : self.at]
        word = re.sub(r"['\"\\]", "", raw)
        # Filled later: the lines of the heredoc begin at the next line.
        self.found[-1] = Token(INPUT, "", raw != word)
        self.heredocs.append((word, sign == "<<-", raw != word, len(self.found) - 1))

    def _heredocs(self) -> None:
        for word, strips, quoted, place in self.heredocs:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                line = line.lstrip("\t") if strips else line
                # In a dodo.py strings are indented, and often the delimiter is, too.
                if line.strip() == word:
                    break
                lines.append(line)
            self.found[place] = Token(INPUT, "\n".join([*lines, ""]), quoted)
        self.heredocs = []


def word_end(text: str, at: int) -> int:
    """Return where a word ends; it has at least one character."""
    begin = at
    while at < len(text):
        letter = text[at]
        if letter in "<>" and text.startswith("(", at + 1) and at == begin:
            at = closing(text, at + 2)
        elif letter in _END_WORD and at > begin:
            break
        else:
            at = piece_end(text, at)
    return max(at, begin + 1)


def piece_end(text: str, at: int) -> int:
    """Return the end of the part of a word that begins here: quotes, a substitution, letters."""
    for pattern in (_PLAIN, _SINGLE, _ESCAPED, _ANSI):
        match = pattern.match(text, at)
        if match is not None:
            return match.end()
    letter = text[at]
    if letter == '"':
        return _double_end(text, at + 1)
    if letter == "`":
        end = text.find("`", at + 1)
        return end + 1 if end > 0 else len(text)
    if text.startswith("$(", at):
        return closing(text, at + 2)
    if text.startswith("${", at):
        return _brace_end(text, at + 2)
    return at + 1


def _double_end(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == '"':
            return at + 1
        if text[at] == "\\":
            at += 2
        elif text[at] in "$`":
            at = piece_end(text, at) if not text.startswith("$'", at) else at + 1
        else:
            at += 1
    return len(text)


def _brace_end(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "}":
            return at + 1
        at = at + 1 if text[at] in " \t\n;&|()<>" else min(piece_end_in_braces(text, at), len(text))
    return len(text)


def piece_end_in_braces(text: str, at: int) -> int:
    """Return the end of a part inside braces, where a brace is special."""
    return piece_end(text, at) if text[at] in "'\"\\`$" else at + 1


def closing(text: str, at: int) -> int:
    """Return the place after the parenthesis that closes the one before ``at``."""
    opened = 1
    while at < len(text):
        letter = text[at]
        if letter in "()":
            opened += 1 if letter == "(" else -1
            if not opened:
                return at + 1
            at += 1
        elif letter == "#" and text[at - 1] in " \t\n(;":
            end = text.find("\n", at)
            at = end if end > 0 else len(text)
        else:
            at = piece_end_in_braces(text, at)
    return len(text)
