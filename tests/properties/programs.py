"""Generated modules with a function ``f``, and what ``f`` does."""

from __future__ import annotations

import ast
import copy
import itertools
import re
import sys
import textwrap
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

#: The name of the module on both sides of an edit.
MODULE = "generated_module"
#: Arguments for ``f``, one call after the other.
CALLS: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((1,), {}),
    ((0, 3), {}),
    ((5, 2), {"z": 7}),
    (("aB c",), {}),
    (([3, 1, 2],), {"y": -4}),
    (({"k": 2.5}, None), {"z": "z"}),
)
CONSTANTS = ("0", "1", "2", "3", "-1", "True", "None", "0.0", "2.5", "''", "'a'", "'a b'", "b'a'")
METHODS = ("upper", "lower", "strip", "title", "swapcase")
_MOST_STEPS = 3_000

# ---------------------------------------------------------------------- modules

# In all templates `a|b` in backquotes is a choice, @e an expression, @s one without quotes and
# braces, @c a constant, @n a variable, @h a helper; a line with @B is a block, @O a shorter one.
_EXPRESSIONS = (
    "@s",
    "@c",
    "@e `+|-|+|^|\\|` @e",
    "(@e) % 5 * `1|2|3`",
    "(@e `<|<=|==|!=|in|is` @e)",
    "(@e `and|or` @e)",
    "(not @e)",
    "(@e if @e else @c)",
    "@h(@e, @e)",
    "@h(@e, k=@e)",
    "K(@e).m(@e)",
    "`K(3)|OBJ`.`v|w|n|p`",
    "f'{@s!`r|s`:>`2|3`}-{@s} '",
    "len(f'{@s=}')",
    "str(@e).`upper|lower|strip|title`()",
    "(@e, @e)[`0|1|-1|:1`]",
    "[i + @e for i in range(`2|3`) if i < @e]",
    "sum({i: @e for i in (1, 2)}.values())",
    "(lambda i, j=2: i - j - @e)(@e)",
    "(lambda *, i=`1|None`: @e)(`|i=2`)",
    "[@e, *T][0]",
    "{**{'a': @e}, 'b': @e}",
    "(@e in {1, 2, 'a'})",
    "(@e in `(1, 2)|('a', 2.0)|(0, (1, 'b'))|()`)",
    "CLOSED(@e)",
    "FUNCS[`0|1`](@e)",
    "[i(1) for i in (g, h) if i in SET]",
    "put(@e)",
    "len(`T|U`)",
    "WHERE.`real|imag`",
    "(x if @e else A)",
)
_REFLECTIVE = ("`g|K|f`.`__doc__|__name__`", "`g|f`.__kwdefaults__", "g.__defaults__")
_SIMPLE = (
    "@v = @e",
    "@v: int = @e",
    "@v = 0\n@v += @e",
    "@v, d = @e, @e",
    "`T|U`.append(@e)",
    "WHERE = @e",
    "if @e:\n    return @e",
    "assert @e != 77, '@v'",
    "raise `E|Q`(@e)",
    "pass",
)
_COMPOUND = (
    "if @e:\n    @B\nelse:\n    @O",
    "try:\n    @B\nexcept `E|Q|TypeError|(ValueError, E)|Exception` as e:\n    @O",
    "try:\n    @B\nexcept `E|Q|TypeError`:\n    @O\nelse:\n    @v = 1",
    "try:\n    @B\nfinally:\n    @v = @s",
    "def inner(i=1, *, j=`None|2`):\n    return @i\n@v = inner(`|x|j=3`)",
    "def inner():\n    nonlocal y\n    y = @e\n    return @e\n@v = inner()",
    "class C`|(K)`:\n    v = @e\n    def m(self, i): return @i\n@v = `C.v|C(1).m(2)`",
    "match @e:\n    case `1|None|[_, *_]|str()`:\n        @B\n    case _:\n        @O",
    "for i in range(3):\n    @L\n    if i == `1|2`:\n        `break|continue`",
    "n = 3\nwhile n > 0:\n    n -= 1\n    @L",
)
_MODULE = """\
A = @c
B = `@c|A`
T = `[]|[]|{}|[1, 2]|{1: 2}`
U = `[]|[]|{}|[1, 2]|T`
`WHERE = None|`
class E(Exception): pass
class Q(Exception): pass
def decorated(x): return x
`@decorated|`
def g(x, k=@c):
    `'doc'|`
    @F
def h(x, k=@c):
    @F
def put(x):
    `T|U`.append(x)
    return len(U)
class K:
    n = @c
    def __init__(self, v): self.v = v; self.__w = 1; self.w = 2
    def m(self, x, k=1):
        @F
    @property
    def p(self): return self.`v|n|_K__w`
def make(n, o):
    return lambda x: `n|o|(x, n)`
CLOSED = make(@c, @c)
OBJ = K(A)
FUNCS = [lambda x: `x|1`, lambda x: `2|x`]
SET = {g, h}
def f(x, y=@c, *, z=`1|None`):
    @B
    @F
"""
_MARK = re.compile(r"@[a-z]\b|`([^`]*)`")


