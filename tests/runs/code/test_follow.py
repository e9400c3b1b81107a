"""Stories about code: which is followed, and what is recorded of it."""

from __future__ import annotations

import json

import pytest

from tests.support import Make

DODO = """
import sys
sys.path.insert(0, {path!r})
import helpers
def work(targets):
    open(targets[0], "w").write(str(helpers.clean()))
def task_a():
    return {{"actions": [work], "targets": ["out.txt"], "uptodate": [True]}}
"""


def test_code_beside_the_project_is_followed(doit_project: Make) -> None:
    """What PYTHONPATH or an editable install adds has no version: its functions count."""
    project = doit_project({"dodo.py": DODO.format(path="../beside")})
    project.write({"../beside/helpers.py": "def clean():\n    return 1\n"})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    project.edit("../beside/helpers.py", "1", "2")
    project.run().assert_executed("a")


def test_installed_code_counts_by_its_version(doit_project: Make) -> None:
    """An edit of an installed file is not looked for, unless code_roots names its directory."""
    project = doit_project({"dodo.py": DODO.format(path="venv/site-packages")})
    helpers = "venv/site-packages/helpers.py"
    metadata = "venv/site-packages/helpers-1.0.dist-info/METADATA"
    version = "Metadata-Version: 2.1\nName: helpers\nVersion: {}\n"
    project.write({helpers: "def clean():\n    return 1\n", metadata: version.format("1.0")})
    run = project.run(process="fork").assert_success()
    assert run.executed == ["a"]
    assert "helpers 1.0: helpers.clean" in project.run("invariants", "show", "a").stdout
    project.edit(helpers, "1", "2")
    project.run(process="fork").assert_up_to_date("a")
    project.write({metadata: version.format("1.1")})
    project.run(process="fork").assert_executed("a")
    project.write({"dodo.py": DODO.format(path="venv/site-packages") + ROOTS})
    project.run(process="fork").assert_executed("a")
    project.edit(helpers, "2", "3")
    project.run(process="fork").assert_executed("a")


ROOTS = 'DOIT_CONFIG = {"invariants": {"code_roots": ["venv/site-packages"]}}\n'

LISTED = """
from doit_invariants import Function
LIMIT = 1
def helper():
    return 1
def work(k=1):
    return helper() + LIMIT
def task_a():
    return {"actions": ["true"], "invariants": [Function(work, follow=False)]}
"""


def test_follow_false_stops_at_the_function(doit_project: Make) -> None:
    """Its own code and the values that it uses count, but not the functions that it calls."""
    project = doit_project({"dodo.py": LISTED})
    project.run().assert_executed("a")
    project.edit("dodo.py", "return 1", "return 2")
    project.run().assert_up_to_date("a")
    for old, new in (("LIMIT = 1", "LIMIT = 2"), ("k=1", "k=2"), ("() + L", "() - L")):
        project.edit("dodo.py", old, new)
        project.run().assert_executed("a")
        project.run().assert_up_to_date("a")


@pytest.mark.parametrize("follow", ["'all'", "True", "None"])
@pytest.mark.parametrize("kind", ["Function(work", "Module('dodo'", "Script('dodo.py'"])
def test_follow_is_checked(doit_project: Make, kind: str, follow: str) -> None:
    """Anything but "project" and False is one line that says so."""
    text = LISTED.replace("import Function", "import Function, Module, Script")
    text = text.replace("Function(work, follow=False)", f"{kind}, follow={follow})")
    project = doit_project({"dodo.py": text})
    run = project.run()
    assert run.returncode == 3
    assert "follow must be 'project'" in run.stderr
    assert "Traceback" not in run.stderr


SECRETS = """
import threading
API_TOKEN = "s3cr3t-1"
SETTINGS = {"password": "s3cr3t-2", "limit": 3}
def work(targets, auth_key="s3cr3t-3"):
    open(targets[0], "w").write(str(len(API_TOKEN) + len(SETTINGS) + len(auth_key)))
def task_a():
    return {"actions": [(work, [], {"auth_key": "s3cr3t-4"})], "targets": ["out.txt"],
            "uptodate": [True]}
"""


def test_what_seems_secret_is_not_kept(doit_project: Make) -> None:
    """The DB has only the digest of a value with a secret's name; a change is noticed."""
    project = doit_project({"dodo.py": SECRETS}, backend="json")
    project.run().assert_executed("a")
    shown = project.run("invariants", "show", "a").stdout
    assert "SETTINGS" in shown
    assert "s3cr3t" not in shown + project.read(".doit.db")
    for number in (1, 2, 3, 4):
        project.edit("dodo.py", f"s3cr3t-{number}", f"s3cr3t-{number}x")
        why = project.run("invariants", "why", "a").stdout
        assert "not up-to-date" in why
        assert "s3cr3t" not in why
        project.run().assert_executed("a")


def test_a_plugin_of_tracking_can_be_blocked(doit_project: Make) -> None:
    """Each of the three can be blocked by name; track_code turns off all of them."""
    dodo = """
DOIT_CONFIG = {"invariants": {"block": [%s]}}
def work(n, targets): return {"n": n}
def task_a():
    return {"actions": [(work, [1]), "python x.py"], "uptodate": [True]}
"""
    names = ["track-code", "track-actions", "track-order", "track-scripts"]
    files = {"x.py": "import sys\n"}
    for blocked in names:
        project = doit_project({"dodo.py": dodo % repr(blocked), **files}, name=blocked)
        project.run("-a").assert_success()
        (record,) = json.loads(project.run("invariants", "show", "a", "--json").stdout).values()
        asked = [source for source in record["sources"] if "@" not in source]
        assert asked == [name for name in names if name != blocked]
        assert not any(key.startswith(blocked) for key in record["entries"])
        assert len(record["entries"]) == {"track-actions": 3}.get(blocked, 4)


def test_records_of_the_first_version_are_adopted(doit_project: Make) -> None:
    """An older record, of bytecode alone and without arguments, reruns nothing."""
    dodo = """
def work(n, targets):
    open(targets[0], "w").write(str(n))
def task_a():
    return {"actions": [(work, [1]), "true"], "targets": ["out.txt"], "uptodate": [True]}
"""
    project = doit_project({"dodo.py": dodo}, backend="json")
    project.run().assert_executed("a")
    data = json.loads(project.read(".doit.db"))
    record = data["a"]["invariants:"]
    old = {"digest": "xxh3_128:1", "slots": {"cpython-3.1": "xxh3_128:1"}, "where": "dodo.py:2"}
    record["entries"] = {
        "track-code:Function(work)": ["Function", 1, "Function(work)", old, "track-code"]
    }
    record["sources"] = ["track-code"]
    project.write({".doit.db": json.dumps({"a": data["a"]})})
    project.run().assert_up_to_date("a")
    project.edit("dodo.py", "[1]", "[2]")
    project.run().assert_executed("a")
