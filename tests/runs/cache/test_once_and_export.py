"""The policies once and export never accept or restore a stale, half-made or foreign target."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from doit_invariants.hashing.digest import digest_json
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored

EXPORT = '"cache": "export", "export_dir": "../pub"'
POLICIES = {"once": '"cache": "once"', "export": EXPORT}


def forget(project: Project, *targets: str) -> None:
    """Remove targets, and doit's DB with all that was recorded."""
    for path in [*project.path.glob(".doit*"), *(project.path / name for name in targets)]:
        path.unlink(missing_ok=True)


# ---------------------------------------------------------------- half made


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("again", [False, True], ids=["first run", "after a success"])
def test_target_of_a_failed_run(doit_project: Make, policy: str, again: bool) -> None:
    """A9: what a failed run left half made is not accepted, however often doit is run."""
    dodo = f"""
def task_t():
    return {{"actions": ["echo partial > out; test ! -e bad", "echo whole > out"],
            "file_dep": ["in"], "targets": ["out"], {POLICIES[policy]}}}
def task_u():
    return {{"actions": ["cp out used"], "file_dep": ["out"], "targets": ["used"]}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""})
    if again:
        project.run().assert_executed("t", "u")
    project.write({"bad": "", "in": "2"})
    for arguments in (["-a"], [], []):
        outcome = project.run(*arguments).assert_failed("t")
        assert not again or project.read("used") == "whole\n", repr(outcome)
    project.remove("bad")
    project.run().assert_success()
    assert project.read("out") == project.read("used") == "whole\n"
    project.write({"in": "3"})
    project.run().assert_up_to_date("t", "u")


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 on this system")
@pytest.mark.parametrize("policy", POLICIES)
def test_target_of_a_killed_run(doit_project: Make, policy: str) -> None:
    """A9: leftovers of a run that was killed with -9 are not accepted either."""
    dodo = f"""
