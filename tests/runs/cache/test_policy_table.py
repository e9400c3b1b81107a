"""What each cache policy does in each situation: the table that the docs show, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make
from tests.support.results import restored

NOW = 1_700_000_000.0
DAY = 86400.0

#: The outcome of a task, by situation and policy. A cell is what the policy does, and after the
#: arrow what ``cache=True`` does right afterwards: accepted changes are not recorded.
#: "current" is doit's up-to-date; "accept" the same in spite of a change; "fill" makes an empty
#: placeholder; "unmet" is doit's answer to a failed dependency, "failed" an action that did: as
#: under plain doit a task with a missing target runs, also where a file_dep is missing too.
POLICIES = ("True", "False", "export", "force", "once", "shared")
TABLE = """
the record matches         | current>current | run>current | current>current | current>current | current>current | current>current
an input changed           | run>current     | run>current | accept>run      | accept>run      | accept>run      | run>current
it changed there and back  | run>current     | run>current | accept>run      | accept>run      | accept>run      | restore>current
its code changed           | run>current     | run>current | accept>run      | accept>run      | accept>run      | run>current
a target is missing        | run>current     | run>current | restore>current | fill>run        | run>current     | restore>current
missing and input changed  | run>current     | run>current | restore>run     | fill>run        | run>current     | run>current
a target was tampered with | run>current     | run>current | accept>run      | accept>run      | accept>run      | restore>current
never ran                  | run>current     | run>current | run>current     | fill>run        | run>current     | run>current
never ran, target is there | run>current     | run>current | accept>run      | accept>run      | accept>run      | run>current
ran in another checkout    | run>current     | run>current | restore>current | fill>run        | run>current     | restore>current
its TTL expired            | run>current     | run>current | run>current     | accept>run      | run>current     | run>current
TTL expired, missing       | run>current     | run>current | run>current     | fill>run        | run>current     | run>current
doit -a                    | run>current     | run>current | run>current     | run>current     | run>current     | run>current
doit -a, target is missing | run>current     | run>current | run>current     | run>current     | run>current     | run>current
doit --single, changed     | run>current     | run>current | accept>run      | accept>run      | accept>run      | run>current
doit -c, upstream failed   | unmet>run       | unmet>run   | unmet>run       | unmet>run       | unmet>run       | unmet>run
doit forget                | run>current     | run>current | accept>run      | accept>run      | accept>run      | restore>current
doit clean --forget        | run>current     | run>current | restore>current | fill>run        | run>current     | restore>current
upstream always runs       | current>current | run>current | current>current | current>current | current>current | current>current
that, target is missing    | run>current     | run>current | restore>current | fill>run        | run>current     | restore>current
uptodate: [False]          | run>run         | run>run     | run>run         | accept>run      | run>run         | run>run
that, target is missing too| run>run         | run>run     | run>run         | fill>run        | run>run         | run>run
a file_dep is missing      | error>run       | error>run   | accept>current  | accept>current  | accept>current  | error>run
it and a target is missing | failed>run      | failed>run  | restore>run     | fill>run        | failed>run      | failed>run
"""  # noqa: E501 - a table is read by its columns

DODO = """
import os
def make(dependencies, targets):
    with open(targets[0], "w") as stream:
        stream.write(open("in.txt").read().upper())

def task_up():
    return {"actions": ["test ! -e fail && cat raw.txt > in.txt"], "file_dep": ["raw.txt"],
            "targets": ["in.txt"], "cache": "UP"}

def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"], "clean": True,
            "cache": POLICY, "export_dir": "../published", EXTRA}
