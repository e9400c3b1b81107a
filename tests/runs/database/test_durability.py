"""Runs that are killed, and what they had recorded until then: nothing of it is lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from doit.dependency import JSONCodec

from doit_invariants.files.journal import Journal
from doit_invariants.hosts.doit.database.json_file import JsonBackend
from doit_invariants.testing import Outcome, Project, settings_toml
from doit_invariants.testing.outcome import read_outcome
from tests.support import Make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

DB = ".doit.db"
JOURNAL = ".doit.db.journal"
DID_NOT_END = "task: its last execution did not end"
TASKS = 4
#: Each action is half done for a while; with a file in `hold`, until it is killed.
DODO = """
import os, time

def make(dependencies, targets):
    text = open(dependencies[0]).read()
    name = os.path.basename(targets[0])
    with open(targets[0], "w") as stream:
        stream.write(text[:1])
        stream.flush()
        with open("log", "a") as log:
            log.write(name + "\\n")
        if os.path.exists("hold/" + name):
            open("held", "w").close()
            time.sleep(60)
        time.sleep(float(os.environ.get("TAKES", "0")))
        stream.write(text[1:])

def task_work():
    for name in sorted(os.listdir("in")):
        yield {
            "name": name, "actions": [make], "file_dep": ["in/" + name],
            "targets": ["out/" + name],
        }
