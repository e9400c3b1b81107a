"""Patterns where names are expected: expanded, or refused in one line; files that may be absent."""

from __future__ import annotations

import pytest

from tests.support import Make

HEAD = """
from doit_invariants import (
    Command, Distribution, Env, Files, Function, Git, Module, Script, Task, Tree, Value)
"""


def tasks(**listed: str) -> str:
    """Return a dodo.py with one task for each list of invariants."""
    rows = [
        f"""
def task_{name}():
    return {{"actions": ["echo > {name}.txt"], "targets": ["{name}.txt"], "invariants": [{one}]}}
"""
        for name, one in listed.items()
    ]
    return HEAD + "".join(rows)


def test_variables_by_pattern(doit_project: Make) -> None:
    """Only matching variables count, also when they are added or removed."""
    text = tasks(
        star='Env("ZZ_*")', mark='Env("ZZ_?")', both='Env("ZZ_[AB]", "ZY")', name='Env("ZZ_A")'
    )
    project = doit_project({"dodo.py": text})
    every = ["star", "mark", "both", "name"]
    first = {"ZZ_A": "1", "ZZ_LONG": "1"}
    project.run(env=first).assert_executed(*every)
    for env in (first, {**first, "ZX": "1", "MY_ZZ_A": "1"}):
        project.run(env=env).assert_up_to_date(*every)
    changes: list[tuple[dict[str, str], str, list[str]]] = [
        ({**first, "ZZ_A": "2"}, "ZZ_A changed", every),
        ({"ZZ_LONG": "1"}, "ZZ_A was unset", every),
        ({**first, "ZZ_B": ""}, "ZZ_B was set", ["star", "mark", "both"]),
        ({**first, "ZZ_LONG": "2"}, "ZZ_LONG changed", ["star"]),
        ({**first, "ZY": "2"}, "ZY was set", ["both"]),
        ({"ZZ_A": "1"}, "ZZ_LONG was unset", ["star"]),
    ]
    for env, said, names in changes:
        why = project.run("invariants", "why", env=env)
        found = [line for line in why.stdout.splitlines() if said in line]
        assert len(found) == len(names), repr(why)
        assert why.stdout.count("not up-to-date") == len(names), repr(why)
    project.run(env={**first, "ZZ_B": ""}).assert_executed("star", "mark", "both")
    project.run(env={**first, "ZZ_B": ""}).assert_up_to_date(*every)


def test_every_variable_but_our_own(doit_project: Make) -> None:
    """Variables that doit sets for each run do not count, so even `*` can be up-to-date."""
    project = doit_project({"dodo.py": tasks(a='Env("DOIT_INVARIANTS*")')})
    project.run(process="fork").assert_executed("a")
    project.run(process="fork").assert_up_to_date("a")


def test_records_in_which_a_pattern_was_a_name(doit_project: Make) -> None:
    """The record of an earlier version for a pattern is adopted, and counts from then on."""
    text = (
        tasks(a='Env("ZZ_*")')
        + """
from doit_invariants.kinds import env
if OLD:
    env._expanded = lambda names: names
"""
    )
    project = doit_project({"dodo.py": text.replace("OLD", "True")})
    project.run(env={"ZZ_A": "1"}, process="fork").assert_executed("a")
    project.edit("dodo.py", "if True", "if False")
    project.run(env={"ZZ_A": "1"}, process="fork").assert_up_to_date("a")
    project.run(env={"ZZ_A": "1"}, process="fork").assert_up_to_date("a")
    project.run(env={"ZZ_A": "2"}, process="fork").assert_executed("a")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ('Env("A,B")', "'A,B' is not the name of a variable; give one name in each argument"),
        ('Tree("data", include=["*.{csv,txt}"])', "{a,b} are not supported; list each pattern"),
    ],
)
def test_refused_at_load(doit_project: Make, one: str, said: str) -> None:
    """A name that would silently mean something else is an error before anything runs."""
    project = doit_project({"dodo.py": tasks(a=one)})
    project.run("list").assert_error(said)
    project.run().assert_error("task 'a'")


