"""Settings in a wrong place, and a store that can't be created, are named."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
def task_a():
    return {"actions": ["cp in.txt a"], "file_dep": ["in.txt"], "targets": ["a"], "cache": "shared"}
def task_b():
    return {"actions": ["cp in.txt b"], "file_dep": ["in.txt"], "targets": ["b"], "cache": "shared"}
"""
LOADER = '[tool.doit]\nloader = "invariants"\n'
RIGHT = "is ignored; move it to [tool.doit.invariants]\n"

WRONG = {
    "[tool.doit-invariants]\ntrack_code = false\n": "[tool.doit-invariants] in pyproject.toml",
    "[tool.doit_invariants]\nstore = 's'\n": "[tool.doit_invariants] in pyproject.toml",
    "[invariants]\nstore = 's'\n": "[invariants] in pyproject.toml",
    "[doit.invariants]\nstore = 's'\n": "[doit.invariants] in pyproject.toml",
    "[tool.invariants]\nstore = 's'\n": "[tool.invariants] in pyproject.toml",
    "[tool.Doit-Invariants]\nstore = 's'\n": "[tool.Doit-Invariants] in pyproject.toml",
    "[tool.doit.doit-invariants]\nstore = 's'\n": "[tool.doit.doit-invariants] in pyproject.toml",
    "[tool.doit.invariant]\nstore = 's'\n": "[tool.doit.invariant] in pyproject.toml",
    "[tool.invariants-doit]\nstore = 's'\n": "[tool.invariants-doit] in pyproject.toml",
    "[tool]\ndoit-invariants = { store = 's' }\n": "[tool.doit-invariants] in pyproject.toml",
    "[tool.doit.commands.run]\nstore = 's'\n": "'store' under [tool.doit.commands.run]",
}


@pytest.mark.parametrize("text", WRONG)
def test_tables_that_nobody_reads(doit_project: Make, text: str) -> None:
    """A table of another name is a warning with the right one, in every command."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""}, settings={"store": "store"})
    loader = LOADER if not text.startswith("[tool]") else ""
    project.write({"pyproject.toml": f"{text}{LOADER}[tool.doit.invariants]\nstore = 'store'\n"})
    outcome = project.run().assert_executed("a", "b")
    assert outcome.stderr.startswith(f"doit-invariants: {WRONG[text]}"), outcome.stderr + loader
    assert outcome.stderr.endswith(RIGHT)
    assert outcome.stderr.count("\n") == 1
    assert project.run("list").stderr == outcome.stderr


def test_other_places(doit_project: Make) -> None:
    """Keys beside our table, in doit.cfg and in DOIT_CONFIG; several are all named."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""}, settings={"store": "store"})
    right = "[tool.doit.invariants]\nstore = 'store'\n"
    project.write({"pyproject.toml": f"{LOADER}store = 'x'\ntrack_code = false\n{right}"})
    assert project.run("list").stderr == (
        f"doit-invariants: 'store' under [tool.doit] in pyproject.toml {RIGHT}"
        f"doit-invariants: 'track_code' under [tool.doit] in pyproject.toml {RIGHT}"
    )
    project.write({"pyproject.toml": f"{LOADER}{right}"})
    ini = "[doit-invariants]\nstore = x\n[GLOBAL]\nsummary = true\n[Invariants]\nstore = x\n"
    project.write({"doit.cfg": ini})
    in_ini = "is ignored; move it to [invariants]\n"
    assert project.run("list").stderr == (
        f"doit-invariants: [doit-invariants] in doit.cfg {in_ini}"
        f"doit-invariants: 'summary' under [GLOBAL] in doit.cfg {in_ini}"
        f"doit-invariants: [Invariants] in doit.cfg {in_ini}"
    )
    project.remove("doit.cfg")
    config = 'DOIT_CONFIG = {"track_targets": False, "doit-invariants": {}, "verbosity": 2}\n'
    project.write({"dodo.py": config + DODO})
    assert project.run("list").stderr == (
        "doit-invariants: DOIT_CONFIG['track_targets'] is ignored; "
        "move it to DOIT_CONFIG['invariants']['track_targets']\n"
        "doit-invariants: DOIT_CONFIG['doit-invariants'] is ignored; "
        "move it to DOIT_CONFIG['invariants']\n"
    )


