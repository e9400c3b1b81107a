"""Nothing that is read becomes code: what could do that is not in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import doit_invariants

#: Modules that turn bytes into code or objects, start programs, or unpack archives unchecked.
MODULES = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "subprocess"}
CALLS = {"eval", "exec", "compile", "__import__", "import_module", "system", "popen", "spawnv"}
CALLS |= {"extract", "extractall", "unpack_archive", "load_module", "exec_module", "unsafe_load"}
ALLOWED = {
    ("kinds/command.py", "subprocess"): "runs the command that dodo.py names",
    ("kinds/git.py", "subprocess"): "asks git",
    ("hosts/doit/rules.py", "subprocess"): "runs the commands in uptodate, as doit does",
    (
        "hosts/doit/workers.py",
        "pickle",
    ): "tries whether something can be sent; loads nothing",
    (
        "engine/reuse/own_place_lookup.py",
        "pickle",
    ): "the same",
    ("testing/store.py", "pickle"): "sends a store of the caller through, and loads that alone",
    (
        "hosts/doit/database/dbm_files.py",
        "__import__",
    ): "the modules of dbm, by names in the source",
    ("testing/runs.py", "subprocess"): "tests start doit",
    (
        "code/loaded/function_sources.py",
        "compile",
    ): "to compare code with its source; it is never executed",
    ("__init__.py", "import_module"): "our own modules, by names in the source",
    ("hosts/doit/command.py", "import_module"): "our own modules, by names in the source",
    ("plugins/registry.py", "import_module"): "our own modules, by names in the source",
}


def dangerous(path: Path) -> Iterator[str]:
    """Yield the names of the list that a module imports or calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").partition(".")[0], *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = [node.func.id]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            names = [node.func.attr] if (of, node.func.attr) != ("re", "compile") else []
            names += ["unsafe_load"] if (of, node.func.attr) == ("yaml", "load") else []
            names += ["exec"] if any(one.arg == "allow_pickle" for one in node.keywords) else []
        yield from (name for name in names if name in MODULES | CALLS)


def test_nothing_that_is_read_becomes_code() -> None:
    """No module of ours turns what it reads into code or objects; the exceptions have reasons."""
    root = Path(doit_invariants.__file__).parent
    paths = sorted(root.rglob("*.py"))
    found = {(str(path.relative_to(root)), name) for path in paths for name in dangerous(path)}
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "allowed, but not used any more"


def test_what_is_dangerous(tmp_path: Path) -> None:
    """The search finds it in every spelling."""
    lines = ["import pickle", "from marshal import loads", "x = eval('1')", "t.extractall()"]
    lines += ["import os.path\nos.system('x')", "from importlib import import_module"]
    lines += ["yaml.load(x)", "numpy.load(x, allow_pickle=True)", "compile('1', '', 'exec')"]
    for line in lines:
        (tmp_path / "m.py").write_text(line)
        assert list(dangerous(tmp_path / "m.py")), line
    (tmp_path / "m.py").write_text("import re\nre.compile('x')\nyaml.safe_load(x)\njson.load(x)\n")
    assert list(dangerous(tmp_path / "m.py")) == []
