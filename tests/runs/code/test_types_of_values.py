"""Objects of every type that actions use: an edit runs them, another process does not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable

import pytest

from tests.support import Make

from .pairs_of_packages import OF_NUMPY, OF_OTHERS, OF_PANDAS, OF_POLARS, OF_PYDANTIC
from .pairs_of_python import OF_PYTHON
from .pairs_of_wrappers import OF_CACHES, OF_NUMBA, OF_USES, OF_WRAPT

Pair = tuple[str, str, str, str]

#: What every module of a pair ends with: ``v`` is a global and a default.
USES = """

def use():
    v is None


def default(held=v):
    held is None
"""
DODO = """
import importlib
import warnings

warnings.simplefilter("ignore")
NAMES = {names!r}


def take(*arguments, **options):
    arguments is None


def task_use():
    for name in NAMES:
        m = importlib.import_module(f"of_{{name}}")
        for how, action in {{
            "global": m.use,
            "default": m.default,
            "argument": (take, [m.v]),
            "container": (take, [], {{"given": {{"inside": [1, m.v]}}}}),
        }}.items():
            yield {{"name": f"{{name}}:{{how}}", "actions": [action], "file_dep": ["in.txt"]}}
"""
TABLES = {
    "python": (OF_PYTHON, None),
    "numpy": (OF_NUMPY, "numpy"),
    "pandas": (OF_PANDAS, "pandas"),
    "polars": (OF_POLARS, "polars"),
    "pydantic": (OF_PYDANTIC, "pydantic"),
    "others": (OF_OTHERS, "msgspec"),
    "wrapt": (OF_WRAPT, "wrapt"),
    "caches": (OF_CACHES, "joblib"),
    "uses": (OF_USES, "wrapt"),
    "numba": (OF_NUMBA, "numba"),
}
#: Pairs of what only newer versions of a package have: pandas 3 has no wheels for Python 3.10.
NEWER = {"pd_expr": ("pandas", 3)}


def exists(pair: Pair) -> bool:
    """Return whether the installed version of a package has what a pair makes."""
    package, least = NEWER.get(pair[0], ("", 0))
    return not package or int(importlib.metadata.version(package).partition(".")[0]) >= least


present = {
    name: list(filter(exists, pairs))
    for name, (pairs, needs) in TABLES.items()
    if needs is None or importlib.util.find_spec(needs) is not None
}


def files(pairs: Iterable[Pair], *, edited: bool) -> dict[str, str]:
    """Return a module for each pair."""
    return {
        f"of_{name}.py": f"{made.replace('@@', new if edited else old)}\n{USES}"
        for name, made, old, new in pairs
    }


#: By default one in five of each table, all in one project; in the matrix each table as a whole.
some = [pair for table in present.values() for pair in table[::5]]
wholes = [pytest.param(table, id=name, marks=pytest.mark.matrix) for name, table in present.items()]


@pytest.mark.parametrize("pairs", [pytest.param(some, id="some"), *wholes])
def test_every_type(doit_project: Make, pairs: list[Pair]) -> None:
    """An object is a global, a default, an argument, and in a container of each project."""
    dodo = DODO.format(names=[name for name, *_ in pairs])
    project = doit_project({"dodo.py": dodo, "in.txt": "", **files(pairs, edited=False)})

    def run(seed: int, *arguments: str) -> set[str]:
        env = {"PYTHONHASHSEED": str(seed), "PYTHONPATH": "."}
        outcome = project.run(*arguments, process=True, env=env)
        assert outcome.returncode == 0, repr(outcome)
        return set(outcome.executed)

    every = run(1)
    assert len(every) == 4 * len(pairs)
    assert run(2) == set()
    project.write(files(pairs, edited=True))
    assert every - run(1) == set()
