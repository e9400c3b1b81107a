"""A policy of a plugin that keeps results in a place of its own: a source and a sink."""

from __future__ import annotations

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.runners import EACH_RUNNER

DODO = """
import json, os, pathlib, shutil
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

    def finish(self, entry):
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


@pytest.mark.parametrize("runner", EACH_RUNNER)
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
    """The reason is printed in one line, and the actions run."""
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
    """A result made while its input was edited is not stored as the result of that input."""
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
    """Without ``keeps = "own"``, neither is called, and no signature is computed."""
    files = {**FILES, "dodo.py": DODO.replace('    keeps = "own"\n', "    keeps = None\n")}
    project = doit_project(files, settings={"store": "../store"})
    project.run().assert_executed("copy")
    project.remove("out.txt")
    project.run().assert_executed("copy")


def attic(doit_project: Make, change: tuple[str, str], name: str = "project") -> Project:
    """Return a project whose policy, source or sink has one thing changed."""
    assert change[0] in DODO
    return doit_project({**FILES, "dodo.py": DODO.replace(*change)}, name=name)


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
def test_removed_targets_come_back(doit_project: Make, runner: list[str]) -> None:
    """A restored task is as if it had run; changed code makes it run."""
    project = doit_project(FILES)
    project.run(*runner).assert_executed("copy")
    project.remove("out.txt")
    outcome = project.run(*runner)
    assert outcome.executed == []
    assert "restored from the attic, made " in outcome.stdout
    project.run(*runner).assert_up_to_date("copy")
    project.write({"dodo.py": DODO.replace('MORE = ""', 'MORE = "; echo more >> out.txt"')})
    project.run(*runner).assert_executed("copy")
    assert project.read("out.txt") == "onemore\n"


def test_an_input_that_is_edited_meanwhile_keeps_a_result_out(doit_project: Make) -> None:
    """The sink does not hear of the success; the user hears why."""
    files = {**FILES, "dodo.py": DODO.replace('MORE = ""', 'MORE = "; echo new > in.txt"')}
    outcome = doit_project(files).run().assert_executed("copy")
    said = outcome.stdout + outcome.stderr
    assert "not put into the attic: its input in.txt changed while it ran" in said


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("shutil.copytree(self", "1 / 0; shutil.copytree(self"), "ZeroDivisionError"),
        (("shutil.copytree(self", 'open("../none"); shutil.copytree(self'), "FileNotFoundError"),
        (("shutil.copytree(self", "raise SystemExit(3); shutil.copytree(self"), "SystemExit"),
    ],
    ids=["error", "system", "exit"],
)
def test_whatever_a_source_raises_costs_a_run(
    doit_project: Make, change: tuple[str, str], text: str, runner: list[str]
) -> None:
    """An exception of a plugin ends neither the run nor the worker."""
    doit_project(FILES, name="one").run().assert_executed("copy")
    outcome = attic(doit_project, change).run(*runner).assert_executed("copy")
    said = outcome.stdout + outcome.stderr
    assert f"copy: not restored: the attic failed with {text}: " in said
    assert said.count("the attic failed") == 1


@pytest.mark.parametrize(
    "change",
    [
        ("        kept = self.place /", "        1 / 0\n        kept = self.place /"),
        ("        (self.place / ", "        1 / 0\n        (self.place / "),
    ],
    ids=["put", "finish"],
)
def test_whatever_a_sink_raises_costs_a_line(doit_project: Make, change: tuple[str, str]) -> None:
    """The task has succeeded, and is recorded."""
    project = attic(doit_project, change)
    outcome = project.run().assert_executed("copy")
    said = outcome.stdout + outcome.stderr
    assert "copy: not put into the attic: failed with ZeroDivisionError: " in said
    project.run().assert_up_to_date("copy")


def test_a_policy_that_raises_costs_a_run(doit_project: Make) -> None:
    """It is named, with its exception; read-only commands say so too, and write nothing."""
    change = ("        place = self._place(key)\n", "        1 / 0\n        place = 2\n")
    project = attic(doit_project, change)
    text = "not restored: the policy 'attic': failed with ZeroDivisionError: division by zero"
    assert text in project.run("invariants", "why").stdout
    outcome = project.run().assert_executed("copy")
    assert text in outcome.stdout + outcome.stderr


def test_a_source_that_cannot_be_pickled_is_not_used(doit_project: Make) -> None:
    """With ``-n`` it would be lost on its way, and with it what was restored."""
    doit_project(FILES, name="one").run().assert_executed("copy")
    change = (
        "self.place, self.root = place, key.root\n\n    def restore",
        "self.place, self.root, self.f = place, key.root, lambda: 1\n\n    def restore",
    )
    outcome = attic(doit_project, change).run().assert_executed("copy")
    assert "not restored: the policy 'attic': failed with " in outcome.stdout + outcome.stderr


def test_what_a_place_has_mixed_up_is_not_taken(doit_project: Make) -> None:
    """Contents are compared with the entry: a damaged one is not restored."""
    project = doit_project(FILES)
    project.run().assert_executed("copy")
    (kept,) = (project.path / "../attic").resolve().glob("*/tree/out.txt")
    kept.write_text("spoiled")
    project.remove("out.txt")
    outcome = project.run().assert_executed("copy")
    said = outcome.stdout + outcome.stderr
    assert "not restored: tree in the attic is not what the task made; it runs" in said
    assert project.read("tree/out.txt") == "one"


def test_a_link_in_the_place_of_a_target_is_not_written_through(doit_project: Make) -> None:
    """The destination of a foreign link stays: as with the store, the task runs instead."""
    project = doit_project({**FILES, "mine.txt": "mine"})
    project.run().assert_executed("copy")
    project.remove("out.txt")
    (project.path / "out.txt").symlink_to("mine.txt")
    project.write({"in.txt": "two"})
    project.run().assert_executed("copy")
    project.remove("out.txt")
    (project.path / "out.txt").symlink_to("mine.txt")
    project.write({"in.txt": "one", "mine.txt": "mine"})
    outcome = project.run()
    said = outcome.stdout + outcome.stderr
    assert "its target out.txt is a link; it runs" in said


def test_values_of_other_tasks_are_no_part_of_a_signature(doit_project: Make) -> None:
    """They are known too late: a result that rests on them is not taken for another's."""
    values = DODO.replace(
        '"cache": "attic"}', '"cache": "attic", "getargs": {"n": ("count", "n")}}'
    )
    values = values.replace("cp in.txt out.txt", "echo %(n)s > out.txt") + (
        "\ndef count():\n    return {'n': int(open('n.txt').read())}\n"
        "\ndef task_count():\n    return {'actions': [count], 'file_dep': ['n.txt']}\n"
    )
    project = doit_project({"dodo.py": values, "in.txt": "one", "n.txt": "1"})
    project.run("count", "copy").assert_executed("count", "copy")
    project.write({"n.txt": "2"})
    project.run("count", "copy").assert_executed("count", "copy")
    assert project.read("out.txt") == "2\n"
    project.remove("out.txt")
    assert "not shared: it gets values from other tasks" in project.run("invariants", "why").stdout
    project.run("count", "copy").assert_executed("copy")
    assert project.read("out.txt") == "2\n"


