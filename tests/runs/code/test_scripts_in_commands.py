"""Stories about scripts that are found in commands: upgrades, tests, notebooks, console scripts."""

from __future__ import annotations

import json
import os
import sys

from doit_invariants.testing import Project
from tests.support import Make


def listed(project: Project, task: str) -> list[str]:
    """Return what is tracked of a task by its scripts."""
    (record,) = json.loads(project.run("invariants", "show", task, "--json").stdout).values()
    return [entry[2] for entry in record["entries"].values() if entry[4] == "track-scripts"]


MANY = """
ACTIONS = {
    "variable": "S=x.py; python $S",
    "both": "python x.py; T=y.py; python $T",
    "path": "PYTHONPATH=$PWD/lib python x.py",
    "order": "f() { python x.py; }; python y.py; f",
}
def task_t():
    for name, action in ACTIONS.items():
        yield {"name": name, "actions": [action], "cache": True}
"""


def _as_before(project: Project, entries: dict[str, list[str]]) -> None:
    """Make the records those of a version that found less: only these, in this order."""
    data = json.loads(project.read(".doit.db"))
    for task, kept in entries.items():
        record = data[task]["invariants:"]
        assert record["sources"][-1] == "track-scripts@2"
        record["sources"].pop()
        prefix = "track-scripts:"
        others = {k: e for k, e in record["entries"].items() if not k.startswith(prefix)}
        old = {f"{prefix}{label}": record["entries"][f"{prefix}{label}"] for label in kept}
        record["entries"] = {**others, **old}
    project.write({".doit.db": json.dumps(data)})


def test_upgrading_reruns_nothing(doit_project: Make) -> None:
    """Scripts that an earlier version did not find are adopted, and count from then on."""
    files = {"x.py": "import q\n", "y.py": "", "lib/q.py": "", "q.py": ""}
    project = doit_project({"dodo.py": MANY, **files}, backend="json")
    names = [f"t:{name}" for name in ("variable", "both", "path", "order")]
    project.run().assert_executed(*names)
    x, y = "Script(x.py)", "Script(y.py)"
    old = {"t:variable": [], "t:both": [x], "t:path": [x], "t:order": [x, y]}
    _as_before(project, old)
    project.run("invariants", "why").assert_success()
    project.run().assert_executed().assert_up_to_date(*names)
    assert listed(project, "t:variable") == [x]
    assert listed(project, "t:both") == [x, y]
    assert listed(project, "t:path") == [x, "Script(x.py, search=['lib'])"]
    project.write({"y.py": "1"})
    project.run().assert_executed("t:both", "t:order")
    # what the user adds is seen as ever
    project.edit("dodo.py", "S=x.py; python $S", "S=x.py; python $S; python y.py")
    project.run().assert_executed("t:variable")


def test_an_edit_with_the_upgrade(doit_project: Make) -> None:
    """The findings of an earlier version still count if they have changed since."""
    files = {"x.py": "import q\n", "y.py": "", "lib/q.py": "", "q.py": ""}
    project = doit_project({"dodo.py": MANY, **files}, backend="json")
    project.run().assert_success()
    x = "Script(x.py)"
    _as_before(project, {"t:variable": [], "t:both": [x], "t:path": [x]})
    project.write({"x.py": "import q\n1\n"})
    project.run().assert_executed("t:both", "t:path", "t:order").assert_up_to_date("t:variable")


def test_an_addition_is_no_upgrade(doit_project: Make) -> None:
    """A script that a command starts to run without an edit of the command counts."""
    dodo = "def task_a():\n    return {'actions': ['sh x.sh', 'python sub/*.py'], 'cache': True}"
    project = doit_project({"dodo.py": dodo, "x.sh": "true\n", "sub/a.py": "", "b.py": ""})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    project.write({"sub/b.py": ""})
    outcome = project.run("invariants", "why", "a")
    assert "Script(sub/b.py): added" in outcome.stdout
    project.run().assert_executed("a")
    project.write({"x.sh": "python b.py\n"})
    outcome = project.run("invariants", "why", "a")
    assert "Script(x.sh): 1 changed" in outcome.stdout
    project.run().assert_executed("a")
    project.write({"b.py": "1"})
    project.run().assert_executed("a")


TESTS = """
def task_t():
    for name, action in {
        "file": "true || python -m pytest tests/test_a.py::test_x",
        "all": "true || pytest -q",
        "unit": "true || python -m unittest discover tests",
    }.items():
        yield {"name": name, "actions": [action], "cache": True}
"""


def test_tests(doit_project: Make) -> None:
    """Tests count with their conftest.py, with what these import, and with those that come."""
    files = {
        "dodo.py": TESTS,
        "tests/test_a.py": "import helpers\nimport app\n",
        "tests/test_b.py": "from lib import deep\n",
        "tests/helpers.py": "",
        "tests/conftest.py": "import fixtures\n",
        "tests/notes.py": "",
        "app.py": "",
        "fixtures.py": "",
        "src/lib/deep.py": "",
        "pytest.ini": "[pytest]\npythonpath = src\ntestpaths = tests\n",
    }
    project = doit_project(files)
    every = ["t:file", "t:all", "t:unit"]
    project.run().assert_executed(*every)
    project.run().assert_up_to_date(*every)
    for name, expected in {
        "app.py": every,
        "tests/helpers.py": every,
        "fixtures.py": every[:2],
        "tests/conftest.py": every[:2],
        "src/lib/deep.py": ["t:all"],
        "tests/notes.py": [],
        "tests/test_b.py": every[1:],
    }.items():
        project.write({name: f"{project.read(name)}edited = {name!r}\n"})
        project.run().assert_executed(*expected)
    project.write({"tests/test_new.py": ""})
    outcome = project.run("invariants", "why", "t:all")
    assert "Script(tests): 1 added (tests/test_new.py)" in outcome.stdout
    project.run().assert_executed(*every[1:])


