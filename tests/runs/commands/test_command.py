"""The command `doit invariants`: its verbs, their JSON, their exit codes."""

from __future__ import annotations

from tests.support import Make

DODO = """
from doit_invariants import TTL, Value
def task_a():
    return {"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "invariants": [Value(1)]}
def task_group():
    for name in "xy":
        yield {"name": name, "actions": ["true"], "invariants": [Value(name)]}
def task_free():
    return {"actions": ["true"]}
"""


def test_why(doit_project: Make) -> None:
    """Every reason of every task that is asked for, groups and patterns included."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"})
    first = project.run("invariants", "why")
    assert first.returncode == 1
    assert first.stdout == (
        "a: not up-to-date\n"
        "  out.txt: target is missing\n"
        "  task: never ran\n"
        "group:x: not up-to-date\n"
        "  task: never ran\n"
        "group:y: not up-to-date\n"
        "  task: never ran\n"
        "free: not up-to-date\n"
        "  task: no file_dep, uptodate, invariants or cache: the task always runs\n"
    )
    project.run()
    assert project.run("invariants", "why", "group").assert_success().stdout == (
        "group:x: up-to-date\ngroup:y: up-to-date\n"
    )
    assert project.run("invariants", "why", "*:y", "a").stdout == (
        "group:y: up-to-date\na: up-to-date\n"
    )
    project.write({"in.txt": "22"})
    project.edit("dodo.py", "Value(1)", "Value(2)")
    report = project.run("invariants", "why", "a", "--json")
    assert report.returncode == 1
    assert report.json() == [
        {
            "task": "a",
            "status": "run",
            "reasons": [
                {
                    "code": "changed_file_dep",
                    "subject": "in.txt",
                    "text": "content changed, 1 -> 2 bytes",
                    "changes": [{"what": "changed", "where": "in.txt"}],
                },
                {
                    "code": "changed_invariant",
                    "subject": "Value",
                    "text": "1 -> 2",
                    "changes": [{"what": "changed", "where": "$", "old": "1", "new": "2"}],
                },
            ],
        }
    ]


def test_why_of_a_task_that_cannot_be_checked(doit_project: Make) -> None:
    """A missing file_dep is reported as such."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "out.txt": "1"})
    project.run()
    project.remove("in.txt")
    outcome = project.run("invariants", "why", "a")
    assert outcome.stdout == "a: can't be checked\n  in.txt: file_dep does not exist\n"
    assert outcome.returncode == 1


def test_why_of_a_task_whose_input_is_not_made_yet(doit_project: Make) -> None:
    """A file_dep that another task will make is not an error for why, info and list."""
    dodo = """
def task_use():
    return {"actions": ["true"], "file_dep": ["made"], "cache": True}
def task_make():
    return {"actions": ["touch made"], "targets": ["made"]}
"""
    project = doit_project({"dodo.py": dodo})
    why = project.run("invariants", "why", "use")
    assert why.stdout == (
        "use: not up-to-date\n"
        "  made: file_dep does not exist yet, task make makes it\n"
        "  task: never ran\n"
        "make: not up-to-date\n"
        "  made: target is missing\n"
        "  task: no file_dep, uptodate, invariants or cache: the task always runs\n"
    )
    assert "R use" in project.run("list", "-s").stdout
    assert "task make makes it" in project.run("info", "use").stdout
    project.run("use").assert_executed("make", "use")


def test_show(doit_project: Make) -> None:
    """The record, for people and for programs."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"})
    assert project.run("invariants", "show", "a").stdout == "a\n  no record\n"
    project.run()
    lines = project.run("invariants", "show", "a").stdout.splitlines()
    assert lines[0] == "a"
    assert lines[1] == "  recorded: the actions ran"
    assert lines[2].startswith("  executed: 2")
    assert lines[3] == "  file_dep: in.txt"
    assert lines[4].startswith("  target: out.txt (xxh3_128:")
    assert lines[5].startswith("  invariant: Value (xxh3_128:")
    record = project.run("invariants", "show", "a", "--json").json()["a"]
    assert record["schema"] == 1
    assert record["origin"] == "run"


def test_accept(doit_project: Make, backend: str) -> None:
    """A task is taken as valid as it stands; values stay, and it becomes no younger."""
    dodo = """
