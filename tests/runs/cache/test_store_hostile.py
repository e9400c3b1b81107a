"""Broken and hostile stores: a run continues as without a store, and damages nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.hashing.digest import digest_json
from doit_invariants.testing import Outcome, Project
from tests.support import Make
from tests.support.results import entries_of, store_of

DODO = """
import os
def make(dependencies, targets):
    with open(targets[0], "w") as stream:
        stream.write(open("in.txt").read() * 1000)
def tree(dependencies, targets):
    os.makedirs("d/sub", exist_ok=True)
    for name in ("x", "sub/y"):
        with open("d/" + name, "w") as stream:
            stream.write(open("in.txt").read() + name)
    os.path.lexists("d/link") or os.symlink("x", "d/link")
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"], "cache": "shared"}
def task_b():
    return {"actions": [tree], "file_dep": ["in.txt"], "targets": ["d"], "cache": "shared"}
"""


@pytest.fixture
def project(doit_project: Make) -> Project:
    """A project of two stored tasks whose targets are gone."""
    made = doit_project({"dodo.py": DODO, "in.txt": "one"}, settings={"store": "../store"})
    (made.path.parent / "precious").write_text("precious")
    made.run().assert_executed("a", "b")
    lose(made)
    return made


def lose(project: Project) -> None:
    """Remove the targets."""
    project.remove("out.txt")
    shutil.rmtree(project.path / "d")


def entries(project: Project) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the entries of the store."""
    for path in entries_of(project):
        yield path, json.loads(path.read_text())["entry"]


def blobs(project: Project) -> list[Path]:
    """Return the blobs of the store."""
    return sorted(path for path in (store_of(project) / "blobs").rglob("*") if path.is_file())


def overwrite(path: Path, content: bytes) -> None:
    """Write into a file of a store, which may be read-only."""
    path.chmod(0o644)
    path.write_bytes(content)


def put(path: Path, entry: Any) -> None:
    """Write an entry with the right check, like a skilled attacker."""
    plain = json.loads(json.dumps(entry))
    overwrite(path, json.dumps({"check": digest_json(plain), "entry": plain}).encode())


def check_intact(project: Project, outcome: Outcome) -> None:
    """Check that a run made only the right targets, and printed no traceback."""
    outcome.assert_success()
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    assert project.read("out.txt") == "one" * 1000
    found = {str(p.relative_to(project.path)) for p in (project.path / "d").rglob("*")}
    assert found == {"d/x", "d/sub", "d/sub/y", "d/link"}
    assert project.read("d/sub/y") == "onesub/y"
    assert os.readlink(project.path / "d/link") == "x"
    around = {p.name for p in project.path.parent.iterdir()}
    assert around == {"project", "store", "precious"}
    assert (project.path.parent / "precious").read_text() == "precious"
    top = {p.name for p in project.path.iterdir() if not p.name.startswith(".doit.db")}
    assert top - {"__pycache__"} == {"dodo.py", "pyproject.toml", "in.txt", "out.txt", "d"}


BLOBS: dict[str, Callable[[Path], None]] = {
    "truncated": lambda path: overwrite(path, path.read_bytes()[:-1]),
    "emptied": lambda path: overwrite(path, b""),
    "flipped": lambda path: overwrite(
        path, bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]
    ),
    "grown": lambda path: overwrite(path, path.read_bytes() + b"x"),
    "missing": lambda path: path.unlink(),
    "a directory": lambda path: (path.unlink(), path.mkdir())[0],
    "a link out": lambda path: (path.unlink(), path.symlink_to("/etc/passwd"))[0],
    "a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere"))[0],
    "a fifo": lambda path: (path.unlink(), os.mkfifo(path))[0],
}


@pytest.mark.parametrize("damage", BLOBS)
@pytest.mark.parametrize("runner", [(), ("-n", "2", "-P", "thread")])
def test_damaged_blobs(project: Project, damage: str, runner: tuple[str, ...]) -> None:
    """A damaged content is refused with a reason, the tasks run, and the store is whole again."""
    for path in blobs(project):
        BLOBS[damage](path)
    outcome = project.run(*runner)
    assert sorted(outcome.executed) == ["a", "b"], repr(outcome)
    assert "not restored" in outcome.stderr, repr(outcome)
    check_intact(project, outcome)
    for _ in blobs(project):  # what is wrong may be found one at a time
        lose(project)
        outcome = project.run(*runner)
        check_intact(project, outcome)
    assert outcome.executed == [], repr(outcome)


def _set(*keys: Any, value: Any) -> Callable[[dict[str, Any]], Any]:
    def change(entry: dict[str, Any]) -> dict[str, Any]:
        inner: Any = entry
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        return entry

    return change


