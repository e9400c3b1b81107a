"""What was open to attackers once: races in a shared store, odd records, names that deceive."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.core.model import Reason
from doit_invariants.core.text import printable
from doit_invariants.files.copying import WrongContent, copy_file
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.rules.record import KEY
from doit_invariants.stores.base import PruneLimits, StoreError, StoreOptions
from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import Project
from tests.support import Make

Attack = Callable[[str, Callable[[], object]], None]

S1 = digest_bytes(b"one")
_attacks: dict[str, Callable[[], object]] = {}


def _audit(event: str, _: tuple[object, ...]) -> None:
    if event in _attacks:
        _attacks.pop(event)()


@pytest.fixture(scope="module")
def _audited() -> None:
    sys.addaudithook(_audit)  # for good: none can be taken away again


@pytest.fixture
def attack(_audited: None) -> Iterator[Attack]:
    """Have something done right before the next system call of a sort: the moment of a race."""
    yield _attacks.__setitem__
    _attacks.clear()


def replace_by_link(path: str | Path, target: Path) -> Callable[[], object]:
    """Return what puts a link in the place of something; that is kept beside it."""

    def act() -> None:
        os.rename(path, f"{path}.away")
        os.symlink(target, path)

    return act


# ---------------------------------------------------------------------- a shared store


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A file of a user that others must not read, written long ago."""
    path = tmp_path / "id_rsa"
    path.write_text("secret")
    path.chmod(0o600)
    os.utime(path, (1, 1))
    return path


def filled(tmp_path: Path) -> tuple[DirectoryStore, str, str]:
    """Return a store, the digest of its one blob, and the path of that."""
    store = DirectoryStore(str(tmp_path / "store"))
    (tmp_path / "made").write_text("content")
    digest, size = store.put(str(tmp_path / "made"))
    store.add(S1, {"blobs": {digest: size}})
    return store, digest, store._layout.blob(digest)


@pytest.mark.parametrize("event", ["os.chmod", "os.link"])
def test_blob_that_is_replaced_while_it_is_linked(
    tmp_path: Path, private: Path, attack: Attack, event: str
) -> None:
    """A link to another file in the place of a blob neither opens that file, nor gets out."""
    store, digest, blob = filled(tmp_path)
    store = DirectoryStore(store.location, StoreOptions(link="hardlink"))
    attack(event, replace_by_link(blob, private))
    with pytest.raises(StoreError, match="symbolic links"):
        store.fetch(digest, 7, str(tmp_path / "restored"), 0o644)
    assert event not in _attacks
    assert private.stat().st_mode & 0o777 == 0o600
    assert not os.path.lexists(tmp_path / "restored")


def test_times_of_other_files(tmp_path: Path, private: Path, attack: Attack) -> None:
    """What is marked as used is an entry or a blob, not what a link leads to."""
    store, _, blob = filled(tmp_path)
    attack("os.utime", replace_by_link(store._layout.entry(S1), private))
    assert store.find(S1) is not None
    attack("os.utime", replace_by_link(blob, private))
    store.put(str(tmp_path / "made"))
    assert not _attacks
    assert private.stat().st_mtime == 1


@pytest.mark.parametrize("name", ["tmp", "leases", "blobs", "blobs/*"])
def test_directory_that_is_replaced_while_it_is_pruned(
    tmp_path: Path, attack: Attack, name: str
) -> None:
    """What is removed lies in the store, also if a link gets into the place of a directory."""
    store, _, blob = filled(tmp_path)
    store.remove(S1)
    file = blob if name.startswith("blobs") else str(tmp_path / "store" / name / "host-1-ab")
    Path(file).touch()
    os.utime(file, (1, 1))
    folder = Path(file).parent if name.endswith("*") else tmp_path / "store" / name.split("/")[0]
    home = tmp_path / "home"
    mine = home / os.path.relpath(file, folder)
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    os.utime(mine, (1, 1))
    attack("os.remove", replace_by_link(folder, home))
    with contextlib.suppress(StoreError):  # of what can't be removed any more
        DirectoryStore(store.location).prune(PruneLimits(everything=True))
    assert not _attacks
    assert mine.read_text() == "mine"


def test_store_with_a_link_is_refused(tmp_path: Path) -> None:
    """It is said which directory of a store is none."""
    store, _, _ = filled(tmp_path)
    os.rename(tmp_path / "store/stats", tmp_path / "away")
    (tmp_path / "store/stats").symlink_to(tmp_path / "away")
    for call in (lambda one: one.find(S1), lambda one: one.put(str(tmp_path / "made"))):
        with pytest.raises(StoreError, match="can't be used: stats in it is a link"):
            call(DirectoryStore(store.location))


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_file_that_grows_while_it_is_copied(tmp_path: Path, attack: Attack, size: int) -> None:
    """No more than a byte too many is copied of what should have another size."""
    source = tmp_path / "source"
    source.write_bytes(bytes(size))

    def grow() -> None:
        os.truncate(source, 2**33)

    # The second file that is opened is the copy; the size was looked at before.
    attack("open", lambda: attack("open", grow))
    with pytest.raises(WrongContent) as caught:
        copy_file(str(source), str(tmp_path / "copy"), size=size)
    assert caught.value.size == size + 1
    assert not (tmp_path / "copy").exists()


