"""Finds the part of a module that counts if only some of its names are used.

``from config import fmin`` runs all of ``config``, but most of it only binds other names. The
statements that bind the requested names count, with the statements for all names that they mention
in turn. Statements that may do more than bind a name count, too. If names can be bound or read in
other ways, the whole module counts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from doit_invariants.code.source.imported_names import (
    PICKLES,
    REACHES_OWN,
    Ask,
    asks_of,
    effects_of,
)
from doit_invariants.code.source.imports import targets_of
from doit_invariants.code.source.normal_form import module_digest, with_fields
from doit_invariants.code.source.pure import Purity

_WORD = re.compile(r"[^\W\d]\w*")
#: Statements of a module that bind names, and may do nothing else.
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)


@dataclass(frozen=True, slots=True)
class ModulePart:
    """The part of a module that counts.

    :ivar digest: digest of the normal form of the part; empty if nothing counts
    :ivar asks: the imports of the part
    """

    digest: str
    asks: list[Ask]


def module_part(tree: ast.Module, names: Iterable[str]) -> ModulePart | None:
    """Return the part of a module that counts if some names are used, None for all of it.

    :param names: the names; ``?`` in front of a name means that it may be a submodule, and
        :data:`PICKLES` stands for the names of all functions and classes
    """
    names = list(names)
    asked = {name.lstrip("?") for name in names}
    statements = [_Statement(node) for node in _simple(tree.body)]
    if any(one.is_open for one in statements):
        return None
    bound = {name for one in statements for name in one.binds}
    if any(not name.startswith(("?", PICKLES)) and name not in bound for name in names):
        return None
    if PICKLES in names:
        asked |= {n.name for one in statements if isinstance(n := one.node, _DEFINITIONS)}
    binders: dict[str, list[_Statement]] = {}
    for one in statements:
        for name in one.binds:
            binders.setdefault(name, []).append(one)
    purity = _purity(statements, binders)
    for one in statements:
        one.decide(purity)
        if isinstance(one.node, ast.AugAssign) and not _is_alone(one, statements, binders):
            one.always = True
    kept = _kept(statements, binders, asked)
    body = [one.node for one in statements if one in kept]
    asks = asks_of(body, asked)
    effects = (ask for one in statements if one not in kept for ask in effects_of(one.node))
    known = {text for text, _ in asks}
    asks += sorted(ask for ask in dict(effects).items() if ask[0] not in known)
    digest = module_digest(ast.Module(body, [])) if body else ""
    return ModulePart(digest, asks)


def _simple(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, with a separate statement for each imported name."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and len(node.names) > 1:
            for alias in node.names:
                yield with_fields(node, names=[alias])
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        elif not _only_as_program(node):
            yield node


def _only_as_program(node: ast.stmt) -> bool:
    """Return whether a statement is ``if __name__ == "__main__":``."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and isinstance(node.test, ast.Compare)
        and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
    )


