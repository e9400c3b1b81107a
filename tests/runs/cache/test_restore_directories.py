"""``cache: "shared"``: files that a restore leaves alone, and repairs of a store."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from doit_invariants.files.processes import owned_name
from doit_invariants.hashing.digest import digest_json
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import entries_of, restored

DODO = """
import os, shutil
def make(dependencies):
    shutil.rmtree("out", ignore_errors=True)
    text = open("in.txt").read()
    os.makedirs("out/deep/far")
    if text == "one":
        os.makedirs("out/only")
        open("out/only/x", "w").write("x")
    for name in ("a", "deep/b", "deep/far/c"):
        open("out/" + name, "w").write(text + name)
    open("one.txt", "w").write(text + "one")
def task_t():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out", "one.txt"],
            "cache": "shared"}
"""


def both(make: Make, text: str = DODO, settings: dict[str, object] | None = None) -> Project:
    """Return a project with results for two inputs in its store, the second one in place."""
    project = make(
        {"dodo.py": text, "in.txt": "one"}, settings={"store": "../store", **(settings or {})}
    )
    for content in ("one", "two"):
        project.write({"in.txt": content})
        project.run().assert_executed("t")
    return project


LEFT = {
    "__pycache__": "__pycache__/a.cpython-311.pyc",
    "pycache in depth": "deep/far/__pycache__/m.pyc",
    "DS_Store": ".DS_Store",
    "Thumbs.db": "deep/Thumbs.db",
    "checkpoints": "deep/.ipynb_checkpoints/n/x.ipynb",
    "repository": ".git/objects/ab/cd",
}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_does_not_count_stays(doit_project: Make, workers: tuple[str, ...]) -> None:
    """Files that tools leave in a target do not stop a restore, and stay."""
    project = both(doit_project)
    for name in LEFT.values():
        project.write({f"out/{name}": name})
    inode = (project.path / "out/.git/objects/ab/cd").stat().st_ino
    (project.path / "out/__pycache__/link").symlink_to("../a")
    project.write({"in.txt": "one"})
    assert "t" in restored(project.run(*workers), "the store")
    assert project.read("out/deep/far/c") == "onedeep/far/c"
    assert project.read("out/only/x") == "x"
    for name in LEFT.values():
        assert project.read(f"out/{name}") == name
    assert (project.path / "out/.git/objects/ab/cd").stat().st_ino == inode
    assert os.readlink(project.path / "out/__pycache__/link") == "../a"
    project.run().assert_up_to_date("t")


def test_directory_that_goes(doit_project: Make) -> None:
    """Caches go with the directory that they are in; what cannot be made again is kept."""
    project = both(doit_project)
    project.write({"in.txt": "one"})
    assert "t" in restored(project.run(), "the store")
    project.write({"out/only/__pycache__/x.pyc": "", "in.txt": "two"})
    assert "t" in restored(project.run(), "the store")
    assert not (project.path / "out/only").exists()
    project.write({"in.txt": "one"})
    assert "t" in restored(project.run(), "the store")
    project.write({"out/only/.git/HEAD": "", "in.txt": "two"})
    outcome = project.run().assert_executed("t")
    assert "contains only/.git, and the result has no directory for it" in outcome.stderr, repr(
        outcome
    )


def test_what_counts_is_in_the_way(doit_project: Make) -> None:
    """Files of others are never replaced, unless the setting excludes them."""
    project = both(doit_project)
    project.write({"out/deep/notes.txt": "mine", "in.txt": "one"})
    outcome = project.run().assert_executed("t")
    assert "out contains deep/notes.txt, which the task did not create" in outcome.stderr, repr(
        outcome
    )


def test_patterns_of_the_settings(doit_project: Make) -> None:
    """The patterns of the setting replace the default ones."""
    project = both(doit_project, settings={"tree_exclude": ["*.log", "deep/tmp"]})
    project.write({"out/deep/x.log": "log", "out/deep/tmp/x": "tmp", "in.txt": "one"})
    assert "t" in restored(project.run(), "the store")
    assert project.read("out/deep/x.log") + project.read("out/deep/tmp/x") == "logtmp"
    project.write({"out/__pycache__/x.pyc": "", "in.txt": "two"})
    project.run().assert_executed("t")


def test_cache_that_was_stored(doit_project: Make) -> None:
    """If the stored result has such a directory too, the existing one stays."""
    text = DODO.replace(
        'open("one.txt"',
        'os.makedirs("out/__pycache__")\n    open("out/__pycache__/m", "w").write(text)\n'
        '    open("one.txt"',
    )
    project = both(doit_project, text)
    project.write({"out/__pycache__/m": "mine", "in.txt": "one"})
    assert "t" in restored(project.run(), "the store")
    assert project.read("out/__pycache__/m") == "mine"
    shutil.rmtree(project.path / "out")
    assert "t" in restored(project.run(), "the store")
    assert project.read("out/__pycache__/m") == "one"


def test_files_and_directories_in_the_place_of_each_other(doit_project: Make) -> None:
    """A file is replaced by the directory that belongs there, and the other way round."""
    project = both(doit_project)
    shutil.rmtree(project.path / "out")
    project.write({"out": "a file"})
    assert "t" in restored(project.run(), "the store")
    project.remove("one.txt")
    project.write({"one.txt/__pycache__/x": ""})
    assert "t" in restored(project.run(), "the store")
    assert project.read("one.txt") == "twoone"
    project.remove("one.txt")
    project.write({"one.txt/.git/x": ""})
    project.run()
    assert project.read("one.txt/.git/x") == ""


def blobs(project: Project) -> list[Path]:
    """Return the contents in the store."""
    return sorted(path for path in (project.path / "../store/blobs").rglob("*") if path.is_file())


DAMAGE = {
    "other bytes": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "shorter": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("link", ["auto", "hardlink"])
@pytest.mark.parametrize("how", DAMAGE)
def test_several_damaged_contents(doit_project: Make, how: str, link: str) -> None:
    """The run that follows mends all contents of the result, not only the first one."""
    project = both(doit_project, settings={"store_link": link})
    for path in blobs(project):
        path.chmod(0o644)
        DAMAGE[how](path)
    shutil.rmtree(project.path / "out")
    outcome = project.run().assert_executed("t")
    assert "not restored: " in outcome.stderr, repr(outcome)
    assert "not reproducible" not in outcome.stdout + outcome.stderr
    shutil.rmtree(project.path / "out")
    project.remove("one.txt")
    assert "t" in restored(project.run(), "the store")
    assert project.read("out/deep/far/c") == "twodeep/far/c"


def test_damaged_entry_and_contents(doit_project: Make) -> None:
    """It does so even if the entry is damaged; `verify` finds nothing then."""
    project = both(doit_project)
    for path in (*entries_of(project), *blobs(project)):
        path.write_bytes(b"x" * path.stat().st_size)
    shutil.rmtree(project.path / "out")
    project.run().assert_executed("t")
    shutil.rmtree(project.path / "out")
    assert "t" in restored(project.run(), "the store")
    project.write({"in.txt": "one"})
    project.run().assert_executed("t")
    assert project.run("invariants", "store", "verify").returncode == 0


def test_entry_under_another_signature(doit_project: Make) -> None:
    """An entry in a wrong place is replaced; no task is called not reproducible."""
    project = both(doit_project)
    one, other = entries_of(project)
    saved = one.read_bytes()
    shutil.copy(other, one)
    shutil.rmtree(project.path / "out")
    outcome = project.run()
    if outcome.executed != ["t"]:  # it was the other one that fits
        other.write_bytes(saved)
        one, other = other, one
        shutil.rmtree(project.path / "out")
        outcome = project.run()
    outcome.assert_executed("t")
    assert "belongs to another task" in outcome.stderr, repr(outcome)
    for _ in range(2):
        assert "not reproducible" not in outcome.stdout + outcome.stderr, repr(outcome)
        shutil.rmtree(project.path / "out")
        outcome = project.run()
        assert "t" in restored(outcome, "the store")
        outcome = project.run("-a")


def test_verify_finds_entries_under_other_signatures(doit_project: Make) -> None:
    """`verify` names such an entry and removes it; `ls` shows it."""
    project = both(doit_project)
    one, other = entries_of(project)
    shutil.copy(other, one)
    assert "belongs to another task" in project.run("invariants", "store", "ls").stdout
    outcome = project.run("invariants", "store", "verify")
    assert outcome.returncode == 1, repr(outcome)
    assert "belongs to another task" in outcome.stdout + outcome.stderr, repr(outcome)
    assert project.run("invariants", "store", "verify").returncode == 0


def test_entry_with_other_targets(doit_project: Make) -> None:
    """An edited entry with a matching check is replaced too."""
    project = both(doit_project)
    for path in entries_of(project):
        entry = json.loads(path.read_bytes())["entry"]
        entry["artifacts"] = entry["artifacts"][:1]
        path.write_text(json.dumps({"check": digest_json(entry), "entry": entry}))
    project.remove("one.txt")
    outcome = project.run().assert_executed("t")
    assert "it belongs to another task" in outcome.stderr, repr(outcome)
    assert "not reproducible" not in outcome.stdout + outcome.stderr, repr(outcome)
    project.remove("one.txt")
    assert "t" in restored(project.run(), "the store")


def test_what_others_make_aside(doit_project: Make) -> None:
    """Temporary files of a run on another machine stay; those of a killed run here do not."""
    project = both(doit_project)
    host, pid, rest = owned_name().rsplit("-", 2)
    assert int(pid) == os.getpid()
    aside = project.path / ".doit-invariants"
    names = ["4000001-abcdef", f"elsewhere-4000001-{rest}", f"{host}-4000001-{rest}"]
    for name in names:
        (aside / name).mkdir(parents=True)
    project.write({"in.txt": "one"})
    assert "t" in restored(project.run(), "the store")
    assert sorted(path.name for path in aside.iterdir()) == sorted(names[:2])
    for name in names[:2]:
        os.utime(aside / name, (1, 1))
    project.write({"in.txt": "two"})
    assert "t" in restored(project.run(), "the store")
    assert not aside.exists()