#: Changes of an entry that others may have written, which must not be restored.
HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no JSON object": lambda entry: [],
    "nothing": lambda entry: None,
    "another schema": _set("schema", value=999),
    "another signature": _set("signature", value="xxh3_128:" + "0" * 32),
    "no artifacts": _set("artifacts", value=[]),
    "a target outside": _set("artifacts", 0, "path", value="../precious"),
    "an absolute target": _set("artifacts", 0, "path", value="/tmp/doit-invariants-evil"),
    "another target": _set("artifacts", 0, "path", value="in.txt"),
    "dodo.py as target": _set("artifacts", 0, "path", value="dodo.py"),
    "values of a wrong type": _set("values", value=[]),
    "output of a wrong type": _set("output", value={"x": 1}),
    "a time that is none": _set("executed_at", value="today"),
    "a time that is not finite": _set("executed_at", value=float("nan")),
}
PART_PATHS = (
    "../precious",
    "../../precious",
    "/etc/doit-evil",
    "sub/../../../precious",
    "",
    ".",
    "..",
    "sub//y",
    "x/y",
    "\0",
    "..\\evil",
    "C:/evil",
)
LINKS = ("../in.txt", "/etc/passwd", "../../precious", "sub/../../in.txt")


def rewrite(project: Project, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change all entries of the store."""
    for path, entry in entries(project):
        put(path, change(entry))


def check_entry(project: Project) -> None:
    """Check that an entry that was changed is not restored, twice, and that it heals or stays."""
    for _ in range(2):
        outcome = project.run()
        check_intact(project, outcome)
        assert not os.path.exists("/tmp/doit-invariants-evil")
        assert not os.path.exists("/etc/doit-evil")
        lose(project)


@pytest.mark.parametrize("case", HOSTILE)
def test_changed_entries(project: Project, case: str) -> None:
    """An entry that this task would not have written is a miss."""
    rewrite(project, HOSTILE[case])
    first = project.run()
    assert sorted(first.executed) == ["a", "b"], repr(first)
    check_intact(project, first)
    lose(project)
    check_entry(project)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1}', b"null"])
def test_entries_that_are_no_entries(project: Project, raw: bytes) -> None:
    """A file that is not JSON is not used."""
    for path, _ in list(entries(project)):
        overwrite(path, raw)
    first = project.run()
    assert sorted(first.executed) == ["a", "b"], repr(first)
    check_intact(project, first)
    lose(project)
    outcome = project.run()
    assert outcome.executed == [], repr(outcome)
    check_intact(project, outcome)


def _parts(entry: dict[str, Any]) -> list[list[Any]]:
    """Return the parts of the target: each path, sort, digest, size, mode, text of the link."""
    found: list[list[Any]] = entry["artifacts"][0]["parts"]
    return found


def check_refused(project: Project, change: Callable[[dict[str, Any]], Any]) -> None:
    """Check that an entry is not restored, and that nothing outside the target is touched."""
    rewrite(project, change)
    outcome = project.run()
    assert "b" in outcome.executed, repr(outcome)
    check_intact(project, outcome)
    lose(project)


@pytest.mark.parametrize("name", PART_PATHS)
def test_names_that_lead_out(project: Project, name: str) -> None:
    """A name that leads out of its directory, or is not a name, is refused."""

    def change(entry: dict[str, Any]) -> dict[str, Any]:
        files = [part for part in _parts(entry) if part[1] == "file" and part[0]]
        for part in files[-1:]:
            part[0] = name
        return entry

    check_refused(project, change)
    check_entry(project)


@pytest.mark.parametrize("text", LINKS)
def test_links_that_lead_out(project: Project, text: str) -> None:
    """A link that leads out of its target is refused, even if files would go through it."""
    for below in (False, True):

        def change(entry: dict[str, Any], below: bool = below) -> dict[str, Any]:
            for part in _parts(entry):
                if part[1] == "link":
                    part[5] = text
            if below and entry["task"] == "b":
                (file,) = [p for p in _parts(entry) if p[0] == "sub/y"]
                file[0] = "link/y"
            return entry

        check_refused(project, change)
        assert project.read("in.txt") == "one"


def test_entry_of_another_task(project: Project) -> None:
    """An entry copied under the signature of another task is not restored for that."""
    (one, first), (other, second) = entries(project)
    put(one, second)
    put(other, first)
    outcome = project.run()
    assert sorted(outcome.executed) == ["a", "b"], repr(outcome)
    check_intact(project, outcome)
    lose(project)
    check_entry(project)
