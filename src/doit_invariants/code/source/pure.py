"""Finds expressions without side effects, which count only if the name bound to them is used.

Some calls have no side effects: calls of certain functions of Python's library and numpy, and of
methods that no built-in type uses to change itself. Any other call may do anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from doit_invariants.code.source.imports import targets_of

_BUILTINS = re.compile(
    r"abs|all|any|bool|bytes|complex|dict|divmod|enumerate|float|frozenset|hash|int|"
    r"isinstance|issubclass|len|list|max|min|ord|chr|pow|range|repr|reversed|round|set|"
    r"slice|sorted|str|sum|tuple|type|zip|object"
)
_FUNCTIONS = re.compile(
    r"(?:math|cmath|decimal|fractions|datetime|os\.path|string|operator|typing"
    r"|uuid|zoneinfo|statistics|ipaddress)\.[\w.]+"
    r"|pathlib\.\w+|os\.(?:getenv|environ\.get|cpu_count|getcwd|fspath)"
    r"|re\.compile|types\.(?:SimpleNamespace|MappingProxyType)|copy\.(?:copy|deepcopy)"
    r"|collections\.(?:OrderedDict|namedtuple|Counter|deque)|functools\.partial"
    r"|dataclasses\.(?:dataclass|field)|enum\.auto|argparse\.Namespace|textwrap\.dedent"
    r"|numpy\.(?:array|asarray|arange|linspace|logspace|geomspace|zeros|ones|full|eye|log|log2"
    r"|log10|exp|sqrt|sin|cos|tan|abs|round|deg2rad|rad2deg|radians|degrees|float32|float64"
    r"|int32|int64|timedelta64|datetime64)"
    r"|pandas\.(?:Timestamp|Timedelta|to_datetime|date_range|DateOffset)"
)
_METHODS = re.compile(
    r"absolute|as_posix|capitalize|casefold|copy|count|encode|endswith|expanduser|format|"
    r"get|index|is_absolute|is_dir|is_file|items|joinpath|join|keys|lower|lstrip|"
    r"partition|read_text|relative_to|removeprefix|removesuffix|replace|resolve|"
    r"rpartition|rsplit|rstrip|split|splitlines|startswith|strip|strftime|title|"
    r"total_seconds|union|upper|values|with_name|with_stem|with_suffix|intersection|"
    r"difference|astype|tolist|exists|isoformat|date"
)
_DECORATORS = frozenset(
    {"property", "staticmethod", "classmethod", "dataclasses.dataclass", "functools.wraps"}
    | {"functools.cache", "functools.cached_property", "functools.lru_cache"}
    | {"contextlib.contextmanager"}
)
_BASES = re.compile(
    r"object|\w*Exception|\w+Error|\w+Warning|dict|list|tuple|str|int|float"
    r"|enum\.\w+|typing\.(?:NamedTuple|TypedDict|Protocol|Generic)|abc\.ABC"
)
#: Nodes whose evaluation only gives a value. Subscripts and attributes are assumed to do so.
_EXPRESSIONS = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.JoinedStr, ast.FormattedValue),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
    *(ast.Lambda, ast.arguments, ast.arg, ast.keyword),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
#: Modules with known functions.
_KNOWN = re.compile(
    r"math|cmath|decimal|fractions|datetime|os|pathlib|string|operator|uuid|zoneinfo|statistics"
    r"|ipaddress|re|types|copy|collections|textwrap|numpy|pandas"
)
#: Functions that iterate over their arguments, which exhausts an iterator.
_ITERATES = re.compile(
    r"(?:all|any|bytes|dict|enumerate|frozenset|list|max|min|reversed|set|sorted|sum|tuple|zip)$"
    r"|collections\.|numpy\.|pandas\.|statistics\.|math\."
)
_FRESH = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple),
    *(ast.ListComp, ast.SetComp, ast.DictComp),
)


def _walked_through(node: ast.AST) -> list[ast.expr]:
    """Return the expressions that a node other than a call iterates over."""
    if isinstance(node, ast.comprehension):
        return [node.iter]
    if isinstance(node, ast.Starred):
        return [node.value]
    if isinstance(node, ast.Compare) and any(
        isinstance(op, (ast.In, ast.NotIn)) for op in node.ops
    ):
        return node.comparators
    return []


class Purity:
    """Finds out which expressions of one module have no side effects.

    :param imported: the names that its imports bind, each with the full name of the object
    :param bound: all other names that it binds, which therefore are not built-ins
    :ivar plain: names of values that consist only of built-in or known types
    """

    def __init__(self, imported: Mapping[str, str], bound: frozenset[str]) -> None:
        self._imported = imported
        self._bound = bound
        self.plain: set[str] = set()

    def expression(self, node: ast.AST | None) -> bool:
        """Return whether an expression changes nothing."""
        return node is None or all(self._node(inner) for inner in ast.walk(node))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Return whether the definition of a function changes nothing."""
        args = node.args
        values = [*args.defaults, *args.kw_defaults]
        return all(map(self.expression, values)) and all(map(self._decorator, node.decorator_list))

    def class_(self, node: ast.ClassDef) -> bool:
        """Return whether the definition of a class changes nothing."""
        known = all(_BASES.fullmatch(self.dotted(base) or "-") for base in node.bases)
        return (
            known
            and not node.keywords
            and all(map(self._decorator, node.decorator_list))
            and all(map(self._in_class, node.body))
        )

    def is_plain(self, node: ast.AST | None) -> bool:
        """Return whether the value of an expression consists only of known types."""
        if node is None or not self.expression(node):
            return False
        names = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))
        return not isinstance(node, ast.Lambda) and all(
            name.id in self.plain
            or (name.id not in self._bound and name.id not in self._imported)
            or _KNOWN.fullmatch(self._imported.get(name.id, "").partition(".")[0]) is not None
            for name in names
        )

    @staticmethod
    def is_fresh(node: ast.AST | None) -> bool:
        """Return whether no other name can refer to the value of an expression."""
        return isinstance(node, _FRESH)

    def is_lazy(self, node: ast.AST | None) -> bool:
        """Return whether the value is an iterator, which can be read only once."""
        if isinstance(node, ast.Call):
            return self.dotted(node.func) in ("zip", "enumerate", "reversed")
        return isinstance(node, ast.GeneratorExp)

    def dotted(self, node: ast.AST) -> str | None:
        """Return the full name of an imported or built-in object, None for other expressions."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self._bound:
            return None
        return ".".join([self._imported.get(node.id, node.id), *reversed(names)])

    def _node(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return self._call(node)
        used = _walked_through(node)
        return isinstance(node, _EXPRESSIONS) and all(map(self.is_plain, used))

    def _call(self, node: ast.Call) -> bool:
        name = self.dotted(node.func)
        if name is not None and (_BUILTINS.fullmatch(name) or _FUNCTIONS.fullmatch(name)):
            return not _ITERATES.match(name) or all(map(self.is_plain, node.args))
        method = node.func
        known = isinstance(method, ast.Attribute) and _METHODS.fullmatch(method.attr)
        return bool(known) and isinstance(method, ast.Attribute) and self.is_plain(method.value)

    def _decorator(self, node: ast.expr) -> bool:
        func = node.func if isinstance(node, ast.Call) else node
        if isinstance(func, ast.Attribute) and func.attr in ("setter", "deleter"):
            return isinstance(func.value, ast.Name)
        given = (
            [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
        )
        return self.dotted(func) in _DECORATORS and all(map(self.expression, given))

    def _in_class(self, node: ast.stmt) -> bool:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self.function(node)
        if isinstance(node, ast.ClassDef):
            return self.class_(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            plain = all(isinstance(target, ast.Name) for target in targets_of(node))
            return plain and self.expression(node.value)
        return isinstance(node, ast.Pass) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
