"""Finds the prose of a file, without code, addresses and markup.

Everything else is blanked, so that a finding has the line that it has in the file.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import string
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MESSAGE_WORDS = 4


class Passage(NamedTuple):
    """A piece of prose.

    :ivar line: number of its first line in the file, from 1
    :ivar text: its text, line by line; code in it reads ``Xa``, ``Xb`` and so on
    :ivar heading: whether it is a heading, which need not be a sentence
    """

    line: int
    text: str
    heading: bool = False


def read_passages(path: Path, *, strings: bool = True) -> Iterator[Passage]:
    """Yield the prose of a file: Markdown by its blocks, Python by docstrings and comments.

    :param strings: whether strings with several words, such as messages, are prose in Python
    """
    text = path.read_text(encoding="utf-8")
    found = _of_markdown(text) if path.suffix == ".md" else _of_python(text, strings)
    yield from (one for one in found if one.text.strip())  # a line of HTML leaves nothing


def _of_markdown(text: str) -> Iterator[Passage]:
    text = re.sub(r"(?ms)^(```+).*?^\1[^\S\n]*$|<!--.*?-->", _blank, text)
    lines: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("#"):
            yield Passage(number, _plain(line.lstrip("# ")), heading=True)
            line = ""
        begins = re.match(r"\s*([-*|>]|\d+\.) ?", line)
        if lines and (begins or not line.strip()):
            yield Passage(start, _plain("\n".join(lines)))
            lines = []
        if line.strip():
            start = start if lines else number
            lines.append(re.sub(r"^\s*([-*>]|\d+\.)+ ", "", line))
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", lines.pop())
            yield from (Passage(number, _plain(cell)) for cell in cells if cell.strip(" -"))


def _of_python(text: str, strings: bool) -> Iterator[Passage]:
    yield from sorted([*_strings(ast.parse(text), strings), *_comments(text)])


def _strings(tree: ast.Module, messages: bool) -> Iterator[Passage]:
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(first.value)
                if isinstance(first.value.value, str):
                    yield from _paragraphs(first.value.lineno, first.value.value)
    for node in ast.walk(tree) if messages else ():
        message = "" if node in docstrings else _string(node)
        if _is_message(message):
            yield Passage(node.lineno, _plain(message))


def _string(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_string(one) or "`x`" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_message(text: str) -> bool:
    """Return whether a string is likely to be read by people: words, without code."""
    words = re.findall(r"(?<!\S)[A-Za-z']+[,.;:]?(?!\S)", text)
    return len(words) >= _MESSAGE_WORDS and not re.search(r"\n|def |import |[={}\\^]", text)


def _comments(text: str) -> Iterator[Passage]:
    start, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.string.lstrip("#:").strip()
        if lines and token.start[0] == start + len(lines) and token.line.lstrip().startswith("#"):
            lines.append(line)
            continue
        if lines:
            yield Passage(start, _plain("\n".join(lines)))
        start, lines = token.start[0], [line]
    if lines:
        yield Passage(start, _plain("\n".join(lines)))


def _paragraphs(line: int, docstring: str) -> Iterator[Passage]:
    literal = re.compile(r"(?m)(?<=::)\n\n(?:[ \t]+.*\n|\n)+|^\s*(?:>>>|\.\. ).*$")
    for part in re.finditer(r"(?:[^\n]+\n?)+", literal.sub(_blank, docstring)):
        before = docstring[: part.start()].count("\n")
        fields = re.split(r"(?m)^(?=\s*:\w+[^:]*: )", part[0])
        for field in fields:
            if field.strip():
                yield Passage(line + before, _plain(re.sub(r"^\s*:\w+[^:]*: ", "", field)))
            before += field.count("\n")


def _plain(text: str) -> str:
    """Replace each piece of code by a noun of its own, so that none looks like a repetition."""
    letters = itertools.cycle(string.ascii_lowercase)
    code = r":\w+:`~?[^`]*`|``[^`]+``|`[^`]+`|\b[a-z]\w*(?:\.[a-z]\w+)+"
    text = re.sub(code, lambda _: f"X{next(letters)}", text)
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|[*_](?=\w)|(?<=\w)[*]|<[^>\n]+>", "", text)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])
