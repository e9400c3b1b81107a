"""The options of a task: what is accepted, and the message about each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doit_invariants import (
    TTL,
    Command,
    Distribution,
    Env,
    Files,
    Function,
    Git,
    Invariant,
    Module,
    Script,
    Settings,
    Task,
    Tree,
    Value,
)
from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.task import SimpleTask
from tests.engine.plain import Project

KINDS = (
    "Action, Command, Distribution, Env, Files, Function, Git, Module, Script, TTL, Task, Tree, "
    "Value"
)


def gen() -> Iterator[int]:
    """A generator function."""
    yield 1


def parse(settings: Settings | None = None, **options: Any) -> TaskSpec:
    """Return the parsed options of a task."""
    return Project([], settings or Settings()).session(runs=False).parse(options)


# Options, and how the message begins.
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no list": (
        {"invariants": TTL("1d")},
        "option 'invariants' must be a list like [TTL('1d')], got TTL(1d)",
    ),
    "a class": (
        {"invariants": [TTL]},
        "option 'invariants': TTL is a kind, not an invariant; write TTL(...)",
    ),
    "a string": (
        {"invariants": ["x"]},
        f"option 'invariants': 'x' is not an invariant; known kinds are {KINDS}",
    ),
    "two with one name": (
        {"invariants": [Value(1, name="x"), Value(2, name="x")]},
        "option 'invariants': Value(x) and Value(x) are the same invariant; give them different "
        "names",
    ),
    "two that are equal": (
        {"invariants": [Env("A"), Env("A")]},
        "option 'invariants': Env(A) and Env(A) are the same invariant, remove one",
    ),
    "two ages": (
        {"ttl": "1d", "invariants": [TTL("2d")]},
        "option 'invariants': TTL(2d) and TTL(1d) are the same invariant, remove one",
    ),
    "malformed age": (
        {"ttl": "1 fortnight"},
        "option 'ttl': '1 fortnight' is not an age; allowed are a string like '90s', '15m', "
        "'36h', '1d12h' or '2w', a number of seconds, a timedelta, or 'day', 'week', 'month'",
    ),
    "negative age": ({"invariants": [TTL(-1)]}, "TTL: -1 is not an age; allowed are"),
    "negative ttl": ({"ttl": -1}, "option 'ttl': -1 is not an age; allowed are"),
    "age that is not a number": ({"ttl": float("nan")}, "option 'ttl': nan is not an age"),
    "bool as age": ({"ttl": True}, "option 'ttl': True is not an age"),
    "unknown policy": (
        {"cache": "sometimes"},
        "option 'cache': unknown policy 'sometimes'; allowed are False, True, 'export', 'force', "
        "'once', 'shared'",
    ),
    "bool as string": ({"cache": "True"}, "option 'cache': unknown policy 'True'"),
    "number as policy": ({"cache": 3}, "option 'cache': unknown policy 3"),
    "export_dir": ({"export_dir": 3}, "option 'export_dir' must be a path like 'published', got 3"),
    "empty export_dir": ({"export_dir": ""}, "option 'export_dir' must be a path like"),
    "pattern as export_dir": (
        {"export_dir": "pub/*"},
        "option 'export_dir' must be one directory, not a pattern, got 'pub/*'",
    ),
    "export_dir in staging": (
        {"export_dir": ".doit-invariants/x"},
        "option 'export_dir' must not be inside .doit-invariants, got '.doit-invariants/x'",
    ),
    "export_how": (
        {"export_how": "zip"},
        "option 'export_how' must be one of copy, hardlink, symlink, move, gzip, got 'zip'",
    ),
    "share": ({"share": "no"}, "option 'share' must be True or False, got 'no'"),
    "track_code": ({"track_code": 1}, "option 'track_code' must be True or False, got 1"),
    "track_targets": ({"track_targets": 0}, "option 'track_targets' must be True or False, got 0"),
    "export_overwrite": ({"export_overwrite": None}, "option 'export_overwrite' must be True or"),
    "list as path": (
        {"invariants": [Files(["a", "b"])]},  # type: ignore[arg-type]
        "Files: a path must be a string or a path object, got ['a', 'b']; pass a list as "
        "Files(*paths)",
    ),
    "no files": ({"invariants": [Files()]}, "Files() needs at least one path"),
    "variable": (
        {"invariants": [Env("A=B")]},
        "Env: the name of a variable must be a string without '=', got 'A=B'",
    ),
    "one pattern": (
        {"invariants": [Tree("d", include="*.csv")]},
        "Tree: include must be a list of patterns like ['*.csv'], got '*.csv'",
    ),
    "empty command": ({"invariants": [Command("")]}, "Command: give a string like"),
    "follow": (
        {"invariants": [Function(gen, follow=True)]},  # type: ignore[arg-type]
        "Function: follow must be 'project' or False, got True",
    ),
    "no function": ({"invariants": [Function(3)]}, "Function: give a function, got 3"),  # type: ignore[arg-type]
    "name of a value": ({"invariants": [Value(1, name=2)]}, "Value: name must be a string, got 2"),  # type: ignore[arg-type]
    "ref": ({"invariants": [Git("-x")]}, "Git: the ref must be a string like 'HEAD'"),
    "task": ({"invariants": [Task("")]}, "Task: give the name of a task, got ''"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(case: str) -> None:
    """The message names the option, the given value and the allowed ones, in one line."""
    options, text = MISTAKES[case]
    with pytest.raises(InvalidOption, match=f"^{re.escape(text)}") as caught:
        parse(**options)
    assert "\n" not in str(caught.value)


def test_a_function_is_not_an_invariant() -> None:
    """The message says how to list its code."""
    text = "is not an invariant; for the code of a function write Function(f); known kinds are "
    with pytest.raises(InvalidOption, match=re.escape(text + KINDS)):
        parse(invariants=[gen])


def test_options_override_settings() -> None:
    settings = Settings(cache="once", ttl="1d", track_code=False, share=False)
    plain = parse(settings)
    assert (plain.policy.name, list(plain.invariants), plain.own) == ("once", ["TTL"], False)
    assert (plain.track_code, plain.share) == (False, False)
    own = parse(settings, cache=True, ttl="1h", track_code=True)
    assert (own.policy.name, own.own, own.track_code, own.share) == ("True", True, True, False)
    assert [one.label() for one in own.invariants.values()] == ["TTL(1h)"]


def test_none_turns_off_the_age_of_the_project() -> None:
    settings = Settings(ttl="1d", invariants=[Value(1)])
    assert list(parse(settings, ttl=None).invariants) == ["Value#1"]
    assert not parse(settings, ttl=None).own, "it lists nothing of its own"


def test_invariants_of_the_project_are_added() -> None:
    """A task's own one replaces the one with the same identity; unnamed ones count both."""
    settings = Settings(invariants=[Value(1), Env("A"), Value(2, name="x")])
    own = parse(settings, invariants=[Value(3), Env("A"), Value(4, name="x")]).invariants
    labels = {key: one.label() for key, one in own.items()}
    assert labels == {
        "Value#1": "Value",
        "Env(A)": "Env(A)",
        "Value(x)": "Value(x)",
        "Value#1 of the project": "Value",
    }
    assert own["Value(x)"].obj == 4  # type: ignore[attr-defined]


