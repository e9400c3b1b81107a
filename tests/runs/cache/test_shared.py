"""``cache: "shared"``: what was made in one checkout is restored in another."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project, settings_toml
from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.results import restored
from tests.support.runners import SET_START_METHOD, START_METHODS

DODO = (
    SET_START_METHOD
    + """
from doit import create_after
from doit.tools import result_dep
from doit_invariants import Env, Value
import work
DOIT_CONFIG = {"invariants": {"cache": "shared"}}

def task_up():
    for name in "abc":
        yield {"name": name, "actions": [work.upper], "file_dep": [f"in/{name}.txt"],
               "targets": [f"out/{name}.txt"], "invariants": [Env("REGION"), Value([1, 2])]}

def task_tree():
    return {"actions": [work.tree], "file_dep": ["in/c.txt"], "targets": ["tree"]}

def task_count():
    return {"actions": [work.count], "file_dep": ["in/b.txt"], "cache": "shared"}

def task_use():
    return {"actions": ["echo %(n)s > used.txt"], "getargs": {"n": ("count", "n")},
            "targets": ["used.txt"]}

def task_result():
    return {"actions": ["date > result.txt"], "uptodate": [result_dep("count")],
            "targets": ["result.txt"]}

def task_join():
    return {"actions": ["cat out/*.txt tree/.dot > joined.txt"], "targets": ["joined.txt"],
            "file_dep": ["out/a.txt", "out/b.txt", "out/c.txt", "tree"]}

@create_after(executed="up", target_regex="late/.*")
def task_late():
    for name in sorted(os.listdir("out")):
        yield {"name": name, "actions": [f"mkdir -p late && cp out/{name} late/{name}"],
               "file_dep": ["out/" + name], "targets": ["late/" + name]}
"""
)
WORK = """
import os
def upper(dependencies, targets):
    os.makedirs("out", exist_ok=True)
    with open(targets[0], "w") as stream:
        stream.write(open(dependencies[0]).read().upper())
    os.chmod(targets[0], 0o755)
def tree(dependencies, targets):
    import shutil
    shutil.rmtree("tree", ignore_errors=True)
    os.makedirs("tree/deep/empty")
    for name in (".dot", "deep/run"):
        with open("tree/" + name, "w") as stream:
            stream.write(open(dependencies[0]).read())
    os.chmod("tree/deep/run", 0o700)
    os.symlink("deep/run", "tree/link")
def count(dependencies):
    print("counting")
    return {"n": len(open(dependencies[0]).read())}
