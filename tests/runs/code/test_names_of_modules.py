"""Stories about scripts that use some names of a module: the others do not count."""

from __future__ import annotations

from doit_invariants.testing import Project
from tests.support import Make

CONFIG = '''"""Settings."""
import os
from dataclasses import dataclass
from pathlib import Path
import numbers_of
from numbers_of import BASE, OTHER

ROOT = Path(__file__).resolve().parent
DATA = ROOT / "data"
FIGS = ROOT / "figs"
DEBUG = os.environ.get("STUDY_DEBUG", "0")
fmin = BASE * 2
fmax = OTHER + 1
bands: dict = {"alpha": (8, 12), "beta": (13, 30)}
TASKS = ["rest"]
TASKS += ["move"]
tmin, tmax = -1, 2

@dataclass
class Plot:
    color: str = "red"
    width: int = 3

class Fit:
    order = 4
    def run(self):
        return scale(self.order)

def scale(x):
    return x * FACTOR

def unused(x):
    return x

FACTOR = 5
LEVEL = 1
if DEBUG == "1":
    LEVEL = 2
for _name in ["registered"]:
    bands[_name] = (0, 1)

if __name__ == "__main__":
    print("settings")
'''
SCRIPTS = {
    "one": "from config import fmin\nprint(fmin)\n",
    "two": "from config import fmax, tmin as first\nprint(fmax, first)\n",
    "module": "import config\nprint(config.tmax)\n",
    "renamed": "import config as c\ndef main():\n    print(c.TASKS, c.Plot().width)\nmain()\n",
    "paths": "from config import DATA\nprint(DATA.name)\n",
    "call": "from config import Fit\nprint(Fit().run())\n",
    "level": "from config import LEVEL\nprint(LEVEL)\n",
    "star": "from config import *\nprint(fmin)\n",
    "bare": "import config\nprint(vars(config)['fmin'])\n",
    "passed": "import config\ndef show(c):\n    print(c.fmin)\nshow(config)\n",
    "by_name": "import config\nprint(getattr(config, 'fmin'))\n",
    "through": "import helpers\nprint(helpers.limit())\n",
    "deep": "from study.settings import N\nfrom study import settings\nprint(N, settings.M)\n",
    "written": "import config\nconfig.fmin = 3\nprint(config.fmin)\n",
    "loaded": "import sys\nimport config\nprint(sys.modules['config'].fmin)\n",
}
FILES = {
    "config.py": CONFIG,
    "numbers_of.py": "BASE = 10\nOTHER = 20\nMORE = 30\n",
    "helpers.py": "import config\ndef limit():\n    return config.fmin + 1\ndef other(): pass\n",
    "study/__init__.py": "from .other import X\n",
    "study/settings.py": "N = 1\nM = 2\nL = 3\n",
    "study/other.py": "X = 1\n",
    **{f"{name}.py": text for name, text in SCRIPTS.items()},
    # Read as a command that runs the script, which takes too long for a test.
    "dodo.py": f"""
def task_of():
    for name in {list(SCRIPTS)}:
        yield {{"name": name, "actions": [f"false && python {{name}}.py || true"],
               "uptodate": [True]}}
""",
}
WHOLE = {"star", "bare", "passed", "by_name", "written", "loaded"}
FMIN = {"one", "through"}
EDITS = [
    ("config.py", "FACTOR = 5", "NEW = 0\nFACTOR = 5", set()),
    ("config.py", '"figs"', '"figures"', set()),
    ("config.py", '"""Settings."""', '"""All settings."""', None),
    ("config.py", "BASE * 2", "BASE * 3", FMIN),
    ("config.py", "OTHER + 1", "OTHER + 2", {"two"}),
    ("config.py", "-1, 2", "-1, 3", {"two", "module"}),
    ("config.py", '"move"', '"moved"', {"renamed"}),
    ("config.py", "width: int = 3", "width: int = 4", {"renamed"}),
    ("config.py", "order = 4", "order = 5", {"call"}),
    ("config.py", "FACTOR = 5", "FACTOR = 6", {"call"}),
    ("config.py", "return x\n", "return 0\n", set()),
    ("config.py", '"data"', '"raw"', {"paths"}),
    ("config.py", 'print("settings")', "pass", None),
    ("config.py", "import os\n", "import os\nimport json\n", set()),
    ("config.py", "FIGS =", "from study.settings import L\nFIGS =", set()),
    ("numbers_of.py", "10", "11", FMIN),
    ("numbers_of.py", "30", "31", set()),
    ("numbers_of.py", "20", "21", {"two"}),
    ("study/settings.py", "3", "33", {"level"} - {"level"}),
    ("study/settings.py", "M = 2", "M = 22", {"deep"}),
    ("study/other.py", "X = 1", "X = 2", set()),
    ("helpers.py", "pass", "return 1", set()),
    ("helpers.py", "+ 1", "+ 2", {"through"}),
]
#: Statements that may do more than bind a name count for all.
EFFECTS = [
    ("config.py", '"1":', '"2":'),
    ("config.py", "(0, 1)", "(0, 2)"),
    ("config.py", "LEVEL = 1", "LEVEL = 1\nprint('loading')"),
    ("config.py", "LEVEL = 1", "LEVEL = 1\nHANDLE = unused(3)"),
    ("numbers_of.py", "MORE", "print()\nMORE"),
]
OF_CONFIG = {"one", "two", "module", "renamed", "paths", "call", "level", "through"}


