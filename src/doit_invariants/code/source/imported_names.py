"""Finds out which names a source uses from the modules that it imports.

``from config import fmin`` requests one name. ``import config`` requests the attributes that the
source reads from ``config``, if that is its only use. If a source can reach names in other ways
(``sys.modules``, pickles, the globals of a function), all names count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from doit_invariants.code.source.imports import asked_by_others, executed_nodes, imported

#: An import, and the requested names; None for all names. A module that is imported without using
#: any name has ``~`` in front.
Ask = tuple[str, "list[str] | None"]

#: Means that all names of all modules count.
ANYTHING = "!"
#: Means that a pickle can reach any function or class.
PICKLES = "!pickles"
#: Code that uses one of these words can reach names of any module.
_REACHES_ALL = frozenset(
    {"__globals__", "f_globals", "modules", "getmodule", "get_objects", "get_referrers"}
    | {"locate", "import_string", "instantiate", "run_module", "run_path", "reload", "unsafe_load"}
)
#: Code that uses one of these words can reach the functions and classes of any module.
_PICKLES = frozenset(
    {"pickle", "dill", "cloudpickle", "shelve", "joblib", "torch", "read_pickle", "allow_pickle"}
)
#: Code that calls one of these can reach any name of its own module.
REACHES_OWN = frozenset({"globals", "locals", "vars", "eval", "exec", "dir"})
_IMPORTERS = frozenset({"import_module", "__import__"})


def asks_of(body: Iterable[ast.AST], escaping: Iterable[str] | None) -> list[Ask]:
    """Return what statements request, sorted.

    :param escaping: names that other code may use, too; None for all
    """
    nodes = list(executed_nodes(body))
    uses = _uses(nodes)
    if uses.anything:
        return [(ANYTHING, None)]
    others = None if uses.own else set(escaping) if escaping is not None else None
    found: dict[str, set[str] | None] = {}
    for text, names in _asked(nodes, uses, others):
        known = found.get(text, set())
        found[text] = None if names is None or known is None else known | names
    if uses.pickles:
        found[PICKLES] = None
    return sorted(
        ((text, None if names is None else sorted(names)) for text, names in found.items()),
        key=lambda ask: ask[0],
    )


def effects_of(node: ast.AST) -> Iterator[Ask]:
    """Yield what an import requests if none of its names is used."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((f"~{text}", []) for text, _ in imported(node))


class _Uses:
    """How names are used: which attributes of each name are read, and which have other uses."""

    def __init__(self) -> None:
        self.attributes: dict[str, set[str]] = {}
        self.bare: set[str] = set()
        self.anything = False
        self.pickles = False
        self.own = False

    def of(self, name: str, escaping: set[str] | None) -> set[str] | None:
        """Return the attributes of a name that are read, None if others may be, too.

        A module that is imported and not used is imported for its side effects: then all counts.
        """
        if name in self.bare or escaping is None or name in escaping:
            return None
        return self.attributes.get(name)


def _uses(nodes: Iterable[ast.AST]) -> _Uses:
    uses = _Uses()
    taken: set[int] = set()
    words: set[str] = set()
    for node in nodes:  # an attribute comes before the name that it is read from
        if isinstance(node, ast.Attribute):
            words.add(node.attr)
            if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
                uses.attributes.setdefault(node.value.id, set()).add(node.attr)
                taken.add(id(node.value))
        elif isinstance(node, ast.Name):
            words.add(node.id)
            uses.own |= node.id in REACHES_OWN
            if id(node) not in taken:
                uses.bare.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            uses.bare.update(node.names)
        elif isinstance(node, ast.alias):
            words.update(node.name.split("."))
        elif isinstance(node, ast.keyword):
            words.add(node.arg or "")
        elif isinstance(node, ast.Call) and _imports_unknown(node):
            uses.anything = True
    uses.anything = uses.anything or not _REACHES_ALL.isdisjoint(words)
    uses.pickles = not _PICKLES.isdisjoint(words)
    return uses


def _imports_unknown(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _IMPORTERS and not (node.args and isinstance(node.args[0], ast.Constant))


def _asked(
    nodes: Iterable[ast.AST], uses: _Uses, escaping: set[str] | None
) -> Iterator[tuple[str, set[str] | None]]:
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for text, bound in imported(node):
                # After `import a.b`, any attribute of `a.b` and of `a` may be used.
                yield text, None if "." in bound else uses.of(bound, escaping)
        else:
            yield from ((text, None) for text in asked_by_others(node))
