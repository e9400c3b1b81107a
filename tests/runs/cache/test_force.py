"""``cache: "force"``: nothing runs, and a placeholder is never taken for a result (C1 to C10)."""

from __future__ import annotations

import pytest

from doit_invariants.testing import Project
from tests.support import Make

NOW = 1_700_000_000.0
DODO = """
import os
def make(targets):
    text = open("in.txt").read()
    for target in targets:
        if target.endswith("/"):
            os.makedirs(target, exist_ok=True)
            target += "file"
        with open(target, "w") as stream:
            stream.write(text)
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "force", "export_dir": "pub"}
def task_b():
    return {"actions": ["cat a.txt > b.txt"], "file_dep": ["a.txt"], "targets": ["b.txt"],
            "export_dir": "pub"}
"""
OTHERS = ("True", "once", "export", "shared")
SAID = "is missing: made an empty placeholder"


def project_of(doit_project: Make, text: str = DODO, **files: str) -> Project:
    """Return a project with a store of its own."""
    return doit_project({"dodo.py": text, "in.txt": "one", **files}, settings={"store": "../store"})


def test_what_changed_is_accepted(doit_project: Make) -> None:
    """C1: existing targets are accepted, whatever changed; this is not recorded."""
    project = project_of(doit_project)
    project.run("--cache", "True").assert_executed("a", "b")
    project.write({"in.txt": "two"})
    project.edit("dodo.py", "write(text)", "write(text * 2)")
    for _ in range(2):
        outcome = project.run().assert_up_to_date("a", "b")
        assert SAID not in outcome.stderr
    project.run("--cache", "True").assert_executed("a", "b")
    assert project.read("b.txt") == "twotwo"


def test_missing_target_becomes_a_placeholder(doit_project: Make) -> None:
    """C2: an empty one is made and reported; later runs know that it is one."""
    project = project_of(doit_project)
    outcome = project.run("a").assert_up_to_date("a")
    assert f"a: a.txt {SAID}" in outcome.stderr
    assert project.read("a.txt") == ""
    outcome = project.run("a").assert_up_to_date("a")
    assert SAID not in outcome.stderr
    why = project.run("invariants", "why", "a", "--cache", "True")
    assert "only an empty placeholder, made by cache: force" in why.stdout, repr(why)


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("policy", OTHERS)
@pytest.mark.parametrize("before", [False, True])
def test_placeholder_is_no_result(
    doit_project: Make, policy: str, forget: bool, before: bool
) -> None:
    """C2: under any other policy the task runs, or is restored; also after `doit forget`."""
    project = project_of(doit_project)
    if before:
        project.run("--cache", policy).assert_success()
        assert project.read("a.txt") == "one"
        project.remove("a.txt")
    project.run("a").assert_up_to_date("a")
    assert project.read("a.txt") == ""
    if forget:
        project.run("forget", "a").assert_success()
    outcome = project.run("--cache", policy, "a").assert_success()
    assert project.read("a.txt") == "one", repr(outcome)
    kept = before and policy in ("export", "shared")
    assert (outcome.executed == []) == kept, repr(outcome)
    again = project.run("--cache", "True", "a").assert_up_to_date("a")
    assert SAID not in again.stderr


def test_placeholder_is_never_kept(doit_project: Make) -> None:
    """C2: placeholders go neither into the store nor into exports."""
    project = project_of(doit_project)
    project.run("a").assert_up_to_date("a")
    for policy in ("export", "shared"):
        project.run("invariants", "why", "a", "--cache", policy)
    assert not (project.path / "pub").exists()
    assert not (project.path / "../store").exists()
    project.run("--cache", "export", "a").assert_executed("a")
    assert project.read("pub/a.txt") == "one"


def test_placeholder_that_was_filled_by_hand(doit_project: Make) -> None:
    """A file that a user puts in its place is not a placeholder."""
    project = project_of(doit_project)
    project.run("a").assert_up_to_date("a")
    project.write({"a.txt": "by hand"})
    project.run("--cache", "once", "a").assert_up_to_date("a")
    assert project.read("a.txt") == "by hand"
    project.run("--cache", "True", "a").assert_executed("a")


def test_placeholder_that_was_removed(doit_project: Make) -> None:
    """A placeholder that is gone is made and reported again."""
    project = project_of(doit_project)
    project.run("a")
    project.remove("a.txt")
    assert f"a.txt {SAID}" in project.run("a").assert_up_to_date("a").stderr


def test_real_result_may_be_empty(doit_project: Make) -> None:
    """An empty target that the task really made is a result."""
    project = project_of(doit_project, **{"in.txt": ""})
    project.run("a").assert_up_to_date("a")
    project.run("--cache", "True", "a").assert_executed("a")
    for policy in OTHERS:
        project.run("--cache", policy, "a")
        assert project.run("--cache", policy, "a").executed == [], policy


def test_never_succeeded_and_failed(doit_project: Make) -> None:
    """C3, C4: a task that never succeeded, or failed last, is accepted, and still has to run."""
    project = project_of(
        doit_project,
        DODO.replace(
            "    text = ", "    if os.path.exists('bad'): raise OSError('bad')\n    text = "
        ),
    )
    project.write({"bad": ""})
    project.run("--cache", "True", "a").assert_failed("a")
    project.run("a").assert_up_to_date("a")
    project.remove("bad")
    project.run("--cache", "True", "a").assert_executed("a")
    project.write({"bad": "", "in.txt": "two"})
    project.run("--cache", "True", "a").assert_failed("a")
    project.run("a").assert_up_to_date("a")
    project.remove("bad")
    project.write({"in.txt": "one"})
    project.run("--cache", "True", "a").assert_executed("a")


