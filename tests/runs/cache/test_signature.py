"""The signature for ``cache: "shared"``, and results that are never stored or restored."""

from __future__ import annotations

import pytest

from tests.support import Make
from tests.support.results import STORE, entries_of, restored

NOW = 1_700_000_000.0


def dodo(body: str, head: str = "") -> str:
    """Return a dodo.py with one shared task that makes out.txt."""
    return f"""
import os
from doit_invariants import *
{head}
def task_a():
    return {{"cache": "shared", "targets": ["out.txt"], {body}}}
"""


#: A task, and edits of its dodo.py or files. Each edit gives another result.
COUNTS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "an input": (dodo('"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"]'), {}, "in", "IN"),
    "a command": (dodo('"actions": ["echo 1 > out.txt"]'), {}, "echo 1", "echo 2"),
    "an untracked command": (
        dodo('"actions": ["echo 1 > out.txt"], "track_code": False'),
        {},
        "echo 1",
        "echo 2",
    ),
    "untracked code": (
        dodo(
            '"actions": [f], "track_code": False',
            "def f(targets):\n    open(targets[0], 'w').write('1')",
        ),
        {},
        "'1'",
        "'2'",
    ),
    "an untracked argument": (
        dodo(
            '"actions": [(f, ["one"])], "track_code": False',
            "def f(x, targets):\n    open(targets[0], 'w').write(x)",
        ),
        {},
        '"one"',
        '"two"',
    ),
    "an untracked script": (
        dodo('"actions": ["python s.py"], "track_code": False'),
        {"s.py": "open('out.txt', 'w').write('in')"},
        "'in'",
        "'IN'",
    ),
    "a value": (
        dodo(
            '"actions": [(f, [], {"x": X})], "invariants": [Value(X)]',
            "X = 1\ndef f(x, targets):\n    open(targets[0], 'w').write(str(x))",
        ),
        {},
        "X = 1",
        "X = 2",
    ),
    "the name of a target": (
        dodo('"actions": ["echo 1 > out.txt; echo 1 > b.txt"], "file_dep": ["in.txt"]'),
        {},
        '["out.txt"]',
        '["out.txt", "b.txt"]',
    ),
    "a directory": (
        dodo('"actions": ["cat d/* > out.txt"], "invariants": [Tree("d")]'),
        {"d/x": "in"},
        "in",
        "IN",
    ),
    "files": (
        dodo('"actions": ["cat d/* > out.txt"], "invariants": [Files("d/*")]'),
        {"d/x": "in"},
        "in",
        "IN",
    ),
}


@pytest.mark.parametrize("case", COUNTS)
def test_counts(doit_project: Make, case: str) -> None:
    """An edit is a miss, undoing it a hit, and each gives its own content."""
    text, more, old, new = COUNTS[case]
    project = doit_project({"dodo.py": text, "in.txt": "in", **more}, settings=STORE)
    (name,) = [n for n in (*more, "in.txt", "dodo.py") if f"{old}" in project.read(n)][:1]
    project.run().assert_executed("a")
    first = project.read("out.txt")
    project.edit(name, old, new)
    project.remove("out.txt")  # an edit of something untracked would not run the task
    project.run().assert_executed("a")
    second = project.read("out.txt")
    assert (first != second) or case == "the name of a target"
    project.edit(name, new, old)
    project.remove("out.txt")
    outcome = project.run()
    assert "a" in restored(outcome, "the store"), repr(outcome)
    assert project.read("out.txt") == first


def test_environment(doit_project: Make) -> None:
    """The values of `Env` are part of the signature, but are not in the store."""
    project = doit_project(
        {
            "dodo.py": dodo(
                '"actions": ["echo $X | tr a-z A-Z > out.txt"], "invariants": [Env("X")]'
            )
        },
        settings=STORE,
    )
    for value in ("secretone", "secrettwo"):
        project.run(env={"X": value}).assert_executed("a")
    assert "a" in restored(project.run(env={"X": "secretone"}), "the store")
    assert project.read("out.txt") == "SECRETONE\n"
    for path in (project.path / "../store").rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path


