"""What is shown of what was restored: lines, output, JSON, the summary; and ``verify_hits``."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored
from tests.support.runners import EACH_RUNNER

NOW = 1_700_000_000.0
DODO = """
import sys
DOIT_CONFIG = {"verbosity": VERBOSITY}
def talk(targets):
    print("out", "of a")
    sys.stderr.write("err of a\\n")
    open(targets[0], "w").write("A")
    return {"n": 1}
def task_a():
    return {"actions": [talk, "echo second; echo error >&2"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "shared", "setup": ["s"], "teardown": ["echo >> torn"]}
def task_s():
    return {"actions": ["echo >> set-up"], "teardown": ["echo >> torn-s"]}
def task_b():
    return {"actions": ["cp in.txt b.txt"], "file_dep": ["in.txt"], "targets": ["b.txt"]}
DOIT_CONFIG["default_tasks"] = ["a", "b"]
"""


def project_of(doit_project: Make, verbosity: int = 2, **settings: Any) -> Project:
    """Return a project whose first task has run, and lost its target."""
    project = doit_project(
        {"dodo.py": DODO.replace("VERBOSITY", str(verbosity)), "in.txt": "one"},
        settings={"store": "../store", **settings},
    )
    project.run(now=NOW).assert_executed("a", "s", "b")
    project.remove("a.txt")
    return project


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize("verbosity", [0, 1, 2])
@pytest.mark.parametrize("replay", [True, False])
def test_output_is_replayed(
    doit_project: Make, runner: tuple[str, ...], verbosity: int, replay: bool
) -> None:
    """The output of actions is replayed if the verbosity shows it; this can be off."""
    project = project_of(doit_project, verbosity, replay=replay)
    outcome = project.run(*runner, process="fork").assert_success()
    assert "a" in restored(outcome, "the store"), repr(outcome)
    assert ("out of a" in outcome.stdout) == (replay and verbosity == 2), repr(outcome)
    assert ("second" in outcome.stdout) == (replay and verbosity == 2)
    assert ("err of a" in outcome.stderr) == (replay and verbosity >= 1)
    assert ("error" in outcome.stderr) == (replay and verbosity >= 1)
    project.remove("a.txt")
    again = project.run("-v", "2", process="fork")
    assert ("out of a\nsecond" in again.stdout) == replay, repr(again)


def test_line_of_the_console(doit_project: Make) -> None:
    """One line says what was restored, from where, when it was made and how long that took."""
    project = project_of(doit_project, 0)
    outcome = project.run(now=NOW + 100).assert_success()
    (line,) = (line for line in outcome.stdout.splitlines() if line.startswith("-- a"))
    assert re.fullmatch(
        r"-- a  \(restored from the store, made 2023-11-1\d \d\d:\d\d in \d+\.\ds\)", line
    ), line
    assert outcome.stdout.splitlines() == [
        line,
        "-- b",
        "0 ran, 1 up-to-date, 1 restored (saved 0.0s)",
    ] or re.fullmatch(
        r"0 ran, 1 up-to-date, 1 restored \(saved \d\.\ds\)", outcome.stdout.splitlines()[-1]
    )
    assert not outcome.stderr


def test_setup_and_teardown_do_not_run(doit_project: Make) -> None:
    """The setup tasks and the teardown of a restored task do not run, nor do theirs."""
    project = project_of(doit_project)
    assert project.read("set-up") == project.read("torn") == project.read("torn-s") == "\n"
    for runner in ((), ("-n", "2", "-P", "thread")):
        assert "a" in restored(project.run(*runner), "the store")
        project.remove("a.txt")
    assert project.read("set-up") == project.read("torn") == project.read("torn-s") == "\n"
    project.run("-a").assert_executed("a", "b", "s")
    assert project.read("set-up") == project.read("torn") == "\n\n"


def test_setup_that_another_task_needs(doit_project: Make) -> None:
    """A setup task of a restored task runs still for another task that runs."""
    project = project_of(doit_project)
    project.edit("dodo.py", '"targets": ["b.txt"]}', '"targets": ["b.txt"], "setup": ["s"]}')
    project.edit("dodo.py", "cp in.txt b.txt", "cat in.txt > b.txt")
    outcome = project.run()
    assert "a" in restored(outcome, "the store"), repr(outcome)
    assert sorted(outcome.executed) == ["b", "s"]


def test_json(doit_project: Make) -> None:
    """The JSON reporter: the result up-to-date, where it is from, and counts."""
    project = project_of(doit_project)
    data = project.run("--reporter", "json", now=NOW + 5).json()
    tasks = {task["name"]: task for task in data["tasks"]}
    assert tasks["a"]["result"] == tasks["b"]["result"] == "up-to-date"
    assert tasks["a"]["restored"]["from"] == "the store"
    assert tasks["a"]["restored"]["executed_at"] == NOW
    assert tasks["a"]["restored"]["saved_seconds"] >= 0
    assert "restored" not in tasks["b"]
    counts = data["invariants"]
    assert (counts["ran"], counts["up_to_date"], counts["restored"]) == (0, 1, 1)
    assert (counts["failed"], counts["compared"], counts["not_reproducible"]) == (0, 0, [])
    assert "invariants" not in project.run("--reporter", "json", now=NOW + 5).json()


LAST = re.compile(r"^\d+ ran, \d+ up-to-date.*$", re.MULTILINE)


@pytest.mark.parametrize("summary", [True, False, "auto"])
@pytest.mark.parametrize("reporter", ["console", "executed-only", "error-only", "zero"])
def test_summary(doit_project: Make, summary: bool | str, reporter: str) -> None:
    """A line at the end where something was restored, always, or never; not if asked for quiet."""
    project = project_of(doit_project, 0, summary=summary)
    for is_restored in (True, False):
        outcome = project.run("--reporter", reporter).assert_success()
        found = LAST.findall(outcome.stdout)
        wanted = summary is True and reporter in ("console", "executed-only")
        wanted = wanted or (summary == "auto" and is_restored and reporter == "console")
        assert len(found) == wanted, repr(outcome)
        if wanted:
            assert outcome.stdout.endswith(found[0] + "\n")
        if reporter == "executed-only" and not wanted:
            assert ("-- a  (restored from " in outcome.stdout) == is_restored
            assert outcome.stdout.count("\n") == is_restored


def test_summary_counts(doit_project: Make) -> None:
    """Each task is counted once, groups and tasks without actions not at all."""
    text = """
def task_g():
    for name in "abc":
        yield {"name": name, "actions": [f"cp in.txt {name}"], "file_dep": ["in.txt"],
               "targets": [name], "cache": "shared"}
def task_all():
    return {"actions": None, "task_dep": ["g"]}
def task_fails():
    return {"actions": ["exit 1"], "task_dep": ["g"]}
def task_runs():
    return {"actions": ["true"]}
"""
    project = doit_project(
        {"dodo.py": text, "in.txt": ""}, settings={"store": "../store", "summary": True}
    )
    assert "4 ran, 0 up-to-date, 1 failed\n" in project.run("-c").stdout
    project.remove("a", "b")
    outcome = project.run("-c")
    assert re.search(
        r"^1 ran, 1 up-to-date, 2 restored \(saved \d+\.\ds\), 1 failed$",
        outcome.stdout,
        re.MULTILINE,
    ), repr(outcome)


def test_verify_hits(doit_project: Make) -> None:
    """With 1.0 what would be restored runs, and is compared with the store."""
    project = project_of(doit_project, 0, verify_hits=1.0)
    outcome = project.run().assert_success()
    assert outcome.executed == ["s", "a"] or outcome.executed == ["a", "s"], repr(outcome)
    assert "a: it runs to compare its result with the stored one" in outcome.stderr
    assert "not reproducible" not in outcome.stdout + outcome.stderr
    project.remove("a.txt")
    data = project.run("--reporter", "json").json()
    assert [task["result"] for task in data["tasks"] if task["name"] == "a"] == ["success"]


@pytest.mark.parametrize("runner", [(), ("-n", "2")])
def test_verify_hits_that_differ(doit_project: Make, runner: tuple[str, ...]) -> None:
    """Differences are reported, the store keeps the first, and doit's exit code is 0."""
    text = """
def task_a():
    return {"actions": ["cat hidden > a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "shared"}
def value():
    return {"v": open("hidden").read()}
def task_v():
    return {"actions": [value], "file_dep": ["in.txt"], "cache": "shared"}
"""
    settings = {"store": "../store", "verify_hits": 1.0}
    project = doit_project({"dodo.py": text, "in.txt": "", "hidden": "1"}, settings=settings)
    project.run(*runner).assert_executed("a", "v")
    project.write({"hidden": "2"})
    project.remove("a.txt")
    project.run("forget", "v")
    outcome = project.run(*runner).assert_executed("a", "v")
    assert "a: not reproducible: a.txt differs" in outcome.stderr, repr(outcome)
    assert "v: not reproducible: values differs" in outcome.stderr, repr(outcome)
    assert re.search("not reproducible: (a, v|v, a|a and v|v and a)", outcome.stdout), repr(outcome)
    project.edit("pyproject.toml", "verify_hits = 1.0", "verify_hits = 0")
    project.remove("a.txt")
    assert "a" in restored(project.run(*runner), "the store")
    assert project.read("a.txt") == "1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verify_hits", 2),
        ("verify_hits", "x"),
        ("summary", "x"),
        ("replay", "x"),
        ("store", 3),
        ("store_link", "x"),
        ("store_max_size", "x"),
        ("share", 1),
        ("cache", "x"),
        ("export_how", "x"),
        ("verify_hit", 1),
    ],
)
def test_wrong_settings(doit_project: Make, key: str, value: object) -> None:
    """Each wrong setting is one line that names it and what is allowed."""
    project = doit_project({"dodo.py": "", "in.txt": ""}, settings={key: value})
    outcome = project.run()
    assert outcome.returncode == 3
    assert "Traceback" not in outcome.stderr
    assert key in outcome.stderr, repr(outcome)


