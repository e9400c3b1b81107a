"""Values, setup, order and ways in, with results that were accepted or restored."""

from __future__ import annotations

import pytest

from tests.support import Make
from tests.support.results import restored

NOW = 1_700_000_000.0
SETTINGS = {"store": "../store", "export_dir": "../pub"}
DODO = """
from doit.tools import result_dep
def make(targets):
    open(targets[0], "w").write("made")
    print("talk", "talk")
    return {"n": 5, "deep": [1, {"k": None}]}
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["a.txt"], "cache": "POLICY",
            "setup": ["s"], "teardown": ["echo >> torn"], "verbosity": 2}
def task_s():
    return {"actions": ["echo >> set-up"]}
def task_use():
    return {"actions": ["echo %(n)s > use.txt"], "getargs": {"n": ("a", "n")},
            "targets": ["use.txt"]}
def task_result():
    return {"actions": ["date > result.txt"], "uptodate": [result_dep("a")],
            "targets": ["result.txt"]}
DOIT_CONFIG = {"default_tasks": ["a", "use", "result"]}
"""


@pytest.mark.parametrize("runner", [(), ("-n", "2"), ("-n", "2", "-P", "thread")])
@pytest.mark.parametrize("policy", ["export", "shared"])
@pytest.mark.parametrize("where", ["here", "forgotten", "elsewhere"])
def test_values_and_setup(
    doit_project: Make, policy: str, where: str, runner: tuple[str, ...]
) -> None:
    """A restored task gives its values and its result, and has neither setup nor teardown."""
    files = {"dodo.py": DODO.replace("POLICY", policy), "in.txt": ""}
    project = doit_project(files, settings=SETTINGS)
    project.run().assert_executed("a", "s", "use", "result")
    if where == "elsewhere":
        project = doit_project(files, settings=SETTINGS, name="other")
    else:
        project.remove("a.txt", "use.txt", "set-up", "torn")
        if where == "forgotten":
            project.run("forget", "a").assert_success()
    outcome = project.run(*runner).assert_success()
    assert "a" in restored(outcome), repr(outcome)
    assert project.read("a.txt") == "made"
    assert project.read("use.txt") == "5\n"
    assert not (project.path / "set-up").exists(), repr(outcome)
    assert not (project.path / "torn").exists(), repr(outcome)
    assert ("result" in outcome.executed) == (where == "elsewhere"), repr(outcome)
    outcome = project.run().assert_success()
    assert "result" not in outcome.executed, repr(outcome)


def test_setup_and_values_that_are_looked_up_late(doit_project: Make) -> None:
    """A task with `getargs` is looked up when its setup is done already; its teardown is not."""
    text = """
def value():
    return {"n": 1}
def task_v():
    return {"actions": [value], "file_dep": ["in.txt"], "cache": "shared"}
def task_a():
    return {"actions": ["echo %(n)s > a.txt"], "getargs": {"n": ("v", "n")}, "targets": ["a.txt"],
            "setup": ["s"], "cache": "shared", "teardown": ["echo >> torn"]}
def task_s():
    return {"actions": ["echo >> set-up"]}
DOIT_CONFIG = {"default_tasks": ["a"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings=SETTINGS)
    project.run().assert_executed("v", "a", "s")
    project.remove("a.txt", "set-up", "torn")
    assert "a" in restored(project.run())
    assert (project.path / "set-up").exists()
    assert not (project.path / "torn").exists()


@pytest.mark.parametrize("policy", ["once", "force", "export"])
def test_values_of_what_was_accepted(doit_project: Make, policy: str) -> None:
    """A task that is accepted has the values of its last success; without any it runs.

    Not under `force`: there doit says that there are none. An export keeps them as well.
    """
    project = doit_project(
        {"dodo.py": DODO.replace("POLICY", policy), "in.txt": ""}, settings=SETTINGS
    )
    project.run("--cache", "True").assert_success()
    project.write({"in.txt": "changed"})
    outcome = project.run().assert_success()
    assert "a" in outcome.up_to_date
    assert project.read("use.txt") == "5\n"
    project.run("forget", "a").assert_success()
    outcome = project.run()
    assert "a" in (outcome.executed if policy == "once" else outcome.up_to_date), repr(outcome)
    assert project.read("use.txt") == "5\n"
    assert bool(outcome.returncode) == (policy == "force")
    assert "Traceback" not in outcome.stderr, repr(outcome)


def test_target_that_is_a_hard_link_into_the_store(doit_project: Make) -> None:
    """A task writes its own file, not the one in the store."""
    text = """
