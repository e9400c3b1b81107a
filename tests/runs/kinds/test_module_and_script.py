"""Stories about ``Module`` and ``Script``: what makes a task run, and what does not."""

from __future__ import annotations

import os
import time

import pytest

from doit_invariants.testing import Project
from tests.support import Make

from .one_task import dodo, why

FILES = {
    "tools/clean.py": "import helpers\nfrom pkg import part\nhelpers.go()\n",
    "tools/helpers.py": "def go():\n    from pkg.late import x\n",
    "pkg/__init__.py": "",
    "pkg/part.py": "from . import sibling\nfrom .deep.low import y\n",
    "pkg/sibling.py": "s = 1\n",
    "pkg/late.py": "x = 1\n",
    "pkg/deep/low.py": "y = 1\n",
    "pkg/unused.py": "u = 1\n",
}
SCRIPT = "Script('tools/clean.py')"


def make(doit_project: Make, invariants: str, **files: str) -> Project:
    """Return a project whose one task has run."""
    project = doit_project({"dodo.py": dodo(invariants), **FILES, **files})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    return project


def test_what_only_readers_see(doit_project: Make) -> None:
    """Comments, docstrings, annotations, layout and the times of files do not count."""
    project = make(doit_project, SCRIPT + ", Module('pkg.part')")
    project.edit("tools/clean.py", "import helpers", '"""Docs."""\n\nimport helpers  # why')
    project.run().assert_up_to_date("a")
    project.edit("pkg/sibling.py", "s = 1", "s: int = 1")
    project.run().assert_up_to_date("a")
    os.utime(project.path / "pkg/late.py", ns=(10**18, 10**18))
    project.run().assert_up_to_date("a")
    project.edit("pkg/unused.py", "u = 1", "u = 2")
    project.write({"pkg/another.py": ""})
    project.run().assert_up_to_date("a")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("tools/clean.py", "go()", id="the script itself"),
        pytest.param("tools/helpers.py", "def go()", id="a module beside it"),
        pytest.param("pkg/late.py", "x = 1", id="an import in a function"),
        pytest.param("pkg/sibling.py", "s = 1", id="a relative import"),
        pytest.param("pkg/deep/low.py", "y = 1", id="a namespace package"),
        pytest.param("pkg/__init__.py", "", id="the package around it"),
    ],
)
def test_what_is_imported(doit_project: Make, name: str, text: str) -> None:
    """The project's modules that a script imports count, and the explanation names them."""
    project = make(doit_project, SCRIPT)
    project.write({name: "print()\n" + project.read(name)})
    assert why(project) == [f"Script(tools/clean.py): 1 changed ({name})"]
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_imports_come_and_go(doit_project: Make) -> None:
    """A new import, a file that comes before another, a module that is gone: all are seen."""
    project = make(doit_project, SCRIPT)
    project.edit("tools/helpers.py", "pkg.late import x", "pkg.unused import u")
    (reason,) = why(project)
    assert reason.endswith(
        "1 changed (tools/helpers.py), 1 added (pkg/unused.py), 1 removed (pkg/late.py)"
    )
    project.run().assert_executed("a")
    project.write({"tools/pkg/__init__.py": "", "tools/pkg/part.py": ""})
    (reason,) = why(project)
    assert "2 added (tools/pkg/__init__.py, tools/pkg/part.py)" in reason
    project.run().assert_executed("a")
    project.remove("tools/pkg/part.py")
    assert why(project) == ["Script(tools/clean.py): 1 removed (tools/pkg/part.py)"]
    project.run().assert_executed("a")
    project.remove("tools/clean.py")
    project.run().assert_error("tools/clean.py does not exist", returncode=2)


def test_module(doit_project: Make) -> None:
    """A module is looked up by its name, in the project, and nothing is imported."""
    project = make(
        doit_project, "Module('bad.low'), Module('pkg.part')", **{"bad/low.py": "1 / 0\n"}
    )
    project.edit("bad/low.py", "1 / 0", "2 / 0")
    project.edit("pkg/sibling.py", "s = 1", "s = 2")
    assert why(project) == [
        "Module(bad.low): 1 changed (bad/low.py)",
        "Module(pkg.part): 1 changed (pkg/sibling.py)",
    ]
    project.run().assert_executed("a")


def test_module_object(doit_project: Make) -> None:
    """A module that a dodo.py imported can be given itself."""
    text = dodo("Module(part)").replace("def ", "from pkg import part\ndef ", 1)
    project = doit_project({"dodo.py": text, **FILES})
    project.run(process="fork").assert_executed("a")
    project.run(process="fork").assert_up_to_date("a")
    project.edit("pkg/deep/low.py", "y = 1", "y = 2")
    outcome = project.run("invariants", "why", "a", process="fork")
    assert "Module(pkg.part): 1 changed (pkg/deep/low.py)" in outcome.stdout


def test_follow_false_and_search(doit_project: Make) -> None:
    """Without following only the file itself counts; other directories can be searched."""
    project = make(
        doit_project,
        "Script('tools/clean.py', follow=False), Module('pkg.part', follow=False), "
        "Script('s.py', search=['src'])",
        **{"s.py": "import inside", "src/inside.py": "i = 1"},
    )
    project.edit("tools/helpers.py", "pkg.late import x", "pkg.unused import u")
    project.edit("pkg/sibling.py", "s = 1", "s = 2")
    project.run().assert_up_to_date("a")
    project.edit("src/inside.py", "i = 1", "i = 2")
    assert why(project) == ["Script(s.py, search=['src']): 1 changed (src/inside.py)"]


