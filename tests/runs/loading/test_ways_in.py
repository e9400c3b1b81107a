"""Every way in which a task can come to doit, and every way to start doit on it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from doit_invariants.testing import settings_toml
from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.runners import EACH_RUNNER

# Each makes tasks whose names are listed, all with `ttl`, which plain doit does not know.
FORMS = {
    "dict": (
        """
def task_a():
    return {"actions": ["true"], "ttl": "1d"}
""",
        ["a"],
    ),
    "yield": (
        """
def task_a():
    for n in "xy":
        yield {"name": n, "actions": ["true"], "ttl": "1d"}
""",
        ["a:x", "a:y"],
    ),
    "nested generators": (
        """
def inner(n):
    '''inner doc'''
    yield {"name": n, "actions": ["true"], "ttl": "1d"}
def task_a():
    yield inner("x")
    yield inner("y")
""",
        ["a:x", "a:y"],
    ),
    "group attributes": (
        """
def task_a():
    yield {"name": None, "doc": "a group"}
    yield {"name": "x", "actions": ["true"], "ttl": "1d"}
""",
        ["a:x"],
    ),
    "basename": (
        """
def task_a():
    yield {"basename": "b", "actions": ["true"], "ttl": "1d"}
    yield {"basename": "c", "name": "x y:z", "actions": ["true"], "ttl": "1d"}
""",
        ["b", "c:x y:z"],
    ),
    "create_doit_tasks": (
        """
def make():
    pass
def create():
    return {"actions": ["true"], "ttl": "1d"}
make.create_doit_tasks = create
""",
        ["make"],
    ),
    "method": (
        """
from tasks import Tasks
task_a = Tasks().task_a
""",
        ["a"],
    ),
    "task_params": (
        """
from doit import task_params
@task_params([{"name": "n", "default": 1, "type": int}])
def task_a(n):
    return {"actions": [f"echo {n}"], "ttl": "1d"}
""",
        ["a"],
    ),
    "create_after": (
        """
from doit import create_after
def task_first():
    return {"actions": ["true"], "ttl": "1d"}
@create_after(executed="first")
def task_a():
    yield {"name": "x", "actions": ["true"], "ttl": "1d"}
""",
        ["first", "a:x"],
    ),
    "create_after with creates": (
        """
from doit import create_after
def task_first():
    return {"actions": ["true"], "ttl": "1d"}
@create_after(executed="first", creates=["a"])
def make_a():
    return {"actions": ["true"], "ttl": "1d"}
task_make = make_a
""",
        ["first", "a"],
    ),
    "Task object": (
        """
from doit.task import Task
from doit_invariants import TTL, invariants
def task_a():
    return Task("a", ["true"], uptodate=[invariants(TTL("1d"))])
""",
        ["a"],
    ),
    "tuples and None inside lists": (
        """
def f(x): pass
def task_a():
    return {"actions": (None, (f, [1]), "true")[1:], "uptodate": (None, True), "ttl": "1d",
            "targets": (), "invariants": ()}
""",
        ["a"],
    ),
}
TASKS_PY = """
class Tasks:
    def task_a(self):
        return {"actions": ["true"], "ttl": "1d"}
"""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("parallel", rest_in_matrix([False, True]), ids=["serial", "n2"])
def test_every_form_of_task_creator(doit_project: Make, form: str, parallel: bool) -> None:
    """Our options are understood wherever doit accepts a task dict, serial and with -n 2."""
    dodo, names = FORMS[form]
    project = doit_project({"dodo.py": dodo, "tasks.py": TASKS_PY})
    arguments = ["-n", "2"] if parallel else []
    project.run(*arguments).assert_executed(*names)
    project.run(*arguments).assert_executed().assert_up_to_date(*names)
    listed = project.run("list", "--all", "-s").assert_success().stdout.splitlines()
    assert [line.split(maxsplit=1)[1].strip() for line in listed if line[0] == "U"]


SIMPLE = """
def hello(targets):
    open(targets[0], "w").write("hello")

def task_hello():
    return {"actions": [hello], "targets": ["hello.txt"], "cache": True}