def test_another_policy_sees_the_change(doit_project: Make) -> None:
    """C5: accepting blesses nothing: once the policy is another the change is seen."""
    for policy in ("True", "shared"):
        project = doit_project({"dodo.py": DODO, "in.txt": "one"}, name=policy)
        project.run("--cache", "True").assert_success()
        project.write({"in.txt": "two"})
        project.run("a").assert_up_to_date("a")
        env = {"XDG_CACHE_HOME": str(project.path / "cache")}
        project.run("--cache", policy, "a", env=env).assert_executed("a")
        assert project.read("a.txt") == "two"


def test_looking_makes_no_placeholder(doit_project: Make) -> None:
    """C6: read-only commands make none, and say which would be made."""
    project = project_of(doit_project)
    for command in ("list -s", "info a", "invariants why", "invariants show a", "list --deps"):
        project.run(*command.split())
    assert not (project.path / "a.txt").exists()
    project.run("a").assert_up_to_date("a")


def test_unknown_policy(doit_project: Make) -> None:
    """C7: one line that lists the known ones, on the command line and from the environment too."""
    project = project_of(doit_project, DODO.replace('"force"', '"froce"'))
    project.run().assert_error("task 'a': option 'cache': unknown policy 'froce'; allowed are ")
    project.edit("dodo.py", "froce", "force")
    for outcome in (project.run("--cache", "froce"), project.run(env={"DOIT_CACHE": "froce"})):
        outcome.assert_error("unknown policy 'froce'")
        (line,) = (one for one in outcome.stderr.splitlines() if "unknown policy" in one)
        for known in ("True", "False", "'export'", "'force'", "'once'", "'shared'"):
            assert known in line


@pytest.mark.parametrize("extra", ["", '"uptodate": [False]', '"ttl": 0', '"task_dep": []'])
def test_task_without_targets(doit_project: Make, extra: str) -> None:
    """C8: a task without targets never runs either, with or without dependencies."""
    text = f'def task_a():\n    return {{"actions": ["touch ran"], "cache": "force", {extra}}}\n'
    project = project_of(doit_project, text)
    project.run().assert_up_to_date("a")
    assert not (project.path / "ran").exists()
    text = 'def task_a():\n    return {"actions": ["touch ran"]}\n'
    project.write({"dodo.py": text})
    project.run("--cache", "force").assert_up_to_date("a")
    assert not (project.path / "ran").exists()
    project.run("--cache", "shared").assert_executed("a")


def test_always_beats_force(doit_project: Make) -> None:
    """C9: `doit -a` runs under force too, and its output is a result."""
    project = project_of(doit_project)
    project.run("a").assert_up_to_date("a")
    project.run("-a").assert_executed("a", "b")
    assert project.read("b.txt") == "one"
    project.run("--cache", "True").assert_up_to_date("a", "b")


def test_downstream_sees_what_is_there(doit_project: Make) -> None:
    """C10: a task that depends on a placeholder uses it, and runs again once it is real."""
    project = project_of(doit_project)
    outcome = project.run()
    assert outcome.up_to_date == ["a"], repr(outcome)
    assert outcome.executed == ["b"], repr(outcome)
    assert project.read("b.txt") == ""
    project.run("--cache", "True").assert_executed("a", "b")
    assert project.read("b.txt") == "one"


def test_directories_and_several(doit_project: Make) -> None:
    """A target that ends in a slash becomes an empty directory; only missing ones are made."""
    text = DODO.replace('["a.txt"]', '["x/y/d/", "a.txt", "x/z.txt"]')
    project = project_of(doit_project, text, **{"a.txt": "there"})
    outcome = project.run("a").assert_up_to_date("a")
    assert f"a: x/y/d/ {SAID}" in outcome.stderr
    assert "a.txt is missing" not in outcome.stderr
    assert list((project.path / "x/y/d").iterdir()) == []
    assert project.read("a.txt") == "there"
    assert project.read("x/z.txt") == ""
    project.run("--cache", "once", "a").assert_executed("a")
    assert project.read("x/y/d/file") == project.read("a.txt") == "one"
    project.run("--cache", "True", "a").assert_up_to_date("a")


def test_placeholder_that_cannot_be_made(doit_project: Make) -> None:
    """If a placeholder can't be made the task fails in one line."""
    project = project_of(doit_project, DODO.replace('"a.txt"]', '"in.txt/x/a.txt"]', 1))
    outcome = project.run("a").assert_failed("a")
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)


def test_workers(doit_project: Make, backend: str) -> None:
    """Placeholders are known in every backend and with every runner."""
    text = """
def task_g():
    for name in "abc":
        yield {"name": name, "actions": [f"echo {name} > {name}.txt"], "targets": [name + ".txt"],
               "file_dep": ["in.txt"], "cache": "force"}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, backend=backend)
    names = ("g:a", "g:b", "g:c")
    for arguments in (("-n", "2"), ("-n", "2", "-P", "thread"), ()):
        outcome = project.run(*arguments).assert_up_to_date(*names).assert_success()
        assert outcome.stderr.count(SAID) == 3
        project.run("forget", "g").assert_success()
        project.run("--cache", "once", *arguments).assert_executed(*names)
        assert project.read("a.txt") == "a\n"
        project.run("--cache", "True", *arguments).assert_up_to_date(*names)
        project.remove("a.txt", "b.txt", "c.txt")
