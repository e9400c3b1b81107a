"""Every sort of plugin, by one recipe: written into dodo.py, used, listed, and blocked by name.

Each case is a dodo.py that needs nothing but ``from doit_invariants import ...``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import doit_invariants
from doit_invariants.plugins import hookspecs
from doit_invariants.testing import Outcome, Project
from tests.support import Make

#: What a store needs besides: the example keeps all in memory, so one process sees it.
STORE = """
import xxhash
KEPT = {}
class Memory(Store):
    name = "memory"
    def find(self, signature): return KEPT.get(signature)
    def peek(self, signature): return KEPT.get(signature)
    def add(self, signature, entry): KEPT[signature] = entry
    def put(self, path):
        content = open(path, "rb").read()
        digest = "xxh3_128:" + xxhash.xxh3_128_hexdigest(content)
        KEPT[digest] = content
        return digest, len(content)
    def fetch(self, digest, size, path, mode): open(path, "wb").write(KEPT[digest])
    def remove(self, signature): KEPT.pop(signature)
    def entries(self): return iter(())
    def verify(self, progress=None): return Verification()
    def prune(self, limits): return Pruned()
    def close(self): print("in memory:", len(KEPT))
@hookimpl
def invariants_register_stores(): return [Memory]
"""


class Sort(NamedTuple):
    """One sort of plugin.

    :ivar names: what it imports from the package
    :ivar source: the plugin
    :ivar task: the options of the one task, a Python expression
    :ivar used: whether a first run, an edit of ``in.txt`` and a second run show that it is used
    :ivar hook: that it implements
    :ivar listed: under which heading and name ``doit invariants kinds`` shows it besides
    :ivar settings: of the project
    :ivar refused: the message if it is blocked; empty if the task just does without it
    """

    names: str
    source: str
    task: str
    used: Callable[[Outcome, Outcome, Outcome], bool]
    hook: str
    listed: tuple[str, str] | None = None
    settings: dict[str, Any] | None = None
    refused: str = ""


def runs_first_only(first: Outcome, edited: Outcome, again: Outcome) -> bool:
    """Return whether the edit did not count."""
    return first.executed == ["a"] and edited.up_to_date == again.up_to_date == ["a"]


def runs_for_the_edit(first: Outcome, edited: Outcome, again: Outcome) -> bool:
    """Return whether the edit counted."""
    return first.executed == edited.executed == ["a"] and again.up_to_date == ["a"]


def says(text: str) -> Callable[[Outcome, Outcome, Outcome], bool]:
    """Return whether a line was printed in the first run."""
    return lambda first, *_: text in first.stdout


COPY = '{"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "targets": ["out.txt"]'

SORTS = {
    "kind": Sort(
        "Invariant",
        """
class First(Invariant):
    kind = "First"
    def fingerprint(self, context, previous):
        return {"digest": open("in.txt").read()[0]}
@hookimpl
def invariants_register_kinds(): return [First]
""",
        '{"actions": ["true"], "invariants": [First()]}',
        runs_for_the_edit,
        "invariants_register_kinds",
        listed=("kinds", "First"),
        refused="unknown kind 'First'",
    ),
    "policy": Sort(
        "Policy",
        """
class Lazy(Policy):
    name = "lazy"
    def answer(self, facts): return "accept" if facts.succeeded else "run"
@hookimpl
def invariants_register_policies(): return [Lazy]
""",
        COPY + ', "cache": "lazy"}',
        runs_first_only,
        "invariants_register_policies",
        listed=("policies", "lazy"),
        refused="'lazy'",
    ),
    "store": Sort(
        "Pruned, Store, Verification",
        STORE,
        COPY + ', "cache": "shared"}',
        says("in memory: 2"),
        "invariants_register_stores",
        listed=("stores", "memory"),
        settings={"store": "memory://anywhere"},
        refused="there is no store 'memory'",
    ),
    "program": Sort(
        "Program",
        """
@hookimpl
def invariants_register_programs(): return [Program("true", script=1, follow="content")]
""",
        '{"actions": ["true in.txt"], "cache": True}',
        runs_for_the_edit,
        "invariants_register_programs",
    ),
    "digest of values": Sort(
        "Value",
        """
class Box:
    def __init__(self): self.get = lambda: open("in.txt").read()
@hookimpl
def invariants_digest_value(value): return value.get() if isinstance(value, Box) else None
""",
        '{"actions": ["true"], "invariants": [Value(Box())]}',
        runs_for_the_edit,
        "invariants_digest_value",
        refused="Value",
    ),
    "digest of files": Sort(
        "",
        """