class _Statement:
    """One statement of a module.

    :ivar binds: the names that it binds, even by ``global`` in a function inside
    :ivar mentions: the names that it reads, and words in strings that could be names
    :ivar is_open: whether it binds or reads names without mentioning them
    :ivar always: whether it may do more than bind names
    """

    def __init__(self, node: ast.stmt) -> None:
        self.node = node
        self.binds: set[str] = set()
        self.mentions: set[str] = set()
        self.is_open = isinstance(node, ast.Delete)
        self.always = True
        docstrings = {id(one) for one in _docstrings(node)}
        for inner in ast.walk(node):
            if id(inner) not in docstrings:
                self._note(inner)
        self.is_open |= getattr(node, "name", None) == "__getattr__"

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self.is_open |= node.id in REACHES_OWN
            (self.mentions if isinstance(node.ctx, ast.Load) else self.binds).add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.mentions.add(node.target.id)
        elif isinstance(node, ast.Attribute):
            self.is_open |= node.attr in ("__dict__", "__globals__")
        elif isinstance(node, _DEFINITIONS):
            self.binds.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.binds.update(node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.mentions.update(_WORD.findall(node.value[:1000]))  # an annotation, or for getattr
        elif not isinstance(node, ast.alias):
            self._bind_otherwise(node)

    def _bind_otherwise(self, node: ast.AST) -> None:
        for field in ("name", "rest"):  # in exception handlers and patterns
            name = getattr(node, field, None)
            if isinstance(name, str):
                self.binds.add(name)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.is_open |= alias.name == "*"
            self.binds.add(alias.asname or alias.name.partition(".")[0])

    def decide(self, purity: Purity) -> None:
        """Set :attr:`always`: whether the statement may do more than bind names."""
        node = self.node
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.always = getattr(node, "module", None) == "__future__"
        elif isinstance(node, _FUNCTIONS):
            self.always = not purity.function(node)
        elif isinstance(node, ast.ClassDef):
            self.always = not purity.class_(node)
        elif isinstance(node, _ASSIGNMENTS):
            pure = purity.expression(node.value) and not purity.is_lazy(node.value)
            unpacks = any(not isinstance(one, ast.Name) for one in targets_of(node))
            pure = pure and (
                not unpacks or isinstance(node.value, ast.Tuple) or purity.is_plain(node.value)
            )
            self.always = not (pure and all(map(_is_plain, targets_of(node))))
        else:
            self.always = not isinstance(node, ast.Pass)


def _docstrings(node: ast.AST) -> Iterator[ast.Constant]:
    for inner in ast.walk(node):
        first = inner.body[0] if isinstance(inner, _DEFINITIONS) else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            yield first.value


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_plain, target.elts))
    return isinstance(target, ast.Name)


_Binders = dict[str, list[_Statement]]


def _is_alone(changing: _Statement, statements: list[_Statement], binders: _Binders) -> bool:
    """Return whether ``x += ...`` changes an object that has no other name."""
    target = getattr(changing.node, "target", None)
    if not isinstance(target, ast.Name):
        return False
    name = target.id
    for one in binders.get(name, ()):
        node = one.node
        if isinstance(node, ast.AugAssign):
            continue
        alone = isinstance(node, (ast.Assign, ast.AnnAssign)) and len(targets_of(node)) == 1
        if not alone or not Purity.is_fresh(getattr(node, "value", None)):
            return False
    users = [one for one in statements if name in one.mentions]
    return all(isinstance(one.node, ast.AugAssign) and one.binds == {name} for one in users)


def _purity(statements: list[_Statement], binders: _Binders) -> Purity:
    imported: dict[str, str] = {}
    bound: set[str] = set()
    for one in statements:
        node = one.node
        if isinstance(node, ast.Import):
            alias = node.names[0]
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            imported[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            alias = node.names[0]
            imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        else:  # defined here, or a relative import
            bound |= one.binds
    purity = Purity(imported, frozenset(bound))
    # In order: a name comes after the names that its value consists of.
    for one in statements:
        for name in one.binds - purity.plain:
            nodes = [other.node for other in binders[name]]
            values = [n.value for n in nodes if isinstance(n, _ASSIGNMENTS)]
            plain = all(purity.is_plain(v) and not purity.is_lazy(v) for v in values)
            if plain and len(values) == len(nodes):
                purity.plain.add(name)
    return purity


def _kept(statements: list[_Statement], binders: _Binders, asked: set[str]) -> set[_Statement]:
    """Return the statements that bind used names, and those that may do more than bind names."""
    kept = {one for one in statements if one.always}
    todo = [name for one in kept for name in one.mentions]
    todo += asked
    seen: set[str] = set()
    for name in todo:  # grows during the loop
        if name in seen:
            continue
        seen.add(name)
        for one in binders.get(name, ()):
            if one not in kept:
                kept.add(one)
                todo += one.mentions
    return kept