from doit_invariants import TTL, Value
from doit.tools import config_changed, timeout
def make(targets):
    open(targets[0], "w").write("made")
    return {"n": 7}
def task_a():
    return {"actions": [make], "targets": ["out.txt"], "invariants": [Value(1), TTL("1d")],
            "uptodate": [config_changed("1"), timeout(10**9)]}
def task_use():
    return {"actions": ["echo %(n)s > n.txt"], "getargs": {"n": ("a", "n")}}
"""
    project = doit_project({"dodo.py": dodo}, backend=backend)
    refused = project.run("invariants", "accept", "a")
    assert refused.stdout == "refused a: out.txt: target is missing\n"
    assert refused.returncode == 1
    project.run("a", now=1_700_000_000).assert_executed("a")
    before = project.run("invariants", "show", "a", "--json").json()["a"]["executed_at"]
    project.edit("dodo.py", "Value(1)", "Value(2)")
    project.edit("dodo.py", 'config_changed("1")', 'config_changed("2")')
    project.edit("dodo.py", '"made"', '"made otherwise"')
    project.write({"out.txt": "by hand"})
    assert project.run("invariants", "accept", "a", now=1_700_000_100).stdout == "accepted a\n"
    project.run("a", now=1_700_000_200).assert_up_to_date("a")
    assert project.read("out.txt") == "by hand"
    after = project.run("invariants", "show", "a", "--json").json()["a"]
    assert (after["executed_at"], after["origin"]) == (before, "accept")
    project.run("use", now=1_700_000_300).assert_executed("use")
    assert project.read("n.txt") == "7\n"
    project.run("a", now=1_700_000_000 + 86400).assert_executed("a")
    assert project.run("invariants", "accept", "a", "--json").json() == {"a": ""}


def test_accept_of_what_never_ran_has_expired(doit_project: Make) -> None:
    """A task that was accepted but never executed has no age."""
    dodo = """
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"], "ttl": "1d"}
def task_b():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_c():
    return {"actions": ["true"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    outcome = project.run("invariants", "accept", "a", "b", "c")
    assert outcome.stdout == (
        "accepted a\n  it still runs: TTL(1d): expired: never executed\naccepted b\n"
        "refused c: it has nothing that could make it up-to-date\n"
    )
    assert project.run("invariants", "why", "a").stdout == (
        "a: not up-to-date\n  TTL(1d): expired: never executed\n"
    )
    project.run().assert_executed("a", "c").assert_up_to_date("b")


def test_kinds(doit_project: Make) -> None:
    """The kinds, policies, stores and hooks, with their plugins."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    found = project.run("invariants", "kinds", "--json").json()
    assert [row["name"] for row in found["kinds"]] == [
        "Action",
        "Command",
        "Distribution",
        "Env",
        "Files",
        "Function",
        "Git",
        "Module",
        "Script",
        "TTL",
        "Task",
        "Tree",
        "Value",
    ]
    assert [row["name"] for row in found["policies"]] == [
        "False",
        "True",
        "export",
        "force",
        "once",
        "shared",
    ]
    assert [row["name"] for row in found["stores"]] == ["directory"]
    assert {row["plugin"] for row in found["kinds"]} == {"builtin-kinds"}
    text = project.run("invariants", "kinds").stdout
    assert "Action                        builtin-kinds      Unchanged while an action" in text
    assert "invariants_for_task           track-code" in text


def test_mistakes_on_the_command_line(doit_project: Make) -> None:
    """Each is one line that says what is allowed, with doit's exit code."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    for arguments, text in (
        ([], "`invariants` needs a verb, one of: why, show, accept, store, kinds"),
        (["wy"], "`invariants` has no verb 'wy'; allowed are why, show, accept, store, kinds"),
        (["show"], "`invariants show` needs the name of a task"),
        (["why", "nope"], "'nope' is not a task."),
        (
            ["why", "--nope"],
            "`invariants`: option --nope not recognized",
        ),
    ):
        project.run("invariants", *arguments).assert_error(text)


def test_help(doit_project: Make) -> None:
    """The verbs are explained by `doit help invariants` and by `--help`."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    for arguments in (["help", "invariants"], ["invariants", "--help"]):
        text = project.run(*arguments).assert_success().stdout
        assert "why [TASK ...]" in text
        assert "accept TASK ..." in text


def test_info_and_list_tell_the_same(doit_project: Make) -> None:
    """`doit info` prints our reasons beside doit's, `doit list -s` the same status."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"})
    project.run()
    assert "U a" in project.run("list", "-s").stdout
    project.edit("dodo.py", "Value(1)", "Value(2)")
    project.write({"out.txt": "tampered"})
    assert "R a" in project.run("list", "-s").stdout
    info = project.run("info", "a")
    assert info.returncode == 1
    assert " * Value: 1 -> 2\n" in info.stdout
    assert " * out.txt: target is not as the task left it" in info.stdout


def test_why_survives_an_uptodate_that_raises(doit_project: Make) -> None:
    """The task that can't be explained is one line, and the others are explained."""
    dodo = """
def broken(): raise RuntimeError("no idea")
def task_a():
    return {"actions": ["true"], "uptodate": [broken]}
def task_b():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    assert project.run("invariants", "why").stdout == (
        "a: can't be checked\n"
        "  uptodate: an uptodate item failed with RuntimeError: no idea\n"
        "  task: no file_dep, uptodate, invariants or cache: the task always runs\n"
        "b: not up-to-date\n"
        "  task: never ran\n"
    )


def test_why_says_nothing_false_beside_a_problem(doit_project: Make) -> None:
    """An invariant that can't be checked has not been removed."""
    dodo = """
from doit_invariants import Files
def task_a():
    return {"actions": ["true"], "invariants": [Files("x")]}
"""
    project = doit_project({"dodo.py": dodo, "x": ""})
    project.run().assert_executed("a")
    project.remove("x")
    assert project.run("invariants", "why").stdout == (
        "a: can't be checked\n"
        "  Files(x): x does not exist; if it may be missing, set missing_ok=True\n"
    )


def test_info_says_what_changed_inside_a_directory(doit_project: Make) -> None:
    """One changed file of a directory is named, as many are."""
    dodo = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["data"]}\n'
    project = doit_project({"dodo.py": dodo, "data/x": ""})
    project.run()
    project.write({"data/x": "changed"})
    assert " * data: 1 changed (data/x)\n" in project.run("info", "a").stdout


