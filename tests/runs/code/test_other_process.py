"""Stories about values that differ in each process: no task runs again because of them."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import collections, dataclasses, decimal, enum, functools, json, logging, math, operator, os
import random, re, secrets, sys, threading, types, typing
from os import environb
from random import choice, gauss
from sys import argv, modules, path_importer_cache
from typing import Annotated, Literal, Optional

import attrs, msgspec, numba, numpy as np, pandas as pd, pydantic
from numpy.random import default_rng, normal, shuffle
from pydantic import AfterValidator, validate_call

def check(x):
    return x

class Key:
    def __init__(self, n):
        self.n = n

class Model(pydantic.BaseModel):
    a: Annotated[int, AfterValidator(check)] = 3
    b: Literal["a", "b"] = "a"
    c: set[str] = {"p", "q", "r"}

@validate_call
def validated(x: Annotated[int, AfterValidator(check)], y: Optional[str] = None) -> int:
    return x

@numba.experimental.jitclass([("n", numba.int32)])
class Compiled:
    def __init__(self, n):
        self.n = n
    def get(self):
        return self.n + 1

@attrs.define
class Checked:
    x: Annotated[int, Key(1)] = attrs.field(default=1, validator=attrs.validators.in_({1, 2, 3}))

class Packed(msgspec.Struct):
    x: Annotated[int, msgspec.Meta(gt=0)] = 1

@dataclasses.dataclass
class Record:
    x: Annotated[int, Key(1), frozenset({"a", "b"})] = 1

class Colors(enum.Enum):
    ALL = frozenset({"x", "y", "z"})

def hinted(x: Annotated[int, AfterValidator(check), Key(1)], y: "Literal['a']" = "a"):
    return x

def reads_hints():
    return typing.get_type_hints(hinted, include_extras=True), hinted.__annotations__

def reads_fields():
    return Model.model_fields, Record.__annotations__

THINGS = {
    "gauss": gauss, "choice": choice, "normal": normal, "shuffle": shuffle,
    "hidden": random._inst, "secrets": secrets.choice, "seeded": default_rng(3),
    "seeded_method": random.Random(5).gauss, "state": np.random.RandomState(3).normal,
    "environ": environb, "modules": modules, "argv": argv, "importers": path_importer_cache,
    "functions": {math.sin, math.cos, os.path.join, json.dumps, np.mean},
    "more_functions": frozenset({math.sin, frozenset({math.cos, math.tan}), check}),
    "module_set": {math, os, json, np, re}, "classes": {int, str, decimal.Decimal, Model, Packed},
    "ufuncs": {np.add, np.sin, np.multiply}, "types": {np.dtype("i4"), np.int8, np.float32},
    "methods": {str.lower, str.upper, list.append}, "keys": {math.sin: 1, math.cos: 2, int: 3},
    "object_keys": {Key(1): check, (Key(2), "a"): reads_hints},
    "objects": {Key(n) for n in range(9)},
    "objects_with_functions": {Key(check), Key(math.sin), Key(reads_hints)},
    "partial": functools.partial(check, {"a", "b", math.sin}), "method": {"a", "b"}.union,
    "model": Model, "instance": Model(), "validated": validated, "compiled": Compiled,
    "checked": Checked, "packed": Packed, "record": Record(), "colors": Colors,
    "annotated": Annotated[int, AfterValidator(check)],
    "key": Annotated[int, Key(1), frozenset("ab")],
    "frame": pd.DataFrame({"a": [{"x", "y"}, {"z"}]}),
    "array": np.array([{"a", "b"}, check], object),
    "logger": logging.getLogger(), "thread": threading.current_thread(),
    "namespace": types.SimpleNamespace(s={"a", "b"}),
    "map": collections.ChainMap({"a": {"x", "y"}}),
}

def work(*args):
    return True

def holder(value):
    def action():
        return value is None or True
    return action

def task_given():
    for name, value in THINGS.items():
        yield {"name": name, "actions": [(work, [value])], "file_dep": ["in.txt"]}

def task_held():
    for name, value in THINGS.items():
        yield {"name": name, "actions": [holder(value)], "file_dep": ["in.txt"]}

def task_code():
    for func in (reads_hints, reads_fields):
        def action(func=func):
            return func() is not None
        yield {"name": func.__name__, "actions": [action], "file_dep": ["in.txt"]}

def draws():
    return gauss(0, 1) + normal() + choice([1, 2]) is not None

def task_draws():
    return {"actions": [draws], "file_dep": ["in.txt"]}
"""


@pytest.mark.matrix
def test_nothing_looks_different_in_another_process(doit_project: Make) -> None:
    """Tasks stay up-to-date with other hash seeds, addresses and environments."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    project.run(process=True, env={"PYTHONHASHSEED": "1"}).assert_success()
    for seed in ("2", "3"):
        env = {"PYTHONHASHSEED": seed, "SEEN": "x" * int(seed) * 999, "PYTHONMALLOC": "malloc"}
        project.run(process=True, env=env).assert_executed()
    project.edit("dodo.py", "self.n + 1", "self.n + 2")
    project.edit("dodo.py", "default_rng(3)", "default_rng(4)")
    project.run(process=True).assert_executed(
        *(f"{kind}:{name}" for kind in ("given", "held") for name in ("compiled", "seeded"))
    )
