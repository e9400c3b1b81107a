"""The code in the cells of notebooks, without outputs, execution counts, ids and text.

Documents with code blocks are read, too, like Quarto and jupytext do.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.source import normal_form
from doit_invariants.code.source.imports import imports_of
from doit_invariants.hashing.values import digest_value

_MAGIC = re.compile(r"^(\s*)(?:%|!|\w+\s*=\s*[!%]|\?|\w[\w.]*\?)", re.MULTILINE)
_SYSTEM = re.compile(r"^\s*(?:\w+\s*=\s*)?!+(.*)", re.DOTALL)
_RUN = re.compile(r"^\s*%run\s+(.*)")
_SYSTEM_MAGIC = re.compile(r"^\s*%(?:sx|system|sc)\s+(.*)")
_TIMED = re.compile(r"^\s*%%?(?:time|timeit|prun|capture)\b[^\n]*")
_SHELL_CELL = re.compile(r"^\s*%%(?:bash|sh|script\s+(?:ba)?sh|!)\b[^\n]*\n")
_OTHER_CELL = re.compile(r"^\s*%%(\w+)")
_BLOCK = re.compile(
    r"^```+\s*\{?\.?(python|ipython3?|bash|sh)\b[^\n]*\n(.*?)^```+", re.MULTILINE | re.DOTALL
)


def cells(text: str, path: str = "x.ipynb") -> list[str] | None:
    """Return the sources of the code cells, None if this is not a notebook.

    :param text: content of the file
    :param path: path of the file; its suffix determines the format
    """
    if not path.endswith(".ipynb"):
        return [
            f"%%{m[1]}\n{m[2]}" if m[1] in {"bash", "sh"} else m[2] for m in _BLOCK.finditer(text)
        ]
    try:
        data = json.loads(text)
        found = [_source(cell) for cell in _cells(data) if cell.get("cell_type") == "code"]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None
    return found


def _cells(data: Any) -> Iterator[Any]:
    if "cells" in data:
        yield from data["cells"]
        return
    for sheet in data["worksheets"]:  # up to version 3
        yield from sheet["cells"]


def _source(cell: Any) -> str:
    source = cell["source"] if "source" in cell else cell["input"]
    return source if isinstance(source, str) else "".join(source)


def language(text: str) -> str:
    """Return the language of the kernel of a notebook, ``python`` by default."""
    try:
        metadata = json.loads(text)["metadata"]
        kernel = metadata.get("kernelspec", {})
        named = kernel.get("language") or metadata.get("language_info", {}).get("name")
        return str(named or "python")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return "python"


def code(text: str, path: str = "x.ipynb") -> str:
    """Return the Python code of all cells as one source, without IPython's own syntax."""
    return "\n".join(python_of(cell) for cell in cells(text, path) or ())


def python_of(cell: str) -> str:
    """Return the Python code of a cell; magics become ``pass``."""
    timed = _TIMED.match(cell)
    if timed is not None:
        cell = cell[timed.end() :]
    if _OTHER_CELL.match(cell):
        return ""
    lines = [
        f"{match.group(1)}pass" if (match := _MAGIC.match(line)) is not None else line
        for line in cell.split("\n")
    ]
    return "\n".join(lines)


def magics(text: str, path: str = "x.ipynb") -> list[str]:
    """Return IPython's own syntax: lines with magics, and cells in other languages."""
    found: list[str] = []
    for cell in cells(text, path) or ():
        if _OTHER_CELL.match(cell) and not _TIMED.match(cell):
            found.append(cell)
        else:
            found += [line.strip() for line in cell.split("\n") if _MAGIC.match(line)]
    return found


def commands(text: str, path: str = "x.ipynb") -> Iterator[str]:
    """Yield the commands that cells run: ``!python x.py``, ``%run x.py``, shell cells."""
    for magic in magics(text, path):
        cell = _SHELL_CELL.match(magic)
        if cell is not None:
            yield magic[cell.end() :]
            continue
        run = _RUN.match(magic)
        if run is not None:
            words = [word for word in run[1].split() if not word.startswith("-")]
            if words:
                suffix = "" if "." in words[0] else ".py"
                yield f"python {words[0]}{suffix}"
            continue
        system = _SYSTEM.match(magic) or _SYSTEM_MAGIC.match(magic)
        if system is not None:
            # {name} is a variable of the notebook here.
            yield re.sub(r"\{(\w+)\}", r"${\1}", system[1])


def digest(text: str) -> tuple[str, list[str]] | None:
    """Return the digest of a notebook's code and its imports; None if it is not a notebook.

    The digest covers each cell separately, because the last expression of a cell is shown. The
    name of the kernel counts, too.
    """
    found = cells(text)
    if found is None:
        return None
    parts: list[str] = []
    imports: set[str] = set()
    for cell in found:
        tree = normal_form.parse(python_of(cell))
        if tree is None or _is_text(tree):
            parts.append(cell.strip())
        else:
            parts.append(normal_form.module_digest(tree))
        imports.update(imports_of(tree) if tree is not None else ())
    whole = [_kernel(text), [part for part in parts if part], magics(text)]
    return digest_value(whole), sorted(imports)


def tree(text: str) -> ast.Module | None:
    """Return the code of all cells as one module, None if one of them can't be parsed."""
    found = [normal_form.parse(python_of(cell)) for cell in cells(text) or ()]
    if any(one is None for one in found):
        return None
    return ast.Module([node for one in found if one is not None for node in one.body], [])


def _is_text(tree: ast.Module) -> bool:
    """Return whether a cell begins with a constant, which the normal form drops as a docstring."""
    first = tree.body[0] if tree.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _kernel(text: str) -> str:
    kernel = json.loads(text).get("metadata", {}).get("kernelspec", {})
    return f"{kernel.get('name', '')} {language(text)}" if isinstance(kernel, dict) else ""
