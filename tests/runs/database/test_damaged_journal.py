"""A journal that is cut short, damaged, unreadable or gone: what is lost, and what is not."""

from __future__ import annotations

import random
import sys

import pytest
from doit.dependency import JSONCodec

from doit_invariants.files.journal import Journal
from doit_invariants.hosts.doit.database.json_file import JsonBackend
from doit_invariants.testing import Project, settings_toml
from tests.support import Make

from .killing import (
    DB,
    journal,
    kill_in,
    make_project,
    one_line,
    outputs,
    states,
    texts,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


def check_at(project: Project, data: bytes, sure: dict[str, str]) -> dict[str, str]:
    """Open another journal; assert the state of some tasks."""
    journal(project).write_bytes(data)
    found = states(project)
    assert {name: found[name] for name in sure} == sure, data
    return found


def small(make: Make, backend: str) -> tuple[Project, bytes]:
    """Return a project with a journal that is small, and that; targets are tracked."""
    project = make_project(make, backend, tasks=2, tracked=True)
    project.write(
        {"pyproject.toml": settings_toml(backend=backend, settings={"track_code": False})}
    )
    texts(project, "one", tasks=2)
    project.run().assert_success()
    texts(project, "two", tasks=2)
    kill_in(project, "1")
    return project, journal(project).read_bytes()


def truncated(project: Project, data: bytes, offsets: list[int]) -> None:
    """Cut a journal short: with the inputs of the killed run, and with those before it."""
    for text, sure in (
        ("two", {"work:1": "R"}),
        ("one", {"work:0": "R", "work:1": "R"}),  # the targets are not made from these
    ):
        texts(project, text, tasks=2)
        for offset in offsets:
            check_at(project, data[:offset], sure)
    texts(project, "two", tasks=2)
    assert check_at(project, data, {})["work:0"] == "U"
    project.run().assert_executed("work:1")


def test_a_truncated_journal(doit_project: Make) -> None:
    """Around the ends of its lines, and some places between."""
    project, data = small(doit_project, "json")
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    near = {at + by for at in [0, *ends] for by in (-2, -1, 0, 1, 17)}
    offsets = sorted(at for at in near | set(range(0, len(data), 97)) if 0 <= at <= len(data))
    truncated(project, data, offsets)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_journal_truncated_anywhere(doit_project: Make, backend: str) -> None:
    """At every byte."""
    project, data = small(doit_project, backend)
    truncated(project, data, list(range(len(data) + 1)))


def test_a_damaged_journal(doit_project: Make) -> None:
    """Bytes that changed, lines that are gone or doubled, and what never was a journal."""
    project, data = small(doit_project, "sqlite3")
    texts(project, "one", tasks=2)
    sure = {"work:0": "R", "work:1": "R"}
    chance = random.Random(1)
    for _ in range(25):
        at = chance.randrange(len(data))
        check_at(project, data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :], sure)
        lines = data.splitlines(keepends=True)
        del lines[chance.randrange(len(lines))]
        chance.shuffle(lines)
        check_at(project, b"".join(lines), sure)
    for garbage in (b"\0" * 100_000, b"\n" * 1000, b"{}\n[]\nnull\n", chance.randbytes(50_000)):
        check_at(project, garbage, sure)
        check_at(project, data + garbage, sure)
        check_at(project, garbage + b"\n" + data, sure)
    one_line(project.run("list"), "lines of its journal are damaged")
    project.run().assert_executed("work:0", "work:1")
    assert not journal(project).exists()
    assert outputs(project, 2) == ["one", "one"]
    assert "damaged" not in project.run().stderr


def test_entries_that_nobody_has_written(doit_project: Make) -> None:
    """The lines are whole, and say nonsense: nothing fails, and the tasks are as they were."""
    project = make_project(doit_project, "json")
    for entry in (
        {"base": JsonBackend(str(project.path / DB), JSONCodec()).state()},
        {"rows": 1},
        {"rows": {"": 2, "work:0": []}},
        {"ended": "work:0", "rows": {"work:0": None}},
        {"begun": None},
        {"begun": ["work:0"]},
        {"begun": "gone"},
        {"ended": {}},
        [],
        3,
    ):
        Journal(str(journal(project))).append(entry)
    found = states(project)
    assert found == {**dict.fromkeys(found, "U"), "work:0": "R"}
    project.run().assert_success()
    assert set(states(project).values()) == {"U"}


def test_a_journal_that_cannot_be_read(doit_project: Make, backend: str) -> None:
    """Each command says so in one line, and continues with doit's DB."""
    project = make_project(doit_project, backend)
    journal(project).mkdir()
    project.write({"in/0": "two"})
    one_line(project.run("list").assert_success(), "its journal can't be read")
    outcome = project.run().assert_executed("work:0")
    one_line(outcome, "its journal can't be read")
    journal(project).rmdir()
    assert set(states(project).values()) == {"U"}


def test_a_journal_that_is_gone_keeps_nothing(doit_project: Make) -> None:
    """The action removes the directory of the DB: nothing is kept, and one line says so."""
    dodo = """
import shutil
DOIT_CONFIG = {"dep_file": "state/db"}
def task_wipe():
    return {"actions": [(shutil.rmtree, ["state"])], "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one", "state/": ""}, backend="json")
    outcome = project.run()
    one_line(outcome, "can't be written")
    assert "is kept in its journal" not in outcome.stdout + outcome.stderr, repr(outcome)
