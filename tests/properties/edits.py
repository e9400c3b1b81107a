"""Generated edits of a module that may change what it does."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from .programs import CONSTANTS, METHODS, Draw

Edit = Callable[[], Any]

_POOLS = (
    ("x", "y", "z", "a", "b", "c", "i", "j", "k", "n", "o"),
    ("A", "B", "WHERE"),
    ("T", "U"),
    ("g", "h"),
    ("E", "Q", "TypeError", "ValueError"),
    ("FUNCS", "SET"),
)
_ATTRIBUTES = (("v", "w", "n", "p"), METHODS, ("real", "imag"), ("append", "extend"))
_OPERATORS: tuple[tuple[type[ast.AST], ...], ...] = (
    (ast.Add, ast.Sub, ast.BitOr, ast.BitXor, ast.BitAnd),
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
    (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot),
    (ast.And, ast.Or),
    (ast.Not, ast.USub, ast.UAdd),
)


def edits(tree: ast.AST) -> Iterator[Edit]:
    """Yield the edits of one node of a tree that may change what the program does."""
    for node in ast.walk(tree):
        yield from _of_names(node)
        yield from _of_shape(node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from _of_statements(value)
            elif not isinstance(node, ast.JoinedStr):
                yield from _of_constants(node, name, value)
            if isinstance(value, ast.AST) and not value._fields:  # an operator
                for kinds in _OPERATORS:
                    others = [other for other in kinds if other is not type(value)]
                    if len(others) < len(kinds):
                        yield from (_setting(node, name, other()) for other in others)


def _setting(node: Any, name: str, value: Any) -> Edit:
    return lambda: setattr(node, name, value)


def _swapping(items: list[Any], one: int, two: int) -> Edit:
    def swap() -> None:
        items[one], items[two] = items[two], items[one]

    return swap


def _of_constants(node: ast.AST, name: str, value: Any) -> Iterator[Edit]:
    if isinstance(getattr(node, "op", None), ast.Mult):
        return  # else results may grow without end
    if isinstance(value, ast.Constant):
        for text in CONSTANTS:
            yield _setting(node, name, ast.parse(text, mode="eval").body)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            for text in CONSTANTS if isinstance(one, ast.Constant) else ():
                new = ast.parse(text, mode="eval").body
                yield lambda n=number, to=new: value.__setitem__(n, to)  # type: ignore[misc]


def _others(pools: Sequence[Sequence[str]], name: str) -> list[str]:
    return [other for pool in pools if name in pool for other in pool if other != name]


def _of_names(node: Any) -> Iterator[Edit]:
    if isinstance(node, ast.Name):
        yield from (_setting(node, "id", other) for other in _others(_POOLS, node.id))
    elif isinstance(node, ast.Attribute):
        yield from (_setting(node, "attr", other) for other in _others(_ATTRIBUTES, node.attr))
    elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
        yield from (_setting(node, "arg", other) for other in _others(_POOLS, node.arg))
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield _setting(node, "names", ["A"] if isinstance(node, ast.Global) else ["z"])


def _of_shape(node: Any) -> Iterator[Edit]:
    shape = _SHAPES.get(type(node))
    if shape is not None:
        yield from shape(node)


def _of_arguments(node: ast.arguments) -> Iterator[Edit]:
    for number, default in enumerate(node.kw_defaults):
        none = ast.Constant(None) if default is None else None
        yield lambda n=number, d=none: node.kw_defaults.__setitem__(n, d)  # type: ignore[misc]
    yield _setting(node, "kwonlyargs", node.kwonlyargs[::-1])
    if len(node.defaults) < len(node.args):
        yield lambda: node.posonlyargs.append(node.args.pop(0))
    if node.args and node.defaults:
        yield lambda: _to_keyword(node)


def _of_dict(node: ast.Dict) -> Iterator[Edit]:
    for number, key in enumerate(node.keys):
        new = ast.Constant(None) if key is None else None
        yield lambda n=number, k=new: node.keys.__setitem__(n, k)  # type: ignore[misc]


def _of_call(node: ast.Call) -> Iterator[Edit]:
    if node.args:
        yield lambda: node.args.pop()
        yield lambda: node.keywords.append(ast.keyword("k", node.args.pop()))
    if len(node.args) > 1:
        yield _swapping(node.args, 0, 1)


def _of_test(node: ast.If | ast.IfExp) -> Iterator[Edit]:
    yield _setting(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _of_formatted(node: ast.FormattedValue) -> Iterator[Edit]:
    yield _setting(node, "conversion", 115 if node.conversion == 114 else 114)


def _of_comprehension(node: ast.comprehension) -> Iterator[Edit]:
    yield node.ifs.clear


def _of_elements(node: ast.Tuple | ast.List) -> Iterator[Edit]:
    if len(node.elts) > 1:
        yield _swapping(node.elts, 0, 1)
        yield node.elts.pop


def _of_operands(node: ast.BinOp) -> Iterator[Edit]:
    if not isinstance(node.op, (ast.Mult, ast.Mod)):
        left, right = node.left, node.right
        yield lambda: (setattr(node, "left", right), setattr(node, "right", left))  # type: ignore[func-returns-value]


def _of_definition(node: ast.FunctionDef | ast.ClassDef) -> Iterator[Edit]:
    yield node.decorator_list.clear
    other = {"inner": "C", "C": "inner", "g": "h"}.get(node.name)
    if other is not None:
        yield _setting(node, "name", other)


_SHAPES: dict[type[ast.AST], Callable[[Any], Iterator[Edit]]] = {
    ast.arguments: _of_arguments,
    ast.BinOp: _of_operands,
    ast.Call: _of_call,
    ast.ClassDef: _of_definition,
    ast.comprehension: _of_comprehension,
    ast.Dict: _of_dict,
    ast.FormattedValue: _of_formatted,
    ast.FunctionDef: _of_definition,
    ast.If: _of_test,
    ast.IfExp: _of_test,
    ast.List: _of_elements,
    ast.Tuple: _of_elements,
}


def _to_keyword(node: ast.arguments) -> None:
    node.kwonlyargs.insert(0, node.args.pop())
    node.kw_defaults.insert(0, node.defaults.pop())


def _of_statements(body: list[ast.stmt]) -> Iterator[Edit]:
    for number, one in enumerate(body):
        yield lambda n=number: body.__setitem__(n, ast.Pass())  # type: ignore[misc]
        yield lambda n=number, s=one: body.insert(n, copy.deepcopy(s))  # type: ignore[misc]
        if number:
            yield _swapping(body, number - 1, number)
        inner = getattr(one, "body", None)
        if isinstance(inner, list) and number + 1 < len(body):
            yield lambda i=inner, n=number: i.append(body.pop(n + 1))  # type: ignore[misc]
        if isinstance(inner, list) and len(inner) > 1:
            yield lambda i=inner, n=number: body.insert(n + 1, i.pop())  # type: ignore[misc]


@st.composite
def edited(draw: Draw, tree: ast.Module) -> str:
    """Generate the source of a module after one edit, two at times."""
    changed = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 2))):
        draw(st.sampled_from(list(edits(changed))))()
    return ast.unparse(ast.fix_missing_locations(changed))
