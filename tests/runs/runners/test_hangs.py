"""Runs with ``-n`` that hang in plain doit end here, whatever starts the workers.

Each case has a bad task ``a`` beside good ones; a run that does not end fails its test.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.runners import SET_START_METHOD, START_METHODS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

LIMIT = 300  # seconds; a run takes one, on a machine with nothing else to do
START = (
    SET_START_METHOD
    + """
import asyncio, sys, threading, time
from doit import create_after
from doit.action import BaseAction
from doit.exceptions import TaskFailed
def good(targets):
    open(targets[0], "w").close()
def task_good():
    for name in "xyz":
        yield {"name": name, "actions": [good], "file_dep": ["in.txt"], "targets": [name]}
"""
)
GOOD = ("good:x", "good:y", "good:z")
RUNNERS = {name: way for name, way in START_METHODS.items() if name != "serial"}


def bad_action(body: str) -> str:
    """Return a dodo.py whose task `a` has an action with this body, and begins last."""
    return f"""
def bad(task):
    {body}
def task_a():
    return {{"actions": [bad], "task_dep": ["good"]}}
"""


def bad_item(body: str) -> str:
    """Return a dodo.py whose task `a` has an uptodate item with this body, and is checked first.

    A worker has been started already then, for task `0`.
    """
    return f"""
DOIT_CONFIG = {{"default_tasks": ["0", "a", "good"]}}
def task_0():
    return {{"actions": [None or "true"]}}
def item():
    {body}
def task_a():
    return {{"actions": ["true"], "uptodate": [item]}}
"""


KIND = """
from doit_invariants import Invariant, hookimpl
DOIT_CONFIG = {{"default_tasks": ["0", "a", "good"]}}
def task_0():
    return {{"actions": ["true"]}}
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous):
        {body}
@hookimpl
def invariants_register_kinds():
    return [Odd]
def task_a():
    return {{"actions": ["true"], "invariants": [Odd()]}}
"""
HOOK = """
from doit_invariants import hookimpl
DOIT_CONFIG = {{"default_tasks": ["0", "a", "good"]}}
def task_0():
    return {{"actions": ["true"]}}
@hookimpl
def {hook}(task):
    if task.name == "a":
        {body}
def task_a():
    return {{"actions": ["true"], "file_dep": ["in.txt"]}}
"""
ACTION = """
class Odd(BaseAction):
    def __init__(self):
        self.task = self.out = self.err = self.result = None
        self.values = {}
    def execute(self, out=None, err=None):
        %s
def task_a():
    return {"actions": [Odd()]}
