"""Our backends and doit's own read what the other has written, and a kill leaves old or new."""

from __future__ import annotations

import dbm
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import DbmDB, JSONCodec, JsonDB, SqliteDB
from doit.exceptions import InvalidDodoFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doit_invariants.hosts.doit.database import dumb
from doit_invariants.hosts.doit.database.base import Backend
from doit_invariants.hosts.doit.database.dbm_files import DbmBackend
from doit_invariants.hosts.doit.database.json_file import JsonBackend
from doit_invariants.hosts.doit.database.sqlite import SqliteBackend

KINDS = {
    "dbm": (DbmBackend, DbmDB),
    "json": (JsonBackend, JsonDB),
    "sqlite3": (SqliteBackend, SqliteDB),
}
Rows = dict[str, dict[str, Any]]

NAMES = st.sampled_from(
    ["a", "b:c", "it's", 'say "x"', "back\\slash", "café", "目", "_", "new\nline"]
)
ROWS = st.dictionaries(st.sampled_from(["deps:", "k"]), st.text(max_size=700), min_size=1)
CHANGES = st.lists(st.tuples(NAMES, st.one_of(st.none(), ROWS)), max_size=12)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of a backend."""
    return str(request.param)


def ours(kind: str, path: Path) -> Backend:
    """Open a DB with our backend."""
    return KINDS[kind][0](str(path), JSONCodec())


def theirs(kind: str, path: Path) -> Any:
    """Open a DB with doit's backend."""
    return KINDS[kind][1](str(path), JSONCodec())


def change(backend: Any, model: Rows, changes: list[tuple[str, Any]]) -> None:
    """Set or remove rows, in a backend and in a dict."""
    for name, row in changes:
        if row is None:
            backend.remove(name)
            model.pop(name, None)
        else:
            backend.get(name, "k")  # doit's own forget a row that is written unread
            for key, value in row.items():
                backend.set(name, key, value)
                model.setdefault(name, {})[key] = value
                if isinstance(backend, Backend) and len(value) % 2:
                    backend.pack(name)
    backend.dump()


def test_a_packed_row_is_what_it_was(kind: str, tmp_path: Path) -> None:
    backend = ours(kind, tmp_path / "db")
    backend.set("a", "k", [1, {"deep": "x"}])
    text = backend.text("a")
    backend.pack("a")
    backend.pack("never set")
    assert backend.ids() == ["a"]
    assert backend.get("a", "k") == [1, {"deep": "x"}]
    assert backend.text("a") == text
    backend.set("a", "more", 1)
    backend.pack("a")
    backend.set("b", "k", 2)
    backend.pack("b")
    backend.remove("b")
    assert backend.text("b") == b"null"
    backend.dump()
    check(ours(kind, tmp_path / "db"), {"a": {"k": [1, {"deep": "x"}]}}, {"a", "b"})
    assert ours(kind, tmp_path / "db").get("a", "more") == 1


def check(backend: Any, model: Rows, names: set[str]) -> None:
    """Check that a backend has the rows of a dict and no others."""
    for name in names:
        assert bool(backend.in_(name)) == (name in model), name
        for key in ("deps:", "k"):
            assert backend.get(name, key) == model.get(name, {}).get(key), (name, key)


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.tuples(st.booleans(), CHANGES), max_size=5))
def test_each_reads_what_the_other_wrote(
    tmp_path_factory: pytest.TempPathFactory, kind: str, batches: list[tuple[bool, Any]]
) -> None:
    """Both have the same rows after writing in turn."""
    path = tmp_path_factory.mktemp("db") / "db"
    model: Rows = {}
    names = {name for _, changes in batches for name, _ in changes}
    for by_us, changes in batches:
        change((ours if by_us else theirs)(kind, path), model, changes)
        backend = ours(kind, path)
        assert not backend.damage
        assert sorted(backend.ids()) == sorted(model)
        check(backend, model, names)
        plain = theirs(kind, path)
        check(plain, model, names)
        plain.dump()