def test_refused_in_settings(doit_project: Make) -> None:
    """So it is in the settings, and for the directory of exports."""
    project = doit_project({"dodo.py": tasks(a="Git()")}, settings={"tree_exclude": ["!a"]})
    project.run("list").assert_error("'!' and {a,b} are not supported")
    text = tasks(a="Git()").replace('"invariants"', '"cache": "export", "export_dir": "pub*", "x"')
    project = doit_project({"dodo.py": text.replace('"x": [Git()]', "")}, name="second")
    project.run().assert_error(
        "option 'export_dir' must be one directory, not a pattern, got 'pub*'"
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ('Task("build:*")', "there is no task 'build:*'"),
        ('Files("~/.no", missing_ok=True)', "(~ is not expanded: give Path(...).expanduser())"),
    ],
)
def test_refused_when_checked(doit_project: Make, one: str, said: str) -> None:
    """A mistake that shows only when the task is checked fails it in one line."""
    project = doit_project({"dodo.py": tasks(a=one)})
    outcome = project.run().assert_failed("a")
    assert said in outcome.stdout, repr(outcome)


def test_names_that_look_like_patterns(doit_project: Make) -> None:
    """Files that are really called so count, and others that are absent may be."""
    text = tasks(
        a='Files("~a", "!b", "{c,d}", "$e", missing_ok=True)', b='Tree("~t")', c='Env("B_F_x%%")'
    ) + tasks(d='Files("f~", "1,2", "50%", missing_ok=True)')
    files = {"~a": "1", "!b": "1", "{c,d}": "1", "$e": "1", "~t/x": "1"}
    project = doit_project({"dodo.py": text, **files})
    project.run().assert_executed("a", "b", "c", "d")
    project.write({"{c,d}": "2", "50%": "1"})
    project.run().assert_executed("a", "d").assert_up_to_date("b", "c")


def test_file_dep_by_pattern(doit_project: Make) -> None:
    """A pattern as file_dep is the name of a missing file; the error says what to do."""
    text = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["data/*.csv"]}\n'
    project = doit_project({"dodo.py": text, "data/a.csv": ""})
    outcome = project.run()
    assert "'data/*.csv' does not exist. A file_dep can't be a pattern" in outcome.stdout, repr(
        outcome
    )


def test_tasks_by_pattern(doit_project: Make) -> None:
    """Task("build:*") waits for all tasks that match, and changes with any of them."""
    text = (
        tasks(a='Task("build:*")')
        + """
def task_build():
    for name in "xy":
        yield {"name": name, "actions": ["true"], "file_dep": [name]}
"""
    )
    project = doit_project({"dodo.py": text, "x": "1", "y": "1"})
    ran = project.run("a").assert_executed("build:x", "build:y", "a")
    assert ran.executed[-1] == "a"
    project.run("a").assert_up_to_date("build:x", "build:y", "a")
    project.write({"y": "2"})
    project.run("a").assert_executed("build:y", "a")
    project.edit("dodo.py", '"xy"', '"xyz"')
    project.write({"z": "1"})
    project.run("a").assert_executed("build:z", "a")


def test_pattern_without_files(doit_project: Make) -> None:
    """Runs and `why` report a glob without matches once, unless `missing_ok` allows it."""
    text = tasks(
        a='Files("dta/*.csv")', b='Files("dta/*.csv")', c='Files("d*/*.x", missing_ok=True)'
    )
    project = doit_project({"dodo.py": text, "data/a.csv": ""})
    said = "Files(dta/*.csv): no file matches 'dta/*.csv'; if that is fine, set missing_ok=True"
    for arguments in ((), (), ("invariants", "why"), ("-a",), ("-n", "2")):
        outcome = project.run(*arguments)
        assert outcome.stderr.count("no file matches") == 1, repr(outcome)
        assert said in outcome.stderr, repr(outcome)
    for command in ("list", "info"):
        assert "no file" not in project.run(command, *(["a"] if command == "info" else [])).stderr
    assert "    no file\n" in project.run("invariants", "show", "a").stdout
    project.write({"dta/b.csv": ""})
    project.run().assert_executed("a", "b")


@pytest.mark.parametrize("verb", ["why", "show", "accept"])
@pytest.mark.parametrize("pattern", ["zzz*", "*:b", "**x"])
def test_pattern_of_no_task(doit_project: Make, verb: str, pattern: str) -> None:
    """A pattern that matches no task is a mistake on the command line."""
    project = doit_project({"dodo.py": tasks(a="Value(1)")})
    project.run().assert_executed("a")
    project.run("invariants", verb, pattern).assert_error(f"no task matches {pattern!r}")
    project.run("invariants", verb, "a*").assert_success()