def test_calculated_dependencies_are_known_to_commands(doit_project: Make) -> None:
    """Commands that only read know what a calc_dep gave in the last run; doit's forget it."""
    dodo = """
def task_deps():
    return {"actions": [(lambda: {"file_dep": ["in.txt"]},)], "file_dep": ["dodo.py"]}
def task_a():
    return {"actions": ["true"], "calc_dep": ["deps"], "file_dep": ["dodo.py"],
            "cache": True}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "1"})
    project.run("a").assert_executed("deps", "a")
    assert "U a" in project.run("list", "-s").stdout
    project.run("a").assert_executed()
    project.write({"in.txt": "2"})
    assert project.run("invariants", "why", "a").stdout == (
        "a: not up-to-date\n  in.txt: content changed\ndeps: up-to-date\n"
    )


def test_accept_of_a_task_with_calculated_dependencies(doit_project: Make) -> None:
    """Dependencies from a calc_dep are accepted too."""
    dodo = """
def calc():
    return {"file_dep": ["b.txt"]}
def task_calc():
    return {"actions": [calc], "file_dep": ["in.txt"]}
def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"], "calc_dep": ["calc"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "", "b.txt": ""})
    project.run().assert_executed("calc", "a")
    project.write({"b.txt": "changed"})
    assert project.run("invariants", "accept", "a").stdout == "accepted a\n"
    project.run("a").assert_executed()
