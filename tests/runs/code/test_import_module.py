"""Stories about modules that a function imports by a name which is a value."""

from __future__ import annotations

from tests.support import Make

CALLS = {
    "constant": 'importlib.import_module("plugins.a").N',
    "alone": 'import_module("plugins.a").N',
    "builtin": '__import__("single").N',
    "of_global": "import_module(PLUGIN).N",
    "of_place": 'import_module(CONFIG["plugin"]).N',
    "of_module": "import_module(names.PLUGIN).N",
    "relative": 'import_module(".a", "plugins").N',
    "relative_named": 'import_module(".a", package=PACKAGE).N',
    "inside": '[import_module("plugins.a").N for _ in [1]]',
    "of_argument": "import_module(name).N",
    "of_pieces": 'import_module(f"plugins.{name[-1]}").N',
}
DODO = """
import importlib
from importlib import import_module
import names
PLUGIN = "plugins.a"
PACKAGE = "plugins"
CONFIG = {"plugin": "plugins.a", "other": 1}
def local(targets):
    from importlib import import_module
    import importlib
    open(targets[0], "w").write(repr([import_module("plugins.a").N, importlib.import_module("b")]))
def task_local():
    return {"actions": [local], "targets": ["local.txt"], "uptodate": [True]}
def make(name):
    def closed(targets):
        open(targets[0], "w").write(repr(import_module(name).N))
    return closed
def task_closed():
    return {"actions": [make("plugins.a")], "targets": ["closed.txt"], "uptodate": [True]}
"""
TASK = """
def act_{0}(targets, name="plugins.a"):
    open(targets[0], "w").write(repr({1}))
def task_{0}():
    return {{"actions": [act_{0}], "targets": ["{0}.txt"], "uptodate": [True]}}
"""
FILES = {
    "dodo.py": DODO + "".join(TASK.format(name, call) for name, call in CALLS.items()),
    "plugins/__init__.py": "",
    "plugins/a.py": "from base import N\n",
    "plugins/b.py": "N = 2\n",
    "base.py": "N = 3\n",
    "single.py": "N = 4\n",
    "names.py": 'PLUGIN = "plugins.a"\n',
    "b.py": "",
}
OF_A = {"constant", "alone", "of_global", "of_place", "of_module", "relative", "relative_named"}
OF_A |= {"inside", "local", "closed"}
#: Their name is made when they run.
UNSEEN = {"of_argument", "of_pieces"}


def test_the_module_counts_and_not_the_one_that_imports_it(doit_project: Make) -> None:
    """The module counts with its imports if its name is known, and nothing else of dodo.py."""
    project = doit_project(FILES)
    project.run().assert_success()
    for name, old, new, expected in (
        ("dodo.py", "def task_local", "def other():\n    pass\ndef task_local", set()),
        ("plugins/b.py", "2", "22", set()),
        ("plugins/a.py", "from", "M = 1\nfrom", OF_A),
        ("base.py", "3", "33", OF_A),
        ("single.py", "4", "44", {"builtin"}),
        ("b.py", "", "N = 5", {"local"}),
        ("dodo.py", '"other": 1', '"other": 2', set()),
        ("dodo.py", 'PLUGIN = "plugins.a"', 'PLUGIN = "plugins.b"', {"of_global"}),
        ("names.py", "plugins.a", "plugins.b", {"of_module"}),
        ("dodo.py", 'make("plugins.a")', 'make("plugins.b")', {"closed"}),
        ("plugins/b.py", "22", "2", {"of_global", "of_module", "closed"}),
    ):
        project.edit(name, old, new)
        assert (name, new, set(project.run().executed)) == (name, new, expected)


def test_what_is_not_known_is_shown(doit_project: Make) -> None:
    """A name that is made when the code runs adds nothing, and `show` says so."""
    project = doit_project(FILES)
    project.run().assert_success()
    for name in UNSEEN:
        assert (
            "a module whose name is known only at run time"
            in project.run("invariants", "show", name).stdout
        )
    assert "not known" not in project.run("invariants", "show", *OF_A).stdout
