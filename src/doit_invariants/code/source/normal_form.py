"""The normal form of Python source: without everything that makes no difference to what it does.

Two sources have the same form if they differ only in layout, comments, docstrings and annotations.
The form is the same in every version of Python that can parse them. Annotations of class attributes
are part of the form, because dataclasses, NamedTuple and pydantic read them. Docstrings are part of
it if the source mentions ``__doc__``, like programs that print or parse their usage.

:func:`ast.dump` is not used, because its output changes between versions.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.hashing.values import encode

#: A node with arguments and a body.
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_Fields = list[tuple[str, Any]]
_N = TypeVar("_N", bound=ast.AST)

#: Source that uses one of these words may read a docstring.
_DOCSTRING_READERS = frozenset({"__doc__", "getdoc"})
#: Fields that depend on notation, follow from the place, or are only for people.
_SKIPPED = frozenset({"annotation", "ctx", "kind", "returns", "type_comment", "type_ignores"})
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def function_digest(node: AnyFunction) -> str:
    """Return the digest of the normal form of a function.

    The function's name, decorators and default values are not part of it: they are compared as
    objects, because the function is loaded. Those of inner functions are part of it.
    """
    return digest_bytes(_Writer().write(_outermost(node)))


def module_digest(tree: ast.Module) -> str:
    """Return the digest of the normal form of a whole module."""
    return digest_bytes(_Writer().write(tree))


def readable(node: AnyFunction) -> str:
    """Return the source of a function in a fixed layout, without the parts that do not count.

    Its name and default values are included, because people look for them. The result is empty if
    Python can't unparse the source, for example a sum of a thousand terms.
    """
    copy = node if isinstance(node, ast.Lambda) else with_fields(node, decorator_list=[])
    try:
        return ast.unparse(_rebuilt(copy, in_class=False))
    except (RecursionError, ValueError):
        return ""


def parse(source: bytes | str, path: str = "<source>") -> ast.Module | None:
    """Return the tree of a source file, None if this version of Python can't parse it."""
    with warnings.catch_warnings():
        # Warnings about invalid escapes are for the user who runs the code.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def with_fields(node: _N, **fields: Any) -> _N:
    """Return a copy of a node with other fields."""
    present = {name: getattr(node, name, None) for name in node._fields}
    return ast.copy_location(type(node)(**{**present, **fields}), node)


def _outermost(node: AnyFunction) -> AnyFunction:
    args = with_fields(node.args, defaults=[], kw_defaults=[])
    if isinstance(node, ast.Lambda):
        return with_fields(node, args=args)
    return with_fields(node, args=args, name="", decorator_list=[])


def _normal(node: Any, in_class: bool) -> tuple[type[ast.AST], _Fields]:
    """Return the class and the fields of a node in the normal form.

    :param in_class: whether the node is directly in the body of a class, not in a function
    """
    cls: type[ast.AST] = type(node)
    if cls is ast.AnnAssign and in_class:
        return cls, [(name, getattr(node, name)) for name in cls._fields]
    special = _SPECIAL.get(cls)
    if special is not None:
        return special(node)
    return cls, [(name, getattr(node, name, None)) for name in _names(cls)]


