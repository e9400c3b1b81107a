"""Plugins: the dodo.py itself, and a distribution that is installed for real."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome
from tests.support import Make
from tests.support.runners import EACH_RUNNER

SAMPLE = Path(__file__).parents[2] / "sample_plugin"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Build and install the sample distribution; return the environment in which it is found."""
    site = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--target",
        str(site),
        str(SAMPLE),
    ]
    subprocess.run(command, check=True, timeout=300)
    return {"PYTHONPATH": str(site)}


DODO = """
from doit_invariants_weather import Money, Weather
from doit_invariants import Value

def task_a():
    return {"actions": ["true"], "invariants": [Weather("rome"), Value({"price": Money(3)})],
            "file_dep": ["run.log"]}

def task_b():
    return {"actions": ["true"], "file_dep": ["x"], "meta": {"outdoors": %s}}
"""
FILES = {
    "dodo.py": DODO % "True",
    "rome.weather": "sun",
    "here.weather": "rain",
    "run.log": "12:00 started\n",
    "x": "",
}


def test_every_hook_of_an_installed_distribution(
    doit_project: Make, installed: Mapping[str, str]
) -> None:
    """A kind, a value type, a file format, an implicit invariant, and both listeners work."""
    project = doit_project(FILES)

    def run(*arguments: str) -> Outcome:
        return project.run(*arguments, process=True, env=installed)

    run().assert_executed("a", "b")
    run().assert_up_to_date("a", "b")
    project.write({"run.log": "13:00 started\n"})  # another time, the same lines
    run().assert_up_to_date("a", "b")
    project.write({"rome.weather": "rain", "here.weather": "sun"})
    project.edit("dodo.py", "Money(3)", "Money(4)")
    why = run("invariants", "why").stdout
    assert "Weather(rome): changed" in why
    assert "Value: value changed" in why
    assert "Weather(here): changed" in why
    run().assert_executed("a", "b")
    project.write({"run.log": "14:00 stopped\n"})
    run().assert_executed("a").assert_up_to_date("b")
    assert project.read("verdicts.txt").splitlines()[:4] == [
        "a run",
        "b run",
        "a up-to-date",
        "b up-to-date",
    ]
    assert project.read("saved.txt").splitlines()[:2] == ["a run", "b run"]
    kinds = run("invariants", "kinds", "--json").json()
    assert {
        "name": "Weather",
        "plugin": "weather",
        "summary": "Unchanged while the weather of a city is the same (as a file says).",
    } in kinds["kinds"]


def test_installing_a_plugin_reruns_nothing(
    doit_project: Make, installed: Mapping[str, str]
) -> None:
    """Invariants that a plugin adds are adopted when it is first asked."""
    project = doit_project(
        {
            "dodo.py": OUTDOORS,
            "x": "",
            "here.weather": "sun",
        }
    )
    project.run(process=True).assert_executed("b")
    project.run(process=True, env=installed).assert_executed().assert_up_to_date("b")
    project.write({"here.weather": "rain"})
    project.run(process=True, env=installed).assert_executed("b")
    # taken away while the plugin is there: seen; uninstalled: not
    project.run(process=True).assert_up_to_date("b")
    project.run(process=True, env=installed).assert_up_to_date("b")
    project.edit("dodo.py", '"outdoors": True', '"outdoors": False')
    project.run(process=True, env=installed).assert_executed("b")


def test_blocking_plugins_by_name(doit_project: Make, installed: Mapping[str, str]) -> None:
    """A blocked plugin is not even imported; built-in ones can be blocked too."""
    project = doit_project(FILES, settings={"block": ["weather"]})
    outcome = project.run(process=True, env=installed)
    outcome.assert_error("unknown kind 'Weather'")
    project = doit_project(
        {"dodo.py": "def task_a():\n    return {'actions': ['true'], 'invariants': [], 'ttl': 1}"},
        settings={"block": ["builtin-kinds"]},
        name="builtin",
    )
    project.run().assert_error("task 'a': option 'ttl': the plugin 'builtin-kinds' is blocked")
    project = doit_project(
        {"dodo.py": "def f(): pass\ndef task_a():\n    return {'actions': [f], 'cache': True}"},
        settings={"block": ["track-code"]},
        name="code",
    )
    project.run().assert_executed("a")
    project.edit("dodo.py", "pass", "return True")
    project.run().assert_up_to_date("a")


OUTDOORS = """
def task_b():
    return {"actions": ["true"], "file_dep": ["x"], "meta": {"outdoors": True}}
"""

IN_DODO = """
from doit_invariants import Invariant, Value, hookimpl

class Phase(Invariant):
    kind = "Phase"
    def fingerprint(self, context, previous):
        return {"digest": open("moon").read()}

@hookimpl
def invariants_register_kinds():
    return [Phase]

@hookimpl
def invariants_verdict(verdict):
    print("verdict:", verdict.task, verdict.status)

def task_a():
    return {"actions": ["true"], "invariants": [Phase()]}
"""


def test_dodo_is_a_plugin(doit_project: Make) -> None:
    """Hooks and kinds can be written into the dodo.py itself, as into a conftest.py."""
    project = doit_project({"dodo.py": IN_DODO, "moon": "full"})
    assert "verdict: a run" in project.run().assert_executed("a").stdout
    assert "verdict: a up-to-date" in project.run().assert_up_to_date("a").stdout
    project.write({"moon": "new"})
    assert "Phase: changed" in project.run("invariants", "why").stdout