def test_ids_of_invariants() -> None:
    """Unnamed ones are numbered by kind, the others keep their identity in any order."""
    found = parse(invariants=[Value(1), Env("A"), Value(2), Value(3, name="x")]).invariants
    assert list(found) == ["Value#1", "Env(A)", "Value#2", "Value(x)"]


# Names that would silently mean something else, and a part of the message.
REFUSED: list[tuple[Invariant, str]] = [
    (Env("A,B"), "'A,B' is not the name of a variable; give one name in each argument"),
    (Env("A B"), "is not the name of a variable"),
    (Env("$HOME"), "is not the name of a variable"),
    (Env("${HOME}"), "is not the name of a variable"),
    (Env("NEXT_.*"), "is not the name of a variable"),
    (Env("^NEXT_"), "is not the name of a variable"),
    (Env("NEXT_{A}"), "is not the name of a variable"),
    (Env("!NEXT_*"), "is not the name of a variable"),
    (Env("%PATH%"), "is not the name of a variable"),
    (Distribution("num*"), "'num*' is not the name of a distribution"),
    (Distribution("doit>=0.1"), "is not the name of a distribution"),
    (Distribution("doit[toml]"), "is not the name of a distribution"),
    (Distribution("doit, pluggy"), "is not the name of a distribution"),
    (Module("shop.*"), "for all modules of a package, use Tree("),
    (Tree("data", exclude=["!keep.csv"]), "'!' and {a,b} are not supported"),
    (Tree("data", include=["*.{csv,txt}"]), "{a,b} are not supported; list each pattern"),
    (Tree("data", include=["[z-a]"]), "bad character range"),
    (Files("a", missing_ok=1), "Files: missing_ok must be True or False, got 1"),  # type: ignore[arg-type]
    (Tree("a", missing_ok="no"), "Tree: missing_ok must be True or False, got 'no'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("one", "text"), REFUSED, ids=lambda one: "")
def test_patterns_that_are_refused(one: Invariant, text: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape(text)) as caught:
        parse(invariants=[one])
    assert "\n" not in str(caught.value)


NOT_FOUND: list[tuple[Invariant, str]] = [
    (Script("tools/*.py"), "Script does not expand patterns: list each script"),
    (Task("build:*"), "there is no task 'build:*'"),
    (Files("no.txt"), "no.txt does not exist; if it may be missing, set missing_ok=True"),
    (Files("{a,b}.txt"), "(braces are not expanded: give each pattern)"),
    (Files("{a,b}.txt", missing_ok=True), "(braces are not expanded: give each pattern)"),
    (Files("~/.no", missing_ok=True), "(~ is not expanded: give Path(...).expanduser())"),
    (Files("~/no/*.ini", missing_ok=True), "(~ is not expanded: "),
    (Files("$HOME/no", missing_ok=True), "(variables are not expanded: "),
    (Files("conf/${STAGE}.ini", missing_ok=True), "(variables are not expanded: "),
    (Files("in.txt", "!out.txt", missing_ok=True), "(a pattern can't exclude files)"),
    (Files("https://example.org/a", missing_ok=True), "(a URL is not a path)"),
    (Tree("~/no", missing_ok=True), "(~ is not expanded: "),
    (
        Tree("data/*", missing_ok=True),
        "(Tree takes no pattern: give the directory, and include=",
    ),
    (Tree("no"), "the directory no does not exist; if it may be missing, set missing_ok=True"),
]


@pytest.mark.parametrize(("one", "text"), NOT_FOUND, ids=lambda one: "")
def test_names_that_the_check_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: Invariant, text: str
) -> None:
    """The task can't be checked, for one reason in one line."""
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("")
    project = Project([SimpleTask("t", [], ["in.txt"])], options={"t": {"invariants": [one]}})
    (reason,) = [r for r in project.verdicts()["t"].reasons if r.code == "cannot_check"]
    assert text in str(reason)
    assert "\n" not in str(reason)