import os, signal
def f():
    with open("out", "w") as stream:
        stream.write("partial")
    if os.path.exists("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    with open("out", "w") as stream:
        stream.write("whole")
def task_t():
    return {{"actions": [f], "file_dep": ["in"], "targets": ["out"], {POLICIES[policy]}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "", "kill": ""})
    assert project.run(process="fork").returncode < 0
    assert project.read("out") == "partial"
    project.remove("kill")
    outcome = project.run().assert_executed("t")
    assert project.read("out") == "whole", repr(outcome)


@pytest.mark.parametrize("policy", POLICIES)
def test_target_that_was_there_before(doit_project: Make, policy: str) -> None:
    """A9, the other side: files from earlier are still accepted."""
    dodo = f"""
def task_t():
    return {{"actions": ["echo new > out"], "file_dep": ["in"], "targets": ["out"],
            {POLICIES[policy]}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "", "out": "old"})
    project.run().assert_up_to_date("t")
    assert project.read("out") == "old"


# ---------------------------------------------------------------- stale


def test_targets_that_are_not_tracked(doit_project: Make) -> None:
    """A17: the last result is restored, even if the record does not cover targets."""
    dodo = f"""
def task_t():
    return {{"actions": ["cp in out; cp in out2"], "file_dep": ["in"], "targets": ["out", "out2"],
            "track_targets": False, {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "A"})
    project.run().assert_executed("t")
    project.write({"in": "B"})
    project.run("--cache", "True").assert_executed("t")
    project.remove("out")
    assert restored(project.run()) == ["t"]
    assert [project.read("out"), project.read("out2")] == ["B", "B"]
    project.run("--cache", "True").assert_executed()


#: A task, and what is edited: of what a restore leaves behind nothing may count for the edit.
STALE = {
    "config_changed": (
        '["echo %s > out" % C], "uptodate": [config_changed(C)], "track_code": False',
        ("dodo.py", 'C = "1"', 'C = "2"'),
    ),
    "run_once": (
        '["echo 1 > out"], "uptodate": [run_once]',
        ("dodo.py", "echo 1", "echo 2"),
    ),
    "result_dep": ('["cat v > out"], "uptodate": [result_dep("p")]', ("v", "1", "2")),
    "value_saver": ('["cat v > out"], "uptodate": [check]', ("v", "1", "2")),
    "getargs": ('[c], "getargs": {"v": ("p", "v")}', ("v", "1", "2")),
}


@pytest.mark.parametrize("lost", [False, True], ids=["DB", "no DB"])
@pytest.mark.parametrize("name", STALE)
def test_restored_from_other_inputs(doit_project: Make, name: str, lost: bool) -> None:
    """A31, A32: a stale export that was restored is up-to-date under no other policy."""
    task, edit = STALE[name]
    dodo = f"""
from doit.tools import config_changed, result_dep, run_once
C = "1"
def p():
    print(open("v").read())
    return {{"v": open("v").read()}}
def c(v):
    open("out", "w").write(v)
def check(task, values):
    now = open("v").read()
    task.value_savers.append(lambda: {{"v": now}})
    return values.get("v") == now
def task_p():
    return {{"actions": ["cat v"] if {name == "result_dep"} else [p]}}
def task_t():
    return {{"actions": {task}, "targets": ["out"], {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "v": "1"})
    project.run().assert_executed("p", "t")
    assert project.read("out").strip() == "1"
    project.edit(*edit)
    project.remove("out")
    if lost:
        forget(project)
    assert restored(project.run()) == ["t"]
    assert project.read("out").strip() == "1"
    outcome = project.run("--cache", "True").assert_executed("p", "t")
    assert project.read("out").strip() == "2", repr(outcome)


def test_restored_with_the_policy_of_the_project(doit_project: Make) -> None:
    """A31 b: where nothing of a task is ours but the policy, and the DB is lost."""
    dodo = """
from doit.tools import run_once
def task_t():
    return {"actions": ["echo 1 > out"], "targets": ["out"], "uptodate": [run_once]}
"""
    project = doit_project({"dodo.py": dodo}, settings={"cache": "export", "export_dir": "../pub"})
    project.run().assert_executed("t")
    project.edit("dodo.py", "echo 1", "echo 2")
    forget(project, "out")
    assert restored(project.run()) == ["t"]
    outcome = project.run("--cache", "True").assert_executed("t")
    assert project.read("out") == "2\n", repr(outcome)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("policy", POLICIES)
def test_values_of_a_task_without_a_record(doit_project: Make, policy: str) -> None:
    """A30: they are those of the manifest; where there is none the task runs."""
    dodo = f"""
def p():
    with open("pt", "a") as stream:
        stream.write("t")
    return {{"v": "1"}}
def use(v):
    open("out", "w").write(v)
def task_p():
    return {{"actions": [p], "file_dep": ["in"], "targets": ["pt"], {POLICIES[policy]}}}
def task_c():
    return {{"actions": [use], "getargs": {{"v": ("p", "v")}}, "targets": ["out"]}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""})
    project.run().assert_executed("p", "c")
    forget(project, "out")
    outcome = project.run().assert_success()
    assert project.read("out") == "1", repr(outcome)
    assert project.read("pt") == ("t" if policy == "export" else "tt")
    project.run().assert_success()


def test_export_that_was_put_there_by_hand(doit_project: Make) -> None:
    """3: it has no time, values or output of a run that made a different result."""
    dodo = """
def simulate(targets):
    print("computed")
    open(targets[0], "w").write("computed")
    return {"n": "of the run"}
def task_simulate():
    return {"actions": [simulate], "file_dep": ["in"], "targets": ["data/run.txt"],
            "cache": "export", "export_dir": "published"}
"""
    project = doit_project({"dodo.py": dodo, "in": "", "data/": ""})
    project.run().assert_executed("simulate")
    shutil.rmtree(project.path / "published")
    project.remove("data/run.txt")
    project.write({"published/data/run.txt": "by-hand"})
    outcome = project.run("-a").assert_executed("simulate")
    assert project.read("published/data/run.txt") == "by-hand", repr(outcome)
    project.remove("data/run.txt")
    outcome = project.run("-v2")
    assert restored(outcome) == ["simulate"]
    assert project.read("data/run.txt") == "by-hand"
    assert "put there by hand" in outcome.stdout
    assert "made " not in outcome.stdout
    assert "computed" not in outcome.stdout


FORGED: list[dict[str, object]] = [{"result": 5}, {"executed_at": 1e20}, {"took": -5}]


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "-n2"])
@pytest.mark.parametrize("wrong", FORGED, ids=str)
def test_forged_manifest(doit_project: Make, wrong: dict[str, object], runner: list[str]) -> None:
    """A16: what a manifest can't say is not believed; the export is restored all the same."""
    dodo = f"""
def task_t():
    return {{"actions": ["cp in out"], "file_dep": ["in"], "targets": ["out"], {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"})
    project.run().assert_executed("t")
    (path,) = (project.path / "../pub").rglob("*.json")
    data = json.loads(path.read_text())
    check = data.pop("check")
    assert check == digest_json(data)
    data["entry"].update(wrong)
    path.write_text(json.dumps({**data, "check": digest_json(data)}))
    forget(project, "out")
    outcome = project.run(*runner).assert_success()
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    assert project.read("out") == "1"
    project.run().assert_up_to_date("t")


# ---------------------------------------------------------------- lost


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "-n2"])
@pytest.mark.parametrize("names", ["tu", "ut"])
def test_target_that_moves_to_another_task(
    doit_project: Make, names: str, runner: list[str]
) -> None:
    """A22: its export is that of the task that makes it now, whichever runs first."""
    dodo = f"""
def made(*names):
    return {{"actions": [f"echo {{name}} > {{name}}" for name in names], "file_dep": ["in"],
            "targets": list(names), {EXPORT}}}
def task_{names[0]}():
    return made("a")
def task_{names[1]}():
    return made("b", "c")
"""
    project = doit_project({"dodo.py": dodo, "in": ""})
    project.run().assert_executed("t", "u")
    here, there = ('made("a")', 'made("b", "c")'), ('made("a", "c")', 'made("b")')
    for before, after in ((here, there), (there, here)):
        for old, new in zip(before, after, strict=True):
            project.edit("dodo.py", old, new)
        project.run("-a", *runner).assert_executed("t", "u")
        for name in "abc":
            assert project.read(f"../pub/{name}") == f"{name}\n"
        project.remove(*"abc")
        assert restored(project.run()) == ["t", "u"]
        assert [project.read(name) for name in "abc"] == ["a\n", "b\n", "c\n"]


def test_export_behind_a_placeholder(doit_project: Make) -> None:
    """2: a placeholder counts as missing, so the export is restored in its place."""
    dodo = f"""
def task_t():
    return {{"actions": ["echo >> ran; cp in out"], "file_dep": ["in"], "targets": ["out"],
            {EXPORT}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"})
    project.run().assert_executed("t")
    project.remove("out")
    project.run("--cache=force").assert_success()
    assert project.read("out") == ""
    why = project.run("invariants", "why").stdout
    assert "restored from" in why
    assert "not restored" not in why
    assert restored(project.run()) == ["t"]
    assert project.read("out") == "1"
    assert project.read("ran") == "\n"