def _names(cls: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class that count."""
    names = _NAMES.get(cls)
    if names is None:
        names = _NAMES[cls] = tuple(name for name in cls._fields if name not in _SKIPPED)
    return names


def _definition(node: Any) -> tuple[type[ast.AST], _Fields]:
    cls: type[ast.AST] = type(node)
    fields = {name: getattr(node, name, None) for name in _names(cls)}
    fields["body"] = _without_docstring(node.body) or [ast.Pass()]
    return cls, list(fields.items())


def _module(node: Any) -> tuple[type[ast.AST], _Fields]:
    return ast.Module, [("body", _without_docstring(node.body))]


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return body if _docstring(body) is None else body[1:]


def _docstring(body: list[ast.stmt]) -> str | None:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        value = first.value.value
        return value if isinstance(value, str) else None
    return None


def _assignment(node: Any) -> tuple[type[ast.AST], _Fields]:
    """Treat ``x: int = 3`` as ``x = 3``; ``x: int`` still makes ``x`` a local name."""
    if node.value is None:
        return ast.AnnAssign, [("target", node.target), ("simple", node.simple)]
    return ast.Assign, [("targets", [node.target]), ("value", node.value)]


def _joined(node: Any) -> tuple[type[ast.AST], _Fields]:
    """Join constant parts of an f-string: versions of Python split them at different places."""
    values: list[ast.expr] = []
    text = ""
    for part in (*node.values, None):
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        if text:
            values.append(ast.Constant(text))
            text = ""
        if part is not None:
            values.append(part)
    return ast.JoinedStr, [("values", values)]


def _formatted(node: Any) -> tuple[type[ast.AST], _Fields]:
    """Treat ``{x:}`` as ``{x}``."""
    spec = node.format_spec
    if spec is not None and not _joined(spec)[1][0][1]:
        spec = None
    fields = [("value", node.value), ("conversion", node.conversion), ("format_spec", spec)]
    return ast.FormattedValue, fields


_SPECIAL: dict[type[ast.AST], Callable[[Any], tuple[type[ast.AST], _Fields]]] = {
    ast.AnnAssign: _assignment,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.FormattedValue: _formatted,
    ast.FunctionDef: _definition,
    ast.JoinedStr: _joined,
    ast.Module: _module,
}

_NAMES: dict[type[ast.AST], tuple[str, ...]] = {}

#: Marks the end of a definition on the stack of a writer.
_LEAVE = object()


class _Writer:
    """Writes the normal form as unambiguous bytes.

    It uses a stack instead of recursion, because a sum of a thousand terms is nested a thousand
    levels deep.
    """

    def __init__(self) -> None:
        self._docstrings: list[str | None] = []
        self._reads_docstrings = False

    def write(self, root: ast.AST) -> bytes:
        """Return the form of one node."""
        out: list[bytes] = []
        stack: list[Any] = [root]
        scopes = [False]
        while stack:
            item = stack.pop()
            if type(item) is bytes:
                out.append(item)
            elif type(item) is ast.Constant:
                out.append(self._leaf(item.value))
            elif isinstance(item, ast.AST):
                if isinstance(item, _SCOPES):
                    self._docstrings.append(_docstring(item.body))
                    scopes.append(isinstance(item, ast.ClassDef))
                    stack.append(_LEAVE)
                self._open(item, scopes[-1], stack)
            elif type(item) is list:
                stack.append(b"]")
                stack.extend(reversed(item))
                stack.append(b"[")
            elif item is None:  # in a list: the key of `**mapping`, a missing default
                out.append(b"-")
            elif item is _LEAVE:
                scopes.pop()
            else:
                out.append(self._leaf(item))
        if self._reads_docstrings:
            out += [self._leaf(text) for text in self._docstrings]
        return b"".join(out)

    @staticmethod
    def _open(node: ast.AST, in_class: bool, stack: list[Any]) -> None:
        cls, fields = _normal(node, in_class)
        stack.append(b")")
        for name, value in reversed(fields):
            # Fields that a later Python adds are empty for source that an older one can parse.
            if value is not None and value != []:
                stack.append(value)
                stack.append(b" %s=" % name.encode())
        stack.append(b"(" + cls.__name__.encode())

    def _leaf(self, value: Any) -> bytes:
        """Write an item that is not a node: a constant, an identifier, a number of dots."""
        if type(value) is not str:
            return b"c" + encode(value)
        if value in _DOCSTRING_READERS:
            self._reads_docstrings = True
        raw = value.encode("utf-8", "surrogatepass")
        return b"s%d:%s" % (len(raw), raw)


def _rebuilt(node: Any, *, in_class: bool) -> Any:
    """Return a copy of a tree in the normal form."""
    if isinstance(node, list):
        return [_rebuilt(item, in_class=in_class) for item in node]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, _SCOPES):
        in_class = isinstance(node, ast.ClassDef)
    cls, fields = _normal(node, in_class)
    kept = {name: _rebuilt(value, in_class=in_class) for name, value in fields}
    return ast.copy_location(cls(**{**_defaults(cls, node), **kept}), node)


def _defaults(cls: type[ast.AST], node: ast.AST) -> dict[str, Any]:
    """Return the fields that the constructor of a class needs in addition to the normal form."""
    lists = {name for name in cls._fields if isinstance(getattr(node, name, None), list)}
    found: dict[str, Any] = {name: [] if name in lists else None for name in cls._fields}
    if cls is ast.AnnAssign:
        found["annotation"] = ast.Constant(...)  # the syntax requires one
    return found
