"""Damaged files are read as they were written, or reported as damaged.

Each test starts with valid contents and spoils them: bytes change, parts vanish or come twice,
values become others. Contents with a checksum (journal, details, manifests, entries of a store) are
then read as they were, or not at all. *Sealed* means that somebody adds the right checksum. Then
only the promised error may be raised, and nothing may be written outside. A record in doit's DB
has no checksum. It is read as a whole or not at all. A changed task runs, unless the record now
says that the changed thing was never tracked.

The variable ``READERS_SECONDS`` sets how long the marked version takes in total.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import Dependency, JsonDB
from doit.exceptions import InvalidDodoFile
from hypothesis import HealthCheck, event, example, given, seed
from hypothesis import strategies as st
from xxhash import xxh3_64_hexdigest

from doit_invariants.engine.records.shared_details import Details
from doit_invariants.engine.reuse.plan import NotRestored, Plan
from doit_invariants.engine.reuse.sources import StoreSource
from doit_invariants.exports.exporter import ExportError
from doit_invariants.exports.manifest import read_manifest
from doit_invariants.files.journal import Journal
from doit_invariants.hashing.digest import digest_json
from doit_invariants.hosts.doit.database import BACKENDS, run_journal
from doit_invariants.hosts.doit.host import DoitDatabase
from doit_invariants.results.parts import DamagedResult
from doit_invariants.rules.record import KEY, Record, Unreadable, from_json, to_json
from doit_invariants.stores.base import StoreError
from tests.support.choices import examples

from .spoiling import DAMAGE, EDITS, SEALED, Made, Step, parsed, shown, spoil


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the project; each test undoes its changes."""
    return Made(tmp_path_factory.mktemp("readers"))


# ---------------------------------------------------------------------- readers


