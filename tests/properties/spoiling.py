"""Files that are read back, written once, and ways to spoil what is in them."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from doit_invariants.exports.exporter import Exporter
from doit_invariants.exports.manifest import manifest_path
from doit_invariants.files.journal import Journal
from doit_invariants.results.entry import ResultEntry
from doit_invariants.rules.record import KEY
from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import Project, settings_toml

# ---------------------------------------------------------------------- damage

#: Replacements of a value: JSON that nobody expects.
ODD = (
    *("null", "true", "-1", "1.0", "NaN", "-Infinity", "1e999", "[]", "{}", '""', '"\\ud800"'),
    *('"sub"', '"sub/.."', '"a\\\\b"', '"\\u0000"', '"../x"', '"/etc/passwd"'),
    *('"\\u001b[2J\\n"', "9" * 4000, "1" + "0" * 400),
    *("[" * 950 + "]" * 950, '{"a":' * 950 + "1" + "}" * 950, "[" * 100_000, "9" * 5000),
    *('"xxh3_128:' + "0" * 32 + '"', '"' + "x" * 100_000 + '"'),
)
_HERE = "\ufffe here \ufffe"
#: One change of a string: what, where, and how much or by what.
Step = tuple[Any, ...]

_places, _few = st.integers(0, 10_000), st.integers(1, 40)
BYTES = st.one_of(
    st.tuples(st.just("bit"), _places, st.integers(0, 7)),
    st.tuples(st.just("digit"), _places, st.sampled_from(b'0123456789abcdef"')),
    st.tuples(st.just("end"), _places),
    st.tuples(st.just("out"), _places, _few),
    st.tuples(st.just("twice"), _places, _few),
    st.tuples(st.just("in"), _places, st.sampled_from([b"\0" * 4096, b"\n", b"\xff", b"{", b"0"])),
)
VALUES = st.one_of(
    st.tuples(st.just("value"), _places, st.sampled_from(ODD)),
    st.tuples(st.just("value"), _places, st.sampled_from(ODD)),
    st.tuples(st.just("double"), _places, st.sampled_from(ODD)),
    st.tuples(st.just("name"), _places, st.sampled_from(["", "x", "\ud800", "../x", "/x", "\0"])),
    st.tuples(st.just("gone"), _places),
)
DAMAGE = st.lists(VALUES, min_size=1, max_size=3) | st.lists(VALUES | BYTES, min_size=1, max_size=4)
SEALED = st.lists(VALUES, min_size=1, max_size=3)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Return every place in a JSON value: what it is in, and its key there."""
    items = list(data.items() if isinstance(data, dict) else enumerate(data))
    found = [(data, key) for key, _ in items]
    for _, value in items:
        if isinstance(value, (dict, list)):
            found += places(value)
    return found


def spoil_value(text: str, how: str, place: int, what: str = "") -> str:
    """Return JSON with a value that is another, gone, there twice, or has another name."""
    data = json.loads(text)
    found = places(data)
    inside, key = found[place % len(found)]
    if how == "gone":
        del inside[key]
    elif how == "name" and isinstance(inside, dict):
        inside[what] = inside.pop(key)
    elif how == "double" and isinstance(inside, dict):
        both = f"{json.dumps(key)}: {what}, {json.dumps(key)}: {json.dumps(inside[key])}"
        inside[_HERE] = 0
        return json.dumps(data).replace(f"{json.dumps(_HERE)}: 0", both)
    else:
        inside[key] = _HERE
    return json.dumps(data).replace(json.dumps(_HERE), what)


def spoil_bytes(data: bytes, how: str, place: int, what: Any = 0) -> bytes:
    """Return bytes with some changed, cut off, left out, inserted or there twice."""
    at = place % max(len(data), 1)
    if how == "end":
        return data[:at]
    if how == "in":
        return data[:at] + bytes(what) + data[at:]
    if how == "out":
        return data[:at] + data[at + what :]
    if how == "twice":
        return data[: at + what] + data[at:]
    one = bytes([data[at] ^ 1 << what if how == "bit" else what]) if data else b""
    return data[:at] + one + data[at + 1 :]


def spoil(original: str | bytes, damage: list[Step]) -> bytes:
    """Return the changed string; changes that no longer apply to it are left out."""
    data = original.encode() if isinstance(original, str) else original
    for how, *rest in damage:
        if how in ("bit", "digit", "end", "out", "in", "twice"):
            data = spoil_bytes(data, how, *rest)
            continue
        with contextlib.suppress(ValueError, RecursionError, TypeError, ZeroDivisionError):
            data = spoil_value(data.decode(), how, *rest).encode()
    return data


