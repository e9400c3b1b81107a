"""Finds the imports of a Python source and their files by parsing; nothing is executed.

An import counts wherever it is: under a condition, in a ``try``, in a function. Only code under
``if TYPE_CHECKING:`` does not count, because it is never executed.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any

#: Functions that import the module that their first argument names.
_IMPORTERS = frozenset({"__import__", "import_module", "run_module"})
#: In the order in which Python looks for them.
_SUFFIXES = (*EXTENSION_SUFFIXES, ".py")
_INITS = tuple(f"__init__{suffix}" for suffix in _SUFFIXES)


def imports_of(tree: ast.Module) -> list[str]:
    """Return the imports of a module in the stored form: sorted strings.

    - ``a.b``: ``import a.b``
    - ``a.b:c``: ``from a.b import c``; ``..a:c``: ``from ..a import c``
    - ``=c``: ``c`` is in ``__all__``, so ``import *`` of a package imports it
    - ``+``: something is put on ``sys.path``; ``+c``: the string ``c`` is in it
    """
    found: set[str] = set()
    for node in executed_nodes([tree]):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(text for text, _ in imported(node))
        else:
            found.update(asked_by_others(node))
    return sorted(found)


def executed_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield all nodes except those that only type checkers read, a node before its children."""
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            stack.extend(node.orelse)
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    """Return whether the condition of an ``if`` is true for type checkers only."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield each import of a statement, and the name that it binds."""
    where = f"{'.' * node.level}{node.module or ''}:" if isinstance(node, ast.ImportFrom) else ""
    yield from ((where + alias.name, alias.asname or alias.name) for alias in node.names)


