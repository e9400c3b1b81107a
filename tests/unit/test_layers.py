"""The folder tree is the architecture: imports go downward only, and never in a circle."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

import doit_invariants

ROOT = Path(doit_invariants.__file__).parent
PACKAGE = ROOT.name

#: From the lowest to the highest; a package may import those before it, and itself.
ORDER = [
    "core",
    "hashing",
    "files",
    "results",
    "rules",
    "code.source",
    "code.loaded",
    "code.programs",
    "policies",
    "stores",
    "exports",
    "kinds",
    "plugins",
    "engine",
    "hosts.doit",
    "testing",
    "",
]
#: Within a package of plugins nothing imports its neighbour, but for the contract of policies.
INDEPENDENT = {"kinds": set(), "policies": {"base"}}
#: The packages that may import a foreign package.
FOREIGN = {"doit": {"hosts.doit", "testing"}, "pluggy": {"plugins"}, "pytest": {"testing"}}

#: Packages in which imports are still to be put right: nothing may be added.
UPWARD: set[tuple[str, str]] = set()
ROUND: set[str] = set()


def name_of(path: Path) -> str:
    """Return the name of a module without that of the package: ``engine.session``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def package_of(module: str) -> str:
    """Return the entry of ``ORDER`` that a module belongs to."""
    fitting = [one for one in ORDER if module == one or module.startswith(f"{one}.")]
    return max(fitting, key=len, default="")


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Return what a module imports, wherever in it and for type checkers too, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module is not None
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {one for one in names if one.removeprefix(f"{PACKAGE}.") in MODULES}
            # A package is only the way to the modules that are taken from it.
            found.update(names)
            if names != modules:
                found.add(node.module)
    return frozenset(found)


def arrows(module: str) -> Iterator[str]:
    """Yield the modules of this package that a module imports."""
    for name in sorted(imports(module)):
        inside = name.removeprefix(f"{PACKAGE}.")
        if inside != name and inside in MODULES and inside != module:
            yield inside


def offences(module: str) -> Iterator[str]:
    """Yield what a module imports against the order."""
    package = package_of(module)
    for other in arrows(module):
        if ORDER.index(package_of(other)) > ORDER.index(package):
            yield other
        neighbours = INDEPENDENT.get(package)
        if neighbours is None or package_of(other) != package or package in (other, module):
            continue
        if other.removeprefix(f"{package}.") not in neighbours:
            yield other


def test_imports_go_downward() -> None:
    """A module imports from its own package or a lower one."""
    found = [
        f"{module} -> {other}"
        for module in MODULES
        for other in offences(module)
        if (package_of(module), package_of(other)) not in UPWARD
    ]
    assert not found


def test_foreign_packages_are_where_they_belong() -> None:
    """doit is imported by its host only, pluggy by the plugin system, pytest by the fixtures."""
    found = [
        f"{module} -> {used}"
        for module in MODULES
        for used in {name.partition(".")[0] for name in imports(module)} & set(FOREIGN)
        if package_of(module) not in FOREIGN[used]
        if (package_of(module), "hosts.doit") not in UPWARD
    ]
    assert not found


def circles(graph: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """Return the sets of modules that import each other (Tarjan's components of more than one)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []

    def visit(one: str) -> None:
        index[one] = low[one] = len(index)
        stack.append(one)
        for other in graph[one]:
            if other not in index:
                visit(other)
            if other in stack:
                low[one] = min(low[one], low[other])
        if low[one] == index[one]:
            start = stack.index(one)
            if len(stack) > start + 1:
                found.append(frozenset(stack[start:]))
            del stack[start:]

    for one in graph:
        if one not in index:
            visit(one)
    return found


def test_circles_are_found() -> None:
    """The search itself: two circles that share nothing, and what merely leads into one."""
    graph = {"a": "b", "b": "c", "c": "a", "d": "ae", "e": "f", "f": "e", "g": ""}
    assert set(circles(graph)) == {frozenset("abc"), frozenset("ef")}


def test_no_circle_of_imports() -> None:
    """No modules import each other, late imports and those for type checkers included."""
    # A package that imports its own module is not a circle: its ``__init__`` is only a shelf.
    graph = {one: [other for other in arrows(one) if other] for one in MODULES if one}
    found = circles(graph)
    ties = [
        f"{one} -> {other}"
        for circle in found
        if not {*map(package_of, circle)} <= ROUND
        for one in sorted(circle)
        for other in graph[one]
        if other in circle
    ]
    assert not ties, "\n".join(ties)


def test_modules_are_small() -> None:
    """No module has more than 350 lines."""
    lines = {one: path.read_text(encoding="utf-8").count("\n") for one, path in MODULES.items()}
    assert {one: count for one, count in lines.items() if count > 350} == {}


def test_every_package_is_explained() -> None:
    """The page about the architecture lists the packages in their order, each with a line."""
    page = Path(__file__).parents[2] / "docs" / "architecture.md"
    rows = [line.split("|")[1:3] for line in page.read_text(encoding="utf-8").splitlines()
            if line.startswith("| `")]  # fmt: skip
    found = [name.strip(" `") for name, text in rows if text.strip()]
    assert found[: len(ORDER) - 1] == ORDER[:-1]


BELOW_THE_HOSTS = {*ORDER} - {"hosts.doit", "testing", ""}


def test_everything_below_the_hosts_runs_without_doit() -> None:
    """Everything is imported without doit and pytest, and, except plugins, without pluggy."""
    names = [f"{PACKAGE}.{one}" for one in MODULES if package_of(one) in BELOW_THE_HOSTS]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'doit', 'pytest'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"


def test_heavy_packages_are_not_imported_by_the_loader() -> None:
    """Loading tasks imports neither numpy nor pandas nor pytest, nor what only some kinds need."""
    code = (
        "import sys, doit_invariants.hosts.doit.loader\n"
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