"""
FILES = {"dodo.py": DODO, "work.py": WORK, **{f"in/{name}.txt": name for name in "abc"}}
UP = ("up:a", "up:b", "up:c")
LATE = ("late:a.txt", "late:b.txt", "late:c.txt")
ALL = (*UP, *LATE, "tree", "count", "use", "result", "join")


def checkouts(directory: Path, *names: str, backend: str | None = None) -> list[Project]:
    """Return projects with the same content in different directories, with one store."""
    settings = {"store": str(directory / "store")}
    found = []
    for name in names:
        project = Project(directory / name / "of" / "it" if name != "one" else directory / name)
        project.path.mkdir(parents=True)
        project.write({"pyproject.toml": settings_toml(backend=backend, settings=settings)})
        project.write(FILES)
        found.append(project)
    return found


def contents(project: Project) -> dict[str, tuple[int, str]]:
    """Return mode and content of everything that tasks make."""
    found = {}
    for top in ("out", "late", "tree", "used.txt", "joined.txt", "result.txt"):
        path = project.path / top
        for one in [path, *sorted(path.rglob("*"))]:
            info = one.lstat()
            text = one.read_text() if one.is_file() and not one.is_symlink() else ""
            text = os.readlink(one) if one.is_symlink() else text
            found[str(one.relative_to(project.path))] = (info.st_mode, text)
    return found


def check_story(one: Project, other: Project, *arguments: str, start: str = "", **how: str) -> None:
    """Build in one checkout, restore in the other, edit and revert there."""
    env = {"START": start, "REGION": "eu"}

    def run(project: Project) -> Outcome:
        return project.run(
            *arguments, process=True if start == "spawn" else "fork", env=env, **how
        ).assert_success()  # type: ignore[arg-type]

    run(one).assert_executed(*ALL)
    outcome = run(other)
    assert outcome.executed == [], repr(outcome)
    assert restored(outcome, "the store") == sorted(ALL), repr(outcome)
    assert contents(other) == contents(one)
    assert re.search(
        r"^0 ran, 0 up-to-date, 11 restored \(saved \S+\)$", outcome.stdout, re.MULTILINE
    )
    run(other).assert_up_to_date(*ALL)
    edits = {
        "a": ["join", "late:a.txt", "up:a"],
        "b": ["count", "join", "late:b.txt", "result", "up:b", "use"],
        "c": ["join", "late:c.txt", "tree", "up:c"],
    }
    for name, consumers in edits.items():
        other.write({f"in/{name}.txt": name * 3})
        outcome = run(other).assert_executed(*consumers)
        assert (name * 3).upper() in other.read("joined.txt")
        other.write({f"in/{name}.txt": name})
        outcome = run(other)
        assert outcome.executed == [], repr(outcome)
        assert restored(outcome, "the store") == consumers, repr(outcome)
        assert contents(other) == contents(one)
    other.write({"in/b.txt": "bbb"})
    assert restored(run(other), "the store") == edits["b"]
    assert other.read("used.txt") == "3\n"


@pytest.mark.parametrize("runner", rest_in_matrix(START_METHODS, 2))
def test_two_checkouts(tmp_path: Path, runner: str) -> None:
    """With every runner, everything is restored; then an edit runs only its tasks, once."""
    arguments, start = START_METHODS[runner]
    if start == "fork" and sys.platform == "win32":
        pytest.skip("no fork on this system")
    check_story(*checkouts(tmp_path, "one", "other"), *arguments, start=start)


@pytest.mark.matrix
def test_two_checkouts_with_every_backend(tmp_path: Path, backend: str) -> None:
    """The story holds with every backend."""
    check_story(*checkouts(tmp_path, "one", "other", backend=backend))


def test_store_holds_nothing_absolute(tmp_path: Path) -> None:
    """Neither paths of the checkout nor values of the environment are in the store."""
    (one,) = checkouts(tmp_path, "one")
    secret = "geheim-4711-eu"
    one.run(env={"REGION": secret}).assert_executed(*ALL)
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert any(path.suffix == ".json" for path in files)
    for path in files:
        raw = path.read_bytes() + os.fsencode(path.name)
        for text in (secret, str(tmp_path), str(Path.home()) + "/"):
            assert text.encode() not in raw, path
    (other,) = checkouts(tmp_path, "other")
    assert len(other.run(env={"REGION": "other"}).executed) == 3
    assert restored(other.run(env={"REGION": secret}), "the store") == sorted(UP)


def test_target_in_every_state(tmp_path: Path) -> None:
    """O1 to O3, O11, O12: anything may be at the path of a target; a task writes through a link."""
    (one,) = checkouts(tmp_path, "one")
    one.run().assert_executed(*ALL)
    before = contents(one)
    path = one.path / "out/a.txt"

    def damage(how: str) -> None:
        path.unlink()
        if how == "edited":
            path.write_text("B")
        elif how == "emptied":
            path.write_text("")
        elif how == "a link":
            path.symlink_to(one.path / "spare.txt")
        elif how == "a dangling link":
            path.symlink_to("nowhere")
        elif how == "a directory":
            path.mkdir()

    one.write({"spare.txt": ""})
    for how in ("missing", "edited", "emptied", "a directory", "a link", "a dangling link"):
        damage(how)
        outcome = one.run()
        if "link" in how:  # the user put it there, so it stays
            assert "up:a" in outcome.executed, (how, repr(outcome))
            assert "its target out/a.txt is a link; it runs" in outcome.stderr
            assert path.is_symlink()
            assert path.read_text() == "A"
        else:
            assert restored(outcome, "the store") == ["up:a"], (how, repr(outcome))
            assert outcome.executed == [], (how, repr(outcome))
            assert contents(one) == before, how
    assert one.read("spare.txt") == "A"
    assert one.read("in/a.txt") == "a"
    path.unlink()
    one.write({"out/a.txt/precious": "precious"})  # which a restore would delete
    outcome = one.run("up:a").assert_failed("up:a")
    assert "up:a: not restored: its target out/a.txt contains precious" in outcome.stderr
    assert one.read("out/a.txt/precious") == "precious"


@pytest.mark.parametrize("how", ["missing", "a file", "file missing", "file added", "edited"])
def test_directory_in_every_state(tmp_path: Path, how: str) -> None:
    """A directory as target is restored whole; if there is more in it the task decides on that."""
    (one,) = checkouts(tmp_path, "one")
    one.run().assert_executed(*ALL)
    before = contents(one)
    tree = one.path / "tree"
    if how == "missing":
        shutil.rmtree(tree)
    elif how == "a file":
        shutil.rmtree(tree)
        tree.write_text("")
    elif how == "file missing":
        (tree / ".dot").unlink()
    elif how == "file added":
        (tree / "deep/new").write_text("")
    else:
        (tree / "deep/run").write_text("x")
    outcome = one.run()
    if how == "file added":
        outcome.assert_executed("tree")
        assert (
            "its target tree contains deep/new, which the task did not create; it runs"
            in outcome.stderr
        )
    else:
        assert restored(outcome, "the store") == ["tree"], repr(outcome)
        assert outcome.executed == []
    assert contents(one) == before


def test_failed_task(tmp_path: Path) -> None:
    """O7: files that a failing task left are not stored and do not count as a result."""
    (one,) = checkouts(tmp_path, "one")
    one.edit("work.py", "stream.write(open", "stream.write('half'); stream.write(open")
    one.edit("work.py", "    os.chmod(targets[0], 0o755)", "    os.path.exists('bad') and 1 / 0")
    one.write({"bad": ""})
    one.run("-c", "up:a").assert_failed("up:a")
    assert one.read("out/a.txt") == "halfA"
    (other,) = checkouts(tmp_path, "other")
    other.write({"work.py": one.read("work.py")})
    other.run("up:a").assert_executed("up:a")
    one.remove("bad")
    assert restored(one.run("up:a"), "the store") == ["up:a"]


def test_result_with_a_record_lost(tmp_path: Path) -> None:
    """O9, O15: without a record, or with a DB that is lost, the store has the result still."""
    (one,) = checkouts(tmp_path, "one", backend="json")
    one.run().assert_executed(*ALL)
    one.remove(".doit.db")
    outcome = one.run()
    assert outcome.executed == [], repr(outcome)
    assert restored(outcome, "the store") == sorted(ALL)


def test_added_and_removed_targets(tmp_path: Path) -> None:
    """O5: other targets are another result; going back to the old ones restores."""
    (one,) = checkouts(tmp_path, "one")
    one.run().assert_executed(*ALL)
    one.edit(
        "dodo.py",
        '> joined.txt"], "targets": ["joined.txt"]',
        '> joined.txt && echo > extra"], "targets": ["joined.txt", "extra"]',
    )
    one.run().assert_executed("join")
    one.edit(
        "dodo.py",
        '> joined.txt && echo > extra"], "targets": ["joined.txt", "extra"]',
        '> joined.txt"], "targets": ["joined.txt"]',
    )
    assert restored(one.run(), "the store") == ["join"]


def test_always_puts(doit_project: Make) -> None:
    """O13: the result of `-a` is compared with the store, which keeps the first."""
    text = """
def task_a():
    return {"actions": ["cat /proc/sys/kernel/random/uuid > out"], "file_dep": ["in.txt"],
            "targets": ["out"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""}, settings={"store": "../store"})
    project.run().assert_executed("a")
    first = project.read("out")
    outcome = project.run("-a").assert_executed("a")
    assert "a: not reproducible: out differs" in outcome.stderr, repr(outcome)
    assert "not reproducible: a" in outcome.stdout, repr(outcome)
    assert project.read("out") != first
    project.remove("out")
    assert restored(project.run(), "the store") == ["a"]
    assert project.read("out") == first
