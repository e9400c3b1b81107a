"""Plugins that use former names: they work as before, and their authors are warned."""

from __future__ import annotations

import pytest

from doit_invariants import Invariant
from tests.support import Make

KIND = """
from doit_invariants import Invariant, hookimpl
class Odd(Invariant):
    kind = "Odd"
    def fingerprint(self, context, previous):
        assert context.teach is None
        key = context.keep({"long": "story"})
        assert context.recall(key) == {"long": "story"}
        return {"digest": context.root, "details": key}
    def portable(self, fingerprint, context):
        return "the same everywhere"
@hookimpl
def invariants_register_kinds(): return [Odd]
DOIT_CONFIG = {"invariants": {"store": "../store"}}
def task_a():
    return {"actions": ["echo made > out"], "targets": ["out"], "invariants": [Odd()],
            "cache": "shared"}
"""


def test_kind_with_former_names(doit_project: Make) -> None:
    """What ``portable`` says is in the signature: another checkout restores."""
    projects = [doit_project({"dodo.py": KIND}, name=name) for name in ("one", "other")]
    with pytest.warns(DeprecationWarning, match="is now called") as warned:
        made, restored = [project.run() for project in projects]
    made.assert_executed("a")
    assert "restored from the store" in restored.stdout
    assert {str(one.message) for one in warned} == {
        "Odd.portable is now called signature_part",
        "keep is now called intern",
        "recall is now called lookup",
        "teach is now called digester",
    }


POLICY = """
from doit_invariants import Policy, hookimpl
class Lazy(Policy):
    name = "lazy"
    def answer(self, facts):
        return "run" if facts.told else "fabricate"
@hookimpl
def invariants_register_policies(): return [Lazy]
def task_a():
    return {"actions": ["echo made > out"], "targets": ["out"], "file_dep": ["dodo.py"],
            "cache": "lazy"}
"""


def test_policy_with_former_names(doit_project: Make) -> None:
    """The answer ``fabricate`` makes a placeholder."""
    project = doit_project({"dodo.py": POLICY})
    with pytest.warns(DeprecationWarning, match="is now called") as warned:
        project.run().assert_up_to_date("a")
    assert project.read("out") == ""
    assert {str(one.message) for one in warned} == {
        "told is now called uptodate_is_false",
        "'fabricate' is now called 'placeholder'",
    }


def test_the_warning_is_at_the_line_of_the_plugin() -> None:
    """The warning names the class."""
    with pytest.warns(DeprecationWarning, match="portable") as warned:
        type("Odd", (Invariant,), {"kind": "Odd", "portable": lambda *_: ""})
    assert warned[0].filename == __file__


def test_what_was_never_there_is_missing(doit_project: Make) -> None:
    """A misspelled attribute of a context is an error as of any object."""
    dodo = KIND.replace("context.teach", "context.taught").replace("portable", "signature_part")
    outcome = doit_project({"dodo.py": dodo}).run()
    outcome.assert_error("object has no attribute 'taught'", returncode=2)
