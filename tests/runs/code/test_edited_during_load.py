"""Sources that are edited after they were loaded: what was loaded counts, also as a whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

from doit_invariants.code.loaded.library import Library
from doit_invariants.core.project import Project as CodeOfProject
from doit_invariants.files.state import EDITED_SINCE_LOADED
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.choices import rest_in_matrix

#: Modules that count as a whole, one way each; every task writes a value of its module.
DODO = """
import importlib, json, os, sys
import m_getattr, m_eval, m_argument, m_vars, m_deep, m_star, m_closure, m_partial, m_package.inner
import m_listed, spaced.part
import functools
from doit_invariants import Module

NAME = "value"

def by_getattr(targets):
    write(targets, getattr(m_getattr, NAME)())

def by_eval(targets):
    write(targets, eval("m_eval.value()"))

def by_argument(module, targets):
    write(targets, module.value())

def by_vars(targets):
    write(targets, vars(m_vars)[NAME]())

def by_deep(targets):
    write(targets, getattr(m_deep, NAME)())

def by_import(targets):
    import m_star
    write(targets, m_star.value())

def by_closure():
    module = m_closure
    def action(targets):
        write(targets, getattr(module, NAME)())
    return action

def by_package(targets):
    write(targets, getattr(m_package, NAME)())

def by_namespace(targets):
    write(targets, getattr(spaced.part, NAME)())

def by_listed(targets):
    write(targets, m_listed.VALUE)

def write(targets, value):
    with open(targets[0], "w") as stream:
        stream.write(str(value))

ACTIONS = {
    "getattr": by_getattr, "eval": by_eval, "argument": (by_argument, [m_argument]),
    "keyword": (by_argument, [], {"module": m_vars}), "vars": by_vars, "deep": by_deep,
    "import": by_import, "closure": by_closure(), "package": by_package,
    "partial": functools.partial(by_argument, m_partial), "namespace": by_namespace,
    "listed": by_listed, "value": (by_argument, [], {"module": m_partial}),
}

def task_make():
    for name, action in ACTIONS.items():
        listed = {"invariants": [Module("m_listed")]} if name == "listed" else {}
        yield {"name": name, "actions": [action], "file_dep": ["in.txt"],
               "targets": [f"out/{name}"], **listed}

if os.path.exists("edits.json"):
    with open("edits.json") as stream:
        edits = json.load(stream)
    os.remove("edits.json")
    for path, text in edits.items():
        with open(path, "w") as stream:
            stream.write(text)
"""

ONE = "VALUE = 1\ndef value():\n    return VALUE\n"
TWO = ONE.replace("1", "2")
SOURCES = {
    f"{name}.py": ONE
    for name in (
        "m_getattr",
        "m_eval",
        "m_argument",
        "m_vars",
        "m_closure",
        "m_partial",
        "m_listed",
        "m_package/__init__",
        "m_deeper",
        "m_star",
        "spaced/part",
    )
}
PROJECT = {
    "dodo.py": DODO,
    "in.txt": "",
    "out/": "",
    "m_deep.py": "from m_deeper import value\n",
    "m_package/inner.py": "",
    **SOURCES,
}
TASKS = ["argument", "closure", "deep", "eval", "getattr", "import", "keyword", "listed"]
TASKS += ["namespace", "package", "partial", "value", "vars"]


def values(project: Project) -> set[str]:
    """Return what the tasks have written."""
    return {path.read_text() for path in (project.path / "out").iterdir()}


def edits_to_two() -> str:
    """Return edits that ``dodo.py`` makes once it has imported everything."""
    return json.dumps(dict.fromkeys(SOURCES, TWO))


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_modules_that_are_edited_while_dodo_is_loaded(
    doit_project: Make, shared: bool, tmp_path: Path
) -> None:
    """The old result is recorded for nothing, so the next run makes the new one."""
    settings = {"store": str(tmp_path / "store"), "cache": "shared"} if shared else {}
    project = doit_project({**PROJECT, "edits.json": edits_to_two()}, settings=settings)
    project.run().assert_success()
    assert values(project) == {"1"}
    if shared:
        other = Project(project.path.parent / "other")
        new = shutil.ignore_patterns(".doit.db*", "out")
        shutil.copytree(project.path, other.path, ignore=new)
        other.write({"out/": ""})
        other.run().assert_executed(*(f"make:{name}" for name in TASKS))
        assert values(other) == {"2"}  # and the store has them, for the first checkout as well
    said = project.run("invariants", "why").stdout
    assert said.count("edited since it was loaded: m_") >= 10, said
    ran = project.run().assert_success()
    assert sorted(ran.executed) == ([] if shared else [f"make:{name}" for name in TASKS])
    assert values(project) == {"2"}
    project.run().assert_up_to_date(*(f"make:{name}" for name in TASKS))


RELOAD = """
import os, pathlib, sys, time
import m

NAME = "value"

def make(targets):
    pathlib.Path(targets[0]).write_text(str({use}))

def task_make():
    return {{"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"]}}

{after}
"""
EDIT = """
path = pathlib.Path("edit")
if path.exists():
    exec(path.read_text())
    path.unlink()