def test_nothing_is_written_where_nothing_changed(tmp_path: Path, kind: str) -> None:
    """Not even a file."""
    backend = ours(kind, tmp_path / "db")
    assert backend.get("a", "k") is None
    backend.dump()
    assert list(tmp_path.iterdir()) == []
    change(backend, {}, [("a", {"k": "1"})])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    backend = ours(kind, tmp_path / "db")
    assert backend.get("a", "k") == "1"
    backend.dump()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_db_that_vanished_is_written_whole(tmp_path: Path, kind: str) -> None:
    """An action that cleans up too much costs nothing."""
    change(ours(kind, tmp_path / "db"), {}, [("a", {"k": "1"}), ("b", {"k": "2"})])
    backend = ours(kind, tmp_path / "db")
    for path in tmp_path.iterdir():
        path.unlink()
    change(backend, {}, [("c", {"k": "3"})])
    assert sorted(ours(kind, tmp_path / "db").ids()) == ["a", "b", "c"]


def test_refresh_reads_what_another_has_written(tmp_path: Path, kind: str) -> None:
    """As after waiting for the lock."""
    change(ours(kind, tmp_path / "db"), {}, [("a", {"k": "1"})])
    backend = ours(kind, tmp_path / "db")
    backend.refresh()
    assert backend.get("a", "k") == "1"
    change(ours(kind, tmp_path / "db"), {}, [("b", {"k": "22"}), ("a", None)])
    backend.refresh()
    assert backend.ids() == ["b"]
    change(ours(kind, tmp_path / "db"), {}, [("b", {"k": "3"})])  # the last row, replaced
    backend.refresh()
    assert backend.get("b", "k") == "3"