@hookimpl
def invariants_digest_file(path): return "any" if path.endswith(".txt") else None
""",
        COPY + "}",
        runs_first_only,
        "invariants_digest_file",
    ),
    "tracker": Sort(
        "Value",
        """
@hookimpl
def invariants_for_task(task): return [Value(open("in.txt").read(), name="tracked")]
""",
        '{"actions": ["true"], "cache": True}',
        runs_for_the_edit,
        "invariants_for_task",
    ),
    "listener to verdicts": Sort(
        "",
        """
@hookimpl
def invariants_verdict(verdict): print("heard:", verdict.status)
""",
        COPY + "}",
        says("heard: run"),
        "invariants_verdict",
    ),
    "listener to records": Sort(
        "",
        """
@hookimpl
def invariants_saved(task, record): print("heard:", record.origin)
""",
        COPY + "}",
        says("heard: run"),
        "invariants_saved",
    ),
    "listener to restores": Sort(
        "",
        """
@hookimpl
def invariants_restored(task, entry): print("heard:", entry)
""",
        COPY + ', "cache": "export", "export_dir": "published"}',
        says("heard: None"),
        "invariants_restored",
    ),
}


def project_of(make: Make, sort: Sort, **settings: Any) -> Project:
    """Return a project with a plugin in its dodo.py, and a file to edit."""
    names = ", ".join(filter(None, ["hookimpl", sort.names]))
    head, end = f"from doit_invariants import {names}\n", f"def task_a():\n    return {sort.task}\n"
    dodo = f"{head}{sort.source}\n{end}"
    files = {"dodo.py": dodo, "in.txt": "one", "published/out.txt": ""}
    return make(files, settings={**(sort.settings or {}), **settings})


def story(project: Project) -> tuple[Outcome, Outcome, Outcome]:
    """Run, edit, run, and run again."""
    first = project.run()
    project.write({"in.txt": "two"})
    return first, project.run(), project.run()


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_used(doit_project: Make, sort: str) -> None:
    """The answer of the plugin decides."""
    outcomes = story(project_of(doit_project, SORTS[sort]))
    assert SORTS[sort].used(*outcomes), outcomes


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_listed(doit_project: Make, sort: str) -> None:
    """``doit invariants kinds`` names it, and the plugin that it comes from."""
    found = project_of(doit_project, SORTS[sort]).run("invariants", "kinds", "--json").json()
    hooks = {row["name"]: row["plugin"] for row in found["hooks"]}
    assert "dodo" in hooks[SORTS[sort].hook].split(", ")
    listed = SORTS[sort].listed
    if listed is not None:
        heading, name = listed
        assert [row["plugin"] for row in found[heading] if row["name"] == name] == ["dodo"]


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_blocked(doit_project: Make, sort: str) -> None:
    """Under the name of its plugin; what needs it is an error in one line."""
    project = project_of(doit_project, SORTS[sort], block=["dodo"])
    outcomes = story(project)
    assert not SORTS[sort].used(*outcomes), outcomes
    if SORTS[sort].refused:
        outcomes[0].assert_error(SORTS[sort].refused, outcomes[0].returncode)
        assert outcomes[0].returncode != 0
    else:
        outcomes[0].assert_success()


def test_no_sort_is_left_out() -> None:
    """Every hook is that of one sort here, and all that is subclassed or made is public."""
    hooks = [name for name in vars(hookspecs) if name.startswith("invariants_")]
    assert sorted(sort.hook for sort in SORTS.values()) == sorted(hooks)
    names = {name for sort in SORTS.values() for name in sort.names.split(", ") if name}
    assert names <= set(doit_invariants.__all__)


def test_a_plugin_with_types(doit_project: Make) -> None:
    """The example that a type checker has read works too."""
    dodo = Path(__file__).with_name("typed_plugin.py").read_text()
    project = doit_project(
        {"dodo.py": dodo, "in.txt": "one\n"}, settings={"store": "nowhere://at-all"}
    )
    first = project.run().assert_executed("count")
    assert "verdict run" in first.stdout
    assert "saved run" in first.stdout
    project.run().assert_up_to_date("count")
    project.write({"in.txt": "one\ntwo\n"})
    why = project.run("invariants", "why").stdout
    assert "Lines(in.txt): lines" in why
    assert "Script(in.txt): 1 changed" in why
    listed = project.run("invariants", "store", "ls")
    assert "an example" in listed.stdout