def test_other_languages_and_broken_sources(doit_project: Make) -> None:
    """Sources that Python can't parse count by their content."""
    files = {
        "run.sh": "echo 1\n",
        "tool": "#!/usr/bin/env python3\nimport broken\n",
        "broken.py": "x = (\n",
    }
    project = make(doit_project, "Script('run.sh'), Script('tool')", **files)
    project.edit("tool", "import", "# a comment\nimport")
    project.run().assert_up_to_date("a")
    project.edit("run.sh", "echo", "# a comment\necho")
    project.edit("broken.py", "x = (", "x = ( # a comment")
    assert why(project) == [
        "Script(run.sh): 1 changed (run.sh)",
        "Script(tool): 1 changed (broken.py)",
    ]
    project.run().assert_executed("a")
    project.write({"broken.py": "x = 1\n"})
    project.run().assert_executed("a")


def test_another_checkout(doit_project: Make) -> None:
    """The digest is the same in another directory."""
    digests = set()
    for name in "pq":
        project = doit_project({"dodo.py": dodo(SCRIPT), **FILES}, name=name)
        project.run()
        record = project.run("invariants", "show", "a", "--json").json()["a"]
        digests.add(record["entries"]["Script(tools/clean.py)"][3]["digest"])
    assert len(digests) == 1


def test_what_a_task_of_this_run_makes(doit_project: Make) -> None:
    """A module that one task writes is seen by a task that comes later in the same run."""
    text = """
from doit_invariants import Script
def task_a():
    return {"actions": ["true"], "invariants": [Script("s.py")]}
def task_make():
    return {"actions": ["cp source made.py"], "file_dep": ["source"], "targets": ["made.py"]}
def task_b():
    return {"actions": ["true"], "invariants": [Script("s.py")], "task_dep": ["make"]}
"""
    project = doit_project({"dodo.py": text, "s.py": "import made", "source": "m = 1"})
    project.run().assert_executed("a", "make", "b")
    project.run().assert_executed("a").assert_up_to_date("make", "b")
    project.write({"source": "m = 2"})
    project.run("make", "b").assert_executed("make", "b")


def test_own_target_is_no_input(doit_project: Make) -> None:
    """A module that the task writes itself does not count."""
    text = dodo("Script('s.py')").replace('["true"]', '["cp in made.py"]')
    text = text.replace(
        '"invariants"', '"targets": ["made.py"], "track_targets": False, "invariants"'
    )
    project = doit_project({"dodo.py": text, "s.py": "import made", "in": "m = 1"})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


@pytest.mark.parametrize(
    ("invariant", "error"),
    [
        pytest.param("Script('no.py')", "Script(no.py): no.py does not exist", id="no script"),
        pytest.param("Script('pkg')", "Script(pkg): pkg is not a file", id="a directory"),
        pytest.param("Module('no.such')", "there is no such module", id="no module"),
        pytest.param("Module('pkg.no')", "there is no such module", id="no submodule"),
        pytest.param("Module('json')", "with Distribution(...)", id="of Python"),
        pytest.param("Module('sys')", "with Distribution(...)", id="built into Python"),
        pytest.param("Module('doit.task')", "with Distribution(...)", id="installed"),
        pytest.param("Module('tools')", "has no __init__.py", id="a namespace package"),
    ],
)
def test_what_is_not_there(doit_project: Make, invariant: str, error: str) -> None:
    """A module or script that can't be found is a one-line error when the task is checked."""
    project = doit_project({"dodo.py": dodo(invariant), **FILES})
    project.run().assert_error(error, returncode=2)


@pytest.mark.parametrize(
    ("invariant", "error"),
    [
        pytest.param("Script(1)", "the path must be a string or a path object, got 1", id="path"),
        pytest.param("Script('x', follow=True)", "follow must be 'project'", id="follow"),
        pytest.param("Script('x', search='src')", "search must be a list", id="search"),
        pytest.param("Module(1)", "give a dotted name or a module, got 1", id="module"),
        pytest.param("Module('a.py')", "for a path, use Script(path)", id="path of a module"),
        pytest.param("Module('a/b')", "for a path, use Script(path)", id="path"),
        pytest.param("Module('')", "for a path, use Script(path)", id="empty name"),
    ],
)
def test_wrong_arguments(doit_project: Make, invariant: str, error: str) -> None:
    """A wrong argument is a one-line error when tasks are loaded."""
    project = doit_project({"dodo.py": dodo(invariant), **FILES})
    project.run().assert_error(error)


def test_nothing_is_parsed_on_a_run_without_changes(
    doit_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as contents are the recorded ones, sources are not even read."""
    project = make(doit_project, SCRIPT)
    time.sleep(0.05)
    project.run().assert_up_to_date("a")  # the stats are settled by now

    def refuse(*_: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("doit_invariants.code.source.normal_form.parse", refuse)
    project.run().assert_up_to_date("a")
    os.utime(project.path / "pkg/late.py", ns=(10**18, 10**18))
    project.run().assert_up_to_date("a")
