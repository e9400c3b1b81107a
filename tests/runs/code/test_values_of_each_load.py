"""Values that differ at each load of ``dodo.py`` without an edit: times, random values."""

from __future__ import annotations

import datetime
import pathlib
import time
from typing import Any

import pytest

from doit_invariants.code.loaded import load_time
from tests.support import Make
from tests.support.times import let_settle

DODO = """
import datetime, pathlib, time

def write(*given, targets, **named):
    pathlib.Path(targets[0]).write_text(str(given) + str(named))

NOW = datetime.datetime.now(datetime.timezone.utc)
EDITED = "x"
ACTIONS = {
    "float": (write, [time.time()]),
    "text": (write, [f"{EDITED} {time.time()} {EDITED}"]),
    "ns": (write, [time.time_ns()]),
    "ms": (write, [f"{time.time() * 1000:.3f}"]),
    "datetime": (write, [NOW]),
    "naive": (write, [datetime.datetime.now()]),
    "iso": (write, [NOW.isoformat()]),
    "local": (write, [str(datetime.datetime.now())]),
    "compact": (write, [f"{NOW:%Y%m%d_%H%M%S.%f}"]),
    "nested": (write, [{"when": [time.time(), {"again": (1, time.time())}]}]),
    "keyword": (write, [], {"stamp": time.time()}),
    "path": (write, [pathlib.Path(f"log-{time.time()}.txt")]),
    "command": f"echo {EDITED} {time.time()} > %(targets)s",
    "list": ["touch", f"out/at-{time.time()}", "out/list"],
}

def task_make():
    for name, action in ACTIONS.items():
        yield {"name": name, "actions": [action], "file_dep": ["in.txt"],
               "targets": [f"out/{name}"]}
"""
NAMES = ("float", "text", "ns", "ms", "datetime", "naive", "iso", "local", "compact", "nested")
TASKS = [f"make:{name}" for name in (*NAMES, "keyword", "path", "command", "list")]


def test_times_of_the_load(doit_project: Make) -> None:
    """They do not count, and one line for all of them says so when they are recorded."""
    project = doit_project({"dodo.py": DODO, "in.txt": "", "out/": ""}, loader=False)
    project.run().assert_executed(*TASKS)
    let_settle()
    config = '[tool.doit]\nloader = "invariants"\n'
    project.write({"pyproject.toml": config})
    ran = project.run().assert_up_to_date(*TASKS)
    line = "Action(write): argument 0 holds the time at which dodo.py was loaded"
    assert ran.stderr.count(line) == 1, repr(ran)
    assert "make:float, make:text" in ran.stderr
    for _ in range(2):
        assert project.run().assert_up_to_date(*TASKS).stderr == ""
    assert "<time of the load>" in project.run("invariants", "show", "make:text").stdout
    project.edit("dodo.py", 'EDITED = "x"', 'EDITED = "y"')
    ran = project.run().assert_executed("make:text", "make:command")
    assert "make:text: Action(write)" in ran.stderr
    project.run().assert_up_to_date(*TASKS)


def test_times_are_not_shared(doit_project: Make, tmp_path: pathlib.Path) -> None:
    """A result from one time is not restored as one from another time."""
    settings = {"store": str(tmp_path / "store"), "cache": "shared"}
    project = doit_project({"dodo.py": DODO, "in.txt": "", "out/": ""}, settings=settings)
    project.run("make:float").assert_executed("make:float")
    project.remove("out/float")
    project.run("make:float").assert_executed("make:float")


RANDOM = """
import pathlib, random, tempfile, uuid

def write(*given, targets):
    pathlib.Path(targets[0]).write_text(str(given))

STAMP = random.random()

def of_global(targets):
    write(STAMP, targets=targets)

def make(value):
    def of_closure(targets):
        write(value, targets=targets)
    return of_closure

ACTIONS = {"random": (write, [random.random()]), "uuid": (write, [str(uuid.uuid4())]),
           "temporary": f"echo {tempfile.mkdtemp()} > %(targets)s", "global": of_global,
           "closure": make(uuid.uuid4()), "kept": (write, [pathlib.Path("kept").read_text()])}

def task_make():
    for name, action in ACTIONS.items():
        yield {"name": name, "actions": [action], "file_dep": ["in.txt"],
               "targets": [f"out/{name}"]}
"""


