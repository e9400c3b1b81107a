"""The imports of a Python source, and the files behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from doit_invariants.code.source.imports import ModuleFinder, imports_of

ASKED = {
    "import": ("import a.b, c as d", ["a.b", "c"]),
    "from": ("from a.b import c, d as e", ["a.b:c", "a.b:d"]),
    "relative": ("from . import a\nfrom ..b import c", ["..b:c", ".:a"]),
    "star": ("from a import *", ["a:*"]),
    "in a function": ("def f():\n import a", ["a"]),
    "in a condition": ("if x:\n import a\nelse:\n import b", ["a", "b"]),
    "in a try": ("try:\n import a\nexcept ImportError:\n import b", ["a", "b"]),
    "in a match": ("match x:\n case 1:\n  import a", ["a"]),
    "in a class": ("class A:\n import a", ["a"]),
    "for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import a\nelse:\n import b",
        ["b", "typing:TYPE_CHECKING"],
    ),
    "for type checkers, by attribute": ("if typing.TYPE_CHECKING: import a", []),
    "import_module": ("importlib.import_module('a.b'); import_module('c')", ["a.b", "c"]),
    "__import__": ("__import__('a')", ["a"]),
    "import_module, relative": ("import_module('..a', 'b.c')", ["b.a"]),
    "import_module, in here": ("import_module('.a', package=__package__)", [".a:"]),
    "import_module of the unknown": ("import_module(x); import_module(1); import_module()", []),
    "__all__": ("__all__ = ['a']\n__all__ += ('b',)", ["=a", "=b"]),
    "nothing": ("x = 1", []),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_a_module_asks_for(name: str) -> None:
    """Every import counts in any place, except those that are never executed."""
    source, expected = ASKED[name]
    assert imports_of(ast.parse(source)) == expected


# The files of a project, the importing file, what it asks for, the files that this is.
FOUND = {
    "module beside": (["a.py", "m.py"], "m.py", ["a"], ["a.py"]),
    "package": (["a/__init__.py", "m.py"], "m.py", ["a"], ["a/__init__.py"]),
    "packages on the way": (
        ["a/__init__.py", "a/b/__init__.py", "a/b/c.py", "a/d.py"],
        "m.py",
        ["a.b.c"],
        ["a/__init__.py", "a/b/__init__.py", "a/b/c.py"],
    ),
    "module from a package": (
        ["a/__init__.py", "a/b.py"],
        "m.py",
        ["a:b"],
        ["a/__init__.py", "a/b.py"],
    ),
    "name from a package": (["a/__init__.py"], "m.py", ["a:b"], ["a/__init__.py"]),
    "name from a module": (["a.py", "b.py"], "m.py", ["a:b"], ["a.py"]),
    "namespace package": (["a/b.py", "a/c.py"], "m.py", ["a.b"], ["a/b.py"]),
    "from a namespace package": (["a/b.py", "a/c.py"], "m.py", ["a:b"], ["a/b.py"]),
    "namespace in two places": (["a/b.py", "lib/a/c.py"], "m.py", ["a:b", "a:c"], ["a/b.py"]),
    "package before module": (["a/__init__.py", "a.py"], "m.py", ["a"], ["a/__init__.py"]),
    "module before directory": (["a/b.py", "a.py"], "m.py", ["a"], ["a.py"]),
    "extension": (["a.abi3.so"], "m.py", ["a"], ["a.abi3.so"]),
    "relative module": (
        ["p/__init__.py", "p/a.py"],
        "p/m.py",
        [".:a"],
        ["p/__init__.py", "p/a.py"],
    ),
    "relative from a package": (["p/a.py"], "p/__init__.py", [".a:x"], ["p/a.py"]),
    "relative, upwards": (
        ["p/__init__.py", "p/q/__init__.py", "p/a/__init__.py", "p/a/b.py"],
        "p/q/m.py",
        ["..a:b"],
        ["p/__init__.py", "p/a/__init__.py", "p/a/b.py"],
    ),
    "relative, not found": (["p/__init__.py"], "p/m.py", [".a.b:c"], ["p/__init__.py"]),
    "relative is not absolute": (["a.py"], "p/m.py", [".:a"], []),
    "absolute is not relative": (["p/a.py"], "p/m.py", ["a"], []),
    "star of a package": (["p/a.py", "p/__init__.py"], "p/__init__.py", ["=a"], ["p/a.py"]),
    "__all__ of a module": (["p/a.py"], "p/m.py", ["=a"], []),
    "built into Python": (["sys.py", "time.py"], "m.py", ["sys", "time:x"], []),
    "not found": (["a.py"], "m.py", ["b", "a.b.c"], ["a.py"]),
    "installed": (["skip/__init__.py", "skip/a.py"], "m.py", ["skip.a", "skip:a"], []),
    "other case": (["A.py"], "m.py", ["a"], []),
}


def write(root: Path, files: Iterable[str]) -> None:
    """Write empty files."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize("name", FOUND)
def test_which_files_that_is(name: str, tmp_path: Path) -> None:
    """Names lead to files as in Python."""
    files, importer, asked, expected = FOUND[name]
    write(tmp_path, files)
    finder = ModuleFinder([str(tmp_path)], lambda path: "skip" not in path)
    found = set(finder.files(str(tmp_path / importer), asked))
    found.discard(str(tmp_path / importer))
    assert sorted(Path(path).relative_to(tmp_path).as_posix() for path in found) == expected


def test_directories_in_their_order(tmp_path: Path) -> None:
    """The first directory wins; the parts of a namespace package are put together."""
    write(tmp_path, ["one/a.py", "two/a.py", "two/b.py", "one/n/x.py", "two/n/y.py"])
    finder = ModuleFinder([str(tmp_path / "one"), str(tmp_path / "two")], lambda path: True)
    found = finder.files(str(tmp_path / "m.py"), ["a", "b", "n.x", "n:y"])
    expected = ["one/a.py", "two/b.py", "one/n/x.py", "two/n/y.py"]
    assert [Path(path).relative_to(tmp_path).as_posix() for path in found] == expected


def test_a_later_finder_sees_new_files(tmp_path: Path) -> None:
    """Finders of one run share their findings, except in directories that changed."""
    memo: dict[object, object] = {}
    write(tmp_path, ["two/a.py", "one/other.py"])
    search = [str(tmp_path / "one"), str(tmp_path / "two")]
    for expected in ("two/a.py", "one/a.py"):
        (found,) = ModuleFinder(search, lambda path: True, memo).files(
            str(tmp_path / "m.py"), ["a"]
        )
        assert Path(found) == tmp_path / expected
        write(tmp_path, ["one/a.py"])