def cell(source: str, **more: object) -> dict[str, object]:
    """Return a code cell."""
    return {"cell_type": "code", "source": source.splitlines(True), **more}


def notebook(*cells: object, kernel: str = "python3", **metadata: object) -> str:
    """Return a notebook."""
    whole = {"cells": list(cells), "nbformat": 4, "nbformat_minor": 5}
    return json.dumps({**whole, "metadata": {"kernelspec": {"name": kernel}, **metadata}})


def test_notebooks(doit_project: Make) -> None:
    """The code cells of a notebook count, not what running it writes into it."""
    dodo = (
        "def task_t():\n    for name, action in {\n"
        "'pm': 'true || papermill n.ipynb out.ipynb -p x 1',\n"
        "'nb': 'true || jupyter nbconvert --to notebook --execute --inplace n.ipynb',\n"
        "}.items():\n"
        "        yield {'name': name, 'actions': [action], 'cache': True}\n"
    )
    code = cell("import app\n%matplotlib inline\n!sh x.sh\n"), cell("app.f()")
    project = doit_project(
        {"dodo.py": dodo, "n.ipynb": notebook(*code), "app.py": "", "x.sh": "true\n"}
    )
    both = ["t:pm", "t:nb"]
    project.run().assert_executed(*both)
    project.run().assert_up_to_date(*both)
    text = {"cell_type": "markdown", "source": "# Title"}
    done = cell("import app\n%matplotlib inline\n!sh x.sh\n", execution_count=3, outputs=[{"a": 1}])
    for same in (
        notebook(text, *code),
        notebook(done, code[1]),
        notebook({**code[0], "id": "4711"}, code[1], language_info={"version": "3.99"}),
        notebook(cell("import app  # all of it\n%matplotlib inline\n!sh x.sh"), cell("app.f( )")),
    ):
        project.write({"n.ipynb": same})
        project.run().assert_up_to_date(*both)
    for other in (
        notebook(code[0], cell("app.f(1)")),
        notebook(cell("import app\n!sh x.sh\n"), code[1]),
        notebook(*code, kernel="python2"),
        notebook(cell("import app\n"), cell("%matplotlib inline\n!sh x.sh\n"), code[1]),
        notebook(*code[::-1]),
    ):
        project.write({"n.ipynb": other})
        project.run().assert_executed(*both)
    for name in ("app.py", "x.sh"):
        project.write({name: f"{project.read(name)}\na = 1\n"})
        project.run().assert_executed(*both)
    project.write({"n.ipynb": "damaged"})
    project.run().assert_executed(*both)


def test_console_scripts(doit_project: Make) -> None:
    """A console script of the project's own package is the module of its entry point."""
    wrapper = (
        f"#!{sys.executable}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n"
        "from mytool.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    dodo = "def task_a():\n    return {'actions': ['mytool --version'], 'cache': True}\n"
    cli = "from mytool import work\ndef main():\n    return 0\n"
    files = {"mytool/__init__.py": "", "mytool/cli.py": cli, "mytool/work.py": "", "other.py": ""}
    project = doit_project({"dodo.py": dodo, "bin/mytool": wrapper, **files})
    os.chmod(project.path / "bin/mytool", 0o755)
    path = os.pathsep.join([str(project.path / "bin"), os.environ["PATH"]])
    env = {"PATH": path, "PYTHONPATH": str(project.path)}
    project.run(env=env).assert_executed("a")
    project.run(env=env).assert_up_to_date("a")
    for name in ("mytool/cli.py", "mytool/work.py"):
        project.write({name: f"{project.read(name)}\nedited = 1\n"})
        project.run(env=env).assert_executed("a")
    project.write({"other.py": "a = 1\n"})
    project.run(env=env).assert_up_to_date("a")


HOOK = """
from doit_invariants import Program, hookimpl
@hookimpl
def invariants_register_programs():
    return [%s]
def task_t():
    for name, action in {
        "steps": "true --profile p run steps.x",
        "own": "true || true-run -c q a.py x.py",
        "known": "true || perl x.pl",
    }.items():
        yield {"name": name, "actions": [action], "cache": True}
"""


def test_programs_of_plugins(doit_project: Make) -> None:
    """Programs of a plugin come first; a mistake in one is reported."""
    programs = (
        "Program('true', after='run', values='--profile', follow='shell')",
        "Program('true-run', script='.py', values='-c', follow='python')",
        "Program('perl', follow='alone')",
    )
    files = {"x.py": "", "x.pl": "", "a.py": "", "steps.x": "python x.py\n"}
    project = doit_project({"dodo.py": HOOK % ", ".join(programs), **files})
    project.run().assert_success()
    assert listed(project, "t:own") == ["Script(a.py)"]
    assert listed(project, "t:known") == ["Script(x.pl)"]
    assert "not looked into" not in project.run("invariants", "show", "t").stdout
    for wrong, text in {
        "'true'": "'true' is not a program: return a list like",
        "Program('')": "Program: names must hold a name like 'tool'",
        "Program('a', values=['-c'])": "Program: values must be a string",
        "Program('a', follow='perl')": "follow must be one of content, alone, python",
        "Program('a', script=None)": "script must be the number of an argument or a suffix",
    }.items():
        project.write({"dodo.py": HOOK % wrong})
        outcome = project.run()
        outcome.assert_error("plugin 'dodo'")
        outcome.assert_error(text)