# ---------------------------------------------------------------------- records

DODO = """
from doit_invariants import Value
def make(targets):
    open(targets[0], "w").write("one")
def task_a():
    return {
        "actions": [make], "file_dep": ["in.txt"], "targets": ["o"], "invariants": [Value(1)],
        "ttl": "1d",
    }
"""


def _entry(place: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record["entries"]["track-code:Function(make)"][place] = value

    return change


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a time without end": lambda record: record.update(executed_at=float("inf")),
    "no number as time": lambda record: record.update(executed_at=float("nan")),
    "a time that is no float": lambda record: record.update(executed_at=10**400),
    "a version without end": _entry(1, float("inf")),
    "a version in part": _entry(1, 2.5),
    "another kind": _entry(0, "Funktion"),
    "another plugin": _entry(4, "track-cod3"),
    "no plugin": _entry(4, None),
    "other plugins": lambda record: record.update(sources=["track-cod3", *record["sources"][1:]]),
    "letters for plugins": lambda record: record.update(sources="".join(record["sources"])),
    "another key": lambda record: record.update(
        entries={key.replace("-", "="): one for key, one in record["entries"].items()}
    ),
}


def changed(make: Make, change: Callable[[dict[str, Any]], Any]) -> Project:
    """Return a project with a changed record; then the code of its task is edited."""
    project = make({"dodo.py": DODO, "in.txt": "one"}, backend="sqlite3")
    project.run().assert_executed("a")
    connection = sqlite3.connect(project.path / ".doit.db")
    ((row,),) = connection.execute("select task_data from doit where task_id='a'").fetchall()
    data = json.loads(row)
    change(data[KEY])
    connection.execute("update doit set task_data=? where task_id='a'", (json.dumps(data),))
    connection.commit()
    connection.close()
    project.edit("dodo.py", '"one"', '"two"')
    return project


@pytest.mark.parametrize("case", CHANGES)
def test_record_that_says_other_things(doit_project: Make, case: str) -> None:
    """A record that no version of this package wrote is "never ran", and once only."""
    project = changed(doit_project, CHANGES[case])
    text = "record: the record is damaged; treated as never run"
    assert text in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    assert project.read("o") == "two"
    project.run().assert_up_to_date("a")


def test_record_of_a_newer_version_of_a_kind(doit_project: Make) -> None:
    """What a newer version tracked can't be compared: the task runs, and says why."""
    project = changed(doit_project, _entry(1, 99))
    why = project.run("invariants", "why").stdout
    assert "Function(make): recorded by another version of this kind" in why
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_record_of_a_kind_that_is_gone(doit_project: Make) -> None:
    """What a plugin tracked that is not installed any more is left out, and nothing fails."""
    gone = ["Gone", 1, "Gone", {"digest": "d"}, "my-plugin"]

    def change(record: dict[str, Any]) -> None:
        record["sources"].append("my-plugin")
        record["entries"]["my-plugin:Gone"] = gone

    project = changed(doit_project, change)
    why = project.run("invariants", "why").stdout
    assert "Function(make)" in why
    assert "Gone" not in why
    project.run().assert_executed("a")


# ---------------------------------------------------------------------- what is shown

SHOWN = {
    "plain ö 木.txt": "plain ö 木.txt",
    "a\tb": "a\tb",
    "a\x1b[2Jb": "a\\x1b[2Jb",
    "a\nb": "a\\nb",
    "a\r\x7fb": "a\\r\\x7fb",
    "a\u202eb\u2066": "a\\u202eb\\u2066",
    "a\x85\u2028b": "a\\x85\\u2028b",
    "a\udcffb": "a\\udcffb",
    "a\U000e0001b": "a\\U000e0001b",
    "line\n": "line\n",
    "a\nb\n": "a\\nb\n",
}


@pytest.mark.parametrize("text", SHOWN, ids=ascii)
def test_names_are_shown_as_they_are(text: str) -> None:
    """What a terminal would act on is escaped; what it shows is not, in any script."""
    assert printable(text) == SHOWN[text]


def test_reason_is_one_line() -> None:
    """No name can make two lines of one reason."""
    assert str(Reason("c", "a\nb", "1 changed (\x1b[0m)")) == "a\\nb: 1 changed (\\x1b[0m)"


COMMANDS = [["invariants", "why"], ["info", "a"], ["invariants", "show"], ["list", "-s"], []]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_show_names_of_others(doit_project: Make, command: list[str]) -> None:
    """A file that somebody put into a directory deceives no reader of any command."""
    dodo = """
def task_a():
    return {"actions": ["mkdir -p made"], "file_dep": ["data"], "targets": ["made"]}
"""
    project = doit_project({"dodo.py": dodo, "data/x": "1"})
    project.run().assert_executed("a")
    for place in ("data", "made"):
        (project.path / place / "a\x1b[2J\nforged\u202e").write_text("new")
    if command[-1:] == ["show"]:
        project.run()
    outcome = project.run(*command)
    text = outcome.stdout + outcome.stderr
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    assert not any(line.startswith("forged") for line in text.split("\n"))
