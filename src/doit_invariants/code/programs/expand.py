"""Expands a word as a shell does: variables, quotes, braces, as far as values are known.

An unknown value becomes :data:`UNKNOWN` in the word. File patterns stay in the word, with private
characters for ``*``, ``?`` and ``[``. Directories are listed only where a word names a script.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Callable, Iterator

from doit_invariants.code.programs.lexer import piece_end

#: Stands for a value that is known only when the command runs.
UNKNOWN = "\ue000"
#: Separates the values of an array, or of ``$@``.
FIELD = "\x1f"
#: Maps the unquoted signs of patterns to private characters.
GLOB = str.maketrans("*?[", "\ue001\ue002\ue003")
UNGLOB = str.maketrans("\ue001\ue002\ue003", "*?[")
_GLOB_SIGNS = frozenset("\ue001\ue002\ue003")

_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_IN_BRACES = re.compile(
    r"(?P<name>[A-Za-z_]\w*|[0-9]+|[@*])(?P<array>\[[@*\d]+\])?(?P<rest>.*)", re.DOTALL
)
_OPERATION = re.compile(r":?[-=+?]|%%?|##?")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_BRACES = re.compile(r"\{([^{}\s]*(?:,|\.\.)[^{}\s]*)\}")
_MOST = 200
_MOST_WORDS = 10_000

#: Returns the value of a variable, None if there is none.
Lookup = Callable[[str], "str | None"]
#: Reads a command without running it, and returns its output, UNKNOWN if that is not known.
Substitute = Callable[[str], str]


def is_pattern(word: str) -> bool:
    """Return whether a word is a file pattern."""
    return not _GLOB_SIGNS.isdisjoint(word)


def plain(word: str) -> str:
    """Return a word as the shell passes it on if no file matches."""
    return word.translate(UNGLOB)


def expand(raw: str, lookup: Lookup, substitute: Substitute) -> list[str]:
    """Return the words that a word becomes."""
    found: list[str] = []
    for one in itertools.islice(_braces(raw), _MOST_WORDS):
        found += _Word(one, lookup, substitute).words()
    return found


def expand_text(raw: str, lookup: Lookup, substitute: Substitute, *, quotes: bool = True) -> str:
    """Return the expansion of a word that is not split: in an assignment or a heredoc.

    :param quotes: whether quotes are removed
    """
    word = _Word(raw, lookup, substitute)
    word.splits = False
    word.quotes = quotes
    return "".join(word.words()[:1])


def _braces(raw: str) -> Iterator[str]:
    match = _BRACES.search(raw) if "{" in raw else None
    if match is None or any(sign in raw for sign in "'\"\\$`"):
        yield raw
        return
    numbers = _RANGE.fullmatch(match.group(1))
    if numbers is not None:
        first, last = map(int, numbers.groups())
        step = 1 if last >= first else -1
        parts = [str(n) for n in itertools.islice(range(first, last + step, step), _MOST)]
    else:
        parts = match.group(1).split(",")
    for part in parts:
        yield from _braces(raw[: match.start()] + part + raw[match.end() :])


class _Word:
    """The expansion of one word."""

    def __init__(self, raw: str, lookup: Lookup, substitute: Substitute) -> None:
        self.raw = raw
        self.lookup = lookup
        self.substitute = substitute
        self.splits = True
        self.quotes = True
        self.done: list[str] = []
        self.present = ""
        self.started = False

    def words(self) -> list[str]:
        if self.quotes and self.raw.startswith("~") and self.raw[1:2] in {"", "/"}:
            self._add((self.lookup("HOME") or UNKNOWN) + self.raw[1:], quoted=False)
        elif self.quotes and self.raw[:2] in {"<(", ">("}:
            self.substitute(self.raw[2:-1])
            return [UNKNOWN]
        else:
            self._scan(self.raw, quoted=not self.quotes)
        if self.started or not self.splits:
            self.done.append(self.present)
        return self.done

    def _scan(self, text: str, *, quoted: bool) -> None:
        at = 0
        while at < len(text):
            end = self._end(text, at, quoted)
            self._piece(text[at:end], quoted)
            at = end

    @staticmethod
    def _end(text: str, at: int, quoted: bool) -> int:
        letter = text[at]
        if quoted and letter not in "$`\\":
            ends = [e for e in (text.find(sign, at) for sign in "$`\\") if e > 0]
            return min(ends, default=len(text))
        if quoted and letter == "\\":
            return at + 2
        if letter == "$" and (match := _NAME.match(text, at + 1)):
            return match.end()
        if quoted and text.startswith("$'", at):
            return at + 1
        return piece_end(text, at)

    def _piece(self, piece: str, quoted: bool) -> None:
        first = piece[0]
        if first == "\\" and len(piece) == 2:
            if quoted and piece[1] not in '$`"\\\n':
                self._literal(piece)
            else:
                self._literal(piece[1].replace("\n", ""))
        elif first == "'" and len(piece) > 1 and not quoted:
            self._literal(piece[1:-1])
        elif first == '"' and len(piece) > 1 and not quoted:
            self.started = True
            self._scan(piece[1:-1], quoted=True)
        elif first == "`" and len(piece) > 1:
            self._add(self.substitute(piece[1:-1].replace("\\`", "`")), quoted=quoted)
        elif first == "$" and len(piece) > 1:
            self._dollar(piece, quoted)
        else:
            self._literal(piece if quoted else piece.translate(GLOB))

    def _dollar(self, piece: str, quoted: bool) -> None:
        if piece.startswith("$'"):
            self._literal(piece[2:-1].replace("\\n", "\n").replace("\\t", "\t").replace("\\'", "'"))
        elif piece.startswith("$(("):
            self._add(UNKNOWN, quoted=quoted)
        elif piece.startswith("$("):
            self._add(self.substitute(piece[2:-1]), quoted=quoted)
        elif piece.startswith("${"):
            self._add(self._in_braces(piece[2:-1]), quoted=quoted)
        else:
            value = self.lookup(piece[1:])
            self._add(UNKNOWN if value is None else value, quoted=quoted)

    def _in_braces(self, text: str) -> str:
        match = _IN_BRACES.fullmatch(text)
        if match is None:
            return UNKNOWN
        value = self.lookup(match["name"])
        if match["array"] and value is not None and match["array"][1].isdecimal():
            fields = value.split(FIELD)
            number = int(match["array"][1:-1])
            value = fields[number] if number < len(fields) else ""
        rest = match["rest"]
        operation = _OPERATION.match(rest)
        if not rest:
            return UNKNOWN if value is None else value
        if operation is None:
            return UNKNOWN
        given = self._given(rest[operation.end() :])
        return _operated(operation.group(), value, given)

    def _given(self, raw: str) -> str:
        return expand_text(raw, self.lookup, self.substitute)

    def _literal(self, text: str) -> None:
        self.started = True
        self.present += text

    def _add(self, value: str, *, quoted: bool) -> None:
        """Insert a value, which is split at whitespace unless it is quoted."""
        self.started = self.started or quoted or bool(value)
        if quoted or not self.splits:
            first, *others = value.split(FIELD) if self.splits else [value.replace(FIELD, " ")]
        else:
            value = value.translate(GLOB)
            first, *others = re.split(r"[\s\x1f]+", value) if value.strip() else [""]
        self.present += first
        for other in others:
            self.done.append(self.present)
            self.present = other


def _operated(operation: str, value: str | None, given: str) -> str:
    if operation in {"-", ":-", "=", ":="}:
        return value or given
    if operation in {"?", ":?"}:
        return UNKNOWN if value is None else value
    if operation in {"+", ":+"}:
        return given if value else ""
    if value is None or UNKNOWN in value + given:
        return UNKNOWN
    return _cut(operation, value, plain(given))


def _cut(operation: str, value: str, pattern: str) -> str:
    """Remove the match of a pattern at the end (``%``) or at the beginning (``#``)."""
    places = range(len(value) + 1)
    if operation == "%":
        places = places[::-1]
    if operation == "##":
        places = places[::-1]
    for place in places:
        if operation[0] == "%" and fnmatch.fnmatchcase(value[place:], pattern):
            return value[:place]
        if operation[0] == "#" and fnmatch.fnmatchcase(value[:place], pattern):
            return value[place:]
    return value
