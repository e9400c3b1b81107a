"""Mistakes in a dodo.py or on disk are one line that names the task; nothing hangs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support import Make
from tests.support.runners import EACH_RUNNER

TASK = """
from doit_invariants import *
import socket, os
def gen(): yield 1
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous): return {{"digest": ""}}
def task_a():
    return {{"actions": ["true"], {option}}}
"""

# Option, and the exact line. tests/engine/test_options.py has the other mistakes.
AT_LOAD = {
    "ttll": (
        "'ttll': '1d'",
        "task 'a': unknown option 'ttll'; did you mean 'ttl'? allowed besides "
        "doit's own are invariants, cache, ttl, export_dir, export_how, export_overwrite, share, "
        "track_code, track_targets",
    ),
    "kind": (
        "'invariants': [Odd()]",
        "task 'a': option 'invariants': unknown kind 'Odd' "
        "(dodo.Odd); known kinds are Action, Command, Distribution, Env, Files, Function, Git, "
        "Module, Script, TTL, Task, Tree, Value; a plugin registers a kind with the hook "
        "invariants_register_kinds",
    ),
    "twice": (
        "'invariants': [Env('A'), Env('A')]",
        "task 'a': option 'invariants': Env(A) and Env(A) are the same invariant, remove one",
    ),
    "negative ttl": ("'invariants': [TTL(-1)]", "task 'a': TTL: -1 is not an age; allowed are"),
    "export without a directory": (
        "'cache': 'export'",
        "task 'a': option 'cache': 'export' needs an export_dir: set one on the task, "
        'like "export_dir": "published", or set one in [tool.doit.invariants]',
    ),
    "in uptodate too": (
        "'invariants': [TTL(1)], 'uptodate': [invariants(TTL(2))]",
        "task 'a': option 'invariants': TTL(2) is also in uptodate; remove one",
    ),
}

AT_CHECK = {
    "generator": (
        "'invariants': [Value({'x': [gen()]})]",
        "Value: $.x[0] is of type generator, which can't be compared with a later run",
    ),
    "open file": (
        "'invariants': [Value({'x': open(os.devnull)}, name='conf')]",
        "Value(conf): $.x is of type _io.TextIOWrapper, which can't be compared",
    ),
    "socket": (
        "'invariants': [Value([{'x': (1, socket.socket())}])]",
        "Value: $[0].x[1] is of type socket.socket, which can't be compared",
    ),
    "function": ("'invariants': [Value({'x': gen})]", "Value: $.x is of type function, which"),
    "missing directory": (
        "'invariants': [Tree('nope')]",
        "Tree(nope): the directory nope does not exist",
    ),
    "tree on a file": (
        "'invariants': [Tree('dodo.py')]",
        "Tree(dodo.py): dodo.py is not a directory; use Files('dodo.py')",
    ),
    "files on a directory": (
        "'invariants': [Files('.')]",
        "Files(.): . is a directory; use Tree('.')",
    ),
    "missing file": ("'invariants': [Files('nope.txt')]", "Files(nope.txt): nope.txt does not"),
    "broken link": ("'file_dep': ['broken']", "Dependent file 'broken' does not exist."),
    "circular link": ("'file_dep': ['circular']", "Dependent file 'circular' does not exist."),
    "unreadable": ("'file_dep': ['unreadable']", "unreadable: unreadable can't be read: "),
    "unreadable target": (
        "'targets': ['unreadable'], 'cache': True",
        "unreadable: unreadable can't be read: ",
    ),
    "command": (
        "'invariants': [Command('echo oops; exit 3')]",
        "Command(echo oops; exit 3): failed with exit code 3: oops",
    ),
    "slow command": (
        "'invariants': [Command('sleep 20', timeout=0.1)]",
        "Command(sleep 20): still running after 0.1 seconds; set a larger timeout",
    ),
    "no program": (
        "'invariants': [Command(['no-such-program'])]",
        "Command(no-such-program): can't be run: No such file or directory",
    ),
}


@pytest.mark.parametrize("case", AT_LOAD)
def test_mistake_in_a_task_dict(doit_project: Make, case: str) -> None:
    """A mistake that shows while tasks are loaded is one line, and doit's exit code 3."""
    option, text = AT_LOAD[case]
    project = doit_project({"dodo.py": TASK.format(option=option)})
    outcome = project.run()
    outcome.assert_error(text)
    assert len(outcome.stderr.splitlines()) == 1, outcome
    assert outcome.stdout == ""


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize("case", AT_CHECK)
def test_mistake_that_shows_at_the_check(doit_project: Make, case: str, runner: list[str]) -> None:
    """An impossible check fails that task alone, in one line, with any runner; nothing hangs."""
    option, text = AT_CHECK[case]
    good = "\ndef task_b():\n    return {'actions': ['true']}\n"
    project = doit_project({"dodo.py": TASK.format(option=option) + good})
    (project.path / "broken").symlink_to("nowhere")
    (project.path / "circular").symlink_to("circular")
    make_unreadable(project.path / "unreadable")
    outcome = project.run("-c", *runner)
    outcome.assert_error("ERROR: Task 'a' checking dependencies: ", returncode=2)
    outcome.assert_error(text, returncode=2)
    outcome.assert_failed("a")
    assert outcome.executed == ["b"]
    # Inputs are not read to list a task that never ran.
    letter = "R" if case == "unreadable" else "E"
    assert f"{letter} a" in project.run("list", "-s").assert_success().stdout
    assert "can't be checked" in project.run("invariants", "why", "a").stdout