def _ran(project: Project, *arguments: str) -> set[str]:
    return {name.partition(":")[2] for name in project.run(*arguments).assert_success().executed}


def test_the_names_that_a_script_uses_count(doit_project: Make) -> None:
    """Used names count with all their parts; a script that may use any name depends on all."""
    project = doit_project(FILES)
    _ran(project, "-a")
    assert _ran(project) == set()
    for name, old, new, expected in EDITS:
        project.edit(name, old, new)
        ran = _ran(project)
        whole = set() if expected is None and "Settings" in old else ran & WHOLE
        assert (name, new, ran - WHOLE) == (name, new, expected or set())
        if name == "config.py" and expected is not None:
            assert whole == WHOLE


def test_what_an_import_does_counts_for_all(doit_project: Make) -> None:
    """Conditions, loops and calls of a module run whichever name is used."""
    project = doit_project(FILES)
    _ran(project, "-a")
    for name, old, new in EFFECTS:
        project.edit(name, old, new)
        assert (new, OF_CONFIG - _ran(project)) == (new, set())


def test_a_name_that_is_not_there_and_one_that_comes(doit_project: Make) -> None:
    """For a name that nothing binds, the whole module counts: it may come from anywhere."""
    project = doit_project(FILES)
    project.write({"one.py": "try:\n    from config import lost\nexcept ImportError:\n    pass\n"})
    _ran(project, "-a")
    project.edit("config.py", "FACTOR = 5", "FACTOR = 5\nlost = 1")
    assert "one" in _ran(project)
    project.edit("config.py", "lost = 1", "lost = 2")
    assert "one" in _ran(project)
    project.edit("config.py", "fmin =", "fmim =")
    assert "one" not in _ran(project)


def test_show_names_what_counts(doit_project: Make) -> None:
    """So that a reader knows why an edit did not count."""
    project = doit_project(FILES)
    _ran(project, "-a")
    shown = project.run("invariants", "show", "of:one").stdout
    assert "config.py (fmin)" in shown
    assert "numbers_of.py (BASE)" in shown


SHARED = {
    "alias": ("A = [1]\nB = A\nB += [2]\n", "[2]", "[3]"),
    "together": ("A = B = [1]\nB += [2]\n", "[2]", "[3]"),
    "inside": ("A = [1]\nB = {'a': A}\nB['a'].append(2)\n", "2", "3"),
    "own_method": (
        "class Q:\n    n = 0\n    def get(self):\n        Q.n += 1\nA = Q()\nB = A.get()\n",
        "A.get()",
        "0",
    ),
    "iterator": ("A = iter([1, 2])\nB = list(A)\n", "list(A)", "0"),
    "unpacked": ("A = iter([1, 2])\nB, C = A\n", "B, C = A", "B = 1"),
    "lazy": ("A = zip([1], [2])\nB = sorted(A)\n", "sorted(A)", "0"),
    "written_by_function": (
        "def f():\n    global A\n    A = 1\nA = 0\nf()\n",
        "    A = 1",
        "    A = 2",
    ),
    "registered": ("A = []\ndef add(f):\n    A.append(f)\n@add\ndef f(): return 1\n", "1", "2"),
    "in_class": ("A = []\nclass C:\n    A.append(1)\n", "1", "2"),
    "subclass": (
        "class A:\n    def __init_subclass__(cls):\n        A.n = cls.k\nclass B(A):\n    k = 1\n",
        "k = 1",
        "k = 2",
    ),
    "by_text": ("class B:\n    pass\nclass A:\n    b: 'list[B]'\n", "pass", "c = 1"),
    "own_names": ("B = 1\nA = vars()['B']\n", "B = 1", "B = 2"),
    "made": ("def __getattr__(name):\n    return B\nB = 1\n", "B = 1", "B = 2"),
    "walrus": ("B = [A := 1, 2]\n", "A := 1", "A := 2"),
    "condition": ("B = 1\nif B: A = 1\nelse: A = 2\n", "B = 1", "B = 0"),
}


def test_what_changes_a_value_under_another_name_counts(doit_project: Make) -> None:
    """Whether a statement can do so is decided for certain, or it counts."""
    files = {f"conf_{name}.py": text for name, (text, _, _) in SHARED.items()}
    files |= {f"{name}.py": f"from conf_{name} import A\nprint(A)\n" for name in SHARED}
    dodo = FILES["dodo.py"].replace(str(list(SCRIPTS)), str(list(SHARED)))
    project = doit_project({"dodo.py": dodo, **files})
    _ran(project, "-a")
    assert _ran(project) == set()
    for name, (_, old, new) in SHARED.items():
        project.edit(f"conf_{name}.py", old, new)
    assert set(SHARED) - _ran(project) == set()