BAD = {
    "misspelled hook": (
        "@hookimpl\ndef invariants_verdikt(task): pass",
        "doit-invariants: unknown hook 'invariants_verdikt' in plugin 'dodo'",
    ),
    "wrong argument": (
        "@hookimpl\ndef invariants_verdict(tusk): pass",
        "Plugin 'dodo' for hook 'invariants_verdict'",
    ),
    "taken name": (
        "class TTL(Invariant):\n    kind = 'TTL'\n    def fingerprint(self, context, previous): ..."
        "\n@hookimpl\ndef invariants_register_kinds(): return [TTL]",
        "plugin 'dodo': the kind dodo.TTL is called 'TTL', but that name is already used by "
        "doit_invariants.kinds.ttl.TTL of plugin 'builtin-kinds'; rename it, or block that plugin "
        "with the setting `block`",
    ),
    "no name": (
        "class X(Invariant):\n    def fingerprint(self, context, previous): ...\n"
        "@hookimpl\ndef invariants_register_kinds(): return [X]",
        "plugin 'dodo': the kind X has no name; give it the class attribute 'kind'",
    ),
    "no kind": (
        "@hookimpl\ndef invariants_register_kinds(): return [3]",
        "plugin 'dodo': 3 is not a kind: a kind is a subclass of",
    ),
    "raises": (
        "@hookimpl\ndef invariants_register_policies(): raise ValueError('oops')",
        "plugin 'dodo': invariants_register_policies failed with ValueError: oops; repair it, or "
        "block it with the setting `block`",
    ),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef invariants_for_task(task): return (yield)",
        "plugin 'dodo': invariants_for_task can't be a wrapper",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_plugin_is_one_line(doit_project: Make, case: str) -> None:
    """A mistake in a plugin is one line that names the plugin, before anything runs."""
    source, text = BAD[case]
    dodo = f"from doit_invariants import Invariant, hookimpl\n{source}\ndef task_a(): pass\n"
    outcome = doit_project({"dodo.py": dodo}).run()
    outcome.assert_error(text)
    assert len(outcome.stderr.splitlines()) == 1, outcome


MISBEHAVING = {
    "raises": ("raise KeyError('x')", "Odd: failed with KeyError: 'x'"),
    "no dict": ("return 3", "Odd: fingerprint() must return a dict with a string as 'digest'"),
    "no digest": ("return {}", "Odd: fingerprint() must return a dict with a string as 'digest'"),
    "no json": ("return {'digest': '', 'x': {1, 2}}", "Odd: the fingerprint is not JSON: "),
    "tuple": (
        "return {'digest': '', 'x': (1, 2)}",
        "Odd: the fingerprint changes when it is stored as JSON",
    ),
}


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize("case", MISBEHAVING)
def test_kind_that_misbehaves_fails_its_task_alone(
    doit_project: Make, case: str, runner: list[str], backend: str
) -> None:
    """If a third party's kind fails in any way, one task fails and the others are recorded."""
    body, text = MISBEHAVING[case]
    dodo = f"""
from doit_invariants import Invariant, hookimpl
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous): {body}
@hookimpl
def invariants_register_kinds(): return [Odd]
def task_a():
    return {{"actions": ["true"], "invariants": [Odd()]}}
def task_b():
    return {{"actions": ["true"], "file_dep": ["dodo.py"]}}
"""
    project = doit_project({"dodo.py": dodo}, backend=backend)
    outcome = project.run("-c", *runner)
    outcome.assert_error(text, returncode=2)
    assert outcome.executed == ["b"]
    project.run("-c", *runner).assert_up_to_date("b")


@pytest.mark.parametrize(
    "hook",
    ["invariants_verdict", "invariants_saved", "invariants_for_task", "invariants_digest_file"],
)
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
def test_hook_that_raises_does_not_hang(doit_project: Make, hook: str, runner: list[str]) -> None:
    """A hook that raises fails the task, or is reported, and doit ends."""
    argument = "path" if hook == "invariants_digest_file" else "task"
    dodo = f"""
from doit_invariants import hookimpl
@hookimpl
def {hook}({argument}):
    raise RuntimeError("hook is broken")
def task_a():
    return {{"actions": ["true"], "file_dep": ["dodo.py"]}}
"""
    outcome = doit_project({"dodo.py": dodo}).run(*runner, timeout=300)
    assert "hook is broken" in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
def test_file_hook_that_raises_for_a_target(doit_project: Make, runner: list[str]) -> None:
    """A hook that fails after a task has run does not end the run; the other task runs."""
    dodo = """
from doit_invariants import hookimpl
@hookimpl
def invariants_digest_file(path):
    if path == "out":
        raise RuntimeError("hook is broken")
def task_a():
    return {"actions": ["touch out"], "targets": ["out"], "file_dep": ["dodo.py"]}
def task_b():
    return {"actions": ["true"]}
"""
    project = doit_project({"dodo.py": dodo})
    project.run(*runner).assert_executed("a", "b")
    second = project.run("-c", *runner)
    second.assert_error("out: invariants_digest_file failed with RuntimeError: hook is broken", 2)
    assert second.executed == ["b"]


def test_saved_is_told_of_successes_only(doit_project: Make) -> None:
    """Refreshing the times of files is not reported; adopting a task of plain doit is."""
    dodo = """
from doit_invariants import hookimpl
@hookimpl
def invariants_saved(task, record):
    print("saved:", task.name, record.origin)
def task_a():
    return {"actions": ["cp in out"], "targets": ["out"], "file_dep": ["in"]}
"""
    project = doit_project({"dodo.py": dodo, "in": ""})
    assert project.run().stdout.count("saved: a run") == 1
    (project.path / "in").touch()
    assert "saved:" not in project.run().stdout
    plain = doit_project({"dodo.py": dodo, "in": ""}, loader=False, name="plain")
    plain.run()
    plain.write({"pyproject.toml": '[tool.doit]\nloader = "invariants"\n'})
    assert "saved: a adopt" in plain.run().stdout
    assert "saved:" not in plain.run().stdout