"""
NO_UPSTREAM = DODO[: DODO.index("def task_up")] + DODO[DODO.index("def task_a") :]


def dodo(policy: str, text: str = NO_UPSTREAM, extra: str = "", up: str = "True") -> str:
    """Return the text of a dodo.py."""
    cache = policy if policy in ("True", "False") else repr(policy)
    return (
        text.replace("POLICY", cache)
        .replace("EXTRA", extra)
        .replace("UP,", up + ",")
        .replace('"cache": "UP"}', f'"cache": {up}}}')
    )


def did(outcome: Outcome, name: str = "a") -> str:
    """Return what became of a task, as a cell of the table says it."""
    if name in outcome.failed:
        if f"UnmetDependency - taskid:{name}" in outcome.stdout:
            return "unmet"
        return "error" if "DependencyError" in outcome.stdout else "failed"
    if name in outcome.executed:
        return "run"
    if f"-- {name}\n" in outcome.stdout:
        return "fill" if "made an empty placeholder" in outcome.stderr else "current"
    if re.search(rf"^-- {name}  \(restored from .*\)$", outcome.stdout, re.MULTILINE):
        return "restore"
    return "nothing"


@dataclass
class Situation:
    """One row: what is done before the run that counts, and how that is started."""

    before: Callable[[Project], object] = lambda project: None
    arguments: tuple[str, ...] = ()
    text: str = NO_UPSTREAM
    extra: str = ""
    up: str = "True"
    first: bool = True
    elsewhere: bool = False
    passed: float = 0.0
    repair: dict[str, str] = field(default_factory=dict)


def _change(project: Project) -> None:
    project.write({"in.txt": "two"})


def _there_and_back(project: Project) -> None:
    original = project.read("in.txt")
    _change(project)
    project.run("-a", now=NOW).assert_success()
    project.write({"in.txt": original})


def _lose(project: Project) -> None:
    project.remove("out.txt")


def _lose_and_change(project: Project) -> None:
    _lose(project)
    _change(project)


def _lose_both(project: Project) -> None:
    project.remove("out.txt", "in.txt")


SITUATIONS = {
    "the record matches": Situation(),
    "an input changed": Situation(_change),
    "it changed there and back": Situation(_there_and_back),
    "its code changed": Situation(lambda p: p.edit("dodo.py", "upper()", "upper()[::1]")),
    "a target is missing": Situation(_lose),
    "missing and input changed": Situation(_lose_and_change),
    "a target was tampered with": Situation(lambda p: p.write({"out.txt": "OnE"})),
    "never ran": Situation(first=False),
    "never ran, target is there": Situation(lambda p: p.write({"out.txt": "by hand"}), first=False),
    "ran in another checkout": Situation(first=False, elsewhere=True),
    "its TTL expired": Situation(extra='"ttl": "1d"', passed=DAY),
    "TTL expired, missing": Situation(_lose, extra='"ttl": "1d"', passed=DAY),
    "doit -a": Situation(arguments=("-a",)),
    "doit -a, target is missing": Situation(_lose, arguments=("-a",)),
    "doit --single, changed": Situation(_change, arguments=("--single", "a")),
    "doit -c, upstream failed": Situation(
        lambda p: p.write({"raw.txt": "two", "fail": ""}), arguments=("-c",), text=DODO
    ),
    "doit forget": Situation(lambda p: p.run("forget", "a").assert_success()),
    "doit clean --forget": Situation(lambda p: p.run("clean", "--forget", "a").assert_success()),
    "upstream always runs": Situation(text=DODO, up="False"),
    "that, target is missing": Situation(_lose, text=DODO, up="False"),
    "uptodate: [False]": Situation(extra='"uptodate": [False]'),
    "that, target is missing too": Situation(_lose, extra='"uptodate": [False]'),
    "a file_dep is missing": Situation(lambda p: p.remove("in.txt"), repair={"in.txt": "one"}),
    "it and a target is missing": Situation(_lose_both, repair={"in.txt": "one"}),
}


def cells() -> list[tuple[str, str, str]]:
    """Return situation, policy and expectation of each cell of the table."""
    found = []
    for line in TABLE.strip().splitlines():
        if "|" in line:
            situation, *row = (cell.strip() for cell in line.split("|"))
            found += [(situation, *pair) for pair in zip(POLICIES, row, strict=True)]
    return found


def test_the_table_is_complete() -> None:
    """Each situation is in the table, with each policy."""
    assert {situation for situation, _, _ in cells()} == set(SITUATIONS)
    assert len(cells()) == len(SITUATIONS) * len(POLICIES)


@pytest.mark.parametrize(("situation", "policy", "expected"), cells())
def test_cell(doit_project: Make, situation: str, policy: str, expected: str) -> None:
    """The policy does what the table says; only real runs look like runs."""
    row = SITUATIONS[situation]
    wanted, then = expected.split(">")
    files = {
        "dodo.py": dodo(policy, row.text, row.extra, row.up),
        "raw.txt": "one",
        **({"in.txt": "one"} if row.text != DODO else {}),
    }
    settings = {"store": "../store"}
    project = doit_project(files, settings=settings)
    if row.elsewhere:
        other = doit_project(files, settings=settings, name="other")
        assert did(other.run(now=NOW)) == ("fill" if policy == "force" else "run")
    if row.first:
        if policy == "force":  # which never runs: give it something to accept
            assert did(project.run("--cache", "True", now=NOW)) == "run"
        else:
            assert did(project.run(now=NOW)) == "run"
        assert project.read("out.txt") == "ONE"
    row.before(project)
    inputs = project.read("in.txt") if (project.path / "in.txt").exists() else "one"
    outcome = project.run(*row.arguments, now=NOW + row.passed)
    assert did(outcome) == {"accept": "current"}.get(wanted, wanted), repr(outcome)
    assert (outcome.returncode == 0) == (wanted not in ("unmet", "error", "failed")), repr(outcome)
    if wanted == "run":
        assert project.read("out.txt") == inputs.upper()
    elif wanted == "restore":
        assert project.read("out.txt") == "ONE"
    elif wanted == "fill":
        assert project.read("out.txt") == ""
        assert "a: out.txt is missing: made an empty placeholder" in outcome.stderr
    if "fail" in [path.name for path in project.path.iterdir()]:
        project.remove("fail")
    project.write(row.repair)
    again = project.run("--cache", "True", now=NOW + row.passed + 1)
    assert did(again) == then, repr(again)
    assert project.read("out.txt") == project.read("in.txt").upper()


CONFIGS = {
    "pyproject.toml": '[tool.doit]\nloader = "invariants"\n[tool.doit.invariants]\n'
    'store = "../store"\ncache = "shared"\n',
    "doit.cfg": "[GLOBAL]\nloader = invariants\n[invariants]\nstore = ../store\ncache = shared\n",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_project_wide_policy(doit_project: Make, name: str) -> None:
    """The policy for all tasks, from each file of settings."""
    text = """
def task_a():
    return {"actions": ["cp in.txt a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"]}
def task_b():
    return {"actions": ["cp in.txt b.txt"], "file_dep": ["in.txt"], "targets": ["b.txt"],
            "cache": True}
"""
    files = {"dodo.py": text, "in.txt": "", "pyproject.toml": "", name: CONFIGS[name]}
    project = doit_project(files)
    project.run().assert_executed("a", "b")
    project.remove("a.txt", "b.txt")
    outcome = project.run().assert_executed("b")
    assert "a" in restored(outcome)
