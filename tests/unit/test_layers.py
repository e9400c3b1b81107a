"""The folder tree is the architecture: imports go downward only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import doit_invariants

ROOT = Path(doit_invariants.__file__).parent

# From the lowest to the highest; a layer may import those before it, and itself.
LAYERS = [
    "core",
    "stores",
    "exports",
    "policies",
    "kinds",
    "plugins",
    "adapters",
    "front",
    "testing",
    "__init__",
]
# Within a layer of plugins nothing imports its neighbour, but for the contract of policies.
INDEPENDENT = {"kinds": set(), "policies": {"base"}}
FOREIGN = {"doit": {"adapters", "front", "testing"}, "pluggy": {"plugins"}, "pytest": {"testing"}}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module with the name of its layer."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).parts[0].removesuffix(".py"), path


def short(value: object) -> str:
    """Return how a parameter is named among the ids of a test."""
    return value.stem if isinstance(value, Path) else str(value)


MODULES = list(modules())


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, wherever in it, by full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("layer", "path"),
    list(modules()),
    ids=lambda value: value if isinstance(value, str) else value.stem,
)
def test_imports_go_downward(layer: str, path: Path) -> None:
    """A module imports from its own layer or a lower one, foreign packages where they belong."""
    assert layer in LAYERS
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "doit_invariants" and rest:
            if layer == "__init__" or rest[0] not in LAYERS:
                continue
            assert LAYERS.index(rest[0]) <= LAYERS.index(layer), f"{path.name} imports {name}"
            neighbours = INDEPENDENT.get(layer)
            if rest[0] == layer and neighbours is not None and path.stem != "__init__":
                assert rest[1] in neighbours, f"{path.name} imports its neighbour {name}"
        elif top in FOREIGN:
            assert layer in FOREIGN[top], f"{path.name} imports {name}"


@pytest.mark.parametrize(
    ("layer", "path"),
    list(modules()),
    ids=lambda value: value if isinstance(value, str) else value.stem,
)
def test_modules_are_small(layer: str, path: Path) -> None:
    """No module has more than 350 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_core_runs_without_doit_and_pluggy() -> None:
    """The core is imported without a trace of doit, pluggy or pytest."""
    code = (
        "import sys, pkgutil, importlib, doit_invariants.core as core\n"
        "for m in pkgutil.iter_modules(core.__path__, core.__name__ + '.'):\n"
        "    importlib.import_module(m.name)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'doit', 'pluggy', 'pytest'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"


def test_heavy_packages_are_not_imported_by_the_loader() -> None:
    """Loading tasks imports neither numpy nor pandas nor pytest, nor what only some kinds need."""
    code = (
        "import sys, doit_invariants.front.loader\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numpy', 'pandas', 'pytest'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"


def test_public_names_are_all_there() -> None:
    """Every public name can be imported, is listed in order, and is typed for tools."""
    assert doit_invariants.__all__ == sorted(
        doit_invariants.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    for name in doit_invariants.__all__:
        assert getattr(doit_invariants, name) is not None
    assert doit_invariants.__version__.count(".") == 2
    assert (ROOT / "py.typed").exists()
    with pytest.raises(AttributeError, match="has no attribute 'Nope'"):
        _ = doit_invariants.Nope