def task_a():
    return {"actions": ["cat in.txt > a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "shared"}
"""
    settings = {**SETTINGS, "store_link": "hardlink"}
    project = doit_project({"dodo.py": text, "in.txt": "1"}, settings=settings)
    project.run().assert_executed("a")
    project.remove("a.txt")
    assert "a" in restored(project.run())
    project.write({"in.txt": "2"})
    project.run().assert_executed("a")
    assert project.read("a.txt") == "2"
    assert (project.path / "a.txt").stat().st_mode & 0o200
    project.write({"in.txt": "1"})
    assert "a" in restored(project.run())
    assert project.read("a.txt") == "1"


def test_same_content_again(doit_project: Make) -> None:
    """O4: what is restored or made with the same content runs nothing downstream."""
    text = """
def task_a():
    return {"actions": ["tr -d ' ' < in.txt > a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "shared"}
def task_b():
    return {"actions": ["cp a.txt b.txt"], "file_dep": ["a.txt"], "targets": ["b.txt"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": "1"}, settings=SETTINGS)
    project.run().assert_executed("a", "b")
    project.write({"in.txt": " 1"})
    project.run().assert_executed("a")
    project.write({"in.txt": "1 "})
    project.run().assert_executed("a")
    project.write({"in.txt": "1"})
    outcome = project.run()
    assert "a" in restored(outcome)
    assert outcome.executed == [], repr(outcome)


def test_undeclared_output(doit_project: Make) -> None:
    """O6: what is no target is neither kept nor restored."""
    text = """
def task_a():
    return {"actions": ["touch a.txt other.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "POLICY"}
"""
    for policy in ("shared", "export"):
        project = doit_project(
            {"dodo.py": text.replace("POLICY", policy), "in.txt": ""},
            settings=SETTINGS,
            name=policy,
        )
        project.run().assert_executed("a")
        project.remove("a.txt", "other.txt")
        assert "a" in restored(project.run())
        assert not (project.path / "other.txt").exists()


@pytest.mark.parametrize("policy", ["shared", "export"])
def test_target_that_is_not_made(doit_project: Make, policy: str) -> None:
    """O6: a task that does not make what it promises is not kept, and says so."""
    text = """
def task_a():
    return {"actions": ["touch a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt", "never.txt"], "cache": "POLICY"}
"""
    project = doit_project(
        {"dodo.py": text.replace("POLICY", policy), "in.txt": ""}, settings=SETTINGS
    )
    for _ in range(2):
        outcome = project.run().assert_executed("a")
        assert "Traceback" not in outcome.stderr
        said = "not put into the store: " if policy == "shared" else "never.txt is not exported"
        assert said in outcome.stderr, repr(outcome)


def test_two_tasks_with_one_content(doit_project: Make) -> None:
    """Equal contents under other names are kept once, and restored to each."""
    text = """
def task_g():
    for name in "abc":
        yield {"name": name, "actions": [f"cp in.txt {name}.txt"], "file_dep": ["in.txt"],
               "targets": [f"{name}.txt"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": text, "in.txt": "same"}, settings=SETTINGS)
    project.run().assert_success()
    blobs = [p for p in (project.path.parent / "store/blobs").rglob("*") if p.is_file()]
    assert len(blobs) == 1
    project.remove("a.txt", "b.txt", "c.txt")
    outcome = project.run()
    assert outcome.stdout.count("(restored from the store") == 3
    project.write({"a.txt": "edited"})
    assert project.read("b.txt") == project.read("c.txt") == "same"


@pytest.mark.parametrize("link", ["auto", "hardlink", "copy"])
def test_editing_what_was_restored(doit_project: Make, link: str) -> None:
    """However a file leaves the store: who edits it does not edit the store."""
    text = """
def task_a():
    return {"actions": ["rm -f a.txt; cp in.txt a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "shared"}
"""
    settings = {**SETTINGS, "store_link": link}
    project = doit_project({"dodo.py": text, "in.txt": "one"}, settings=settings)
    project.run().assert_executed("a")
    for number in range(2):
        project.remove("a.txt")
        # Who makes a hard link writable and edits it has damaged the store, which is seen.
        assert "a" in restored(project.run()) or (number and link == "hardlink")
        assert project.read("a.txt") == "one"
        (project.path / "a.txt").chmod(0o644)
        project.write({"a.txt": "bad"})
    outcome = project.run()
    assert project.read("a.txt") == "one", repr(outcome)


CONFIGS = {
    "pyproject.toml": '[tool.doit]\nloader = "invariants"\n[tool.doit.invariants]\n'
    'store = "../store"\ncache = "shared"\n',
    "doit.cfg": "[GLOBAL]\nloader = invariants\n[invariants]\nstore = ../store\ncache = shared\n",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_project_wide_policy(doit_project: Make, name: str) -> None:
    """The policy for all tasks, from each file of settings."""
    text = """
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"]}
def task_b():
    return {"actions": ["cp in.txt b.txt"], "file_dep": ["in.txt"], "targets": ["b.txt"],
            "cache": True}
"""
    files = {"dodo.py": text, "in.txt": "", "pyproject.toml": "", name: CONFIGS[name]}
    project = doit_project(files)
    project.run().assert_executed("a", "b")
    project.remove("a.txt", "b.txt")
    outcome = project.run().assert_executed("b")
    assert "a" in restored(outcome)


def test_script_that_calls_run(doit_project: Make) -> None:
    """`doit_invariants.run(globals())` knows the options as well."""
    text = """
from doit_invariants import run
DOIT_CONFIG = {"invariants": {"store": "../store"}}
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"]}
if __name__ == "__main__":
    run(globals())
"""
    import subprocess
    import sys

    project = doit_project({"build.py": text, "in.txt": ""}, loader=False)
    command = [sys.executable, "build.py", "--cache", "shared"]

    def call() -> str:
        return subprocess.run(
            command, cwd=project.path, check=True, capture_output=True, text=True
        ).stdout

    assert ".  a\n" in call()
    project.remove("a.txt")
    assert "-- a  (restored from the store" in call()
