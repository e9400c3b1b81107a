"""A policy of a plugin that keeps results in a place of its own: a source and a sink."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from doit_invariants.testing import Project

Make = Callable[..., Project]

DODO = """
import json, os, pathlib, shutil
import xxhash
from doit_invariants import InvariantsError, Policy, ResultEntry, hookimpl

class ToAttic:
    where = "the attic"

    def __init__(self, place, key):
        self.place, self.root = place, key.root

    def put(self, path):
        if os.path.exists("../full"):
            raise InvariantsError("the attic is full")
        kept = self.place / os.path.relpath(path, self.root)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)
        content = kept.read_bytes()
        return "xxh3_128:" + xxhash.xxh3_128_hexdigest(content), len(content)

    def finish(self, entry):
        if entry.signature:
            (self.place / ".entry").write_text(json.dumps(entry.to_json()))

class FromAttic:
    where = "the attic"

    def __init__(self, place, key):
        self.place, self.root = place, key.root

    def restore(self):
        if os.path.exists("../locked"):
            raise InvariantsError("the attic is locked")
        shutil.copytree(self.place, self.root, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns(".entry"))
        return ResultEntry.from_json(json.loads((self.place / ".entry").read_text()))

class Attic(Policy):
    name = "attic"
    keeps = "own"

    def answer(self, facts):
        return "run" if facts.uptodate_is_false else "restore"

    def _place(self, key):
        return pathlib.Path("../attic").resolve() / key.signature.partition(":")[2]

    def source(self, key):
        place = self._place(key)
        return FromAttic(place, key) if key.signature and (place / ".entry").exists() else None

    def sink(self, key):
        return ToAttic(self._place(key), key) if key.signature else None

@hookimpl
def invariants_register_policies():
    return [Attic]

@hookimpl
def invariants_restored(task, entry):
    print("made by", entry.task)

def task_copy():
    return {"actions": ["mkdir -p tree; cp in.txt tree/out.txt; cp in.txt out.txt" + MORE],
            "file_dep": ["in.txt"], "targets": ["tree", "out.txt"], "cache": "attic"}
MORE = ""
"""
FILES = {"dodo.py": DODO, "in.txt": "one"}


@pytest.mark.parametrize("runner", [[], ["-n", "2"], ["-n", "2", "-P", "thread"]], ids="".join)
def test_what_one_checkout_makes_another_one_takes(doit_project: Make, runner: list[str]) -> None:
    """Contents go there from where the actions run, and come back to where they would."""
    one = doit_project(FILES, name="one")
    one.run(*runner).assert_executed("copy")
    one.run(*runner).assert_up_to_date("copy")
    other = doit_project(FILES, name="other")
    why = other.run("invariants", "why").stdout
    assert "would be restored from the attic" in why
    outcome = other.run(*runner)
    assert "restored from the attic, made " in outcome.stdout
    assert "made by copy" in outcome.stdout
    assert (other.read("out.txt"), other.read("tree/out.txt")) == ("one", "one")
    other.run(*runner).assert_up_to_date("copy")
    other.write({"in.txt": "two"})
    other.run(*runner).assert_executed("copy")
    other.write({"in.txt": "one"})
    assert "restored from the attic" in other.run(*runner).stdout
    assert other.read("out.txt") == "one"


def test_a_source_that_fails_costs_a_run(doit_project: Make) -> None:
    """The reason is said in one line, the actions run."""
    doit_project(FILES, name="one").run().assert_executed("copy")
    other = doit_project({**FILES, "../locked": ""}, name="other")
    outcome = other.run().assert_executed("copy")
    assert "not restored: the attic is locked; it runs" in outcome.stdout + outcome.stderr


def test_a_sink_that_fails_costs_a_line(doit_project: Make) -> None:
    """The task has succeeded, and its result is kept nowhere."""
    project = doit_project({**FILES, "../full": ""})
    outcome = project.run().assert_executed("copy")
    assert "not put into the attic: the attic is full" in outcome.stdout + outcome.stderr
    project.run().assert_up_to_date("copy")


def test_an_unproven_result_has_no_signature(doit_project: Make) -> None:
    """What was made while its input was edited is not taken for the result of that input."""
    files = {**FILES, "dodo.py": DODO.replace('MORE = ""', 'MORE = "; echo new > in.txt"')}
    project = doit_project(files)
    project.run().assert_executed("copy")
    project.write({"in.txt": "one"})
    project.remove("out.txt")
    project.run().assert_executed("copy")


def test_a_task_with_setup_tasks_is_restored_before_these_run(doit_project: Make) -> None:
    """As from the store: what is restored needs nothing that is set up for its actions."""
    setup = DODO.replace('"cache": "attic"}', '"cache": "attic", "setup": ["server"]}')
    setup += "\ndef task_server():\n    return {'actions': ['true']}\n"
    one, other = (
        doit_project({"dodo.py": setup, "in.txt": "one"}, name=name) for name in ("one", "other")
    )
    one.run("copy").assert_executed("copy", "server")
    outcome = other.run("copy")
    assert outcome.executed == []
    assert "restored from the attic" in outcome.stdout


def test_only_one_that_keeps_its_own_is_asked(doit_project: Make) -> None:
    """Without ``keeps = "own"`` neither is asked: nothing is signed for nobody."""
    files = {**FILES, "dodo.py": DODO.replace('    keeps = "own"\n', "    keeps = None\n")}
    project = doit_project(files, settings={"store": "../store"})
    project.run().assert_executed("copy")
    project.remove("out.txt")
    project.run().assert_executed("copy")
