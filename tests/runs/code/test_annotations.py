"""Classes in annotations count where code reads annotations, in every way to write them."""

# ruff: noqa: E501 - tables of modules
from __future__ import annotations

import importlib.util
from collections.abc import Mapping

import pytest

from tests.support import Make
from tests.support.choices import rest_in_matrix

DODO = """
import importlib

NAMES = {names!r}


def task_use():
    for name in NAMES:
        use = importlib.import_module(f"of_{{name}}").use
        yield {{"name": name, "actions": [use], "file_dep": ["in.txt"]}}
"""
USE = "\n\ndef use():\n    v is None\n"
METHOD = "    def f(self):\n        return @@\n"
#: A method of ``Inner`` is edited.
ANNOTATIONS = {
    "plain": "Inner",
    "list": "list[Inner]",
    "union": "list[Inner] | None",
    "optional": "Optional[list[Inner]]",
    "annotated": "Annotated[Inner, 1]",
    "dict": "dict[str, list[Inner]]",
    "tuple": "tuple[Inner, ...]",
    "callable": "Callable[[Inner], int]",
    "returned": "Callable[..., Inner]",
    "literal": "Literal['a'] | Inner",
    "class": "type[Inner]",
    "string": "'list[Inner]'",
    "string_inside": "List['Inner']",
    "string_in_list": "list['Inner']",
    "string_union": "'Inner | None'",
    "string_optional": "'Optional[List[Inner]]'",
    "string_in_string": "\"list['Inner']\"",
    "string_annotated": "'Annotated[Inner, 3]'",
}
INNER = {
    "plain": f"from typing import *\nclass Inner:\n    x: int = 0\n{METHOD}",
    "pydantic": "from typing import *\nfrom pydantic import *\n"
    f"class Inner(BaseModel):\n    x: int = 0\n{METHOD}",
    "msgspec": "from typing import *\nimport msgspec\n"
    f"class Inner(msgspec.Struct):\n    x: int = 0\n{METHOD}",
    "attrs": f"from typing import *\nimport attrs\n@attrs.define\nclass Inner:\n    x: int = 0\n{METHOD}",
}
#: Where an annotation stands, by the Inner that it names.
PLACES = {
    "pydantic": ("pydantic", "class M(BaseModel):\n    a: {one} = None\nv = M\n"),
    "msgspec": ("msgspec", "class M(msgspec.Struct):\n    a: {one} = None\nv = M\n"),
    "attrs": ("attrs", "@attrs.define\nclass M:\n    a: {one} = None\nv = M\n"),
    "dataclass": (
        "plain",
        "from dataclasses import dataclass\n@dataclass\nclass M:\n    a: {one} = None\nv = M\n",
    ),
    "named_tuple": ("plain", "class M(NamedTuple):\n    a: {one}\nv = M\n"),
    "typed_dict": ("plain", "class M(TypedDict):\n    a: {one}\nv = M\n"),
    "hints": (
        "plain",
        "def build(f):\n    return get_type_hints(f)\ndef made(a: {one}):\n    return a\n"
        "v = (build, made)\n",
    ),
    "hints_of_class": (
        "plain",
        "def build(f):\n    return f.__annotations__\nclass M:\n    a: {one} = None\nv = (build, M)\n",
    ),
}
PYDANTIC = INNER["pydantic"]
TYPES = "from typing import *\nfrom dataclasses import dataclass, fields\n"
#: What is edited stands at ``@@``: ``1`` becomes ``2``, ``int`` becomes ``str``.
READ = {
    "future": f"from __future__ import annotations\n{PYDANTIC}class M(BaseModel):\n    a: list[Inner] | None\nv = M\n",
    "new_type": f"{PYDANTIC}N = NewType('N', Inner)\nclass M(BaseModel):\n    a: N\nv = M\n",
    "type_variable": f"{PYDANTIC}T = TypeVar('T', bound=Inner)\nclass M(BaseModel, Generic[T]):\n    a: T\nv = M\n",
    "validator": "from typing import *\nfrom pydantic import *\ndef f(x):\n    return x + @@\n"
    "class M(BaseModel):\n    a: Annotated[int, AfterValidator(f)]\nv = M\n",
    "validator_in_string": "from __future__ import annotations\nfrom typing import *\nfrom pydantic import *\n"
    "def f(x):\n    return x + @@\nclass M(BaseModel):\n    a: Annotated[int, AfterValidator(f)]\nv = M\n",
    "validated_call": f"{PYDANTIC}@validate_call\ndef v(x: list[Inner]):\n    return 1\n",
    "validated_type": "from pydantic import *\n@validate_call\ndef v(x: @type@):\n    return 1\n",
    "adapter_of_typed_dict": "from pydantic import *\nfrom typing_extensions import TypedDict\n"
    "class D(TypedDict):\n    a: @type@\nv = TypeAdapter(D)\n",
    "adapter_of_dataclass": "from pydantic import *\nfrom dataclasses import dataclass\n"
    "@dataclass\nclass D:\n    a: @type@\nv = TypeAdapter(list[D])\n",
    "decoded": "import msgspec\nfrom dataclasses import dataclass\n@dataclass\nclass D:\n    a: @type@\n"
    "def v(b):\n    return msgspec.json.decode(b, type=list[D])\n",
    "fields": f"{TYPES}@dataclass\nclass D:\n    a: @type@\ndef v():\n    return [f.type for f in fields(D)]\n",
    "field": "from pydantic import *\nclass M(BaseModel):\n    a: @type@\nv = M\n",
    "field_of_field": "from pydantic import *\nclass I(BaseModel):\n    a: @type@\n"
    "class M(BaseModel):\n    a: list[I] | None\nv = M\n",
    "local": f"{PYDANTIC}def make():\n    class M(BaseModel):\n        a: 'list[Inner]'\n    return M\nv = make()\n",
    "itself": f"from pydantic import *\nclass M(BaseModel):\n    a: 'list[M] | None'\n{METHOD}v = M\n",
    "each_other": "from pydantic import *\nclass A(BaseModel):\n    b: 'B | None' = None\n"
    f"class B(BaseModel):\n    a: 'A | None' = None\n{METHOD}v = A\n",
    "injected": f"{TYPES}def dep():\n    return @@\nclass Depends:\n    def __init__(self, f):\n        self.f = f\n"
    "def run(f):\n    return get_type_hints(f, include_extras=True)\n"
    "def h(x: Annotated[int, Depends(dep)]):\n    return x\nv = (run, h)\n",
    "dataclass_of_pydantic": "from pydantic.dataclasses import dataclass\n@dataclass\nclass Inner:\n    a: int = 1\n"
    f"{METHOD}@dataclass\nclass M:\n    a: list[Inner] | None = None\nv = M\n",
}
UNREAD = {
    "dataclass": f"{TYPES}@dataclass\nclass D:\n    a: @type@\nv = D\n",
    "function": "def v(x: @type@):\n    return x\n",
    "class": "class D:\n    a: @type@ = 1\nv = D\n",
    "typed_dict": f"{TYPES}class D(TypedDict):\n    a: @type@\nv = D\n",
    "named_tuple": f"{TYPES}class D(NamedTuple):\n    a: @type@\nv = D\n",
    "variable": "def v():\n    x: @type@ = 1\n    return x\n",
    "cached": "import functools\n@functools.lru_cache\ndef v(a: @type@):\n    return a\n",
    "wrapped": "import wrapt\n@wrapt.decorator\ndef d(w, i, a, k):\n    return w(*a)\n@d\ndef v(a: @type@):\n    return a\n",
    "cachetools": "import cachetools\n@cachetools.cached({})\ndef v(a: @type@):\n    return a\n",
    "joblib": "import joblib\nm = joblib.Memory(None)\n@m.cache\ndef v(a: @type@):\n    return a\n",
    "beside_a_model": "from pydantic import *\nclass M(BaseModel):\n    a: int\ndef f(x: @type@):\n    return M(a=x)\nv = f\n",
}  # fmt: skip