"""
# Without them nothing but the journal tells that a target is half written.
UNTRACKED = {"track_targets": False}


def texts(project: Project, text: str, tasks: int = TASKS) -> None:
    """Write the inputs of all tasks."""
    project.write({f"in/{number}": text for number in range(tasks)})


def make_project(make: Make, backend: str, *, tasks: int = TASKS, tracked: bool = False) -> Project:
    """Return a project whose tasks have run, with `one` as the input of each."""
    settings = {} if tracked else UNTRACKED
    project = make({"dodo.py": DODO, "out/": "", "hold/": ""}, backend=backend, settings=settings)
    texts(project, "one", tasks)
    project.run().assert_success()
    assert not journal(project).exists()
    return project


def journal(project: Project) -> Path:
    """Return the path of the journal."""
    return project.path / JOURNAL


def start(project: Project, *arguments: str, takes: float = 0) -> subprocess.Popen[bytes]:
    """Start doit in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project.path,
        env={**os.environ, "TAKES": str(takes)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End doit with all its processes: its workers outlive it otherwise."""
    os.killpg(process.pid, how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=300)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def await_that(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def kill_in(
    project: Project,
    name: str,
    *arguments: str,
    how: signal.Signals = signal.SIGKILL,
    after: tuple[str, ...] = (),
) -> None:
    """Run doit, and end it in the middle of a task, when others have ended."""
    project.write({f"hold/{name}": ""})
    process = start(project, *arguments)
    try:
        await_that((project.path / "held").exists)
        for other in after:
            ended = f'"ended":"work:{other}"'
            await_that(lambda ended=ended: ended in project.read(JOURNAL))
    finally:
        end(process, how)
    project.remove("held", f"hold/{name}")


def states(project: Project) -> dict[str, str]:
    """Return what ``doit list -s`` says of the tasks; nothing of the project changes by that."""
    before = contents(project)
    outcome = project.run("list", "-s", "--all").assert_success()
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    # doit opens the DB, and SQLite then rolls back or removes what the kill has cut short.
    if not any(name.startswith(f"{DB}-") for name in before):
        assert contents(project) == before
    assert contents(project).get(JOURNAL) == before.get(JOURNAL)
    found = [line.split()[:2] for line in outcome.stdout.splitlines()]
    return {name: state for state, name in found if ":" in name}


def contents(project: Project) -> dict[str, bytes]:
    """Return the contents of doit's DB and the journal."""
    paths = [path for path in project.path.glob(f"{DB}*") if path.is_file()]
    return {path.name: path.read_bytes() for path in paths}


def outputs(project: Project, tasks: int = TASKS) -> list[str]:
    """Return what the targets of the tasks have."""
    return [project.read(f"out/{number}") for number in range(tasks)]


def one_line(outcome: Outcome, text: str) -> None:
    """Assert that exactly one line says something, and that there is no traceback."""
    lines = (outcome.stdout + outcome.stderr).splitlines()
    assert len([line for line in lines if text in line]) == 1, repr(outcome)
    assert not any("Traceback" in line for line in lines), repr(outcome)


# ---------------------------------------------------------------------- at a chosen moment

KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT


@pytest.mark.parametrize(
    ("backend", "runner", "how"),
    [
        ("dbm", [], KILL),
        ("json", [], TERM),
        ("sqlite3", [], INT),
        ("dbm", ["-n", "2"], INT),
        ("json", ["-n", "2"], KILL),
        ("sqlite3", ["-n", "2"], TERM),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "".join(value),
)
def test_what_had_ended_is_kept_and_what_had_begun_runs_again(
    doit_project: Make, backend: str, runner: list[str], how: signal.Signals
) -> None:
    """Although the input of the task that was killed is as it was when it last ended."""
    project = make_project(doit_project, backend)
    texts(project, "two")
    kill_in(project, "2", *runner, how=how, after=("0", "1"))
    # Ctrl-C lets doit write its DB, and nothing is left to replay.
    assert journal(project).exists() is (how is not INT)
    assert project.read("out/2") != "one"
    project.write({"in/2": "one"})

    found = states(project)
    assert [found["work:0"], found["work:1"], found["work:2"]] == ["U", "U", "R"]
    before = contents(project)
    why = project.run("invariants", "why", "work:2", "--json").json()
    assert {"code": "interrupted", "subject": "task", "text": "its last execution did not end"} in (
        why[0]["reasons"]
    )
    one_line(project.run("info", "work:2"), DID_NOT_END)
    assert contents(project) == before, "a look has written"

    outcome = project.run().assert_success()
    assert "work:2" in outcome.executed
    assert {"work:0", "work:1"} <= set(outcome.up_to_date)
    assert outputs(project) == ["two", "two", "one", "two"]
    assert not journal(project).exists()
    assert set(states(project).values()) == {"U"}


@pytest.fixture
def killed(doit_project: Make, backend: str) -> Project:
    """A project with a journal: task 0 had ended, task 1 had begun; what task 1 had is restored."""
    project = make_project(doit_project, backend, tasks=2)
    texts(project, "two", tasks=2)
    kill_in(project, "1")
    project.write({"in/1": "one"})
    return project


# One kill for all of them: each command begins with the same files.
def test_commands_that_change_something_after_a_kill(killed: Project) -> None:
    """They see what the journal says, keep it, and change what they are told to."""
    aside = killed.path.with_name("aside")
    shutil.copytree(killed.path, aside)

    def again() -> None:
        shutil.rmtree(killed.path)
        shutil.copytree(aside, killed.path)

    killed.run("forget", "work:0").assert_success()
    assert not journal(killed).exists()
    assert states(killed) == {"work:0": "R", "work:1": "R"}
    assert "never ran" in killed.run("invariants", "why", "work:0").stdout
    one_line(killed.run("invariants", "why", "work:1"), DID_NOT_END)

    again()
    killed.run("forget", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "R"}

    again()
    killed.run("forget", "--all").assert_success()
    assert states(killed) == {"work:0": "R", "work:1": "R"}

    again()
    killed.run("ignore", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "I"}
    killed.run("forget", "work:1").assert_success()
    assert states(killed) == {"work:0": "U", "work:1": "R"}

    for command in (["reset-dep"], ["invariants", "accept", "work:*"]):
        again()
        killed.run(*command)
        assert not journal(killed).exists()
        assert states(killed) == {"work:0": "U", "work:1": "R"}, "it must run, accepted or not"

    killed.run("clean", "work").assert_success()
    killed.run().assert_executed("work:1")
    assert outputs(killed, 2) == ["two", "one"]
    assert set(states(killed).values()) == {"U"}


def test_a_run_of_another_task_keeps_what_is_left(doit_project: Make) -> None:
    """What had begun stays so until it has run, through runs that end and looks."""
    project = make_project(doit_project, "json")
    texts(project, "two")
    kill_in(project, "1")
    project.write({"in/1": "one"})
    project.run("work:0").assert_up_to_date("work:0")
    assert not journal(project).exists()
    assert states(project)["work:1"] == "R"
    project.run("work:2").assert_executed("work:2")
    one_line(project.run("invariants", "why", "work:1"), DID_NOT_END)
    project.run("work:1").assert_executed("work:1")
    assert states(project)["work:1"] == "U"


def test_a_task_that_is_up_to_date_is_killed_with_always(doit_project: Make) -> None:
    """Nothing of it has changed, and still it must run; a second kill changes nothing of that."""
    project = make_project(doit_project, "sqlite3")
    kill_in(project, "1", "-a")
    assert states(project) == {"work:0": "U", "work:1": "R", "work:2": "U", "work:3": "U"}
    kill_in(project, "1")
    assert states(project) == {"work:0": "U", "work:1": "R", "work:2": "U", "work:3": "U"}
    project.run().assert_executed("work:1")
    assert outputs(project) == ["one"] * TASKS


@pytest.mark.parametrize("backend", ["dbm", "json"])
def test_plain_doit_can_read_the_db(killed: Project, backend: str) -> None:
    """After a run that took over what was left, and with a journal that nobody has read."""
    loader = killed.read("pyproject.toml")
    plain = settings_toml(loader=False, backend=backend)
    killed.write({"pyproject.toml": plain})
    killed.run("list").assert_success()  # dbm.sqlite3 turns the file into one with a log
    assert set(states(killed)) == {"work:0", "work:1"}
    killed.write({"pyproject.toml": loader})
    killed.run().assert_executed("work:1")
    killed.write({"pyproject.toml": plain})
    assert set(states(killed)) == {"work:0", "work:1"}
    killed.run().assert_success()
    assert set(states(killed).values()) == {"U"}
    killed.write({"pyproject.toml": loader})
    assert set(states(killed).values()) == {"U"}


@pytest.mark.parametrize("backend", ["json"])
def test_a_journal_that_plain_doit_has_overtaken(killed: Project, backend: str) -> None:
    """A run without the loader wrote the DB after the journal: the journal is older, and wrong."""
    loader = killed.read("pyproject.toml")
    killed.write({"pyproject.toml": settings_toml(loader=False, backend=backend)})
    killed.write({"in/0": "three"})
    killed.run().assert_success()
    assert killed.read("out/0") == "three"
    killed.write({"in/0": "two", "pyproject.toml": loader})
    assert states(killed)["work:0"] == "R", "its target was made from `three`"


@pytest.mark.parametrize("backend", ["json"])  # the others make a new DB, even for a look
def test_a_db_that_was_removed_takes_the_journal_with_it(killed: Project) -> None:
    """Who removes doit's DB wants everything to run."""
    for path in killed.path.glob(f"{DB}*"):
        if path.name != JOURNAL:
            path.unlink()
    listed = killed.run("list", "-s", "--all").stdout  # doit itself makes the file anew
    assert "R work:0" in listed
    assert "R work:1" in listed


# ---------------------------------------------------------------------- in this process


def interrupting(make: Make, backend: str = "json") -> Project:
    """Return a project whose task is ended by Ctrl-C when there is a file `stop`."""
    dodo = """
import os

def make():
    if os.path.exists("stop"):
        raise KeyboardInterrupt

def task_make():
    return {"actions": [make], "file_dep": ["in.txt"]}
"""
    return make({"dodo.py": dodo, "in.txt": "one"}, backend=backend)


def stopped(project: Project) -> None:
    """Run, and be interrupted."""
    with contextlib.suppress(KeyboardInterrupt):
        project.run()


def test_ctrl_c_in_a_process_that_has_not_run_before(doit_project: Make, backend: str) -> None:
    """What the task had is forgotten, in doit's DB itself."""
    project = interrupting(doit_project, backend)
    project.run("-v0", process=True).assert_executed("make")
    project.write({"stop": "", "in.txt": "two"})
    stopped(project)
    project.remove("stop")
    project.write({"in.txt": "one"})
    assert not journal(project).exists()
    one_line(project.run("invariants", "why"), DID_NOT_END)
    project.run().assert_executed("make")
    project.run().assert_up_to_date("make")


def test_ctrl_c_in_a_process_that_has_run_before(doit_project: Make, backend: str) -> None:
    """As with ``run()`` of a script, a notebook, a watcher: each run has its own journal."""
    project = interrupting(doit_project, backend)
    project.run().assert_executed("make")
    project.write({"stop": "", "in.txt": "two"})
    stopped(project)
    project.remove("stop")
    project.write({"in.txt": "one"})
    one_line(project.run("invariants", "why"), DID_NOT_END)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_no_journal_stays_open(doit_project: Make) -> None:
    """A process that runs doit again and again does not collect open files."""
    project = interrupting(doit_project)
    project.run().assert_executed("make")
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(os.readlink(entry))
    assert [link for link in links if str(project.path) in link] == []


# ---------------------------------------------------------------------- damage


def check_at(project: Project, data: bytes, sure: dict[str, str]) -> dict[str, str]:
    """Look with another journal; assert what is sure of some tasks."""
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
    """Each command says so in one line, and goes on with what doit's DB has."""
    project = make_project(doit_project, backend)
    journal(project).mkdir()
    project.write({"in/0": "two"})
    one_line(project.run("list").assert_success(), "its journal can't be read")
    outcome = project.run().assert_executed("work:0")
    one_line(outcome, "its journal can't be read")
    journal(project).rmdir()
    assert set(states(project).values()) == {"U"}


# ---------------------------------------------------------------------- a DB that can't be written


def can_write(directory: Path) -> bool:
    """Return whether a read-only directory can be written all the same, as root can."""
    directory.chmod(0o555)
    try:
        (directory / "probe").touch()
    except OSError:
        return False
    else:
        (directory / "probe").unlink()
        return True
    finally:
        directory.chmod(0o755)


def test_a_json_db_that_cannot_be_written(doit_project: Make) -> None:
    """Where it leads to does not exist: one line, and the next run has everything."""
    project = doit_project({"dodo.py": DODO, "out/": "", "hold/": ""}, backend="json")
    texts(project, "one")
    (project.path / DB).symlink_to("elsewhere/db")
    outcome = project.run()
    one_line(outcome, "what this run recorded is kept in its journal")
    assert journal(project).exists()
    project.write({"elsewhere/": ""})
    project.run().assert_up_to_date(*(f"work:{number}" for number in range(TASKS)))
    assert (project.path / DB).is_symlink()
    assert not journal(project).exists()
    assert {path.name for path in (project.path / "elsewhere").iterdir()} == {"db", "db.lock"}


@pytest.mark.parametrize(("kind", "file"), [("dbm", ".dat"), ("sqlite3", ""), ("json", "")])
def test_a_db_that_cannot_be_written(doit_project: Make, kind: str, file: str) -> None:
    """There is a directory in its place now: one line, and once it is gone nothing is missing."""
    dodo = f"""
import os
def make(targets):
    open(targets[0], "w").write(open("in.txt").read())
    if os.path.exists("block"):
        os.rename("{DB}{file}", "kept")
        os.mkdir("{DB}{file}")
def task_make():
    return {{"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"]}}
def task_other():
    return {{"actions": ["touch other.txt"], "file_dep": ["dodo.py"], "targets": ["other.txt"]}}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, backend=kind)
    project.run().assert_executed("make", "other")
    db = project.path / f"{DB}{file}"
    if not db.exists():
        pytest.skip("the DB of this Python has other files")
    project.write({"in.txt": "two", "block": ""})
    outcome = project.run().assert_executed("make")
    one_line(outcome, "what this run recorded is kept in its journal")
    assert journal(project).exists()
    db.rmdir()
    (project.path / "kept").rename(db)
    project.run().assert_up_to_date("make", "other")
    assert not journal(project).exists()


def test_a_journal_that_is_gone_keeps_nothing(doit_project: Make) -> None:
    """The action removes the directory of the DB: nothing is kept, and nothing else is said."""
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


def test_a_read_only_directory(doit_project: Make) -> None:
    """Neither DB nor journal can be written there: one line, and no promise."""
    project = doit_project({"dodo.py": DODO, "out/": "", "db/": "", "hold/": ""}, backend="json")
    texts(project, "one")
    if can_write(project.path / "db"):
        pytest.skip("this user may write everywhere")
    project.run("--db-file", "db/x").assert_success()
    texts(project, "two")
    (project.path / "db").chmod(0o555)
    try:
        # Plain doit writes into the file, and needs no right on the directory.
        outcome = project.run("--db-file", "db/x")
        again = project.run("--db-file", "db/x")
    finally:
        (project.path / "db").chmod(0o755)
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    assert "is kept in its journal" not in outcome.stdout + outcome.stderr, repr(outcome)
    again.assert_up_to_date(*(f"work:{number}" for number in range(TASKS)))


def test_the_json_file_keeps_its_mode(doit_project: Make) -> None:
    """It is replaced, and no other file is left beside it."""
    project = make_project(doit_project, "json")
    (project.path / DB).chmod(0o640)
    texts(project, "two")
    project.run().assert_success()
    assert (project.path / DB).stat().st_mode & 0o777 == 0o640
    assert {path.name for path in project.path.glob(f"{DB}*")} == {DB, f"{DB}.lock"}


# ---------------------------------------------------------------------- values

VALUES = """
def loop():
    found = {}
    found["itself"] = found
    return found

def deep():
    found = {}
    for _ in range(100_000):
        found = {"x": found}
    return found

BAD = {
    "object": lambda: {"x": object()},
    "set": lambda: {"x": [{1, 2}]},
    "bytes": lambda: {"x": b"x"},
    "key": lambda: {(1, 2): 3},
    "loop": loop,
    "deep": deep,
    "code": lambda: {"x": lambda: 1},
}

def task_bad():
    for name in NAMES:
        yield {"name": name, "actions": [BAD[name]], "file_dep": ["in.txt"]}

def task_good():
    return {"actions": [lambda: {"x": [1, None, "2"]}], "file_dep": ["in.txt"]}
"""
NAMES = ["object", "set", "bytes", "key", "loop", "deep", "code"]


def values_project(make: Make, backend: str, names: list[str]) -> Project:
    """Return a project with tasks that return such values, and a good one."""
    return make({"dodo.py": f"NAMES = {names}\n{VALUES}", "in.txt": "one"}, backend=backend)


def test_values_that_json_cannot_hold(doit_project: Make, backend: str) -> None:
    """Each is one failed task with one line; the state of the others stays."""
    project = values_project(doit_project, backend, NAMES)
    for _ in range(2):
        outcome = project.run("-c").assert_failed("bad", *(f"bad:{name}" for name in NAMES))
        said = "an action returned a value that can't be saved as JSON"
        output = outcome.stdout + outcome.stderr
        assert output.count(said) == len(NAMES), repr(outcome)
        assert "Traceback" not in output, repr(outcome)
    assert outcome.up_to_date == ["good"]
    assert not journal(project).exists()


@pytest.mark.parametrize("name", ["set", "loop", "code"])
def test_values_that_json_cannot_hold_of_workers(doit_project: Make, name: str) -> None:
    """With ``-n`` they also have to go from the worker to doit, which waits for ever if not."""
    project = values_project(doit_project, "json", [name])
    outcome = run_for(project, 8, "-n", "2", "-c").assert_failed("bad", f"bad:{name}")
    one_line(outcome, "an action returned a value that can't be saved as JSON")
    project.run("good").assert_up_to_date("good")


def run_for(project: Project, seconds: float, *arguments: str) -> Outcome:
    """Run doit, and end it with its workers if it takes too long."""
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *arguments],
        cwd=project.path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail("doit waits for ever")
    return read_outcome(["doit", *arguments], process.returncode, stdout, stderr)


def test_a_value_saver_whose_value_json_cannot_hold(doit_project: Make, backend: str) -> None:
    """It is called after the actions; what the other tasks recorded is not lost by it."""
    dodo = """
def saver(task, values):
    task.value_savers.append(lambda: {"x": object()})

def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"], "uptodate": [saver]}

def task_b():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, backend=backend)
    outcome = project.run("-c")
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    project.run("b").assert_up_to_date("b")


# ---------------------------------------------------------------------- at random moments

MANY = 10


def disturb(project: Project, chance: random.Random) -> None:
    """Edit some inputs, or have them as they were once."""
    for number in range(MANY):
        if chance.random() < 0.6:
            project.write({f"in/{number}": chance.choice(["one", "two", "three"])})


def check(project: Project, seen: str) -> None:
    """No task may be up-to-date whose target is not what its input asks for."""
    for name, state in states(project).items():
        number = name.partition(":")[2]
        if state == "U":
            assert project.read(f"out/{number}") == project.read(f"in/{number}"), (seen, name)


def hunt(project: Project, runner: list[str], kills: int, seed: int) -> None:
    """Kill runs; what had ended stays, what had begun is not up-to-date."""
    chance = random.Random(seed)
    for turn in range(kills):
        disturb(project, chance)
        (project.path / "log").unlink(missing_ok=True)
        how = chance.choice([KILL, KILL, TERM, INT])
        process = start(project, *runner, takes=0.03)
        if chance.random() < 0.7:
            log = project.path / "log"
            until = time.monotonic() + 3
            while not log.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.4))
        else:
            time.sleep(chance.uniform(0.1, 1))
        end(process, how)
        seen = f"kill {turn} of seed {seed} ({how.name})"
        check(project, seen)
        with contextlib.suppress(FileNotFoundError):
            begun = project.read("log").split()
            found = states(project)
            # One after the other: when one begins, the one before has ended.
            for name in begun[:-1] if not runner else []:
                assert found[f"work:{name}"] == "U", (seen, name)
        disturb(project, chance)
        check(project, seen)
        if turn % 4 == 3 or turn == kills - 1:
            project.run(*runner, timeout=300).assert_success()
            for number in range(MANY):
                assert project.read(f"out/{number}") == project.read(f"in/{number}"), seen
            assert not journal(project).exists()
            assert set(states(project).values()) == {"U"}, seen


@pytest.mark.parametrize(("backend", "runner"), [("dbm", []), ("sqlite3", ["-n", "2"])])
def test_random_kills(doit_project: Make, backend: str, runner: list[str]) -> None:
    """A few."""
    project = make_project(doit_project, backend, tasks=MANY)
    hunt(project, runner, 2, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("backend", ["dbm", "json", "sqlite3"])
def test_random_kills_for_long(doit_project: Make, backend: str, runner: list[str]) -> None:
    """Three hundred in all."""
    project = make_project(doit_project, backend, tasks=MANY)
    hunt(project, runner, 50, seed=2)
