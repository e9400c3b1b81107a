"""Generated edits of a module that can't change what it does."""

from __future__ import annotations

import ast
import copy
import io
import random
import re
import tokenize
from typing import Any

from hypothesis import strategies as st

from .programs import Draw

_LOCALS = ("a", "b", "c", "d", "e", "inner", "n", "i")
_GLOBALS = ("g", "h", "put", "make", "A", "B", "T", "U", "CLOSED", "FUNCS", "OBJ", "E", "Q")
_ABOVE: tuple[list[ast.stmt], ...] = tuple(
    ast.parse(text).body for text in ("", "import os", "UNUSED = 3\ndef unused(x): return x")
)


class _Renamed(ast.NodeTransformer):
    """Renames variables, functions and classes everywhere."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Rename what a node calls so."""
        super().generic_visit(node)
        for field in ("id", "name"):
            old = getattr(node, field, None)
            if isinstance(old, str):
                setattr(node, field, self.names.get(old, old))
        return node


@st.composite
def renamed(draw: Draw, tree: ast.Module) -> ast.Module:
    """Rename local variables, helpers and globals, move two definitions, add lines above."""
    changed = copy.deepcopy(tree)
    # Lambdas and functions inside have arguments of the names i, j and n, which may be given.
    taken = {node.arg for node in ast.walk(changed) if isinstance(node, ast.arg)}
    chosen = draw(st.sets(st.sampled_from([n for n in (*_LOCALS, *_GLOBALS) if n not in taken])))
    ends = st.sampled_from(("0", "_new", "z"))
    changed = _Renamed({name: name + draw(ends) for name in sorted(chosen)}).visit(changed)
    body = changed.body
    if draw(st.booleans()):
        one, two = [n for n, node in enumerate(body) if isinstance(node, ast.FunctionDef)][1:3]
        body[one], body[two] = body[two], body[one]
    return ast.Module([*draw(st.sampled_from(_ABOVE)), *body], [])


# ---------------------------------------------------------------------- docstrings, annotations

_ANNOTATIONS: tuple[ast.expr | None, ...] = (
    None,
    *(ast.parse(text, mode="eval").body for text in ("int", "'K'", "list[str]")),
)


@st.composite
def annotated(draw: Draw, tree: ast.Module) -> ast.Module:
    """Change docstrings and annotations of functions, and of their variables."""
    changed = copy.deepcopy(tree)
    annotations = st.sampled_from(_ANNOTATIONS)
    for node in ast.walk(changed):
        if isinstance(node, ast.FunctionDef):
            if draw(st.booleans()):
                _change_docstring(node)
            node.returns = draw(annotations)
            for one in (*node.args.args, *node.args.kwonlyargs):
                one.annotation = draw(annotations)
            for body in _bodies(node):
                body[:] = [draw(_annotating(one)) for one in body]
    return changed


def _change_docstring(node: ast.FunctionDef) -> None:
    if ast.get_docstring(node) is None:
        node.body.insert(0, ast.Expr(ast.Constant("Say 'it'.\n\n    Well.")))
    else:
        node.body[:1] = []


def _bodies(function: ast.FunctionDef) -> list[list[ast.stmt]]:
    """Return the blocks of a function, none of classes or functions inside."""
    found, todo = [], [function.body]
    for body in todo:
        found.append(body)
        for one in body:
            if not isinstance(one, (ast.FunctionDef, ast.ClassDef)):
                todo += [getattr(one, name, []) for name in ("body", "orelse", "finalbody")]
    return found


@st.composite
def _annotating(draw: Draw, one: ast.stmt) -> ast.stmt:
    if isinstance(one, ast.AnnAssign) and one.value is not None and draw(st.booleans()):
        return ast.Assign([one.target], one.value)
    target = one.targets[0] if isinstance(one, ast.Assign) else None
    # `WHERE` is declared to be global, `y` nonlocal.
    if isinstance(target, ast.Name) and target.id not in ("WHERE", "y") and draw(st.booleans()):
        return ast.AnnAssign(target, ast.Name("str", ast.Load()), one.value, 1)  # type: ignore[attr-defined]
    return one


# ---------------------------------------------------------------------- layout

_COMPOUND = re.compile(
    r"@|(if|else|elif|for|while|try|except|finally|def|class|match|case|with|async)\b"
)
_Tokens = list[tokenize.TokenInfo]