"""
WAYS = {
    "same stat": "old = os.stat('m.py'); pathlib.Path('m.py').write_text({two!r}); "
    "os.utime('m.py', ns=(old.st_atime_ns, old.st_mtime_ns))",
    "replaced": "pathlib.Path('n.py').write_text({two!r}); os.replace('n.py', 'm.py')",
    "older": "pathlib.Path('n.py').write_text({two!r}); os.utime('n.py', (1, 1)); "
    "os.replace('n.py', 'm.py')",
    "slowly": "time.sleep(0.05); pathlib.Path('m.py').write_text({two!r})",
    "by another process": "import subprocess; "
    'subprocess.run([sys.executable, \'-c\', \'open("m.py", "a").write("VALUE = 2 # ")\']); '
    "subprocess.run([sys.executable, '-c', 'import m'])",
}


@pytest.mark.parametrize("way", rest_in_matrix(WAYS))
def test_ways_to_edit_it(doit_project: Make, way: str) -> None:
    """This holds with cached bytecode, for every state of the clock, the size and the cache."""
    dodo = RELOAD.format(use="getattr(m, NAME)()", after=EDIT)
    project = doit_project({"dodo.py": dodo, "in.txt": "", "m.py": ONE})
    project.write({"edit": WAYS[way].format(two=TWO)})
    env = {"PYTHONDONTWRITEBYTECODE": ""}
    project.run(process=True, env=env).assert_executed("make")
    assert project.read("out.txt") == "1"
    project.run(process=True, env={**env, "PYTHONPYCACHEPREFIX": "new"}).assert_executed("make")
    assert project.read("out.txt") == "2"


def test_dodo_itself(doit_project: Make) -> None:
    """The whole module counts where its names are read dynamically."""
    after = EDIT + "\ndef value():\n    return 1\n"
    dodo = RELOAD.format(use="globals()[NAME]()", after=after)
    edit = """
text = pathlib.Path("dodo.py").read_text()
pathlib.Path("dodo.py").write_text(text.replace("return 1", "return 2"))
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "", "m.py": ONE, "edit": edit})
    project.run().assert_executed("make")
    assert "edited since it was loaded: dodo" in project.run("invariants", "why").stdout
    project.run().assert_executed("make")
    assert project.read("out.txt") == "2"
    project.run().assert_up_to_date("make")


def test_edits_during_each_of_several_loads(doit_project: Make) -> None:
    """Two records of unknown sources are not equal."""
    dodo = RELOAD.format(use="getattr(m, NAME)()", after=EDIT)
    project = doit_project({"dodo.py": dodo, "in.txt": "", "m.py": ONE})
    for number in (2, 3):
        project.write(
            {"edit": f"pathlib.Path('m.py').write_text({ONE.replace('1', str(number))!r})"}
        )
        project.run().assert_executed("make")
        assert project.read("out.txt") == str(number - 1)
    project.write({"edit": "os.remove('m.py')"})
    project.run().assert_executed("make")
    project.write({"m.py": ONE.replace("1", "3"), "edit": "os.remove('m.py')"})
    project.run().assert_executed("make")
    project.write({"m.py": ONE.replace("1", "3")})
    project.run().assert_executed("make")
    project.run().assert_up_to_date("make")


@pytest.mark.parametrize(
    "before",
    [
        "pathlib.Path('m.py').write_text({one!r})",
        "os.path.exists('m.py') and os.utime('m.py')",
        "pathlib.Path('m.py').exists() and os.chmod('m.py', 0o600)",
    ],
    ids=["generated", "touched", "mode"],
)
def test_what_is_written_before_it_is_imported_at_each_load(
    doit_project: Make, before: str
) -> None:
    """It is what was loaded: nothing runs for that."""
    dodo = RELOAD.format(use="getattr(m, NAME)()", after="")
    dodo = dodo.replace("import m\n", f"{before.format(one=ONE)}\nimport m\n")
    project = doit_project({"dodo.py": dodo, "in.txt": "", "m.py": ONE})
    project.run().assert_executed("make")
    project.run().assert_up_to_date("make")
    project.run(process=True).assert_up_to_date("make")


def test_script_that_runs_its_own_tasks(doit_project: Make) -> None:
    """Its modules are loaded before tracking starts: their change time shows an edit."""
    script = RELOAD.format(use="getattr(m, NAME)()", after=EDIT)
    script += "import doit_invariants\ndoit_invariants.run(globals())\n"
    project = doit_project({"build.py": script, "in.txt": "", "m.py": ONE})
    project.write({"edit": f"pathlib.Path('m.py').write_text({TWO!r})"})

    def run() -> str:
        command = [sys.executable, "build.py"]
        done = subprocess.run(
            command,
            cwd=project.path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    assert run() == "0 .  make\n"
    assert project.read("out.txt") == "1"
    assert run() == "0 .  make\n"
    assert project.read("out.txt") == "2"
    assert run() == "0 -- make\n"


def test_extension_that_is_built_after_it_was_loaded(tmp_path: Path) -> None:
    """Its file represents it only until somebody builds it again."""
    built = tmp_path / "extension.so"
    built.write_bytes(b"one")
    os.utime(built, (1, 1))
    function = types.SimpleNamespace(__module__="project_extension")
    module = sys.modules["project_extension"] = types.ModuleType("project_extension")
    library = Library(CodeOfProject(str(tmp_path)))
    try:
        module.__file__ = str(built)
        assert library.extension(function) == EDITED_SINCE_LOADED
        module.__file__ = str(
            Path(__file__).parents[3] / "pyproject.toml"
        )  # older than this process
        assert str(library.extension(function)).startswith("xxh3_128:")
    finally:
        del sys.modules["project_extension"]
