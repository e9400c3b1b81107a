"""Find the classes that annotations name: in ``list[]``, ``|``, ``Annotated`` and strings.

Annotations count if some code reads them. Strings and forward references are parsed as expressions
and looked up where Python would look. They are not evaluated: no code runs.
"""

from __future__ import annotations

import ast
import builtins
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

from doit_invariants.code.loaded.operations import closure_of

#: Installed packages that read the annotations of classes or functions that they receive.
_OF_CLASSES = frozenset(
    {"apischema", "attr", "attrs", "cattr", "cattrs", "dacite", "dataclass_wizard", "desert"}
    | {"dataclasses_json", "jsonargparse", "marshmallow_dataclass", "mashumaro", "msgspec"}
    | {"omegaconf", "pandera", "pydantic", "pydantic_settings", "pyrallis", "serde", "sqlmodel"}
    | {"simple_parsing", "strawberry", "tyro"}
)
_OF_FUNCTIONS = frozenset(
    {"beartype", "cappa", "cyclopts", "dagster", "defopt", "dependency_injector", "dishka"}
    | {"fastapi", "injector", "jsonargparse", "lagom", "litestar", "magicgui", "multimethod"}
    | {"plum", "prefect", "punq", "svcs", "typeguard", "typer", "tyro", "wireup"}
)
_BY_NAME = {
    "library dataclasses.fields": "class annotations",
    "library typing.get_type_hints": "annotations",
    "library inspect.get_annotations": "annotations",
    "library inspect.signature": "annotations",
}
_NOT_FOUND = object()


def read_by(leaf: str) -> set[str]:
    """Return which annotations installed code may read: ``library pydantic 2.1: pydantic.X``."""
    if leaf in _BY_NAME:
        return {_BY_NAME[leaf]}
    name = leaf.rpartition(" ")[2]
    package = name.partition(".")[0]
    found = {"class annotations"} if package in _OF_CLASSES else set()
    if package in _OF_FUNCTIONS or (package == "pydantic" and "validate_call" in name):
        found.add("function annotations")
    return found


def are_read(package: str) -> bool:
    """Return whether a package reads annotations."""
    return package in _OF_CLASSES or package in _OF_FUNCTIONS


def of(obj: Any) -> dict[str, Any]:
    """Return the own annotations of a function or class, unevaluated."""
    try:
        if sys.version_info >= (3, 14):
            import annotationlib

            found = annotationlib.get_annotations(obj, format=annotationlib.Format.FORWARDREF)
        elif isinstance(obj, type):
            found = vars(obj).get("__annotations__", {})
        else:
            found = obj.__annotations__
        return dict(found)
    except Exception:  # reading them evaluates them, and a class may do anything
        return {}


def resolved(obj: Any) -> list[Any]:
    """Return the annotations of a function or class, each with the objects its strings refer to."""
    spaces = _namespaces(obj)
    return [[name, one, list(_strings(one, spaces))] for name, one in of(obj).items()]


def classes(obj: Any) -> list[Any]:
    """Return the classes that the annotations of a function or class name, at any depth."""
    spaces = _namespaces(obj)
    found: dict[int, Any] = {}
    for one in of(obj).values():
        for inner in (one, *_strings(one, spaces)):
            found.update({id(cls): cls for cls in _classes(inner)})
    return list(found.values())


def _namespaces(obj: Any) -> list[dict[str, Any]]:
    """Return the namespaces for names in annotations, the nearest first."""
    parameters = {str(one): one for one in getattr(obj, "__type_params__", ())}
    if isinstance(obj, types.FunctionType):
        return [parameters, closure_of(obj), obj.__globals__, vars(builtins)]
    module = sys.modules.get(obj.__module__)
    around = [vars(module)] if module is not None else []
    # A class can name itself, even if a function made it.
    return [parameters, dict(vars(obj)), {obj.__name__: obj}, *around, vars(builtins)]


def _strings(annotation: Any, spaces: list[dict[str, Any]], depth: int = 0) -> Iterator[Any]:
    """Yield the objects that strings and forward references inside an annotation refer to."""
    text = annotation if isinstance(annotation, str) else None
    text = text or getattr(annotation, "__forward_arg__", None)
    if isinstance(text, str):
        found = _read(text, spaces) if depth < _DEEPEST else None
        yield found
        for inner in _flat(found):
            yield from _strings(inner, spaces, depth + 1)
        return
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return
    if str(getattr(annotation, "__origin__", "")) == "typing.Literal":
        return
    for inner in _inside(annotation):
        if depth < _DEEPEST:
            yield from _strings(inner, spaces, depth + 1)


def _inside(annotation: Any) -> Iterable[Any]:
    if isinstance(annotation, (list, tuple)):  # the arguments of Callable
        return annotation
    found = getattr(annotation, "__args__", ())
    return found if isinstance(found, tuple) else ()


def _classes(annotation: Any, depth: int = 0) -> Iterator[Any]:
    if depth > _DEEPEST:
        return
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        yield annotation
        return
    for name in _LEAD_ON:
        try:
            inner = getattr(annotation, name, None)
        except Exception:
            continue  # reading it evaluates it
        if inner is not None and inner is not annotation:
            for one in inner if isinstance(inner, (list, tuple)) else [inner]:
                yield from _classes(one, depth + 1)
    for one in annotation if isinstance(annotation, (list, tuple)) else ():
        yield from _classes(one, depth + 1)


_DEEPEST = 12
#: Attributes of ``typing`` objects that lead to classes.
_LEAD_ON: tuple[str, ...] = ("__origin__", "__args__", "__metadata__", "__supertype__", "__bound__")
_LEAD_ON += ("__constraints__", "__value__")


def _flat(found: Any) -> Iterator[Any]:
    if isinstance(found, list):
        for one in found:
            yield from _flat(one)
    else:
        yield found


# ---------------------------------------------------------------------- strings, read as they are


def _read(text: str, spaces: list[dict[str, Any]]) -> Any:
    """Return what an expression refers to: an object, or a list of what its parts refer to."""
    try:
        return _node(ast.parse(text.strip(), mode="eval").body, spaces)
    except (SyntaxError, ValueError, RecursionError):
        return text


def _node(node: ast.AST, spaces: list[dict[str, Any]]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        found = next((space[node.id] for space in spaces if node.id in space), _NOT_FOUND)
        return node.id if found is _NOT_FOUND else found
    if isinstance(node, ast.Attribute):
        return _attribute(_node(node.value, spaces), node.attr)
    parts = [_node(one, spaces) for one in ast.iter_child_nodes(node) if _counts(one)]
    return [type(node).__name__, *parts]


def _counts(node: ast.AST) -> bool:
    return not isinstance(node, (ast.expr_context, ast.operator, ast.unaryop))


def _attribute(owner: Any, name: str) -> Any:
    if isinstance(owner, (type, types.ModuleType)):
        for space in getattr(owner, "__mro__", (owner,)):
            if name in vars(space):
                return vars(space)[name]
    return [owner, name]