"""


def test_loader_by_doit_cfg(doit_project: Make) -> None:
    """The loader and its settings can also be set in doit.cfg."""
    config = "[GLOBAL]\nloader = invariants\n[invariants]\ntrack_targets = no\n"
    project = doit_project({"dodo.py": SIMPLE, "doit.cfg": config, "pyproject.toml": ""})
    project.run().assert_executed("hello")
    project.write({"hello.txt": "tampered"})
    project.run().assert_up_to_date("hello")


def test_loader_named_by_its_entry_point_in_a_new_process(doit_project: Make) -> None:
    """The installed entry points are what doit finds; the command is one of them."""
    project = doit_project({"dodo.py": SIMPLE})
    project.run(process=True).assert_executed("hello")
    project.run(process=True).assert_up_to_date("hello")
    assert "hello: up-to-date" in project.run("invariants", "why", process=True).stdout


def test_run_in_a_script(doit_project: Make) -> None:
    """doit_invariants.run(globals()) is doit.run with everything of ours."""
    script = (
        SIMPLE + "\nimport doit_invariants\nif __name__ == '__main__':\n    doit_invariants.run"
    )
    project = doit_project({"script.py": script + "(globals())\n"}, loader=False)

    def run(*arguments: str) -> str:
        command = [sys.executable, "script.py", *arguments]
        done = subprocess.run(
            command, cwd=project.path, capture_output=True, text=True, timeout=300, check=False
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    assert run() == "0 .  hello\n"
    assert run() == "0 -- hello\n"
    assert run("invariants", "why") == "0 hello: up-to-date\n"
    project.write({"hello.txt": "tampered"})
    assert "hello.txt: target is not as the task left it" in run("invariants", "why")
    assert run("-n", "2") == "0 .  hello\n"


ITEM = """
import os
from doit_invariants import Env, Function, Value, invariants
from helper import hello

def task_hello():
    return {"actions": [hello], "targets": ["hello.txt"],
            "uptodate": [invariants(Function(hello), Value({"n": 1}), Env("GREETING"), ttl="1d")]}
"""
HELPER = 'def hello(targets):\n    open(targets[0], "w").write("hello")\n'


@pytest.mark.parametrize("loader", [True, False], ids=["loader", "plain"])
@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_item_in_uptodate(
    doit_project: Make, backend: str, loader: bool, runner: list[str]
) -> None:
    """invariants(...) in uptodate does the same with the loader and without, with any runner."""
    project = doit_project({"dodo.py": ITEM, "helper.py": HELPER}, loader=loader, backend=backend)

    def run() -> list[str]:
        return project.run(*runner, process="fork", env={"GREETING": "x"}).assert_success().executed

    assert run() == ["hello"]
    assert run() == []
    project.edit("dodo.py", '"n": 1', '"n": 2')
    assert run() == ["hello"]
    project.edit("helper.py", '"hello")', '"hello!")')
    assert run() == ["hello"]
    assert run() == []
    project.run(*runner, process="fork", env={"GREETING": "y"}).assert_executed("hello")
    info = project.run("info", "hello", env={"GREETING": "z"}).stdout
    assert "Env(GREETING): GREETING changed" in info


def test_commands_without_the_loader(doit_project: Make) -> None:
    """why, show and accept work in a project that uses the item alone."""
    project = doit_project({"dodo.py": ITEM, "helper.py": HELPER}, loader=False)
    project.run().assert_executed("hello")
    assert project.run("invariants", "why").assert_success().stdout == "hello: up-to-date\n"
    project.edit("dodo.py", '"n": 1', '"n": 2')
    why = project.run("invariants", "why").stdout
    assert why == "hello: not up-to-date\n  Value: $.n: 1 -> 2\n"
    project.run("invariants", "accept", "hello").assert_success()
    project.run().assert_up_to_date("hello")
    assert "invariant: Value" in project.run("invariants", "show", "hello").stdout


def test_item_names_what_needs_the_loader(doit_project: Make) -> None:
    """Options that the item can't have are one clear error."""
    for option, text in (
        ("cache='export'", "option 'cache' needs the loader: set loader = \"invariants\""),
        ("caches=1", "invariants() has no option 'caches'; allowed is 'ttl'"),
        ("ttl='x'", "option 'ttl': 'x' is not an age"),
    ):
        dodo = f"""
from doit_invariants import invariants
def task_a():
    return {{"actions": ["true"], "uptodate": [invariants({option})]}}
"""
        name = option.partition("=")[0] + "_" + option[-2:-1]
        project = doit_project({"dodo.py": dodo}, loader=False, name=name)
        outcome = project.run()
        outcome.assert_error(text)
        assert "task 'a'" in outcome.stderr