def files(path: Path) -> list[Path]:
    """Return the files of a DB that hold something."""
    return [one for one in sorted(path.parent.glob("db*")) if one.stat().st_size]


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda data: b"\xff\x00garbage" * 100,
    "text": lambda data: b"hello\n",
    "half": lambda data: data[: len(data) // 2],
    "first byte": lambda data: data[:1],
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("how", GARBAGE)
def test_damage_is_known_and_moved(tmp_path: Path, kind: str, how: str) -> None:
    """No damage raises an exception, and nothing is lost of what was there."""
    model: Rows = {}
    rows = [(f"task:{number}", {"k": str(number) * 400}) for number in range(60)]
    change(ours(kind, tmp_path / "db"), model, rows)
    for file in files(tmp_path / "db"):
        kept = file.read_bytes()
        file.write_bytes(GARBAGE[how](kept))
        backend = ours(kind, tmp_path / "db")
        if backend.damage:
            assert "\n" not in backend.damage
            assert backend.ids() == []
            moved = backend.set_aside()
            assert [one for one in tmp_path.iterdir() if one.name.startswith(Path(moved).name)]
            for one in tmp_path.iterdir():
                assert ".damaged-1" in one.name
                one.rename(one.with_name(one.name.replace(".damaged-1", "")))
        else:  # the index of dbm.dumb is whole, or cut at the end of a line: rows are missing
            assert kind == "dbm"
            for name in model:
                try:
                    assert backend.get(name, "k") in (None, model[name]["k"])
                except ValueError:
                    backend.drop(name)
        file.write_bytes(kept)


def test_an_empty_file(tmp_path: Path) -> None:
    """SQLite takes it for an empty DB, for the others it is damage."""
    for kind, damaged in (("json", True), ("sqlite3", False), ("dbm", True)):
        (tmp_path / kind).touch()
        assert bool(ours(kind, tmp_path / kind).damage) == damaged


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"a": 1', "[" * 100_000])
def test_json_that_is_no_db(tmp_path: Path, text: str) -> None:
    """Rows that doit would stumble over."""
    (tmp_path / "db").write_text(text)
    assert ours("json", tmp_path / "db").damage


def test_what_can_not_be_opened_is_no_damage(tmp_path: Path, kind: str) -> None:
    """A directory in its place is not moved."""
    (tmp_path / "db").mkdir()
    with pytest.raises(InvalidDodoFile, match="can't be opened"):
        ours(kind, tmp_path / "db")


def test_a_locked_file_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else is writing it, for longer than we wait."""
    import sqlite3

    from doit_invariants.hosts.doit.database import sqlite

    change(ours("sqlite3", tmp_path / "db"), {}, [("a", {"k": "1"})])
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.1)
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("begin exclusive")
        with pytest.raises(InvalidDodoFile, match="locked"):
            ours("sqlite3", tmp_path / "db")
        connection.rollback()
    connection.close()
    assert ours("sqlite3", tmp_path / "db").get("a", "k") == "1"


def test_a_file_of_another_python(tmp_path: Path) -> None:
    """The files of dbm.sqlite3 can be used where Python does not have it."""
    sqlite = pytest.importorskip("sqlite3")
    with sqlite.connect(tmp_path / "db") as connection:
        connection.execute("CREATE TABLE Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)")
        connection.execute("INSERT INTO Dict VALUES (?, ?)", (b"a", b'{"k": "1"}'))
    connection.close()
    backend = ours("dbm", tmp_path / "db")
    assert backend.get("a", "k") == "1"
    change(backend, {}, [("b", {"k": "2"}), ("a", None)])
    assert ours("dbm", tmp_path / "db").ids() == ["b"]
    if hasattr(dbm, "sqlite3") or sys.version_info >= (3, 13):
        with dbm.open(str(tmp_path / "db"), "r") as db:
            assert json.loads(db["b"])["k"] == "2"


# ---------------------------------------------------------------------- dbm.dumb


def values(path: Path) -> dict[str, bytes]:
    """Return what the module of Python reads."""
    import dbm.dumb

    with dbm.dumb.open(str(path), "r") as db:
        return {bytes(key).decode(): db[key] for key in db.keys()}  # noqa: SIM118


def test_what_is_out_of_use_does_not_grow(tmp_path: Path) -> None:
    """The data takes at most a few times what is in use, however often it is rewritten."""
    path = tmp_path / "db"
    model = {}
    for number in range(300):
        rows = {f"task:{number % 7}": bytes([65 + number % 26]) * 20_000}
        model.update(rows)
        dumb.write(str(path), rows, [])
    assert dumb.read(str(path)) == model == values(path)
    assert (tmp_path / "db.dat").stat().st_size < 3_000_000
    dumb.write(str(path), {}, list(model))
    assert values(path) == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("size", [100, 200_000])
def test_killed_at_any_moment(tmp_path: Path, size: int) -> None:
    """Before each operation of the writer on a file, the old or the new rows are there."""
    old = {"a": b"1" * size, "b": b"2" * 500, "c": b"3"}
    new = {"a": b"4" * size, "d": b"5" * size}
    after = {**old, **new}
    del after["c"]
    seen = set()
    for moment in range(1, 100):
        path = tmp_path / str(moment) / "db"
        path.parent.mkdir()
        for _ in range(20 if size > 1000 else 1):  # so much is unused that all is rewritten
            dumb.write(str(path), old, [])
        pid = os.fork()
        if not pid:
            left = moment

            def stop(event: str, arguments: Any) -> None:
                nonlocal left
                if event in ("open", "os.rename", "os.remove", "os.truncate"):
                    left -= 1
                    if not left:
                        os._exit(9)

            sys.addaudithook(stop)
            dumb.write(str(path), new, ["c"])
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        found = dumb.read(str(path))
        assert found in (old, after), moment
        seen.add(found == after)
        dumb.write(str(path), {"e": b"6"}, [])  # continues from there
        assert values(path) == {**found, "e": b"6"}
        assert sorted(one.name for one in path.parent.iterdir()) == ["db.dat", "db.dir"]
        if not killed:
            break
    else:
        pytest.fail("never done")
    assert seen == {False, True}


def test_rows_survive_json(tmp_path: Path, kind: str) -> None:
    """Rows are read as JSON would return them."""
    row = {"k": {"x": [1, 2.5, None, True]}, "deps:": "é\ud800"}
    change(ours(kind, tmp_path / "db"), {}, [("a", row)])
    assert ours(kind, tmp_path / "db").get("a", "k") == json.loads(json.dumps(row["k"]))
    assert ours(kind, tmp_path / "db").get("a", "deps:") == "é\ud800"
