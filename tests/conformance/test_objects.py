"""Objects that no later run could recognize: refused if they are listed, otherwise left out."""

from __future__ import annotations

import sys

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make

from .execute import ENVIRONMENT

#: An expression that makes an object, and the name of its type.
OBJECTS = {
    "lock": ("threading.Lock()", "lock"),
    "file": ('open("in.txt")', "TextIOWrapper"),
    "queue": ("__import__('queue').SimpleQueue()", "SimpleQueue"),
}
#: Definitions that hide an object in what ``func`` uses, and how the error calls the place.
PLACES = {
    "global": ("HELD = {made}\ndef func():\n    return HELD is None\n", "func()", "HELD"),
    "closure": (
        "def make(held):\n    def func():\n        return held is None\n    return func\n"
        "func = make({made})\n",
        "func()",
        "held",
    ),
    "default": ("def func(held={made}):\n    return held is None\n", "func()", "held"),
    "partial": (
        "from functools import partial\ndef inner(held):\n    return held is None\n"
        "func = partial(inner, {made})\n",
        "inner",
        "",
    ),
    "nested": (
        'HELD = {{"a": [1, {{"b": {made}}}]}}\ndef func():\n    return HELD is None\n',
        "func()",
        "HELD.a[1].b",
    ),
    "state": (
        "class C:\n    pass\nHELD = C()\nHELD.kept = {made}\n"
        "def func():\n    return HELD.kept is None\n",
        "func()",
        "HELD.kept",
    ),
    "helper": (
        "HELD = {made}\ndef helper():\n    return HELD is None\ndef func():\n    return helper()\n",
        "helper()",
        "HELD",
    ),
}
DODO = """
import threading
from doit_invariants import Function, hookimpl
{definitions}

def work(targets):
    func()
    with open(targets[0], "w") as out:
        out.write("1")

def task_work():
    return {{"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"], {options}}}
"""
LISTED = '"invariants": [Function(func)], "track_code": False'

each_object = pytest.mark.parametrize("kind", OBJECTS)
each_place = pytest.mark.parametrize("place", PLACES)
runners = pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["serial", "parallel"])


def files(kind: str, place: str, options: str, more: str = "") -> dict[str, str]:
    """Return a project whose function uses an object."""
    definitions = PLACES[place][0].format(made=OBJECTS[kind][0])
    return {"dodo.py": DODO.format(definitions=definitions + more, options=options), "in.txt": ""}


def run(project: Project, *arguments: str) -> Outcome:
    """Run doit, which must not hang."""
    return project.run(*arguments, env=ENVIRONMENT, timeout=300)


def assert_refused(outcome: Outcome, kind: str, place: str) -> None:
    """Assert that one line names the function, the variable, the type and the way out."""
    _, function, variable = PLACES[place]
    texts = (function, variable, OBJECTS[kind][1], "invariants_digest_value", "work")
    output = outcome.stdout + outcome.stderr
    assert outcome.returncode != 0, repr(outcome)
    assert "Traceback" not in output, repr(outcome)
    lines = [line for line in output.splitlines() if all(text in line for text in texts)]
    assert len(lines) == 1, f"not one line with {texts}\n{outcome!r}"
    assert not outcome.executed, repr(outcome)


@each_object
@each_place
def test_listed_function_is_refused(doit_project: Make, kind: str, place: str) -> None:
    """A value that cannot be compared is an error that says where, and how to teach its type."""
    assert_refused(run(doit_project(files(kind, place, LISTED))), kind, place)


@each_object
def test_refused_two_at_a_time(doit_project: Make, kind: str) -> None:
    """With ``-n 2`` it is the same error, and no hang."""
    outcome = run(doit_project(files(kind, "global", LISTED)), "-n", "2")
    assert_refused(outcome, kind, "global")


@each_place
def test_hook_teaches_the_type(doit_project: Make, place: str) -> None:
    """A hook in the dodo.py makes it work; what the hook says is what is compared."""
    hook = (
        "\n@hookimpl\ndef invariants_digest_value(value):\n"
        '    return "lock 1" if isinstance(value, type(threading.Lock())) else None\n'
    )
    project = doit_project(files("lock", place, LISTED, hook))
    run(project).assert_executed("work")
    run(project).assert_executed().assert_up_to_date("work")
    project.edit("dodo.py", "lock 1", "lock 2")
    run(project).assert_executed("work")
    project.edit("dodo.py", "is None", "is not None")
    run(project).assert_executed("work")
    run(project).assert_executed().assert_up_to_date("work")


@runners
def test_hook_teaches_the_type_once_for_all_runners(
    doit_project: Make, arguments: tuple[str, ...]
) -> None:
    """The hook counts in a process of its own as well."""
    hook = (
        "\n@hookimpl\ndef invariants_digest_value(value):\n"
        '    return "a lock" if isinstance(value, type(threading.Lock())) else None\n'
    )
    project = doit_project(files("lock", "global", LISTED, hook))
    run(project, *arguments).assert_executed("work")
    run(project, *arguments).assert_executed().assert_up_to_date("work")


@each_object
@each_place
def test_implicit_tracking_leaves_it_out(doit_project: Make, kind: str, place: str) -> None:
    """Nothing was listed: the task works as under plain doit, and its code is still tracked."""
    project = doit_project(files(kind, place, ""))
    first = run(project).assert_executed("work")
    assert not first.stderr
    run(project).assert_executed().assert_up_to_date("work")
    project.edit("dodo.py", "is None", "is not None")
    run(project).assert_executed("work")
    run(project).assert_executed().assert_up_to_date("work")


@pytest.mark.skipif(sys.platform == "win32", reason="doit -n starts new processes there")
@each_object
def test_implicit_tracking_two_at_a_time(doit_project: Make, kind: str) -> None:
    """With ``-n 2`` such a task works as under plain doit, too."""
    project = doit_project(files(kind, "closure", ""))
    run(project, "-n", "2").assert_executed("work")
    run(project, "-n", "2").assert_executed().assert_up_to_date("work")


@each_object
def test_what_is_beside_it_is_still_tracked(doit_project: Make, kind: str) -> None:
    """Leaving one object out does not leave out what stands beside it."""
    made = OBJECTS[kind][0]
    more = f'\nBESIDE = {{"n": 1, "held": {made}}}\ndef beside():\n    return BESIDE["n"]\n'
    dodo = files(kind, "global", "", more)
    dodo["dodo.py"] = dodo["dodo.py"].replace("    func()", "    func(), beside()")
    project = doit_project(dodo)
    run(project).assert_executed("work")
    run(project).assert_executed().assert_up_to_date("work")
    project.edit("dodo.py", '"n": 1', '"n": 2')
    run(project).assert_executed("work")