SUB = {
    "sub/dodo.py": "from doit_invariants import TTL\n" + SIMPLE,
    "sub/pyproject.toml": '[tool.doit]\nloader = "invariants"\n[tool.doit.invariants]\n'
    "track_targets = false\n",
    "sub/deep/x": "",
}


@pytest.mark.parametrize(
    ("cwd", "arguments"), [(".", ["-f", "sub/dodo.py"]), ("sub/deep", ["-k"])], ids=["-f", "-k"]
)
def test_configuration_beside_a_dodo_that_doit_did_not_read(
    doit_project: Make, cwd: str, arguments: list[str]
) -> None:
    """With -f and -k the loader and the settings beside the dodo.py apply, if it imports us."""
    project = doit_project(SUB, loader=False)
    project.run("run", *arguments, process=True, cwd=cwd).assert_executed("hello")
    project.write({"sub/hello.txt": "tampered"})
    project.run("run", *arguments, process=True, cwd=cwd).assert_up_to_date("hello")
    project.edit("sub/dodo.py", '"hello")', '"hello you")')
    project.run("run", *arguments, process=True, cwd=cwd).assert_executed("hello")


@pytest.mark.parametrize(
    ("cwd", "arguments"), [(".", ["-f", "sub/dodo.py"]), ("sub/deep", ["-k"])], ids=["-f", "-k"]
)
def test_our_command_beside_a_dodo_that_doit_did_not_read(
    doit_project: Make, cwd: str, arguments: list[str]
) -> None:
    """`doit invariants` honours the configuration beside the dodo.py that -f and -k find."""
    project = doit_project(SUB, loader=False)
    project.run("run", *arguments, process=True, cwd=cwd).assert_executed("hello")
    outcome = project.run("invariants", "why", *arguments, process=True, cwd=cwd)
    assert outcome.assert_success().stdout == "hello: up-to-date\n"


def test_another_directory_with_d(doit_project: Make) -> None:
    """With -d the configuration of the start directory applies to the other one."""
    project = doit_project({"dodo.py": SIMPLE, "other/x": ""})
    project.run("-d", "other", process=True).assert_executed("hello")
    assert (project.path / "other/hello.txt").exists()
    project.run("-d", "other", process=True).assert_up_to_date("hello")


def test_options_without_the_loader_say_what_is_missing(doit_project: Make) -> None:
    """A message names a dodo.py that imports doit_invariants without the loader."""
    project = doit_project(
        {"dodo.py": "import doit_invariants\n" + SIMPLE, "pyproject.toml": ""}, loader=False
    )
    outcome = project.run(process=True)
    outcome.assert_error("task 'hello': option 'cache' needs the loader, which is not active")
    assert str(project.path) in outcome.stderr


def test_plain_command_in_the_same_process_stays_plain(doit_project: Make) -> None:
    """A run with the loader does not affect a later run of plain doit."""
    ours = doit_project({"dodo.py": SIMPLE})
    ours.run().assert_executed("hello")
    dodo = SIMPLE.replace(', "cache": True', ', "uptodate": [True]')
    plain = doit_project({"dodo.py": dodo}, loader=False, name="plain")
    plain.run().assert_executed("hello")
    plain.write({"hello.txt": "tampered"})
    plain.run().assert_up_to_date("hello")


def test_run_tasks_of_doits_api(doit_project: Make) -> None:
    """ModuleLoader takes the place of doit's ModuleTaskLoader in doit.api.run_tasks."""
    script = """
import sys
from doit.api import run_tasks
from doit_invariants import ModuleLoader
import tasks
sys.exit(run_tasks(ModuleLoader(tasks), {"hello": {}}))
"""
    project = doit_project({"script.py": script, "tasks.py": SIMPLE}, loader=False)

    def run() -> str:
        command = [sys.executable, "script.py"]
        done = subprocess.run(
            command, cwd=project.path, capture_output=True, text=True, timeout=300, check=True
        )
        return done.stdout

    assert run() == ".  hello\n"
    assert run() == "-- hello\n"
    project.write({"hello.txt": "tampered"})
    assert run() == ".  hello\n"