def test_random_values(doit_project: Make, tmp_path: pathlib.Path) -> None:
    """They count, because they look like settings; the run and `why` name them."""
    names = ("random", "uuid", "temporary", "global", "closure")
    changing = [f"make:{name}" for name in names]
    files = {"dodo.py": RANDOM, "in.txt": "", "out/": "", "kept": "1"}
    project = doit_project(files)

    def run() -> Any:
        return project.run(env={"TMPDIR": str(tmp_path)})

    run().assert_executed(*changing, "make:kept")
    assert "alone differed" not in run().assert_executed(*changing).stderr
    said = project.run("invariants", "why", "make:random").stdout
    assert "argument 0: 0." in said
    assert "it alone differed in the last 2 runs, and no source was edited: is it random" in said
    assert "if you edited it in a settings file, all is well" in said
    ran = run().assert_executed(*changing)
    told = "Action(write): argument 0 alone differed in the last 2 runs, and no source was edited"
    assert f"make:random, make:uuid: {told}" in ran.stderr, repr(ran)
    assert ran.stderr.count("alone differed") == 4, repr(ran)
    project.write({"kept": "2"})
    assert "make:kept" not in run().assert_executed(*changing, "make:kept").stderr
    run().assert_executed(*changing).assert_up_to_date("make:kept")
    project.write({"kept": "3"})
    assert "make:kept" not in run().stderr, "between two edits it was up-to-date"
    project.write({"dodo.py": RANDOM + "\n# edited"})
    assert "alone differed" not in run().stderr


UTC = datetime.timezone.utc
NOON = 1_800_000_000 + 37.25  # no full minute


@pytest.mark.parametrize(
    ("given", "is_time"),
    [
        (NOON, True),
        (int(NOON), True),
        (int(NOON * 1000), True),
        (f"a {int(NOON)} b", True),
        (f"log_{int(NOON)}.txt", True),
        (f"{NOON}", True),
        (time.ctime(NOON), True),
        (f"{datetime.datetime.fromtimestamp(NOON):%Y-%m-%d %H:%M:%S}", True),
        (f"{datetime.datetime.fromtimestamp(NOON):%Y%m%d%H%M%S}", True),
        (
            f"{datetime.datetime.fromtimestamp(NOON, datetime.timezone.utc):%Y/%m/%dT%H:%M:%SZ}",
            True,
        ),
        (int(NOON) - 37, False),  # a full minute is meant
        (f"{datetime.datetime.fromtimestamp(NOON - 37.25):%Y-%m-%d %H:%M:%S}", False),
        (f"{datetime.datetime.fromtimestamp(NOON):%Y-%m-%d}", False),
        (f"{datetime.datetime.fromtimestamp(NOON):%H:%M:%S}", False),
        (int(NOON) - 3600, False),
        (int(NOON) * 10 + 3, False),
        (f"1{int(NOON)}", False),
        (f"0.{int(NOON)}", False),
        ("2026-13-45 99:99:99", False),
        (NOON / 1000, False),
        (float("nan"), False),
        (datetime.datetime.fromtimestamp(NOON), True),
        (datetime.datetime.fromtimestamp(NOON - 7200), False),
        (datetime.date.fromtimestamp(NOON), False),
        (True, False),
        (list(range(2000)), False),
    ],
    ids=str,
)
def test_what_is_a_time_of_the_load(
    given: Any, is_time: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment between the beginning of the load and now, with its seconds."""
    monkeypatch.setattr(load_time, "load_began", lambda: NOON - 1)
    monkeypatch.setattr(load_time.time, "time", lambda: NOON + 1)
    values, labels = load_time.without_time({"value": given})
    assert labels == (["value"] if is_time else [])
    assert is_time or values["value"] is given


def test_values_that_hold_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are followed to any depth that people write, even if they are huge when unfolded."""
    monkeypatch.setattr(load_time, "load_began", lambda: NOON - 1)
    shared: list[Any] = [1]
    for _ in range(40):
        shared = [shared, shared]
    circle: list[Any] = []
    circle.append(circle)
    values = {"shared": shared, "circle": circle}
    assert load_time.without_time(values) == (values, [])