def make_unreadable(path: Path) -> None:
    """Make a regular file that can't be read, by root either."""
    if os.geteuid() != 0:
        path.write_text("secret")
        path.chmod(0)
    else:
        path.symlink_to("/proc/self/mem")


@pytest.mark.parametrize("where", ["broken", "circular", "up", "pipe"])
def test_odd_entries_of_a_directory(doit_project: Make, where: str) -> None:
    """Broken links, circles and pipes in a directory are tracked without following or reading."""
    dodo = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["data"]}\n'
    project = doit_project({"dodo.py": dodo, "data/a": "a"})
    project.run().assert_executed("a")
    odd = project.path / "data" / "odd"
    targets = {"broken": "nowhere", "circular": "odd", "up": ".."}
    if where == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to(targets[where])
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    odd.unlink()
    odd.symlink_to("elsewhere")
    project.run().assert_executed("a")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8(doit_project: Make, backend: str) -> None:
    """A file name of arbitrary bytes is tracked, recorded and shown, with every backend."""
    dodo = """
import os
NAME = os.fsdecode(b"caf\\xe9")
def task_a():
    return {"actions": ["true"], "file_dep": ["data", NAME], "targets": [NAME + ".out"],
            "track_targets": True}
"""
    project = doit_project({"dodo.py": dodo, "data/x": ""}, backend=backend)
    for name in (b"data/\xff\xfe", b"caf\xe9", b"caf\xe9.out"):
        Path(os.fsdecode(os.fsencode(project.path) + b"/" + name)).write_text("1")
    project.run(process="fork").assert_executed("a")
    project.run(process="fork").assert_up_to_date("a")
    Path(os.fsdecode(os.fsencode(project.path) + b"/data/\xff\xfe")).write_text("2")
    why = project.run("invariants", "why", process="fork")
    assert "data: 1 changed (data/\\udcff\\udcfe)" in why.stdout
    assert "caf" in project.run("invariants", "show", "a", process="fork").assert_success().stdout
    project.run("invariants", "why", "--json", process="fork").json()
    project.run(process="fork").assert_executed("a")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"track_cod": True},
            "[tool.doit.invariants] in pyproject.toml: unknown setting "
            "'track_cod'; did you mean 'track_code'? allowed are invariants, cache, ttl, "
            "track_code, track_targets, export_dir, export_how, export_overwrite, share, store, "
            "store_link, store_max_size, replay, verify_hits, summary, chdir, block, tree_exclude, "
            "code_roots",
        ),
        ({"store": "s3://bucket"}, "setting 'store': there is no store 's3'; known are directory"),
        ({"track_code": "maybe"}, "setting 'track_code' must be true or false, got 'maybe'"),
        (
            {"block": ["nobody"]},
            "setting 'block': there is no plugin 'nobody'; known are "
            "builtin-kinds, builtin-policies, builtin-stores, track-actions, track-code, "
            "track-order, track-scripts",
        ),
        ({"cache": "sometimes"}, "option 'cache': unknown policy 'sometimes'"),
        ({"ttl": "soon"}, "option 'ttl': 'soon' is not an age"),
        ({"invariants": ["Git"]}, "option 'invariants': 'Git' is not an invariant"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_mistake_in_the_settings(
    doit_project: Make, settings: dict[str, object], text: str
) -> None:
    """A wrong setting is one line that names the place."""
    project = doit_project({"dodo.py": "def task_a(): pass\n"}, settings=settings)
    outcome = project.run()
    outcome.assert_error(text)
    assert len(outcome.stderr.splitlines()) == 1, outcome


def test_uptodate_that_raises_does_not_hang_with_n(doit_project: Make) -> None:
    """A user's own uptodate that raises fails its task with -n, where plain doit hangs."""
    dodo = """
def broken(): raise RuntimeError("no idea")
def task_a():
    return {"actions": ["true"], "uptodate": [broken]}
def task_b():
    return {"actions": ["true"]}
"""
    project = doit_project({"dodo.py": dodo})
    outcome = project.run("-c", "-n", "2", timeout=300)
    outcome.assert_error("uptodate: an uptodate item failed with RuntimeError: no idea", 2)
    assert outcome.executed == ["b"]
    serial = project.run()
    assert serial.returncode == 3  # as plain doit
    assert "RuntimeError: no idea" in serial.stderr


def test_options_on_a_group(doit_project: Make) -> None:
    """An option on a group is refused: its author means the sub-tasks."""
    dodo = """
def task_a():
    yield {"name": None, "ttl": "1d"}
    yield {"name": "x", "actions": ["true"]}
"""
    doit_project({"dodo.py": dodo}).run().assert_error(
        "task 'a': invariants, cache, ttl, export_dir, export_how, export_overwrite, share, "
        "track_code, track_targets have no effect on a group"
    )
