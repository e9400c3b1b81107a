"""What was found while the cache policies were documented: ways in that led nowhere."""

from __future__ import annotations

import pytest

from doit_invariants.testing import settings_toml
from tests.support import Make
from tests.support.results import restored

EXPORT = '"cache": "export", "export_dir": "../pub"'


def test_setup_of_what_is_restored(doit_project: Make) -> None:
    """5: a task that is restored from an export needs no setup."""
    dodo = f"""
def task_prep():
    return {{"actions": ["echo >> prepared"]}}
def task_t():
    return {{"actions": ["cp in out"], "file_dep": ["in"], "targets": ["out"], "setup": ["prep"],
            {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"})
    project.run("t").assert_success()
    project.remove("out")
    assert restored(project.run("t")) == ["t"]
    assert project.read("out") == "1"
    assert project.read("prepared") == "\n"


@pytest.mark.parametrize("how", ["--cache", "settings", "DOIT_CACHE"])
def test_export_for_all(doit_project: Make, how: str) -> None:
    """B3: it is enough that each task has an export_dir of its own; one that has none is named."""
    dodo = """
def task_a():
    return {"actions": ["echo >> ran; cp in a"], "file_dep": ["in"], "targets": ["a"],
            "export_dir": "pub"}
"""
    arguments = ["--cache", "export"] if how == "--cache" else []
    env = {"DOIT_CACHE": "export"} if how == "DOIT_CACHE" else {}
    settings = {"cache": "export"} if how == "settings" else {}
    project = doit_project({"dodo.py": dodo, "in": "1"}, settings=settings)
    project.run(*arguments, env=env).assert_executed("a")
    project.remove("a")
    assert restored(project.run(*arguments, env=env)) == ["a"]
    assert (project.read("a"), project.read("ran")) == ("1", "\n")
    more = '\ndef task_b():\n    return {"actions": ["cp in b"], "targets": ["b"]}\n'
    project.write({"dodo.py": dodo + more})
    outcome = project.run(*arguments, env=env).assert_error("export_dir")
    assert "'b'" in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("option", ["--resume", "--resume-inferred"])
def test_resume_without_the_word_run(doit_project: Make, option: str) -> None:
    """1: ``doit --resume TASK`` is ``doit run --resume TASK``."""
    dodo = """
def task_raw():
    return {"actions": ["cp in raw"], "file_dep": ["in"], "targets": ["raw"]}
def task_report():
    return {"actions": ["cat raw more > report"], "file_dep": ["raw", "more"],
            "targets": ["report"]}
"""
    project = doit_project({"dodo.py": dodo, "in": "1", "more": "1"})
    project.run().assert_executed("raw", "report")
    project.write({"in": "2", "more": "2"})
    outcome = project.run(option, "report").assert_success()
    assert "Traceback" not in outcome.stderr
    assert project.read("raw") == "1"
    assert project.read("report") == "12"


@pytest.mark.parametrize("policy", ["once", "shared"])
@pytest.mark.parametrize(
    ("cwd", "arguments"), [(".", ["-f", "laptop/dodo.py"]), ("laptop/deep", ["-k"])]
)
def test_dodo_elsewhere(doit_project: Make, policy: str, cwd: str, arguments: list[str]) -> None:
    """4: under ``-f DIR/dodo.py`` and ``-k`` tasks are restored and accepted as well."""
    dodo = f"""
import doit_invariants
def task_t():
    return {{"actions": ["echo >> ran; cp in out"], "file_dep": ["in"], "targets": ["out"],
            "cache": "{policy}"}}
"""
    files = {
        "laptop/dodo.py": dodo,
        "laptop/in": "1",
        "laptop/deep/": "",
        "laptop/pyproject.toml": settings_toml(settings={"store": "../store"}),
    }
    project = doit_project(files, loader=False)
    project.run(*arguments, process=True, cwd=cwd).assert_executed("t")
    if policy == "shared":
        project.remove("laptop/out")
    else:
        project.write({"laptop/in": "2"})
    outcome = project.run(*arguments, process=True, cwd=cwd).assert_executed()
    assert (project.read("laptop/out"), project.read("laptop/ran")) == ("1", "\n"), repr(outcome)