def test_a_task_with_a_ttl_is_not_restored(doit_project: Make) -> None:
    """The age of a result in such a place is unknown until it is restored."""
    dodo = DODO.replace('"cache": "attic"}', '"cache": "attic", "ttl": "1d"}')
    files = {**FILES, "dodo.py": dodo}
    doit_project(files, name="one").run().assert_executed("copy")
    other = doit_project(files, name="other")
    assert "not restored: it has a TTL" in other.run("invariants", "why").stdout
    other.run().assert_executed("copy")


def test_nothing_is_restored_for_what_an_action_has_changed(doit_project: Make) -> None:
    """A command is asked once in a run: what it said then need not be what it would say now."""
    dodo = DODO.replace(
        '"cache": "attic"}',
        '"cache": "attic", "invariants": [Command("cat state")], "task_dep": ["change"]}',
    ).replace("import InvariantsError", "import Command, InvariantsError")
    dodo += "\ndef task_change():\n    return {'actions': ['cp next state']}\n"
    project = doit_project({"dodo.py": dodo, "in.txt": "one", "state": "a", "next": "a"})
    project.run("copy").assert_executed("change", "copy")
    project.write({"next": "b"})
    project.remove("out.txt")
    outcome = project.run("copy")
    assert outcome.executed == ["change", "copy"], outcome


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_a_result_of_something_else_serves_for_now(doit_project: Make, runner: list[str]) -> None:
    """A policy may restore the last result after any change; it is not recorded as new."""
    project = attic(doit_project, ('key.signature.partition(":")[2]', '"last"'))
    project.run(*runner).assert_executed("copy")
    project.write({"in.txt": "two"})
    outcome = project.run(*runner)
    assert "restored from the attic, made " in outcome.stdout
    assert project.read("out.txt") == "one"
    project.run(*runner, "--cache=True").assert_executed("copy")
    assert project.read("out.txt") == "two"