def modules(made: Mapping[str, str], *, edited: bool) -> dict[str, str]:
    """Return the files of the modules of a table, before or after the edit."""
    value, kind = ("2", "str") if edited else ("1", "int")
    return {
        f"of_{name}.py": text.replace("@@", value).replace("@type@", kind) + USE
        for name, text in made.items()
    }


def story(doit_project: Make, made: Mapping[str, str]) -> set[str]:
    """Return which tasks run after an edit of all modules."""
    project = doit_project(
        {"dodo.py": DODO.format(names=list(made)), "in.txt": "", **modules(made, edited=False)}
    )
    every = [f"use:{name}" for name in made]
    project.run().assert_executed(*every)
    project.run(process=True, env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."}).assert_up_to_date(
        *every
    )
    project.write(modules(made, edited=True))
    return {name.removeprefix("use:") for name in project.run().executed}


needed = ("pydantic", "msgspec", "attrs", "wrapt", "cachetools", "joblib")
pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in needed), reason="libraries are missing"
)


@pytest.mark.parametrize("place", rest_in_matrix(PLACES, 2))
def test_class_is_named(doit_project: Make, place: str) -> None:
    """A method of a class is edited that an annotation names, at any depth, also in a string."""
    inner, holds = PLACES[place]
    made = {name: INNER[inner] + holds.format(one=one) for name, one in ANNOTATIONS.items()}
    assert story(doit_project, made) == set(made)


def test_read_by_somebody(doit_project: Make) -> None:
    """Classes in annotations count for libraries and code that read annotations."""
    assert story(doit_project, READ) == set(READ)


def test_read_by_nobody(doit_project: Make) -> None:
    """A changed annotation runs nothing where no code reads it."""
    assert story(doit_project, UNREAD) == set()
