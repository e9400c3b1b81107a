"""What an attacker who can write the state can't do: security.md says the same in words.

This file is about a store, test_export_directory.py about an export directory, and test_state.py
about the rest. tests/runs/cache/test_store_hostile.py, test_stored_results.py and
tests/unit/test_store*.py test damage and names that lead out of a target.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from doit_invariants.hashing.digest import digest_json
from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import only_file, store_of

from .hostile import check_spoke, limited

#: Seconds after which a run of these small projects hangs.
SOON = 300
STORE = {"cache": "shared", "store": "../store"}
SHARED = """
import os
def make(targets):
    os.makedirs("d/sub", exist_ok=True)
    with open("d/sub/y", "w") as out:
        out.write(open("in.txt").read())
    os.path.lexists("d/l") or os.symlink("sub/y", "d/l")
def task_b():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["d"]}
"""


# ---------------------------------------------------------------------- the store


@pytest.fixture
def shared(doit_project: Make) -> Project:
    """A project whose result is in the store, and whose target is gone."""
    project = doit_project({"dodo.py": SHARED, "in.txt": "one"}, settings=STORE)
    project.run().assert_executed("b")
    shutil.rmtree(project.path / "d")
    return project


def rewrite(project: Project, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the entry of the store, with the check that belongs to it."""
    path = only_file(store_of(project) / "entries")
    entry = json.loads(path.read_text())["entry"]
    change(entry)
    path.write_text(json.dumps({"check": digest_json(entry), "entry": entry}))


def test_who_can_write_a_store_gives_any_result(shared: Project) -> None:
    """Nothing in a store is signed: any contents under the right names are restored."""
    evil = shared.path.parent / "evil"
    evil.write_text("evil")
    digest, size = DirectoryStore(str(store_of(shared))).put(str(evil))

    def change(entry: dict[str, Any]) -> None:
        (part,) = (one for one in entry["artifacts"][0]["parts"] if one[0] == "sub/y")
        part[2:4] = digest, size
        entry["blobs"] = {digest: size}

    rewrite(shared, change)
    assert shared.run().executed == []
    assert shared.read("d/sub/y") == "evil"


def _part(name: str, place: int, value: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        (part,) = (one for one in entry["artifacts"][0]["parts"] if one[0] == name)
        part[place] = value

    return change


def _nested(entry: dict[str, Any]) -> None:
    parts = entry["artifacts"][0]["parts"]
    parts += [["/".join("n" * deep), "directory", "", 0, 0o755, ""] for deep in range(1, 1600)]
    parts.append(["z", "file", "xxh3_128:" + "0" * 32, 1, 0o644, ""])


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize(
    "change",
    [
        _part("sub/y", 0, "sub/\ud800"),
        _part("l", 5, "\ud800"),
        _nested,
        _part("sub/y", 0, "sub/" + "y" * 5000),
    ],
    ids=["name", "link", "nested", "long"],
)
def test_names_that_can_not_be_made(
    shared: Project, change: Callable[[dict[str, Any]], None], runner: list[str]
) -> None:
    """An entry with names that no file can have is a miss: the task runs, and nothing stays."""
    rewrite(shared, change)
    outcome = check_spoke(shared.run(*runner, timeout=300, process="fork"))
    assert (outcome.executed, shared.read("d/sub/y")) == (["b"], "one")
    assert not (shared.path / ".doit-invariants").exists()


@pytest.mark.parametrize("name", ["tmp", "leases", "blobs", "entries"])
def test_linked_directories_of_a_store(shared: Project, name: str) -> None:
    """Nothing outside of the store is removed: tmp and leases are tidied, the others pruned."""
    home = shared.path.parent / "home"
    suffix = ".json" if name == "entries" else ""
    mine = [home / "backup-2020-10", home / "ab" / ("c" * 30 + suffix)]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        os.utime(path, (1, 1))
    shutil.rmtree(store_of(shared) / name)
    (store_of(shared) / name).symlink_to(home)
    shared.run("invariants", "store", "verify")
    shared.run("invariants", "store", "prune", "--all")
    assert all(path.exists() for path in mine)


def test_entry_that_became_huge(shared: Project) -> None:
    """A file that is too large to be an entry is none, and is not read."""
    os.truncate(only_file(store_of(shared) / "entries"), 2**40)
    outcome = limited(shared, "-v 1500000")
    assert "json is damaged; it runs" in outcome.stderr, repr(outcome)
    check_spoke(shared.run("-a"))
    shutil.rmtree(shared.path / "d")
    assert shared.run().executed == []


def test_blob_that_became_huge(shared: Project) -> None:
    """A content of another size than the entry says is refused before it fills the disk."""
    os.truncate(only_file(store_of(shared) / "blobs"), 2**30)
    outcome = limited(shared, "-f 20000")
    assert f"has {2**30} bytes, not 3; it runs" in outcome.stderr, repr(outcome)


def test_lock_of_a_store_that_is_held(shared: Project) -> None:
    """A held lock of a store stops its use by others, but does not delay them."""
    only_file(store_of(shared) / "entries").write_text("{")
    with open(store_of(shared) / "add.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shared.run(process="fork", timeout=SOON).assert_executed("b")


def test_names_in_a_store(shared: Project) -> None:
    """The names of others' tasks and targets are only shown, and do nothing else."""

    def change(entry: dict[str, Any]) -> None:
        entry["task"] = "b\x1b[2J\nforged line"

    rewrite(shared, change)
    assert len(check_spoke(shared.run("invariants", "store", "ls")).stdout.splitlines()) == 2
