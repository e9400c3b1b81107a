"""The modules of this package that a run with nothing to do imports.

Most projects have a handful of tasks, and there the start of the process is all that a run costs.
A module costs 0.1 ms by its existence alone, most of them several times that. So a run imports what
it uses, and this counts it: a count is the same on every machine, and under any load.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import doit_invariants
from doit_invariants.plugins.manager import entry_points
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.times import let_settle

#: The most modules of ours for a run, and for a list; packages that hold nothing do not count.
MOST = {"run": 62, "list": 48}

DODO = """
def make(dependencies, targets):
    with open(targets[0], "w") as file:
        file.write("made")

def task_t():
    for n in range(7):
        yield {"name": str(n), "actions": [make], "file_dep": [f"in{n}"], "targets": [f"out{n}"]}
"""


RUN = """
import sys
from doit.__main__ import main
sys.argv[0] = "doit"
try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def imported(directory: Path, *command: str) -> list[str]:
    """Return the modules of this package that a command imports in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-c", RUN, *command],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    names = found.stderr.splitlines()
    assert "doit" in names
    return sorted(name for name in names if name.partition(".")[0] == "doit_invariants")


@pytest.fixture
def small(doit_project: Make) -> Project:
    """A project of seven up-to-date tasks in one group."""
    files = {f"in{n}": str(n) for n in range(7)}
    project = doit_project({"dodo.py": DODO, **files}, backend="sqlite3")
    for executed in (7, 0):
        assert len(project.run().executed) == executed
        let_settle()
    return project


@pytest.mark.parametrize("command", ["run", "list"])
def test_a_run_with_nothing_to_do_imports_few_modules(small: Project, command: str) -> None:
    names = [name for name in imported(small.path, command) if not is_empty_package(name)]
    assert names, "the loader was not at work"
    assert len(names) <= MOST[command], "\n".join(names)


def is_empty_package(name: str) -> bool:
    """Return whether a module is a package whose ``__init__`` has nothing but a docstring."""
    package = Path(doit_invariants.__file__).parent.joinpath(*name.split(".")[1:], "__init__.py")
    return package.exists() and len(ast.parse(package.read_text()).body) <= 1


CREATORS = """
import functools
from doit import create_after, task_params

def f():
    pass

def kept(creator):
    @functools.wraps(creator)
    def wrapped():
        return creator()
    return wrapped

def lost(creator):
    def wrapped():
        return creator()
    return wrapped

class Tasks:
    def __init__(self):
        self.create_doit_tasks = self.make

    def make(self):
        return {"basename": "method", "actions": [f]}

one = lambda: {"actions": [f]}

def task_plain():
    return {"actions": [f]}

@kept
@kept
def task_kept():
    return {"actions": [f]}

@lost
def task_lost():
    return {"actions": [f]}

@create_after(
    executed="plain",
)
def task_late():
    return {"actions": [f]}

@task_params([{"name": "n", "default": ""}])
def task_taking(n):
    return {"actions": [f]}

def task_generated():
    yield {"name": "x", "actions": [f]}
    yield {"name": "w", "actions": [f]}

task_lambda, a_method, task_again = one, Tasks(), task_plain
"""


@pytest.mark.parametrize("command", ["list", "run"])
def test_tasks_come_in_the_order_of_their_creators_as_in_plain_doit(
    doit_project: Make, command: str
) -> None:
    arguments = {"list": ["list", "--all", "--sort", "definition"], "run": []}[command]
    plain = doit_project({"dodo.py": CREATORS}, loader=False, name="plain")
    expected = plain.run(*arguments, process=True).assert_success().stdout
    ours = doit_project({"dodo.py": CREATORS}).run(*arguments, process=True)
    assert ours.assert_success().stdout == expected
    assert expected.index("plain") < expected.index("kept") < expected.index("taking")


def test_a_creator_without_source_is_no_mistake(doit_project: Make) -> None:
    """Its line is known all the same; plain doit can't find the text, and ends there."""
    dodo = "exec(\"def task_made():\\n    return {'actions': None}\")"
    doit_project({"dodo.py": dodo}).run().assert_up_to_date().assert_success()
    doit_project({"dodo.py": dodo}, name="list").run("list").assert_success()


def test_a_distribution_that_is_installed_between_two_runs_is_seen(
    doit_project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan of what is installed is kept for a run, or for several in one process."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    project = doit_project({"dodo.py": "def task_t():\n    return {'actions': None}"})
    assert "a-plugin" not in project.run("invariants", "kinds").stdout
    info = site / "a_plugin-1.dist-info"
    info.mkdir()
    (site / "a_plugin.py").write_text(
        "import doit_invariants as di\n\n"
        "@di.hookimpl\ndef invariants_digest_value(value):\n    return None\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[doit_invariants]\na-plugin = a_plugin\n")
    assert "a-plugin" in project.run("invariants", "kinds").assert_success().stdout


def test_entry_points_are_those_that_python_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file mentions the group none is split; an egg or a zip is left to Python."""
    groups = ["doit.LOADER", "doit.BACKEND", "doit_invariants", "pytest11", "console_scripts"]
    site = tmp_path / "site"
    for number, name in enumerate(["a-1.dist-info", "b.egg-info", "c.egg/EGG-INFO", "c-d.whl"]):
        (site / name).mkdir(parents=True)
        text = f"[doit.BACKEND]\nb{number} = m:C\n[doit_invariants]\np{number} = m\n"
        (site / name / "entry_points.txt").write_text(text)
        (site / name / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: n{number}\nVersion: 1\n"
        )
        monkeypatch.syspath_prepend(str(site))
        for group in groups:
            expected = {(one.name, one.value) for one in metadata.entry_points(group=group)}
            assert {(one.name, one.value) for one in entry_points(group=group)} == expected, name
