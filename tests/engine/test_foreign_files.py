"""Files in a target directory that the task did not make, so that `doit clean` keeps them."""

from __future__ import annotations

import pytest

from doit_invariants.engine.check.foreign_files import made_in, note
from doit_invariants.engine.database import MemoryDatabase
from doit_invariants.files.state import FileState, Stat
from doit_invariants.files.tree import TreeState
from doit_invariants.rules.record import Record

SETTLED: Stat = (1_000, 4, 7, 1_000)
UNSETTLED: Stat = (1_000, 4, 7, -1)


def made(before: FileState, after: FileState) -> set[str]:
    """Return what the task made in a directory with one file, by the states around its run."""
    db = MemoryDatabase()
    old, new = TreeState("old", {"notes": before}), TreeState("new", {"notes": after})
    note(db, "t", "run", {"out": old}, None, {"out": new})
    record = Record(executed_at=1.0, origin="run", root="", targets={"out": new})
    return made_in(db, "t", record, "out")


@pytest.mark.parametrize("before", [SETTLED, UNSETTLED])
def test_a_file_that_was_there_is_foreign(before: Stat) -> None:
    """A file from before the run is foreign, even if it was written in the tick before."""
    assert made(FileState("digest", before), FileState("digest", SETTLED)) == set()


@pytest.mark.parametrize("before", [SETTLED, UNSETTLED])
@pytest.mark.parametrize(
    "after",
    [FileState("digest", (2_000, 4, 7, 2_000)), FileState("another", SETTLED)],
    ids=["written again", "other content"],
)
def test_a_file_that_changed_is_the_task_s(before: Stat, after: FileState) -> None:
    """A file that the task wrote belongs to it, no matter what was there before."""
    assert made(FileState("digest", before), after) == {"notes"}