"""


@dataclass(frozen=True)
class Case:
    """A way to make plain doit wait.

    :ivar dodo: the rest of the dodo.py
    :ivar code: doit's exit code, with processes
    :ivar text: what one line says
    :ivar runners: with which it is tried
    """

    dodo: str
    code: int = 1
    text: str = ""
    runners: tuple[str, ...] = ("fork", "spawn")


ALL = tuple(RUNNERS)
NO_JSON = "an action returned a value that can't be saved as JSON"

#: The other tasks run and are recorded.
ONE_FAILS = {
    "item raises": Case(bad_item("raise RuntimeError('no')"), 2, "RuntimeError: no", ALL),
    "kind raises": Case(KIND.format(body="raise RuntimeError('no')"), 2, "RuntimeError: no", ALL),
    "hook raises": Case(
        HOOK.format(hook="invariants_verdict", body="raise RuntimeError('no')"), 2, "no", ALL
    ),
    "value of an object": Case(bad_action("return {'x': lambda: 1}"), 1, NO_JSON, ALL),
    "values set on the task": Case(
        bad_action("task.values['x'] = threading.Lock()"), 1, NO_JSON, ALL
    ),
    "result of no kind": Case(bad_action("return threading.Lock()"), 2, "It must return:", ALL),
    "item exits": Case(bad_item("sys.exit('bye')"), 2, "SystemExit: bye", ALL),
    "kind exits": Case(KIND.format(body="sys.exit('bye')"), 2, "SystemExit: bye", ALL),
    "hook exits": Case(
        HOOK.format(hook="invariants_verdict", body="sys.exit('bye')"), 2, "SystemExit: bye", ALL
    ),
    "odd failure": Case(
        bad_action("return TaskFailed(threading.Lock())"), 1, "<unlocked _thread.lock", ALL
    ),
    "odd exception": Case(
        bad_action("raise asyncio.CancelledError('stop')"), 2, "CancelledError: stop", ALL
    ),
    "option that can't be sent": Case(
        "LOCK = threading.Lock()\ndef use(x): pass\ndef task_a():\n    return {'actions': [use], "
        "'params': [{'name': 'x', 'default': LOCK, 'type': lambda x: x}]}\n",
        1,
        "options: cannot pickle '_thread.lock' object",
        ("fork",),
    ),
    "result that can't be sent": Case(
        ACTION % "self.result = threading.Lock()", 1, "cannot pickle '_thread.lock' object"
    ),
}
#: Nothing fails: what can't be sent is not needed on the other side.
NONE_FAILS = {
    "meta": Case(
        "def task_a():\n    return {'actions': ['true'], 'meta': {'x': lambda: 1}}\n",
        runners=("fork",),
    ),
    "attribute": Case(bad_action("task.lock = threading.Lock()")),
    "output": Case(ACTION % "self.out = threading.Lock()"),
    "attribute of a hook": Case(
        HOOK.format(hook="invariants_for_task", body="task.extra = lambda: 1"),
        runners=("fork",),
    ),
    "many teardowns": Case(
        "def nothing(): pass\ndef task_a():\n    for number in range(1000):\n        yield "
        "{'name': f'{number:0200}', 'actions': [nothing], 'teardown': [nothing]}\n"
    ),
}


def combinations(cases: dict[str, Case]) -> list[object]:
    """Return the cases with their runners; by default only the first runner of each."""
    return [
        pytest.param(case, runner, id=f"{name}-{runner}", marks=marks)
        for name, case in cases.items()
        for runner, marks in zip(case.runners, [(), *[pytest.mark.matrix] * 9], strict=False)
    ]


def make_project(make: Make, case: Case, *, loader: bool = True) -> Project:
    """Return a project of a case."""
    return make({"dodo.py": START + case.dodo, "in.txt": "1"}, loader=loader)


def run(project: Project, runner: str, *arguments: str) -> Outcome:
    """Run doit, which has to end."""
    options, start = RUNNERS[runner]
    return project.run(
        "run",
        *options,
        *arguments,
        process=True if start == "spawn" else "fork",
        timeout=LIMIT,
        env={"START": start},
    )


@pytest.mark.parametrize(("case", "runner"), combinations(ONE_FAILS))
def test_one_task_fails(doit_project: Make, case: Case, runner: str) -> None:
    """A broken task, or one that can't be sent, fails; the others are recorded."""
    project = make_project(doit_project, case)
    outcome = run(project, runner, "-c")
    lines = (outcome.stdout + outcome.stderr).splitlines()
    assert outcome.returncode == case.code, repr(outcome)
    assert any(case.text in line for line in lines), repr(outcome)
    outcome.assert_failed("a")
    assert set(GOOD) <= set(outcome.executed), repr(outcome)
    project.run("good").assert_up_to_date(*GOOD)


@pytest.mark.parametrize(("case", "runner"), combinations(NONE_FAILS))
def test_what_need_not_be_sent(doit_project: Make, case: Case, runner: str) -> None:
    """The run goes as it does without ``-n``."""
    project = make_project(doit_project, case)
    outcome = run(project, runner).assert_success()
    assert set(GOOD) <= set(outcome.executed), repr(outcome)
    assert "Traceback" not in outcome.stderr, repr(outcome)
    project.run("good").assert_up_to_date(*GOOD)


# ---------------------------------------------------------------------- the run ends

#: A worker that is gone; the last thing that happens in the run.
GONE = {
    "killed": ("os.kill(os.getpid(), 9)", "was killed by signal 9 (SIGKILL)"),
    "exits hard": ("os._exit(7)", "ended with exit code 7"),
    "exits hard as if all was well": ("os._exit(0)", "ended with exit code 0"),
}


@pytest.mark.parametrize("runner", rest_in_matrix(["fork", "spawn"]))
@pytest.mark.parametrize("how", GONE)
def test_worker_that_is_gone(doit_project: Make, how: str, runner: str) -> None:
    """The run is aborted in one line; what had ended is recorded, what had begun is in doubt."""
    body, text = GONE[how]
    project = make_project(doit_project, Case(bad_action(body)))
    outcome = run(project, runner, "-c")
    outcome.assert_error(f"a worker process {text}; unfinished tasks: a", 2)
    project.run("good").assert_up_to_date(*GOOD)
    assert "its last execution did not end" in project.run("invariants", "why", "a").stdout


def test_worker_that_cannot_start(doit_project: Make) -> None:
    """It can't import the dodo.py: no task has begun, and the run says so."""
    guard = "if multiprocessing.current_process().name != 'MainProcess':\n    raise ImportError\n"
    project = make_project(doit_project, Case(guard))
    outcome = run(project, "spawn")
    assert outcome.returncode == 2, repr(outcome)
    assert "a worker process ended with exit code 1" in outcome.stdout + outcome.stderr
    run(project, "fork").assert_executed(*GOOD)


