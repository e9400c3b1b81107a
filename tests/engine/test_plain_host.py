"""The engine serves a host that is not doit, through the story of a task."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from doit_invariants import Settings
from doit_invariants.engine.events import Counts, Listener, TaskEnd
from doit_invariants.engine.task import SimpleTask

from .plain import PlainHost, Project, rows, text

FACTOR = 2


def double() -> dict[str, int]:
    """Write twice the number that is in a file."""
    number = int(text("in.txt")) * FACTOR
    Path("out.txt").write_text(str(number), encoding="utf-8")
    return {"number": number}


def report() -> None:
    """Write what the first task made."""
    Path("report.txt").write_text(f"it is {text('out.txt')}", encoding="utf-8")


def fail() -> None:
    """Fail."""
    raise OSError("no such luck")


EXECUTORS = {
    "here": nullcontext,
    "threads": lambda: ThreadPoolExecutor(1),
    "processes": lambda: ProcessPoolExecutor(1),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an input, which is the present one."""
    directory = tmp_path / "project"
    directory.mkdir()
    monkeypatch.chdir(directory)
    Path("in.txt").write_text("20", encoding="utf-8")
    return directory


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """What runs the actions: this process, a thread, another process."""
    with EXECUTORS[request.param]() as one:
        yield one


def tasks() -> list[SimpleTask]:
    """Return two tasks; one of them needs the other."""
    return [
        SimpleTask("double", [double], ["in.txt"], ["out.txt"]),
        SimpleTask("report", [report], ["out.txt"], ["report.txt"], task_dep=["double"]),
    ]


def test_the_story_of_a_task(
    here: Path, executor: Executor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, is up-to-date, and runs again when an input, a target or its code changed."""
    project = Project(tasks())
    assert project.run(executor=executor) == {"double": "executed", "report": "executed"}
    assert text("report.txt") == "it is 40"
    recorded = rows(project)
    assert project.run(executor=executor) == {"double": "up-to-date", "report": "up-to-date"}
    assert {verdict.status for verdict in project.verdicts().values()} == {"up-to-date"}
    assert recorded["double"]["result:"] == {"number": 40}

    Path("in.txt").write_text("21", encoding="utf-8")
    assert project.verdicts()["double"].reasons[0].code == "changed_file_dep"
    assert project.run(executor=executor) == {"double": "executed", "report": "executed"}
    Path("report.txt").write_text("by hand", encoding="utf-8")
    assert project.run(executor=executor) == {"double": "up-to-date", "report": "executed"}
    assert text("report.txt") == "it is 42"

    monkeypatch.setattr(f"{__name__}.FACTOR", 3)
    (reason,) = project.verdicts()["double"].reasons
    assert "FACTOR" in str(reason.detail) + str(reason)


def test_results_from_a_store(here: Path, executor: Executor | None) -> None:
    """Another checkout takes the results of this one, and runs nothing."""
    settings = Settings(store=str(here.parent / "store"))
    options: dict[str, Any] = {name: {"cache": "shared"} for name in ("double", "report")}
    project = Project(tasks(), settings, options)
    assert set(project.run(executor=executor).values()) == {"executed"}
    for name in ("out.txt", "report.txt"):
        Path(name).unlink()
    assert set(project.run(executor=executor).values()) == {"restored"}
    assert text("report.txt") == "it is 40"
    elsewhere = Project(tasks(), settings, options)
    shutil.rmtree(here / ".doit-invariants", ignore_errors=True)
    Path("out.txt").unlink()
    Path("report.txt").unlink()
    assert elsewhere.run(executor=executor) == {"double": "restored", "report": "restored"}
    assert elsewhere.run() == {"double": "up-to-date", "report": "up-to-date"}
    assert elsewhere.tasks[0].result is None, "nothing was executed"


def test_a_failure_is_not_recorded(here: Path, executor: Executor | None) -> None:
    """A task that failed runs again."""
    project = Project([SimpleTask("fail", [fail], ["in.txt"])])
    for _ in range(2):
        assert project.run(executor=executor) == {"fail": "failed"}
    assert not project.db.rows


class Log(Listener):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def run_begins(self, tasks: Any, selected: Any) -> None:
        """Hear of the begin of a run."""
        self.lines.append(f"run of {', '.join(selected)}")

    def task_begins(self, task: Any) -> None:
        """Hear of the begin of a task."""
        self.lines.append(f"{task.name} begins")

    def task_ends(self, task: Any, end: TaskEnd) -> None:
        """Hear of the end of a task."""
        assert end.took > 0 if end.outcome in ("executed", "failed") else end.took == 0
        self.lines.append(f"{task.name} {end.outcome}")

    def run_ends(self) -> None:
        """Hear of the end of a run."""
        self.lines.append("end")


def test_who_listens_hears_all(here: Path) -> None:
    """The begin and the end of the run and of each task, in this order, with durations."""
    project = Project([*tasks(), SimpleTask("fail", [fail], ["in.txt"])])
    log, counts = Log(), Counts(PlainHost(project.db))
    project.run(log, counts)
    assert log.lines == [
        "run of double, report, fail",
        *("double begins", "double executed", "report begins", "report executed"),
        *("fail begins", "fail failed", "end"),
    ]
    assert counts.text() == "2 ran, 0 up-to-date, 1 failed"
    log.lines.clear()
    project.run(log)
    assert log.lines[1:3] == ["double up-to-date", "report up-to-date"]


def test_nothing_of_doit_is_imported() -> None:
    """This host and all that it needs of the engine work where doit is not."""
    code = (
        "import sys\n"
        "import tests.engine.plain\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'doit', 'pytest'}))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