class Writer:
    """Fills in templates."""

    def __init__(self, draw: Draw, reflective: bool) -> None:
        self.draw = draw
        self.expressions = _EXPRESSIONS + (_REFLECTIVE * 3 if reflective else ())
        self.names: list[str] = []
        self.helpers = ["len"]

    def pick(self, options: Sequence[str]) -> str:
        """Choose one of some options."""
        return str(self.draw(st.sampled_from(options)))

    def fill(self, template: str, depth: int) -> str:
        """Fill in one line."""
        variable = self.pick(("a", "b", "c")) if "@v" in template else ""

        def one(match: re.Match[str]) -> str:
            mark = match[0]
            if mark[0] == "`":
                options = re.split(r"(?<!\\)\|", match[1])
                return self.fill(self.pick(options).replace("\\|", "|"), depth)
            if mark == "@c":
                return self.pick(CONSTANTS)
            if mark == "@h":
                return self.pick(self.helpers)
            if mark == "@v":
                return variable
            if mark == "@i":
                self.names += ["i", "j"]
                found = self.expression(depth)
                del self.names[-2:]
                return found
            return self.short() if mark == "@s" else self.expression(depth)

        return _MARK.sub(one, template)

    def short(self) -> str:
        """Return a short expression."""
        return self.pick((*self.names, "1", "2", "A", "B", "len(T)"))

    def expression(self, depth: int) -> str:
        """Return an expression."""
        return self.short() if depth == 0 else self.fill(self.pick(self.expressions), depth - 1)

    def block(self, depth: int, loops: bool = True) -> str:
        """Return some statements."""
        count = self.draw(st.integers(1, 3 if depth else 1))
        return "\n".join(self.statement(depth, loops) for _ in range(count))

    def statement(self, depth: int, loops: bool) -> str:
        """Return a statement."""
        compound = _COMPOUND if loops else _COMPOUND[:-2]
        options = _SIMPLE + compound if depth else _SIMPLE
        template = self.pick(options)
        known = list(self.names)
        found = self.lines(template.replace("@v", self.pick(("a", "b", "c"))), depth, loops)
        self.names = known
        new = re.match(r"([abc])\b[^\n]* = ", found)
        if new is not None:
            self.names.append(new[1])
        return found

    def lines(self, template: str, depth: int, loops: bool) -> str:
        """Fill in several lines."""
        return "\n".join(self.line(line, depth, loops) for line in template.split("\n"))

    def line(self, line: str, depth: int, loops: bool) -> str:
        """Fill in one line, which may stand for a block."""
        text = line.lstrip()
        if text == "@F":
            text = "\n".join([self.block(0), f"return {self.expression(2)}"])
        elif text in ("@B", "@O", "@L"):
            text = self.block(depth - 1 if text != "@O" else 0, loops and text != "@L")
        else:
            text = self.fill(text, 2)
        return textwrap.indent(text, line[: len(line) - len(line.lstrip())])

    def module(self) -> str:
        """Return the text of a module."""
        out: list[str] = []
        everything = self.expressions
        for line in _MODULE.split("\n"):
            self.helpers = {"def h": ["g"], "def put": ["g", "h"]}.get(
                line.partition("(")[0], self.helpers
            )
            if line.lstrip().startswith("def "):
                names = re.findall(r"\b(?:[xyzk]|self)\b", line)
                self.names = ["self.v" if name == "self" else name for name in names]
            out.append(self.line(line, 3, loops=True))
            if line.startswith("class K"):
                everything, self.expressions = self.expressions, _without_k(self.expressions)
            elif line.startswith("def make"):
                self.expressions = everything
        return _with_globals("\n".join(out))