FAILING = """
def task_bad():
    return {"actions": ["exit 1"], "file_dep": ["in.txt"]}
def task_after():
    yield {"name": "a", "actions": ["true"], "task_dep": ["bad"]}
    yield {"name": "b", "actions": ["true"], "task_dep": ["after:a"]}
def task_kept():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_missing():
    return {"actions": ["true"], "file_dep": ["nowhere"]}
def task_set_up():
    return {"actions": ["true"], "setup": ["bad"]}
def task_skipped():
    return {"actions": ["true"]}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_what_did_not_run_did_not_fail(doit_project: Make, runner: tuple[str, ...]) -> None:
    """Failures are counted separately from tasks that could not run, with any runner."""
    project = doit_project({"dodo.py": FAILING, "in.txt": ""}, settings={"summary": True})
    project.run("kept").assert_success()
    project.run("ignore", "skipped").assert_success()
    # doit runs a task although its setup task has failed.
    for arguments, last in {
        ("-c",): "1 ran, 1 up-to-date, 2 failed, 2 not run",
        ("after",): "0 ran, 0 up-to-date, 1 failed, 2 not run",
    }.items():
        stdout = project.run(*runner, *arguments, process="fork" if runner else None).stdout
        assert f"\n{last}\n" in stdout, stdout
    data = project.run("-r", "json", "-c", *runner).json()["invariants"]
    assert (data["failed"], data["not_run"]) == (2, 2)


def test_what_was_not_reached_was_not_run(doit_project: Make) -> None:
    """Without `--continue` doit ends at the first failure: the rest is left."""
    project = doit_project({"dodo.py": FAILING, "in.txt": ""}, settings={"summary": True})
    project.run("kept").assert_success()
    for arguments, last in {
        ("-c", "after"): "0 ran, 0 up-to-date, 1 failed, 2 not run",
        ("-c", "set_up"): "1 ran, 0 up-to-date, 1 failed",
        ("kept",): "0 ran, 1 up-to-date",
        ("kept", "missing", "after"): "0 ran, 1 up-to-date, 1 failed, 3 not run",
    }.items():
        assert project.run(*arguments).stdout.endswith(f"{last}\n")