def asked_by_others(node: ast.AST) -> Iterator[str]:
    """Yield the imports of a node that is not an import statement."""
    if isinstance(node, ast.Call):
        yield from _asked_by_call(node)
        if isinstance(node.func, ast.Attribute) and _is_search_path(node.func.value):
            yield from _directories(node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = targets_of(node)
        if any(map(_is_search_path, targets)) and node.value is not None:
            yield from _directories(node.value)
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            yield from (f"={text}" for text in _texts(node.value))


def targets_of(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[ast.expr]:
    """Return what an assignment binds or changes."""
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_search_path(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):  # sys.path[:0] = [...]
        node = node.value
    whole = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return whole and ast.unparse(node) == "sys.path"


def _directories(node: ast.expr) -> Iterator[str]:
    yield "+"
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield f"+{inner.value}"


def _asked_by_call(node: ast.Call) -> Iterator[str]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    if name not in _IMPORTERS or not node.args:
        return
    given = [*node.args, *(word.value for word in node.keywords if word.arg == "package")]
    texts = [argument.value if isinstance(argument, ast.Constant) else None for argument in given]
    module, package = texts[0], texts[1] if len(texts) > 1 else None
    if not isinstance(module, str):
        return
    if isinstance(package, str) and module.startswith("."):
        # A relative name that leads above the package can't be imported.
        level = len(module) - len(module.lstrip("."))
        parts = package.split(".")
        module = ".".join([*parts[: len(parts) - level + 1], module.lstrip(".")])
    yield f"{module}:" if module.startswith(".") else module


def _texts(value: ast.expr | None) -> Iterator[str]:
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        for item in value.elts:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


@dataclass(frozen=True, slots=True)
class FoundModule:
    """The location of a module.

    :ivar file: its source or extension, the ``__init__`` of a package; None for a namespace
        package
    :ivar inside: directories of its submodules; empty if it is not a package
    """

    file: str | None
    inside: tuple[str, ...]


class ModuleFinder:
    """Finds the files of modules as Python would, only by the names in directories.

    :param search: absolute directories in which top-level modules are looked up, in this order
    :param follows: returns whether a file belongs to the code that counts; other packages are not
        searched
    :param memo: keeps the names in directories for other finders of the same run
    """

    def __init__(
        self,
        search: Sequence[str],
        follows: Callable[[str], bool],
        memo: dict[Any, Any] | None = None,
    ) -> None:
        self.search = tuple(dict.fromkeys(search))
        self._names_in: dict[str, frozenset[str] | None] = {}
        self._follows = follows
        self._memo: dict[Hashable, Any] = {} if memo is None else memo

    @property
    def looked(self) -> list[str]:
        """The directories that were searched, including those that do not exist."""
        return list(self._names_in)

    def chain(self, name: str, directories: Sequence[str] | None = None) -> list[FoundModule]:
        """Return the parent packages of a module, and the module itself.

        :param name: dotted name; may be empty
        :param directories: where its first part is looked up, by default the search directories
        :returns: the modules that exist, up to the first file that is not followed
        """
        found: list[FoundModule] = []
        if directories is None:
            directories = self.search
            if name.partition(".")[0] in sys.builtin_module_names:
                return found
        for part in name.split(".") if name else ():
            module = self._find(part, directories)
            if module is None:
                break
            if module.file is not None and not self._follows(module.file):
                found.append(FoundModule(module.file, ()))
                break
            found.append(module)
            directories = module.inside
        return found

    def files(self, importer: str, imports: Sequence[str]) -> Iterator[str]:
        """Yield the files that a source imports and that are followed.

        :param importer: absolute path of the source
        :param imports: its imports, from :func:`imports_of`
        """
        yield from (file for file, _ in self.asked(importer, [(text, None) for text in imports]))

    def asked(
        self, importer: str, asks: Sequence[tuple[str, Sequence[str] | None]]
    ) -> Iterator[tuple[str, Sequence[str] | None]]:
        """Yield the files that a source imports, each with the requested names.

        No name is requested from the parent packages of a module. A name in a package has ``?`` in
        front, because it may be a submodule.

        :param asks: imports, each with the names that are used, None for all; an import has ``~``
            in front if nothing that it binds is used
        """
        self._extend(importer, [text[1:] for text, _ in asks if text.startswith("+")])
        for text, names in asks:
            if text.startswith("+"):
                continue
            if text.startswith("="):
                if os.path.basename(importer) not in _INITS:
                    continue
                text = ".:" + text[1:]
            for module, role in self._modules(importer, text.lstrip("~")):
                if module.file is not None and self._follows(module.file):
                    yield module.file, _names_of(module, role, text, names)

    def _extend(self, importer: str, texts: Sequence[str]) -> None:
        """Add the directories that a source may put on ``sys.path`` to the search.

        The exact directories are known only when the source runs. Usually they are relative to the
        source file, so each string is looked up next to it and in the two directories above.
        """
        base = importer
        for _ in range(3) if texts else ():
            base = os.path.dirname(base)
            for text in texts:
                found = os.path.normpath(os.path.join(base, text))
                if found not in self.search and self._follows(os.path.join(found, "__init__.py")):
                    self.search = (*self.search, found)

    def _modules(self, importer: str, text: str) -> Iterator[tuple[FoundModule, str]]:
        """Yield the modules of an import: parent packages, the module, and a submodule."""
        where, _, name = text.partition(":")
        path = where.lstrip(".")
        level = len(where) - len(path)
        inside: Sequence[str] | None = None
        if level:
            base = importer
            for _ in range(level):
                base = os.path.dirname(base)
            package = self._package(base)
            if package is not None:
                yield package, "way" if path else "module"
            inside = (base,)
        chain = self.chain(path, inside)
        yield from ((found, "way") for found in chain[:-1])
        yield from ((found, "module") for found in chain[-1:])
        if path:
            inside = chain[-1].inside if len(chain) == len(path.split(".")) else ()
        if name:
            # If the package defines the name, there is no such file.
            yield from ((found, "inner") for found in self.chain(name, inside))

    def _package(self, directory: str) -> FoundModule | None:
        names = self._names(directory) or ()
        for init in _INITS:
            if init in names:
                return FoundModule(os.path.join(directory, init), (directory,))
        return None

    def _find(self, name: str, directories: Sequence[str]) -> FoundModule | None:
        portions: list[str] = []
        for directory in directories:
            names = self._names(directory) or ()
            below = os.path.join(directory, name)
            if name in names and (package := self._package(below)) is not None:
                return package
            for suffix in _SUFFIXES:
                if name + suffix in names:
                    return FoundModule(below + suffix, ())
            if name in names and self._names(below) is not None:
                portions.append(below)
        return FoundModule(None, tuple(portions)) if portions else None

    def _names(self, directory: str) -> frozenset[str] | None:
        """Return the names in a directory, None if it does not exist."""
        if directory not in self._names_in:
            self._names_in[directory] = self._listed(directory)
        return self._names_in[directory]

    def _listed(self, directory: str) -> frozenset[str] | None:
        key = ("names in", directory)
        try:
            time = os.stat(directory).st_mtime_ns
            known = self._memo.get(key)
            if known is None or known[0] != time:
                known = self._memo[key] = (time, frozenset(os.listdir(directory)))
        except OSError:
            return None
        names: frozenset[str] = known[1]
        return names


def _names_of(
    module: FoundModule, role: str, text: str, names: Sequence[str] | None
) -> Sequence[str] | None:
    """Return the names that an import requests from a module, None for all."""
    if text.startswith("~"):
        return ()
    name = text.partition(":")[2]
    if role == "module" and name:
        return ("?" + name if module.inside else name,)
    return () if role == "way" and (names is not None or name) else names
