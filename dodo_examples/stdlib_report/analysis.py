"""Count the contents of Python sources, and find their imports."""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def scan(root: Path, pattern: str, targets: list[str]) -> None:
    """Count the contents of the files that match the pattern, for each top-level module."""
    modules: dict[str, Any] = {}
    for path in sorted(root.glob(pattern)):
        name = path.relative_to(root).parts[0].removesuffix(".py")
        module = modules.setdefault(name, {"counts": Counter(), "imports": set()})
        counts, imports = measure(path)
        module["counts"].update(counts)
        module["imports"].update(imports)
    for module in modules.values():
        module["imports"] = sorted(module["imports"])
    Path(targets[0]).write_text(json.dumps(modules, indent=1), encoding="utf-8")


def measure(path: Path) -> tuple[Counter[str], set[str]]:
    """Return the counts for a file, and the top-level names that it imports."""
    source = path.read_bytes()
    counts = Counter(files=1, lines=len(source.splitlines()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the scanned code
            nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):  # this Python can't parse or decode it
        return counts + Counter(unreadable=1), set()
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            counts["functions"] += 1
        elif isinstance(node, ast.ClassDef):
            counts["classes"] += 1
    return counts, set(imported_names(nodes))


def imported_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the top-level name of each import, except relative ones, which stay in the package."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def graph(dependencies: list[str], targets: list[str]) -> None:
    """Join the scans: modules with their counts, and ``[importer, imported]`` for each import."""
    modules: dict[str, Any] = {}
    for path in dependencies:
        modules.update(json.loads(Path(path).read_text(encoding="utf-8")))
    imports = [
        [name, imported]
        for name in sorted(modules)
        for imported in modules[name]["imports"]
        if counts_as_import(name, imported)
    ]
    counts = {name: modules[name]["counts"] for name in sorted(modules)}
    joined = {"modules": counts, "imports": imports}
    Path(targets[0]).write_text(json.dumps(joined, indent=1), encoding="utf-8")


def counts_as_import(name: str, imported: str) -> bool:
    """Return whether the import is another module of the standard library."""
    return imported in sys.stdlib_module_names and imported != name