@contextlib.contextmanager
def one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Expect nothing, or an error of these kinds whose text is one line."""
    try:
        yield
    except kinds as error:
        text = str(error)
    else:
        return
    assert "\n" not in text


def check_record(made: Made, damage: list[Step]) -> None:
    """A record is read as one that can be written and read again, or there is one error."""
    data = parsed(spoil(json.dumps(made.record), damage))
    with one_line(Unreadable):
        record = from_json(data)
        again = from_json(json.loads(json.dumps(to_json(record))))
        assert shown(to_json(again)) == shown(to_json(record))
        assert record.origin in ("run", "accept", "adopt", "restore")
        assert isinstance(record.executed_at, float | None)
        states = [*record.trees.values(), *(record.targets or {}).values()]
        assert all(isinstance(one.digest, str) for one in states if one is not None)


def tracked(record: Record) -> Any:
    """Return what a record says of what was tracked, not what was found: that is believed."""
    entries = {key: (entry.version, entry.source) for key, entry in record.entries.items()}
    return entries, record.sources, record.targets is None, record.root


def believes(made: Made, row: bytes) -> bool:
    """Return whether a row says of other things that they were tracked.

    That is in the record, or doit's own states are not those that belong to it: then plain doit
    has run the task since, which tracks less.
    """
    data, original = parsed(row), json.loads(made.row)
    try:
        if any(data[path] != original[path] for path in ("in.txt", "data")):
            return True
        return tracked(from_json(data[KEY])) != tracked(from_json(original[KEY]))
    except (Unreadable, KeyError, TypeError):
        return False


def check_row(made: Made, damage: list[Step], edit: str) -> None:
    """A changed task runs, no matter how its record is damaged; nothing fails."""
    row = spoil(made.row, damage)
    name, old, new = EDITS[edit]
    made.put(row)
    made.project.edit(name, old, new)
    try:
        outcome = made.project.run("invariants", "why", "--json")
        assert (outcome.returncode in (0, 1), outcome.stderr) == (True, ""), repr(outcome)
        (found,) = outcome.json()
        assert found["status"] == "run" or believes(made, row), repr(outcome)
    finally:
        made.project.edit(name, new, old)


def check_details(made: Made, damage: list[Step]) -> None:
    """Details are as they were kept, or gone."""
    found = parsed(spoil(json.dumps(made.details), damage))
    db = Dependency(JsonDB, str(made.path / "none.json"))
    db._set(f"invariants:{made.key}", "details:", found)
    details = Details(DoitDatabase(db, str(made.path)))
    assert shown(details.recall(made.key)) in (shown(None), shown(made.details))


def check_journal(made: Made, damage: list[Step], text: bool) -> None:
    """Only written entries are read, each as often as it is there."""
    lines = made.journal.splitlines(keepends=True)
    if text:  # damage to the third line, under the checksum of before
        lines[2] = lines[2][:17] + spoil(lines[2][17:-1], damage) + b"\n"
        data = b"".join(lines)
    else:
        data = spoil(made.journal, damage)
    path = made.path / "spoiled"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    found = Journal(str(path)).read()
    assert {shown(one) for one in found.entries} <= {shown(one) for one in made.entries}
    assert found.damaged <= data.count(b"\n") + 1


def opened(backend: str, path: Path) -> Any:
    """Return a DB, opened as doit opens it."""
    return Dependency(pkgutil.resolve_name(BACKENDS[backend]), str(path))


def check_replay(made: Made, damage: list[Step], backend: str) -> None:
    """Sealed lines of any content are taken over, or not, and the DB can be read and written."""
    directory = made.path / "replay"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    db = opened(backend, directory / "db")
    one = run_journal.RunJournal(db)
    entries = parsed(spoil(json.dumps([*made.entries[1:], {"base": "writing"}]), damage))
    with open(one.path, "wb") as stream:
        for entry in entries if isinstance(entries, list) else []:
            line = json.dumps(entry).encode()
            stream.write(f"{xxh3_64_hexdigest(line)} ".encode() + line + b"\n")
    left = one.replay()
    assert all(isinstance(name, str) for name in left.begun)
    assert shown(db._get("a", "_values_:")) is not None
    for name in left.begun:
        one.forget(name)
        assert db._get(name, KEY) is None
    with contextlib.suppress(UnicodeEncodeError):  # a name of half a character, as in plain doit
        db.close()


def check_files(made: Made, damage: list[Step], backend: str) -> None:
    """The files of a DB are read or moved away, and later writes are there."""
    directory = made.path / "files"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    db = opened(backend, directory / "db")
    for name in ("a", "b"):
        db._set(name, "key", {"n": ["x" * 600]})
    db.close()
    for path in directory.iterdir():
        path.write_bytes(spoil(path.read_bytes(), damage))
    with one_line(InvalidDodoFile):
        db = opened(backend, directory / "db")
        one = db.backend
        assert "\n" not in one.damage
        for name in one.ids():
            with contextlib.suppress(Exception):
                one.get(name, "key")
        if one.damage:
            one.set_aside()
        one.set("a", "key", 2)
        try:
            one.dump()
        except Exception as error:
            event(f"{backend}: {type(error).__name__} when it is written")
            return
        assert opened(backend, directory / "db")._get("a", "key") == 2


def around(directory: Path) -> dict[str, Any]:
    """Return all that is in a directory, links as they are."""
    found = {}
    for path in sorted(directory.rglob("*")):
        link = path.is_symlink()
        found[str(path)] = os.readlink(path) if link else path.is_file() and path.read_bytes()
    return found


def check_manifest(made: Made, damage: list[Step]) -> None:
    """A manifest is read as it was written, or it is damaged."""
    made.manifest.write_text(made.manifest_text)
    original = read_manifest(made.exporter.directory, "t")
    made.manifest.write_bytes(spoil(made.manifest_text, damage))
    with one_line(DamagedResult):
        assert read_manifest(made.exporter.directory, "t") == original


def check_sealed_manifest(made: Made, damage: list[Step]) -> None:
    """A manifest of any content restores the target as it is in the export, or nothing."""
    data = parsed(spoil(made.manifest_text, damage))
    if isinstance(data, dict):
        data.pop("check", None)
        data["check"] = digest_json(data)
    made.manifest.write_text(json.dumps(data))
    before = around(made.root)
    with one_line(ExportError):
        made.exporter.restore(["d"])
        assert (made.root / "d/sub/x").read_text() == "x"
        shutil.rmtree(made.root / "d")
    assert around(made.root) == before


def check_entry(made: Made, damage: list[Step]) -> None:
    """An entry is found as it was added, or there is one error; a listing says the same."""
    made.entry_file.write_bytes(spoil(made.entry_text, damage))
    (stored,) = made.store.entries()
    assert (stored.entry is None) == (stored.problem is not None)
    with one_line(StoreError):
        assert shown(made.store.find(made.signature)) == shown(made.entry) == shown(stored.entry)


def check_sealed_entry(made: Made, damage: list[Step]) -> None:
    """An entry of any content restores what is in the store into the target, or nothing."""
    entry = parsed(spoil(json.dumps(made.entry), damage))
    text = json.dumps({"check": digest_json(entry), "entry": entry})
    made.entry_file.write_text(text)
    before = around(made.path / "store/blobs")
    source = StoreSource(made.store, made.signature, {str(made.restoring / "d"): "d"}, {})
    try:
        with one_line(NotRestored):
            source.restore(Plan(str(made.restoring), "run"), {})
            contents = {p.read_bytes() for p in (made.restoring / "d").rglob("*") if p.is_file()}
            assert contents <= {b"x"}
    finally:
        shutil.rmtree(made.restoring / ".doit-invariants", ignore_errors=True)
        shutil.rmtree(made.restoring / "d", ignore_errors=True)
    assert list(made.restoring.iterdir()) == []
    assert around(made.path / "store/blobs") == before


# ---------------------------------------------------------------------- tests

EDITED = st.sampled_from(sorted(EDITS))
#: The check of each reader, and what is drawn for it beside the project.
READERS: dict[str, tuple[Callable[..., None], tuple[st.SearchStrategy[Any], ...]]] = {
    "record": (check_record, (DAMAGE,)),
    "row": (check_row, (DAMAGE, EDITED)),
    "details": (check_details, (DAMAGE,)),
    "journal": (check_journal, (DAMAGE, st.booleans())),
    "replay": (check_replay, (SEALED, st.sampled_from(sorted(BACKENDS)))),
    "files": (check_files, (DAMAGE, st.sampled_from(sorted(BACKENDS)))),
    "manifest": (check_manifest, (DAMAGE,)),
    "sealed manifest": (check_sealed_manifest, (SEALED,)),
    "entry": (check_entry, (DAMAGE,)),
    "sealed entry": (check_sealed_entry, (SEALED,)),
}
#: How many examples are tried each time; a row costs a run of doit.
EXAMPLES = {"row": 30, "replay": 50, "files": 60}
#: Contents that failed once; each is tried every time.
KEPT: dict[str, list[tuple[Any, ...]]] = {
    "record": [([("value", 36, "-Infinity")],), ([("value", 1, "1" + "0" * 400)],)],
    # Nothing becomes of the record: what is edited is seen.
    "row": [([], edit) for edit in EDITS],
    "sealed entry": [([("value", 36, '"\\ud800"')],)],
}


def fuzz(made: Made, name: str, most: int, number: int) -> int:
    """Check a reader with what has failed once and with examples; return how many there were."""
    check, strategies = READERS[name]
    count = 0

    def one(drawn: tuple[Any, ...]) -> None:
        nonlocal count
        count += 1
        check(made, *drawn)

    test = given(drawn=st.tuples(*strategies))(one)
    for drawn in KEPT.get(name, ()):
        test = example(drawn=drawn)(test)
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    seed(number)(examples(most, suppress_health_check=quiet)(test))()
    return count


@pytest.mark.hypothesis  # all examples in the matrix
@pytest.mark.parametrize("name", READERS)
def test_reader(made: Made, name: str) -> None:
    """A few examples of each."""
    fuzz(made, name, EXAMPLES.get(name, 100), 0)


def test_index_with_a_number_that_is_none(made: Made) -> None:
    """In the index of dbm.dumb it is damage as any other."""
    check_files(made, [("in", 6, b"1e999")], "dbm")


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", READERS)
def test_reader_at_length(made: Made, name: str) -> None:
    """As many as there is time for, each round with a seed of its own."""
    end = time.monotonic() + float(os.environ.get("READERS_SECONDS", "600")) / len(READERS)
    count = rounds = 0
    while time.monotonic() < end:
        rounds += 1
        count += fuzz(made, name, 100, rounds)
    print(f"{name}: {count} examples in {rounds} rounds")