def test_parameters(doit_project: Make) -> None:
    """Options and positional arguments on the command line are part of the signature."""
    text = dodo(
        '"actions": ["echo %(x)s %(pos)s > out.txt"], "pos_arg": "pos", "file_dep": '
        '["in.txt"], "params": [{"name": "x", "short": "x", "default": "0"}]'
    )
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings=STORE)
    found = {}
    for arguments in ((), ("-x", "1"), ("-x", "2"), ("-x", "1", "p"), ("p",)):
        project.remove("out.txt") if found else None
        project.run("a", *arguments).assert_executed("a")
        found[arguments] = project.read("out.txt")
    assert len(set(found.values())) == 5
    for arguments, content in found.items():
        project.remove("out.txt")
        assert "a" in restored(project.run("a", *arguments), "the store"), arguments
        assert project.read("out.txt") == content


def test_creator_parameters(doit_project: Make) -> None:
    """The options of a task-creator with `task_params` are part of the signature."""
    text = """
from doit import task_params
@task_params([{"name": "x", "long": "x", "default": "0"}])
def task_a(x):
    return {"actions": [(f, [])], "targets": ["out.txt"], "file_dep": ["in.txt"], "cache": "shared",
            "uptodate": [True], "verbosity": int(x) % 2}
def f(targets):
    open(targets[0], "w").write("x")
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings=STORE)
    project.run("a").assert_executed("a")
    project.remove("out.txt")
    project.run("a", "--x", "1").assert_executed("a")
    project.remove("out.txt")
    assert "a" in restored(project.run("a", "--x", "1"), "the store")


def test_values_of_other_tasks(doit_project: Make) -> None:
    """Values from `getargs` are part of the signature; values and results are restored."""
    text = """
def value(dependencies):
    return {"v": open("in.txt").read(), "w": [1, {"x": None}]}
def task_v():
    return {"actions": [value], "file_dep": ["in.txt"], "cache": "shared"}
def use(v, w, targets):
    open(targets[0], "w").write(f"{v} {w}")
