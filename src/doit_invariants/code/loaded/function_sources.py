"""Find the sources of loaded functions, if the file still holds the loaded code.

A file may have been edited since it was imported. Therefore it is compiled once more, and a source
belongs to a function only if it compiles to the code of the function. Files are read when a
function is recorded or has changed, each at most once a run.
"""

from __future__ import annotations

import ast
import textwrap
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from doit_invariants.code.loaded.bytecode import structure
from doit_invariants.code.loaded.operations import with_nested
from doit_invariants.code.source import normal_form
from doit_invariants.core.errors import CannotFingerprint

_Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The source of one function.

    :ivar digest: digest of its normal form
    :ivar text: source as written, without decorators, for explanations
    """

    digest: str
    text: str


class FunctionSources:
    """Finds sources, for one run of doit."""

    def __init__(self) -> None:
        self._files: dict[str, _File | None] = {}
        self._found: dict[tuple[str, types.CodeType], FunctionSource | None] = {}

    def of(self, func: types.FunctionType) -> FunctionSource | None:
        """Return the source of a function, None if none is certainly its own."""
        code = func.__code__
        key = (code.co_filename, code)  # another file may have different source for equal code
        if key not in self._found:
            self._found[key] = self._find(func, code)
        return self._found[key]

    def _find(self, func: types.FunctionType, code: types.CodeType) -> FunctionSource | None:
        name = code.co_filename
        if name not in self._files:
            self._files[name] = _read(name, func.__globals__)
        file = self._files[name]
        try:
            return None if file is None else file.source(code)
        except CannotFingerprint:
            return None  # nested too deeply to be normalized


def _read(path: str, namespace: dict[str, Any]) -> _File | None:
    data = _content(path, namespace)
    if data is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were shown when the file was imported
            tree = ast.parse(data, path)
            code = compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # edited since it was imported, and broken
    return _File(data, tree, code)


def _content(path: str, namespace: dict[str, Any]) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        pass
    # The loader has the source of a module in a zip, for example. A plugin's loader may raise
    # anything.
    get_source = getattr(namespace.get("__loader__"), "get_source", None)
    try:
        text = get_source(namespace.get("__name__")) if callable(get_source) else None
    except Exception:
        return None
    return text.encode() if isinstance(text, str) else None


class _File:
    """One source file: its functions by line and name, and the code that they compile to."""

    def __init__(self, data: bytes, tree: ast.Module, code: types.CodeType) -> None:
        self.lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        self.nodes: dict[_Key, list[_Node]] = {}
        for node in _functions(tree):
            self.nodes.setdefault(_key(node), []).append(node)
        self.codes: dict[_Key, list[types.CodeType]] = {}
        for one in with_nested(code):
            self.codes.setdefault((one.co_firstlineno, one.co_name), []).append(one)

    def source(self, code: types.CodeType) -> FunctionSource | None:
        key = (code.co_firstlineno, code.co_name)
        nodes, codes = self.nodes.get(key, []), self.codes.get(key, [])
        same = [n for n, one in enumerate(codes) if _same(one, code)]
        if not same:
            return None
        if len(nodes) == 1:
            return self._make(nodes[0])
        # Several lambdas on one line.
        digests = {normal_form.function_digest(node) for node in nodes}
        if len(digests) == 1:
            return self._make(nodes[0])
        node = _by_columns(nodes, code) or _by_order(nodes, codes, same)
        return None if node is None else self._make(node)

    def _make(self, node: _Node) -> FunctionSource:
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        if isinstance(node, ast.Lambda):
            text = ast.get_source_segment("".join(self.lines), node) or ""
        else:
            text = textwrap.dedent("".join(lines))
        return FunctionSource(normal_form.function_digest(node), text)


def _functions(tree: ast.AST) -> Iterator[_Node]:
    """Yield the functions of a file, outer ones first."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Node):
            yield node
        yield from _functions(node)


def _key(node: _Node) -> _Key:
    if isinstance(node, ast.Lambda):
        return node.lineno, "<lambda>"
    return min([node.lineno, *(one.lineno for one in node.decorator_list)]), node.name


def _same(one: types.CodeType, other: types.CodeType) -> bool:
    return one == other or structure(one) == structure(other)


def _by_columns(nodes: list[_Node], code: types.CodeType) -> _Node | None:
    """Return the innermost function whose body contains all operations (Python 3.11)."""
    positions: Callable[[], Any] | None = getattr(code, "co_positions", None)
    if positions is None:
        return None
    # The first operations have the position of the whole function, or none.
    places = {(p[0], p[2]) for p in positions() if p[0] is not None and p[2]}
    found = [node for node in nodes if all(_covers(node, *place) for place in places)]
    return found[-1] if found and places else None


def _covers(node: _Node, line: int, column: int) -> bool:
    body = node.body if isinstance(node, ast.Lambda) else node
    start, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    return start <= (line, column) < end


def _by_order(nodes: list[_Node], codes: list[types.CodeType], same: list[int]) -> _Node | None:
    """Return the function at the same index as the code, if the order is unambiguous."""
    simple = all(isinstance(node, ast.Lambda) and not node.args.defaults for node in nodes)
    if not simple or len(nodes) != len(codes) or len(same) != 1:
        return None
    return nodes[same[0]]