def test_absent_files(doit_project: Make) -> None:
    """A file that may be absent counts by its existence and its content."""
    text = tasks(
        one='Files(".env", missing_ok=True)',
        two='Files("in.txt", "deep/.env", missing_ok=True)',
        link='Files("link", missing_ok=True)',
        tree='Tree("conf", missing_ok=True)',
        flat='Tree("conf", deep=False, missing_ok=True)',
    )
    project = doit_project({"dodo.py": text, "in.txt": "1"})
    (project.path / "link").symlink_to("real")
    every = ["one", "two", "link", "tree", "flat"]
    project.run().assert_executed(*every)
    project.run().assert_up_to_date(*every)
    steps: list[tuple[str, str | None, list[str]]] = [
        (".env", "", ["one"]),
        (".env", "A=1", ["one"]),
        (".env", None, ["one"]),
        ("deep/.env", "1", ["two"]),
        ("real", "1", ["link"]),
        ("real", None, ["link"]),
        ("conf/", "", ["tree", "flat"]),
        ("conf/a", "1", ["tree", "flat"]),
        ("conf/a", None, ["tree", "flat"]),
        ("conf/", None, ["tree", "flat"]),
        ("other", "1", []),
    ]
    for path, content, names in steps:
        if content is not None:
            project.write({path: content})
        elif path.endswith("/"):
            (project.path / path).rmdir()
        else:
            project.remove(path)
        project.run().assert_executed(*names)
        project.run().assert_up_to_date(*every)


def test_allowing_absence_reruns_nothing(doit_project: Make) -> None:
    """Adding or removing the option changes nothing, because it does not count."""
    project = doit_project({"dodo.py": tasks(a='Files(".env"), Tree("d")'), ".env": "", "d/x": ""})
    project.run().assert_executed("a")
    project.edit("dodo.py", '".env")', '".env", missing_ok=True)')
    project.edit("dodo.py", '"d")', '"d", missing_ok=True)')
    project.run().assert_up_to_date("a")
    project.remove(".env")
    why = project.run("invariants", "why")
    assert "Files(.env): 1 removed (.env)" in why.stdout, repr(why)


def test_absent_files_in_the_store(doit_project: Make) -> None:
    """Absence is part of the signature: each state has its own result."""
    text = "DOIT_CONFIG = {'invariants': {'store': 'store', 'cache': 'shared'}}\n" + tasks(
        a='Files(".env", missing_ok=True), Env("ZZ_*")'
    ).replace("echo > a.txt", "cat .env > a.txt || true")
    project = doit_project({"dodo.py": text})
    project.run().assert_executed("a")
    project.write({".env": "1"})
    project.run().assert_executed("a")
    project.run(env={"ZZ_A": "1"}).assert_executed("a")
    project.remove(".env")
    assert "restored from the store" in project.run().stdout
    assert project.read("a.txt") == ""
    project.write({".env": "1"})
    assert "restored from the store" in project.run(env={"ZZ_A": "1"}).stdout
    assert project.read("a.txt") == "1"


def test_file_whose_name_looks_like_a_pattern(doit_project: Make) -> None:
    """A file that exists under the very name is meant."""
    dodo = """
from doit_invariants import Files
def task_a():
    return {"actions": ["true"], "invariants": [Files("data[1].csv")]}
"""
    project = doit_project({"dodo.py": dodo, "data[1].csv": "1"})
    project.run().assert_executed("a")
    project.write({"data[1].csv": "2"})
    project.run().assert_executed("a")


def test_mistakes_in_patterns_and_keys_of_settings(doit_project: Make) -> None:
    """A range that runs backwards and a key that is not a string are one line each."""
    plain = "def task_a(): pass\n"
    project = doit_project({"dodo.py": plain}, settings={"tree_exclude": ["[z-a].txt"]})
    project.run().assert_error("patterns ['[z-a].txt']: bad character range")
    tree = "from doit_invariants import Tree\ndef task_a():\n    return {'actions': [], "
    project = doit_project(
        {"dodo.py": tree + "'invariants': [Tree('.', include=['[z-a]'])]}\n"}, name="tree"
    )
    project.run().assert_error("task 'a': patterns ['[z-a]']: bad character range")
    project = doit_project(
        {"dodo.py": plain + "DOIT_CONFIG = {'invariants': {1: 2}}\n"}, name="key"
    )
    project.run().assert_error("DOIT_CONFIG['invariants']: unknown setting 1")