def task_a():
    return {"actions": [use], "getargs": {"v": ("v", "v"), "w": ("v", "w")},
            "targets": ["out.txt"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": text, "in.txt": "one"}, settings=STORE)
    other = doit_project({"dodo.py": text, "in.txt": "one"}, settings=STORE, name="other")
    project.run().assert_executed("v", "a")
    project.write({"in.txt": "two"})
    project.run().assert_executed("v", "a")
    outcome = other.run()
    assert "v" in restored(outcome, "the store"), repr(outcome)
    assert "a" in restored(outcome, "the store"), repr(outcome)
    assert other.read("out.txt") == "one [1, {'x': None}]"
    other.write({"in.txt": "two"})
    outcome = other.run()
    assert outcome.executed == [], repr(outcome)
    assert other.read("out.txt") == "two [1, {'x': None}]"
    # a consumer that is not shared gets restored values too
    other.edit("dodo.py", '["out.txt"], "cache": "shared"', '["out.txt"], "cache": False')
    other.write({"in.txt": "one"})
    outcome = other.run()
    assert outcome.executed == ["a"]
    assert other.read("out.txt") == "one [1, {'x': None}]"


#: Tasks that are never shared, and the explanation by `why`.
REFUSED = {
    "share=False": (
        dodo('"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "share": False'),
        "share is False",
    ),
    "its input lies in its target": (
        dodo('"actions": ["cp in.txt d/out.txt"], "file_dep": ["in.txt", "d/x"]').replace(
            '["out.txt"]', '["d"]'
        ),
        "its input d/x is part of its target d",
    ),
    "a target outside": (
        dodo('"actions": ["cp in.txt ../out.txt"], "file_dep": ["in.txt"]').replace(
            '["out.txt"]', '["../out.txt"]'
        ),
        "its target ../out.txt is not inside the project",
    ),
    "a callable in uptodate": (
        dodo(
            '"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "uptodate": [check]',
            "def check():\n    return not os.path.exists('stale')",
        ),
        "its uptodate item check",
    ),
    "a command in uptodate": (
        dodo(
            '"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], '
            '"uptodate": ["test ! -e stale"]'
        ),
        "its uptodate item ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_never_shared(doit_project: Make, case: str) -> None:
    """Not stored and not restored; `why` gives the reason; everything else works."""
    text, said = REFUSED[case]
    files = {"dodo.py": text, "in.txt": "in", "out.txt": "", "d/x": ""}
    project = doit_project(files, settings=STORE)
    project.run().assert_executed("a")
    assert len(entries_of(project)) == 0
    project.run().assert_up_to_date("a")
    project.write({"in.txt": "IN", "stale": ""})
    why = project.run("invariants", "why", "a")
    assert f"not shared: {said}" in why.stdout, repr(why)
    project.run().assert_executed("a")
    project.write({"in.txt": "in"})
    project.run().assert_executed("a")
    assert len(entries_of(project)) == 0


def test_not_looked_up_with_share_false(doit_project: Make) -> None:
    """A task with `share: False` is not restored from an existing entry."""
    text = dodo('"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"]')
    project = doit_project({"dodo.py": text, "in.txt": "in"}, settings=STORE)
    project.run().assert_executed("a")
    assert len(entries_of(project)) == 1
    project.edit("dodo.py", '"shared"', '"shared", "share": False')
    project.remove("out.txt")
    project.run().assert_executed("a")
    project.write({"dodo.py": text})
    project.remove("out.txt")
    assert "a" in restored(project.run(), "the store")


@pytest.mark.parametrize("how", ["setting", "option", "environment"])
def test_task_without_anything_always_runs(doit_project: Make, how: str) -> None:
    """A task of nothing but actions is not shared by the project's default or --cache."""
    text = """
def task_a():
    return {"actions": ["echo >> ran"], "targets": ["out.txt"]}
def task_b():
    return {"actions": ["cp in.txt b.txt"], "targets": ["b.txt"], "file_dep": ["in.txt"]}
"""
    settings = {**STORE, "cache": "shared"} if how == "setting" else STORE
    project = doit_project({"dodo.py": text, "in.txt": "", "out.txt": ""}, settings=settings)
    arguments = ("--cache", "shared") if how == "option" else ()
    env = {"DOIT_CACHE": "shared"} if how == "environment" else {}
    for number in (1, 2, 3):
        outcome = project.run(*arguments, env=env)
        assert "a" in outcome.executed, repr(outcome)
        assert project.read("ran") == "\n" * number
        assert ("b" in outcome.executed) == (number == 1)
        assert ("b" in restored(outcome, "the store")) == (number != 1), repr(outcome)
        project.remove("b.txt")
    assert len(entries_of(project)) == 1


def test_override(doit_project: Make) -> None:
    """The command line beats the environment, which beats the task, which beats the settings."""
    text = dodo('"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"]')
    project = doit_project({"dodo.py": text, "in.txt": "in"}, settings={**STORE, "cache": False})
    project.run(env={"DOIT_CACHE": "True"}).assert_executed("a")
    assert len(entries_of(project)) == 0
    project.run("-a").assert_executed("a")
    assert len(entries_of(project)) == 1
    project.remove("out.txt")
    project.run(env={"DOIT_CACHE": "once"}).assert_executed("a")
    project.remove("out.txt")
    outcome = project.run("--cache", "shared", env={"DOIT_CACHE": "once"})
    assert "a" in restored(outcome, "the store")
    project.run("--cache", "False").assert_executed("a")
    project.run("--cache=true").assert_up_to_date("a")


def test_task_without_targets(doit_project: Make) -> None:
    """A task without targets is shared only if it sets `cache` itself: it may have side effects."""
    text = """
def task_a():
    return {"actions": ["echo >> ran"], "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings={**STORE, "cache": "shared"})
    project.run().assert_executed("a")
    assert len(entries_of(project)) == 0
    why = project.run("forget", "a") and project.run("invariants", "why", "a")
    assert "not shared: it has no targets" in why.stdout, repr(why)
    project.edit("dodo.py", '["in.txt"]', '["in.txt"], "cache": "shared"')
    project.run().assert_executed("a")
    project.run("forget", "a").assert_success()
    assert "a" in restored(project.run(), "the store")
    assert project.read("ran") == "\n\n"