def test_what_is_right_is_not_named(doit_project: Make) -> None:
    """Tables of package managers, options of tasks, and the right places."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""}, settings={"store": "store"})
    project.write(
        {
            "pyproject.toml": """
[project]
name = "x"
dependencies = ["doit-invariants"]
[project.optional-dependencies]
invariants = ["doit-invariants"]
[dependency-groups]
doit-invariants = ["doit"]
[tool.uv.sources]
doit-invariants = { path = "..", editable = true }
[tool.poetry.dependencies]
doit-invariants = { version = "1" }
[tool.other]
store = "mine"
block = ["x"]
[tool.doit]
loader = "invariants"
cache = "True"
[tool.doit.tasks.a]
store = "of the task"
[tool.doit.invariants]
store = "store"
"""
        }
    )
    project.write({"dodo.py": 'DOIT_CONFIG = {"invariants": {"summary": False}}\n' + DODO})
    project.write({"doit.cfg": "[GLOBAL]\nverbosity = 2\n[invariants]\nreplay = false\n"})
    assert project.run("list").assert_success().stderr == ""


@pytest.mark.parametrize("store", ["/proc/nope/store", "in.txt", "in.txt/store"])
@pytest.mark.parametrize("runner", [[], ["-n", "2"]])
def test_a_store_that_cannot_be_made(doit_project: Make, store: str, runner: list[str]) -> None:
    """One line names the setting, the path, why, and what to do; the tasks run."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""}, settings={"store": store})
    outcome = project.run(*runner).assert_executed("a", "b")
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert outcome.stderr.startswith(f"setting 'store': the store {store} can't be created: ")
    assert outcome.stderr.endswith(
        "; nothing is shared in this run; name another directory, or set share to false\n"
    )
    project.write({"in.txt": "2"})
    why = project.run("invariants", "why", "a").stdout
    if not store.startswith("/proc"):  # may be writable, for all that can be told by looking
        assert f"  not shared: setting 'store': the store {store} can't be created: " in (
            why.replace(f"{project.path}/", "")
        )
    project.run("invariants", "store", "ls")
    project.write({"dodo.py": DODO.replace('"cache": "shared"', '"cache": True')})
    assert project.run(*runner).assert_executed("a", "b").stderr == ""


OPTIONS = """
def show(num, flag):
    print(num, flag)
def task_a():
    return {"actions": [show], "file_dep": ["in.txt"],
            "params": [{"name": "num", "short": "m", "long": "num", "type": int, "default": 1},
                       {"name": "flag", "long": "flag", "type": bool, "default": False}]}
def task_b():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_words():
    return {"actions": [lambda words: print(words)], "file_dep": ["in.txt"], "pos_arg": "words"}
"""


def test_options_of_tasks(doit_project: Make) -> None:
    """`why a --num 3` says what `doit a --num 3` would do."""
    project = doit_project({"dodo.py": OPTIONS, "in.txt": ""})
    project.run("a", "--num", "3").assert_executed("a")
    project.run("b", "words", "x", "y").assert_executed("b", "words")

    def why(*words: str) -> str:
        return project.run("invariants", "why", *words).stdout

    assert why("a", "--num", "3") == "a: up-to-date\n"
    assert why("a", "--num=3", "b", "--json").count('"up-to-date"') == 2
    assert why("b", "a", "-m", "3") == "b: up-to-date\na: up-to-date\n"
    assert why("a") == "a: not up-to-date\n  Action(show): argument num: 3 -> 1\n"
    assert "num: 3 -> 4" in why("a", "--num", "4")
    assert "flag: False -> True" in why("a", "-m3", "--flag", "b")
    assert why("--json", "a", "-m3").startswith("[")
    assert why("words", "x", "y") == "words: up-to-date\n"
    assert "words: not up-to-date\n" in why("words", "x")
    project.run("invariants", "why", "a", "--nope").assert_error("nope")
    project.run("invariants", "why", "a", "--num", "x").assert_error("num")
    project.run("invariants", "why", "--num", "3").assert_error("--num")
    project.run("invariants", "show", "a", "--num", "3").assert_error("--num")
    project.run("invariants", "accept", "a", "--num", "5").assert_success()
    project.run("a", "--num", "5").assert_up_to_date("a")