class _Layout:
    """Chooses a layout: what is changed and how often is drawn, where is not."""

    def __init__(self, draw: Draw) -> None:
        self.kinds = draw(st.sets(st.sampled_from(("gaps", "ends", "joins", "quotes"))))
        self.often = draw(st.integers(1, 8))
        self.random = random.Random(draw(st.integers(0, 999)))

    def pick(self, kind: str, usual: str, *others: str) -> str:
        """Choose the usual way or another."""
        if kind not in self.kinds or self.random.randrange(8) >= self.often:
            return usual
        return self.random.choice(others)

    def gap(self, depth: int, usual: str) -> str:
        """Return what is between two tokens."""
        if depth:
            return self.pick("gaps", usual, " ", "  ", "\n", "  # why\n  ", "\n\n    ")
        return self.pick("gaps", usual, " ", "   ", " \\\n ")

    def quoted(self, text: str) -> str:
        """Write a string without quotes and escapes in other quotes."""
        match = re.fullmatch(r"(b?)'([^'\"\\\n]*)'", text)
        if match is None:
            return text
        quote = self.pick("quotes", "'", '"', '"""')
        return f"{match[1]}{quote}{match[2]}{quote}"

    def end_of_line(self, tokens: _Tokens, number: int) -> str:
        """Write the end of a line, or what joins it with the next one."""
        after = tokens[number + 1 :]
        if len(after) > 1 and after[0].type == tokenize.INDENT and not _is_compound(after[1]):
            # The only statement of a block may follow on its line.
            ends = [n for n, one in enumerate(after) if one.type == tokenize.NEWLINE]
            if after[ends[0] + 1].type == tokenize.DEDENT:
                usual = self.pick("joins", "", " ")
                if usual:
                    return usual
        elif (
            after[0].type == tokenize.NAME
            and not _is_compound(after[0])
            and not _is_compound(tokens[number])
        ):
            usual = self.pick("joins", "", "; ")
            if usual:
                return usual
        return self.pick("ends", "\n", "\n\n", "  # said 'so'\n", "\n        # more\n", "\r\n")


@st.composite
def laid_out(draw: Draw, tree: ast.Module) -> str:
    """Write a module in another layout: parentheses, quotes, line breaks, comments, semicolons."""
    text = draw(_parenthesised(ast.unparse(ast.fix_missing_locations(tree)) + "\n"))
    layout = _Layout(draw)
    tokens = list(_tokens(text))
    width = draw(st.sampled_from((4, 1, 8)))
    out: list[str] = []
    depth = level = 0
    fresh = True
    for number, token in enumerate(tokens):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            level += 1 if token.type == tokenize.INDENT else -1
        elif token.type in (tokenize.NEWLINE, tokenize.NL):
            out.append(layout.end_of_line(tokens, number))
            fresh = out[-1][-1] == "\n"
        elif token.type != tokenize.ENDMARKER:
            if fresh:
                out.append(" " * (level * width))
            elif _may_have_space(tokens, number):
                out.append(layout.gap(depth, _space(tokens, number)))
            fresh = False
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.string, 0)
            out.append(layout.quoted(token.string))
    changed = "".join(out)
    assert ast.dump(ast.parse(changed)) == ast.dump(ast.parse(text)), changed
    return changed


def _tokens(text: str) -> Any:
    """Yield tokens, each f-string as one."""
    lines = text.splitlines(keepends=True)
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":
            start = start if depth else token.start  # noqa: F821
            depth += 1
        elif name == "FSTRING_END":
            depth -= 1
            if not depth:
                raw = lines[start[0] - 1].encode()[start[1] : token.end[1]].decode()
                yield tokenize.TokenInfo(tokenize.STRING, raw, start, token.end, token.line)
        elif not depth:
            yield token


def _is_compound(token: tokenize.TokenInfo) -> bool:
    return _COMPOUND.match(token.line.strip()) is not None


def _space(tokens: _Tokens, number: int) -> str:
    before, token = tokens[number - 1], tokens[number]
    return " " if before.end != token.start else ""


def _may_have_space(tokens: _Tokens, number: int) -> bool:
    """Return whether there is space before a token, or may be."""
    before, token = tokens[number - 1], tokens[number]
    return before.end != token.start or before.string in ("(", "[", "{", ",")


@st.composite
def _parenthesised(draw: Draw, text: str) -> str:
    """Put parentheses around some expressions."""
    for _ in range(draw(st.integers(0, 3))):
        tree = ast.parse(text)
        node = draw(st.sampled_from(_wrappable(tree)))
        lines = text.splitlines(keepends=True)
        raw = lines[node.lineno - 1].encode()
        start, end = node.col_offset, node.end_col_offset
        new = raw[:start] + b"(" + raw[start:end] + b")" + raw[end:]
        lines[node.lineno - 1] = new.decode()
        changed = "".join(lines)
        if _is_same(tree, changed):
            text = changed
    return text


def _wrappable(tree: ast.Module) -> list[Any]:
    formats = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    inside = {id(inner) for node in formats for inner in ast.walk(node)}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and id(node) not in inside
        if node.lineno == node.end_lineno
    ]


def _is_same(tree: ast.Module, text: str) -> bool:
    try:
        return ast.dump(ast.parse(text)) == ast.dump(tree)
    except SyntaxError:
        return False
