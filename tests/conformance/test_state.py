"""What a run itself changes in memory does not count: the code counts as it was loaded."""

from __future__ import annotations

import pytest

from tests.support import Make

from .execute import ENVIRONMENT

DODO = """
{definitions}

def work():
    use()

def task_a():
    return {{"actions": [work], "file_dep": ["in.txt"]}}

def other():
    use()

def task_b():
    return {{"actions": [other], "file_dep": ["in.txt"]}}

def task_c():
    return {{"actions": [(other,), lambda: None], "file_dep": ["c.txt"]}}
"""
#: Functions ``use`` that leave something behind.
LEAVES = {
    "cache": "CACHE = {}\ndef use():\n    CACHE['x'] = 1\n",
    "counter": "N = 0\ndef use():\n    global N\n    N += 1\n",
    "mutable default": "def use(x=[]):\n    x.append(1)\n",
    "function attribute": "def use():\n    use.calls = getattr(use, 'calls', 0) + 1\n",
    "instance": "class C:\n    n = 0\nc = C()\ndef use():\n    c.n += 1\n",
    "class attribute": "class C:\n    n = 0\ndef use():\n    C.n += 1\n",
    "cached property": "from functools import cached_property\nclass C:\n    @cached_property\n"
    "    def p(self):\n        return 1\nc = C()\ndef use():\n    c.p\n",
    "closure": "def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
    "    return f\nuse = make()\n",
    "lru_cache": "from functools import lru_cache\n@lru_cache\ndef use(x=1):\n    return x\n",
    "dispatch cache": "from functools import singledispatch\n@singledispatch\ndef g(x):\n    pass\n"
    "def use():\n    g(1)\n    g('a')\n",
    "default dict": "from collections import defaultdict\nD = defaultdict(list)\n"
    "def use():\n    D['a']\n",
    "random numbers": "import random\nR = random.Random(1)\ndef use():\n    R.random()\n",
    "iterator": "I = iter([1, 2, 3, 4, 5])\ndef use():\n    next(I)\n",
    "global of a module": "import helpers\ndef use():\n    helpers.N += 1\n",
    "module imported late": "def use():\n    import helpers\n    helpers.N += 1\n",
    "submodule imported late": "import pkg\ndef use():\n    import pkg.sub\n    pkg.sub.f()\n",
    "module kept in a global": "kept = None\ndef use():\n    global kept\n    import helpers\n"
    "    kept = helpers\n",
    "environment": "import os\nE = os.environ\ndef use():\n    E['LEFT'] = str(os.getpid())\n",
    "globals": "G = globals()\ndef use():\n    G['x'] = 1\n",
    "logger": "import logging\nL = logging.getLogger('left')\ndef use():\n    L.debug('x')\n",
    "sets of objects": "class C:\n    pass\nS = {C(), C(), len, int, C}\ndef use():\n    S\n",
}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["serial", "parallel"])
def test_what_a_run_leaves_behind(doit_project: Make, arguments: tuple[str, ...]) -> None:
    """Nothing runs again because a task before it, or the task itself, changed what it uses."""
    # one project for all: what counts is what one process does to what the next one finds
    names = {name.replace(" ", "_"): text for name, text in LEAVES.items()}
    files = {"helpers.py": "N = 0\n", "pkg/__init__.py": "", "pkg/sub.py": "def f():\n    pass\n"}
    for name, definitions in names.items():
        files[f"steps_{name}.py"] = DODO.format(definitions=definitions)
    dodo = (
        f"import importlib\nNAMES = {list(names)}\ndef task_of():\n    for name in NAMES:\n"
        "        steps = importlib.import_module(f'steps_{name}')\n"
        "        for task in 'abc':\n"
        "            options = getattr(steps, f'task_{task}')()\n"
        "            yield {'name': f'{name}:{task}', **options}\n"
    )
    project = doit_project({**files, "dodo.py": dodo, "in.txt": "", "c.txt": ""})

    def run() -> list[str]:
        outcome = project.run(*arguments, process=True, env={**ENVIRONMENT})
        outcome.assert_success()
        assert not outcome.stderr, repr(outcome)
        return sorted(outcome.executed)

    assert len(run()) == 3 * len(names)
    assert run() == []
    project.write({"c.txt": "edited"})
    assert run() == sorted(f"of:{name}:c" for name in names)
    assert run() == []


@pytest.mark.long
@pytest.mark.parametrize("name", LEAVES)
def test_each_alone(doit_project: Make, name: str) -> None:
    """The same in this process, one way to leave something behind at a time."""
    files = {"helpers.py": "N = 0\n", "pkg/__init__.py": "", "pkg/sub.py": "def f():\n    pass\n"}
    dodo = DODO.format(definitions=LEAVES[name])
    project = doit_project({**files, "dodo.py": dodo, "in.txt": "", "c.txt": ""})
    project.run(env=ENVIRONMENT).assert_executed("a", "b", "c")
    project.run(env=ENVIRONMENT).assert_executed()
    project.write({"c.txt": "edited"})
    project.run(env=ENVIRONMENT).assert_executed("c")
    project.run(env=ENVIRONMENT).assert_executed()
