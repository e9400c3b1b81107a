"""Generated edits of generated functions: those that matter are seen, the others are not."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, note
from hypothesis import strategies as st

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Difference
from doit_invariants.kinds.function import Function
from tests.support.choices import examples

from .edits import edited
from .neutral import annotated, laid_out, renamed
from .programs import MODULE, Draw, behaviour, differs, load, modules

_place = Path(__file__).parents[1] / "unit" / "contexts.py"
_spec = importlib.util.spec_from_file_location("contexts_for_properties", _place)
assert _spec is not None
assert _spec.loader is not None
contexts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(contexts)
MemoryContext = contexts.MemoryContext

Test = TypeVar("Test", bound=Callable[..., None])


@pytest.fixture(scope="module", autouse=True)
def _module_is_removed() -> Iterator[None]:
    yield
    sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return where the generated modules are written to, one after the other."""
    return str(tmp_path_factory.mktemp("generated") / "generated_module.py")


def many(count: int) -> Callable[[Test], Test]:
    """Run a property so many times, though its programs take long to generate."""
    return examples(count, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def recorded(source: str, where: str, kept: dict[str, Any]) -> tuple[Any, Any]:
    """Return a loaded module, and the fingerprint of its ``f``."""
    module = load(source, where)
    return module, Function(module.f).fingerprint(MemoryContext(kept), None)


def difference(old: str, new: str, where: str) -> Difference | None:
    """Return what is seen of an edit, by two runs one after the other."""
    kept: dict[str, Any] = {}
    _, before = recorded(old, where, kept)
    return compared(load(new, where), before, kept)


def compared(module: Any, before: Any, kept: dict[str, Any]) -> Difference | None:
    """Return how the ``f`` of a module differs from what was recorded."""
    context = MemoryContext(kept)
    one = Function(module.f)
    after = one.fingerprint(context, before)
    assert json.loads(json.dumps(after)) == after
    return one.difference(before, after, context)


# ---------------------------------------------------------------------- edits that matter


def check_seen(data: st.DataObject, path: str, before: Callable[[Any], Any] | None) -> None:
    """Every edit after which ``f`` returns something else is seen."""
    tree = data.draw(modules(reflective=data.draw(st.booleans())))
    old = ast.unparse(tree)
    new = data.draw(edited(tree if before is None else before(tree)))
    note(f"{old}\n# ---- edited:\n{new}")
    for where in (path, "<generated>"):
        kept: dict[str, Any] = {}
        module, fingerprint = recorded(old, where, kept)
        was = behaviour(module)
        try:
            module = load(new, where)
            assert callable(module.f)
        except Exception:
            assume(False)
        found = compared(module, fingerprint, kept)
        if found is None:
            assert not differs(was, behaviour(module)), where


def neutral(data: st.DataObject) -> Callable[[ast.Module], ast.Module]:
    """Return an edit that can't matter."""
    return lambda tree: data.draw(st.one_of(annotated(tree), renamed(tree)))


@given(st.data())
@many(300)
def test_an_edit_that_matters_is_seen(path: str, data: st.DataObject) -> None:
    """Every edit after which ``f`` returns something else is seen, with its source or without."""
    check_seen(data, path, None)


@given(st.data())
@many(100)
def test_an_edit_that_matters_is_seen_among_others(path: str, data: st.DataObject) -> None:
    """Every edit that matters is seen together with one that does not matter."""
    check_seen(data, path, neutral(data))


@pytest.mark.long
@given(st.data())
@many(5_000)
def test_edits_that_matter_are_seen(path: str, data: st.DataObject) -> None:
    """Many random edits that matter are seen."""
    check_seen(data, path, data.draw(st.sampled_from((None, neutral(data)))))


# ---------------------------------------------------------------------- edits that do not


def check_not_seen(data: st.DataObject, path: str) -> None:
    """No edit that can't matter is seen."""
    tree = data.draw(modules())
    old = ast.unparse(tree)
    kind = data.draw(st.sampled_from(("layout", "names", "annotations")))
    if kind == "annotations":
        tree = data.draw(annotated(tree))
    elif kind == "names":
        tree = data.draw(renamed(tree))
    # Only bytecode can show that names do not matter, and layout may show in bytecode:
    # Python leaves out a swap where both targets are on one line.
    new = ast.unparse(tree) if kind == "names" else data.draw(laid_out(tree))
    note(f"{old}\n# ---- {kind}:\n{new}")
    for where in (path, "<generated>") if kind == "names" else (path,):
        found = difference(old, new, where)
        assert found is None, (where, kind, found.text)


@given(st.data())
@many(150)
def test_an_edit_that_does_not_matter_is_not_seen(path: str, data: st.DataObject) -> None:
    """Layout, comments, docstrings, annotations, quotes, names and moves are not seen."""
    check_not_seen(data, path)


@pytest.mark.long
@given(st.data())
@many(5_000)
def test_edits_that_do_not_matter_are_not_seen(path: str, data: st.DataObject) -> None:
    """Many random edits that do not matter are not seen."""
    check_not_seen(data, path)


# ---------------------------------------------------------------------- what is recorded


@given(st.data())
@many(50)
def test_what_is_recorded_survives_json_and_is_given_back(path: str, data: st.DataObject) -> None:
    """Fingerprints and details are JSON; the same code gives the recorded object back."""
    source = ast.unparse(data.draw(modules(reflective=True)))
    for where in (path, "<generated>"):
        kept: dict[str, Any] = {}
        _, before = recorded(source, where, kept)
        assert json.loads(json.dumps([before, kept])) == [before, kept]
        stored = json.loads(json.dumps(kept))
        again = Function(load(source, where).f).fingerprint(MemoryContext(stored), before)
        assert again is before


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@st.composite
def damaged(draw: Draw, value: Any) -> Any:
    """Generate JSON with something replaced, cut off or taken out at one place."""
    inside = (
        list(value)
        if isinstance(value, dict)
        else range(len(value) if isinstance(value, list) else 0)
    )
    if not isinstance(value, (dict, list)) or not inside or draw(st.integers(0, 4)) == 0:
        return value[: len(value) // 2] if isinstance(value, str) else draw(JUNK)
    key = draw(st.sampled_from(inside))
    copy = dict(value) if isinstance(value, dict) else list(value)
    if draw(st.integers(0, 4)) == 0:
        del copy[key]
    else:
        copy[key] = draw(damaged(value[key]))
    return copy


@given(st.data())
@many(100)
def test_damaged_records_are_changes_never_errors(path: str, data: st.DataObject) -> None:
    """Damaged details count as unchanged only if the code is; nothing is raised."""
    tree = data.draw(modules())
    old, new = ast.unparse(tree), data.draw(edited(tree))
    note(f"{old}\n# ---- edited:\n{new}")
    kept: dict[str, Any] = {}
    module, before = recorded(old, path, kept)
    key = before["details"]
    if data.draw(st.booleans()):
        broken, stored = before, {**kept, key: data.draw(damaged(kept[key]))}
    else:
        # Without a digest it would be no fingerprint.
        rest = {name: value for name, value in before.items() if name != "digest"}
        broken, stored = {**data.draw(damaged_fingerprint(rest)), "digest": before["digest"]}, kept
    note(f"{broken} {stored}")
    was = behaviour(module)
    try:
        module = load(new, path)
        assert callable(module.f)
    except Exception:
        assume(False)
    try:
        intact = compared(module, before, dict(kept))
        found = compared(module, broken, stored)
    except CannotFingerprint:
        return
    assert found is not None or intact is None or not differs(was, behaviour(module))


def damaged_fingerprint(value: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Generate a damaged fingerprint: still a dictionary, as its record is read."""
    return damaged(value).filter(lambda one: isinstance(one, dict))


_PRINT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from contexts import MemoryContext
from doit_invariants.kinds.function import Function
found = []
for path in sys.argv[2:]:
    space = {"__name__": "generated_module", "__file__": path}
    exec(compile(open(path, encoding="utf-8").read(), path, "exec"), space)
    found.append(Function(space["f"]).fingerprint(MemoryContext(), None))
print(json.dumps(found))
"""


@given(st.lists(modules(reflective=True), min_size=8, max_size=8))
@many(2)
def test_fingerprints_do_not_depend_on_the_hash_seed(
    tmp_path_factory: pytest.TempPathFactory, trees: list[ast.Module]
) -> None:
    """Sets of functions and constants have the same fingerprint in every process."""
    directory = tmp_path_factory.mktemp("seeds")
    paths = []
    for number, tree in enumerate(trees):
        paths.append(str(directory / f"generated{number}.py"))
        Path(paths[-1]).write_text(ast.unparse(tree), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-c", _PRINT, str(_place.parent), *paths]
    printed = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(printed) == 1


# ---------------------------------------------------------------------- what was found

MISSED: dict[str, tuple[str, str]] = {
    "a closed-over argument, in a lambda": (
        "def f(x, y=2): return (lambda: x)()",
        "def f(x, y=2): return (lambda: y)()",
    ),
    "a closed-over argument, in a comprehension": (
        "def f(x, y=2): return [x for i in 'ab']",
        "def f(x, y=2): return [y for i in 'ab']",
    ),
    "an argument that a nested class reads": (
        "def f(x, y=2):\n class C: v = x\n return C.v",
        "def f(x, y=2):\n class C: v = y\n return C.v",
    ),
    "an attribute of a global that is not there yet": (
        "def f(x):\n global C\n C = x\n return C.real",
        "def f(x):\n global C\n C = x\n return C.imag",
    ),
    "a global that is assigned, and one of the same value": (
        "A = B = None\ndef f(x):\n global A\n A = x\n return A",
        "A = B = None\ndef f(x):\n global A\n A = x\n return B",
    ),
    "a list that is appended to, and an equal one": (
        "A = []\nB = []\ndef f(x):\n A.append(x)\n return A",
        "A = []\nB = []\ndef f(x):\n A.append(x)\n return B",
    ),
    "a list that a helper appends to, and an equal one": (
        "A = []\nB = []\ndef g(x): A.append(x)\ndef f(x):\n g(x)\n return A",
        "A = []\nB = []\ndef g(x): A.append(x)\ndef f(x):\n g(x)\n return B",
    ),
    "two names for one list": (
        "A = []\nB = A\ndef f(x):\n A.append(x)\n return len(B)",
        "A = []\nB = []\ndef f(x):\n A.append(x)\n return len(B)",
    ),
    "sentinels": (
        "A = object()\nB = object()\ndef g(): return A\ndef f(x): return g() is A",
        "A = object()\nB = object()\ndef g(): return A\ndef f(x): return g() is B",
    ),
    "an exception of another class, as empty": (
        "class E(Exception): pass\nclass Q(Exception): pass\ndef g(): raise E\n"
        "def f(x):\n try: g()\n except E: return 1",
        "class E(Exception): pass\nclass Q(Exception): pass\ndef g(): raise E\n"
        "def f(x):\n try: g()\n except Q: return 1",
    ),
    "an instance of another class, as empty": (
        "class K: pass\nclass L: pass\ndef g(): return K()\ndef f(x): return isinstance(g(), K)",
        "class K: pass\nclass L: pass\ndef g(): return K()\ndef f(x): return isinstance(g(), L)",
    ),
    "a default of another keyword": (
        "def g(*, a=1, b): return b\ndef f(x): return g(b=2)",
        "def g(*, a, b=1): return b\ndef f(x): return g(b=2)",
    ),
    "a default of an argument, then of a keyword": (
        "def f(x, y=1, *, z): return x",
        "def f(x, y, *, z=1): return x",
    ),
    "the name of an attribute of a function": (
        "def f(x): return f.limit\nf.limit = 3",
        "def f(x): return f.limit\nf.other = 3",
    ),
    "unpacking into a dictionary, and a key that is None": (
        "def f(x): return {**{'a': x}}",
        "def f(x): return {None: {'a': x}}",
    ),
    "a keyword whose default is None, and one without, in a nested function": (
        "def f(x):\n def g(*, a=None): return a\n return g()",
        "def f(x):\n def g(*, a): return a\n return g()",
    ),
    "the first of two functions in a set": (
        "def g(x): return 1\ndef h(x): return 2\nS = {g, h}\ndef f(x): return {i(x) for i in S}",
        "def g(x): return 5\ndef h(x): return 2\nS = {g, h}\ndef f(x): return {i(x) for i in S}",
    ),
    "the order in which a class is matched": (
        "class P:\n __match_args__ = ('a', 'b')\n a, b = 1, 2\n"
        "def f(x):\n match P():\n  case P(u): return u",
        "class P:\n __match_args__ = ('b', 'a')\n a, b = 1, 2\n"
        "def f(x):\n match P():\n  case P(u): return u",
    ),
    "a data attribute with underscores": (
        "class P: __limit__ = 1\ndef f(x): return P().__limit__",
        "class P: __limit__ = 2\ndef f(x): return P().__limit__",
    ),
    "a private attribute of a renamed class": (
        "class K:\n def __init__(self): self.__x = 1\ndef f(x): return K()._K__x",
        "class L:\n def __init__(self): self.__x = 1\ndef f(x): return L()._K__x",
    ),
    "the docstring of a nested function": (
        "def f(x):\n def g(): 'a'\n return g.__doc__",
        "def f(x):\n def g(): 'b'\n return g.__doc__",
    ),
    "the docstring of a nested class": (
        "def f(x):\n class C: 'a'\n return C.__doc__",
        "def f(x):\n class C: 'b'\n return C.__doc__",
    ),
    "the name of a nested function": (
        "def f(x):\n def g(): pass\n return g.__name__",
        "def f(x):\n def h(): pass\n return h.__name__",
    ),
    "an initialiser of a dataclass": (
        "import dataclasses\n@dataclasses.dataclass\nclass K:\n a: int\n"
        " def __post_init__(self): self.b = 1\ndef f(x): return K(x).b",
        "import dataclasses\n@dataclasses.dataclass\nclass K:\n a: int\n"
        " def __post_init__(self): self.b = 2\ndef f(x): return K(x).b",
    ),
    "a method of an enum": (
        "import enum\nclass K(enum.Enum):\n A = 1\n def m(self): return 1\n"
        "def f(x): return K.A.m()",
        "import enum\nclass K(enum.Enum):\n A = 1\n def m(self): return 2\n"
        "def f(x): return K.A.m()",
    ),
    "a value that a function reads which calls itself": (
        "A = 1\ndef f(x): return f(0) if x else A",
        "A = 2\ndef f(x): return f(0) if x else A",
    ),
}


@pytest.mark.parametrize("sourced", [True, False], ids=["source", "exec"])
@pytest.mark.parametrize("name", MISSED)
def test_edits_that_were_missed(path: str, name: str, sourced: bool) -> None:
    """Each of these edits was missed once, and changes the outcome."""
    old, new = MISSED[name]
    where = path if sourced else "<string>"
    assert differs(behaviour(load(old, where)), behaviour(load(new, where)))
    assert difference(old, new, where) is not None


SEEN: dict[str, tuple[str, str]] = {
    "a renamed global that a nested class reads": (
        "A = 1\ndef f(x):\n class C: v = A\n return C.v",
        "B = 1\ndef f(x):\n class C: v = B\n return C.v",
    ),
}


@pytest.mark.parametrize("sourced", [True, False], ids=["source", "exec"])
@pytest.mark.parametrize("name", SEEN)
def test_edits_that_were_seen(path: str, name: str, sourced: bool) -> None:
    """Each of these does not matter, and was seen once."""
    assert difference(*SEEN[name], path if sourced else "<string>") is None