def _without_k(templates: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what would call a method from itself, without end."""
    return tuple(one for one in templates if "K(" not in one and "OBJ" not in one)


def _with_globals(text: str) -> str:
    """Declare ``WHERE`` global in each function that assigns it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(one, ast.Name) and one.id == "WHERE" and isinstance(one.ctx, ast.Store)
            for one in ast.walk(node)
        ):
            node.body.insert(1 if ast.get_docstring(node) is not None else 0, ast.Global(["WHERE"]))
    return ast.unparse(ast.fix_missing_locations(tree))


@st.composite
def modules(draw: Draw, reflective: bool = False) -> ast.Module:
    """Generate a module; ``reflective`` ones may read names and docstrings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(Writer(draw, reflective).module())


# ---------------------------------------------------------------------- what a module does


class _Endless(BaseException):
    """Stops what takes too many steps."""


def load(source: str, path: str) -> Any:
    """Execute the source of a module as an import does; it is found under ``MODULE``."""
    module = types.ModuleType(MODULE)
    if not path.startswith("<"):
        module.__file__ = path
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(source)
    sys.modules[MODULE] = module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, path, "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return module


def behaviour(module: Any) -> list[Any]:
    """Return what ``f`` gives for each of ``CALLS``; None where it takes too long."""
    return [_outcome(module, *copy.deepcopy(call)) for call in CALLS]


def differs(one: list[Any], other: list[Any]) -> bool:
    """Return whether two behaviours differ for certain."""
    return any(a != b and a is not None and b is not None for a, b in zip(one, other, strict=True))


def _outcome(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    steps = itertools.count()

    def trace(frame: types.FrameType, event: str, arg: Any) -> Any:
        if frame.f_globals.get("__name__") != MODULE:
            return None  # the garbage collector may call anything
        if next(steps) > _MOST_STEPS:
            raise _Endless
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = module.f(*args, **kwargs)
    except (_Endless, RecursionError, MemoryError):
        return None
    except Exception as error:
        # The texts of Python's own exceptions hold names, which do not count.
        own = type(error).__module__ == MODULE
        return "raised", _kind(error), [canonical(one) for one in error.args] if own else []
    finally:
        sys.settrace(before)
    return "returned", canonical(result)


def _kind(value: Any) -> str:
    kind = type(value)
    return "a class of the module" if kind.__module__ == MODULE else kind.__name__


def canonical(value: Any) -> Any:
    """Return a result with its types, without names and addresses."""
    if isinstance(value, (list, tuple)):
        return _kind(value), [canonical(one) for one in value]
    if isinstance(value, dict):
        return _kind(value), [(canonical(k), canonical(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return _kind(value), sorted(repr(canonical(one)) for one in value)
    if callable(value) or type(value).__module__ == MODULE:
        state = getattr(value, "__dict__", {}) if not callable(value) else {}
        # Private attributes are named after the class.
        return _kind(value), [canonical(one) for one in state.values()]
    return _kind(value), repr(value)