@pytest.mark.parametrize("runner", rest_in_matrix(RUNNERS))
@pytest.mark.parametrize("body", ["sys.exit('bye')", "raise KeyboardInterrupt"])
def test_action_that_ends_the_run(doit_project: Make, body: str, runner: str) -> None:
    """As in plain doit; what had ended is recorded, and the task itself is in doubt."""
    project = make_project(doit_project, Case(bad_action(body)))
    assert run(project, runner, "-c").returncode not in (0, 2)
    project.run("good").assert_up_to_date(*GOOD)
    assert "its last execution did not end" in project.run("invariants", "why", "a").stdout


#: In doit's own process, before all workers are there.
AT_THE_START = {
    "title": "def title(task): raise RuntimeError('no')\n"
    "def task_a():\n    return {'actions': ['true'], 'title': title, 'uptodate': [True]}\n",
    "late creator": "def task_up():\n    return {'actions': ['true'], 'uptodate': [True]}\n"
    "@create_after(executed='up')\ndef task_a():\n    raise RuntimeError('no')\n",
    "interrupt": "def item(): raise KeyboardInterrupt\n"
    "def task_a():\n    return {'actions': ['true'], 'uptodate': [item]}\n",
}


def at_the_start(case: str) -> str:
    """Return the dodo.py of a case with a worker that was started before."""
    late = "task_up" in AT_THE_START[case]
    names = ["0", *(["up"] if late else []), "a", "good"]
    first = "def task_0():\n    return {'actions': ['true']}\n"
    return f"DOIT_CONFIG = {{'default_tasks': {names}}}\n" + first + AT_THE_START[case]


@pytest.mark.parametrize("runner", rest_in_matrix(["fork", "spawn"]))
@pytest.mark.parametrize("case", AT_THE_START)
def test_what_is_raised_before_all_workers_are_there(
    doit_project: Make, case: str, runner: str
) -> None:
    """doit ends, as without ``-n``."""
    project = make_project(doit_project, Case(at_the_start(case)))
    outcome = run(project, runner)
    assert outcome.returncode not in (0, 1, 2), repr(outcome)
    project.run("good").assert_executed(*GOOD)


@pytest.mark.parametrize("runner", rest_in_matrix([*RUNNERS, "serial"]))
@pytest.mark.parametrize(
    "body", ["sys.stdout.close()", "os.close(1)", "os.close(1); os.close(2)"], ids=str
)
def test_action_that_closes_the_output(doit_project: Make, body: str, runner: str) -> None:
    """doit ends, and what had ended is recorded, heard or not."""
    project = make_project(doit_project, Case(bad_action(body)))
    if runner == "serial":
        project.run("run", process=True, timeout=LIMIT)
    else:
        run(project, runner)
    project.run("good").assert_up_to_date(*GOOD)


# ---------------------------------------------------------------------- plain doit

PLAIN = {
    "item raises": ONE_FAILS["item raises"],
    "value of an object": ONE_FAILS["value of an object"],
    "killed": Case(bad_action(GONE["killed"][0])),
    "odd exception": ONE_FAILS["odd exception"],
}
PLAIN_TOO = {
    **{name: ONE_FAILS[name] for name in ("item exits", "odd failure")},
    "option": ONE_FAILS["option that can't be sent"],
    "result": ONE_FAILS["result that can't be sent"],
    **{name: NONE_FAILS[name] for name in ("meta", "attribute", "output", "many teardowns")},
    "exits hard": Case(bad_action(GONE["exits hard as if all was well"][0])),
    **{name: Case(at_the_start(name)) for name in AT_THE_START},
}


@pytest.mark.parametrize("runner", rest_in_matrix(["serial", *RUNNERS], 2))
def test_teardown_that_fails(doit_project: Make, runner: str) -> None:
    """The error is printed; the run and its exit code are as without ``-n``."""
    dodo = (
        "def broken():\n    raise ValueError('disk is gone')\n"
        "def task_a():\n    return {'actions': ['true'], 'teardown': [broken]}\n"
    )
    project = doit_project({"dodo.py": START + dodo, "in.txt": "1"})
    outcome = project.run("run", process=True) if runner == "serial" else run(project, runner)
    assert outcome.returncode == 0, repr(outcome)
    assert "ERROR: task 'a' teardown action" in outcome.stderr, repr(outcome)
    assert "ValueError: disk is gone" in outcome.stderr, repr(outcome)
    assert "AssertionError" not in outcome.stderr, repr(outcome)
    project.run("good").assert_up_to_date(*GOOD)


@pytest.mark.parametrize(
    "name",
    [*rest_in_matrix(PLAIN), *(pytest.param(name, marks=pytest.mark.long) for name in PLAIN_TOO)],
)
def test_plain_doit_waits_for_ever(doit_project: Make, name: str) -> None:
    """Otherwise there would be nothing to prevent. A run that ends takes one second."""
    project = make_project(doit_project, {**PLAIN, **PLAIN_TOO}[name], loader=False)
    with pytest.raises(pytest.fail.Exception, match="did not end within 6 s"):
        project.run("-n", "2", "-c", timeout=6)