def parsed(text: bytes) -> Any:
    """Return the JSON that is sealed; None if it is none."""
    try:
        return json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def shown(value: Any) -> str:
    """Return a value so that 1, True and 1.0 differ, and NaN is itself."""
    return json.dumps(value, sort_keys=True)


# ---------------------------------------------------------------------- what is read

DODO = """
from doit_invariants import Tree, Value
from helpers import clean
def make(targets):
    with open(targets[0], "w") as out:
        out.write(clean("made"))
def task_a():
    return {
        "actions": [make],
        "file_dep": ["in.txt", "data"],
        "targets": ["out.txt"],
        "invariants": [Value({"w": 40}, name="W")],
    }
"""
#: What is edited while the record is spoiled: a file, the text in it, and another.
EDITS = {
    "input": ("in.txt", "one", "two"),
    "tree": ("data/a.csv", "1", "2"),
    "code": ("dodo.py", '"made"', '"Made"'),
    "helper": ("helpers.py", "return x", "return x * 2"),
    "value": ("dodo.py", "40", "41"),
    "target": ("out.txt", "made", "edit"),
}


class Made:
    """A project in which everything that is read was written once.

    :ivar row: the row of its task in doit's DB, as a string
    :ivar details: the details of its function, under ``key``
    :ivar journal: what a run of several tasks that was killed would leave
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.project = Project(path / "project")
        self.project.path.mkdir()
        toml = settings_toml(backend="sqlite3")
        helpers = "def clean(x):\n    return x\n"
        files = {"in.txt": "one", "data/a.csv": "1", "helpers.py": helpers}
        self.project.write({"pyproject.toml": toml, "dodo.py": DODO, **files})
        self.project.run().assert_executed("a")
        rows = dict(self._sql("select task_id, task_data from doit"))
        self.row = rows.pop("a")
        self.record: Any = json.loads(self.row)[KEY]
        (name, details), *_ = rows.items()
        self.key, self.details = name.partition(":")[2], json.loads(details)["details:"]
        self._make_journal()
        self._make_export()
        self._make_store()

    def _sql(self, *statement: Any) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.project.path / ".doit.db")) as db:
            found = db.execute(*statement).fetchall()
            db.commit()
        return found

    def put(self, text: bytes) -> None:
        """Replace the row of the task in doit's DB by some text."""
        self._sql("update doit set task_data=cast(? as text) where task_id='a'", (text,))

    def _make_journal(self) -> None:
        path = self.path / "journal"
        one = Journal(str(path))
        self.entries = [
            {"base": {"": [1, 2]}},
            {"begun": "a"},
            {"ended": "a", "rows": {"a": {"_values_:": {"n": 1}, KEY: self.record}}},
            {"begun": "b"},
        ]
        for entry in self.entries:
            one.append(entry)
        one.close()
        self.journal = path.read_bytes()

    def _make_export(self) -> None:
        self.root = self.path / "exporting"
        (self.root / "d/sub").mkdir(parents=True)
        (self.root / "d/sub/x").write_text("x")
        (self.root / "d/l").symlink_to("sub/x")
        self.exporter = Exporter(str(self.root), str(self.root / "published"), "copy", False, "t")
        self.draft = self.exporter.export(["d"])
        entry = ResultEntry("", "t", self.draft.artifacts, {"v": 1}, "r", ((None, "x"),), 1.5, 2)
        self.exporter.finish(self.draft, entry)
        shutil.rmtree(self.root / "d")
        self.manifest = Path(manifest_path(self.exporter.directory, "t"))
        self.manifest_text = self.manifest.read_text()

    def _make_store(self) -> None:
        self.signature = "xxh3_128:" + "5" * 32
        self.restoring = self.path / "restoring"
        self.restoring.mkdir()
        self.store = DirectoryStore(str(self.path / "store"))
        for part in self.draft.artifacts[0].parts:
            if part.type == "file":
                self.store.put(str(self.root / "published/d" / part.path))
        entry = json.loads(self.manifest_text)["entry"]
        entry["signature"] = self.signature
        assert self.store.add(self.signature, entry) is None
        (self.entry_file,) = (self.path / "store/entries").rglob("*.json")
        self.entry_text = self.entry_file.read_text()
        self.entry: Any = json.loads(self.entry_text)["entry"]