def test_what_real_projects_use(doit_project: Make) -> None:
    """get_var, a reporter and a checker of the project's own, several dodo files on one DB."""
    dodo = """
from doit import get_var
from doit.dependency import TimestampChecker
from doit.reporter import ConsoleReporter
from doit.tools import Interactive, LongRunning

class Mine(ConsoleReporter):
    desc = "mine"
    def execute_task(self, task):
        if task.actions:
            self.write(f".  {{task.name}}\\n")

DOIT_CONFIG = {{"reporter": Mine, "dep_file": "shared.db", "check_file_uptodate": {checker},
               "default_tasks": None}}

def command():
    return "echo %(n)s"

def task_{name}():
    yield {{"name": "a b:c", "file_dep": ["in"], "params": [{{"name": "n", "default": "1"}}],
           "actions": ["echo " + get_var("who", "me"), Interactive("true"), LongRunning("true"),
                       ["true", "x"]]}}
    yield {{"name": "_private", "file_dep": ["in"], "actions": ["true"]}}
"""
    files = {
        f"{name}.py": dodo.format(name=name, checker=checker)
        for name, checker in (("one", "TimestampChecker"), ("two", "'md5'"))
    }
    project = doit_project({**files, "in": ""})
    for name in ("one", "two"):
        run = project.run("-f", f"{name}.py", "who=you", process=True)
        assert run.assert_success().executed == [f"{name}:a b:c", f"{name}:_private"]
    for name in ("one", "two"):
        project.run("-f", f"{name}.py", "who=you", process=True).assert_executed()
    os.utime(project.path / "in", ns=(10**18, 10**18))
    run = project.run("-f", "one.py", "who=you", process=True)
    assert run.executed == ["one:a b:c", "one:_private"]
    assert project.run("-f", "two.py", "who=you", process=True).executed == []
    assert project.run("-f", "two.py", process=True).executed == ["two:a b:c"]


@pytest.mark.matrix
def test_many_tasks_with_many_dependencies(doit_project: Make, backend: str) -> None:
    """1,476 tasks with 106 files each, the largest project that was seen, in reasonable time."""
    dodo = """
def task_t():
    for n in range(1476):
        yield {"name": str(n), "actions": [work],
               "file_dep": [f"in/{(n + k) % 300}" for k in range(106)]}
def work(): pass
"""
    project = doit_project(
        {"dodo.py": dodo, **{f"in/{n}": str(n) for n in range(300)}}, backend=backend
    )
    assert len(project.run().assert_success().executed) == 1476
    project.run(timeout=300).assert_executed()
    project.write({"in/7": "changed"})
    assert len(project.run().executed) > 106


@pytest.mark.parametrize("policy", ["once", "shared"])
@pytest.mark.parametrize(
    ("cwd", "arguments"), [(".", ["-f", "laptop/dodo.py"]), ("laptop/deep", ["-k"])]
)
def test_dodo_elsewhere(doit_project: Make, policy: str, cwd: str, arguments: list[str]) -> None:
    """4: under ``-f DIR/dodo.py`` and ``-k`` tasks are restored and accepted too."""
    dodo = f"""
import doit_invariants
def task_t():
    return {{"actions": ["echo >> ran; cp in out"], "file_dep": ["in"], "targets": ["out"],
            "cache": "{policy}"}}
"""
    files = {
        "laptop/dodo.py": dodo,
        "laptop/in": "1",
        "laptop/deep/": "",
        "laptop/pyproject.toml": settings_toml(settings={"store": "../store"}),
    }
    project = doit_project(files, loader=False)
    project.run(*arguments, process=True, cwd=cwd).assert_executed("t")
    if policy == "shared":
        project.remove("laptop/out")
    else:
        project.write({"laptop/in": "2"})
    outcome = project.run(*arguments, process=True, cwd=cwd).assert_executed()
    assert (project.read("laptop/out"), project.read("laptop/ran")) == ("1", "\n"), repr(outcome)


def test_script_that_calls_run(doit_project: Make) -> None:
    """`doit_invariants.run(globals())` has the options too."""
    text = """
from doit_invariants import run
DOIT_CONFIG = {"invariants": {"store": "../store"}}
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"]}
if __name__ == "__main__":
    run(globals())
"""
    import subprocess
    import sys

    project = doit_project({"build.py": text, "in.txt": ""}, loader=False)
    command = [sys.executable, "build.py", "--cache", "shared"]

    def call() -> str:
        return subprocess.run(
            command, cwd=project.path, check=True, capture_output=True, text=True
        ).stdout

    assert ".  a\n" in call()
    project.remove("a.txt")
    assert "-- a  (restored from the store" in call()
