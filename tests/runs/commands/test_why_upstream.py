"""Tasks after others that run first: the answers of `why`, `list -s` and `info`."""

from __future__ import annotations

from typing import Any

from doit_invariants.testing import Outcome
from tests.support import Make

#: Many ways to need `a`, which reads in.txt; `z` needs nothing of it.
DODO = """
from doit.task import result_dep
from doit_invariants import Task

def copies(source, target, **more):
    return {"actions": [f"cat {source} > {target}"], "file_dep": [source], "targets": [target],
            **more}

def task_a():
    return copies("in.txt", "a.out")
def task_b():
    return copies("a.out", "b.out")
def task_c():
    return copies("b.out", "c.out")
def task_ordered():
    return copies("z.txt", "ordered.out", task_dep=["b"])
def task_group():
    yield {"name": "x", **copies("a.out", "x.out")}
    yield {"name": "y", **copies("z.txt", "y.out")}
def task_wild():
    return copies("z.txt", "wild.out", task_dep=["group:*"])
def task_of_group():
    return copies("z.txt", "of_group.out", task_dep=["group"])
def task_together():
    return {"actions": None, "task_dep": ["c"]}
def task_of_together():
    return copies("z.txt", "of_together.out", task_dep=["together"])
def task_makes_tree():
    return {"actions": ["mkdir -p tree && cp a.out tree"], "file_dep": ["a.out"],
            "targets": ["tree"]}
def task_reads_tree():
    return {"actions": ["ls tree > listed"], "file_dep": ["tree/"], "targets": ["listed"]}
def task_calculates():
    return {"actions": [lambda: {"file_dep": ["b.out"]}], "file_dep": ["z.txt"]}
def task_calculated():
    return {"actions": ["true"], "file_dep": ["z.txt"], "calc_dep": ["calculates"]}
def task_by_result():
    return {"actions": ["true"], "uptodate": [result_dep("says")]}
def task_says():
    return {"actions": ["cat in.txt"], "file_dep": ["in.txt"]}
def task_by_signature():
    return {"actions": ["true"], "file_dep": ["z.txt"], "invariants": [Task("b")]}
def task_gives():
    return {"actions": [lambda: {"v": len(open("in.txt").read())}], "file_dep": ["in.txt"]}
def task_gets():
    return {"actions": ["echo %(v)s"], "file_dep": ["z.txt"], "getargs": {"v": ("gives", "v")}}
def task_sets_up():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_set_up():
    return copies("z.txt", "set_up.out", setup=["sets_up"])
def task_set_up_late():
    return copies("a.out", "set_up_late.out", setup=["sets_up"])
def task_once():
    return copies("a.out", "once.out", cache="once")
def task_z():
    return copies("z.txt", "z.out")
"""

MAY = [
    "b",
    "c",
    "ordered",
    "group:x",
    "wild",
    "of_group",
    "of_together",
    "makes_tree",
    "reads_tree",
    "calculated",
    "by_result",
    "by_signature",
    "gets",
    "set_up_late",
]
RUN = ["a", "says", "gives", "sets_up"]
SAME = ["group:y", "calculates", "set_up", "once", "z"]


def by_task(outcome: Outcome) -> dict[str, Any]:
    """Return what `why --json` says, by the name of the task."""
    return {one["task"]: one for one in outcome.json()}


def test_what_is_needed_is_followed(doit_project: Make) -> None:
    """A change of one input reaches every task that needs the one that reads it, however."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "z.txt": "1"})
    project.run().assert_success()
    project.run("invariants", "why").assert_success()
    lines = project.run("list", "-s", "--all").stdout.splitlines()
    always = {"R calculated", "R group", "R together"}  # as plain doit says
    assert {line.strip() for line in lines if line[0] == "R"} == always
    project.write({"in.txt": "22"})
    report = project.run("invariants", "why", "--json")
    assert report.returncode == 1
    states = {name: one["status"] for name, one in by_task(report).items()}
    together = {"together": "may-run"}
    assert states == {
        **dict.fromkeys(RUN, "run"),
        **dict.fromkeys(MAY, "may-run"),
        **dict.fromkeys(SAME, "up-to-date"),
        **together,
    }
    listed = project.run("list", "-s", "--all").stdout.splitlines()
    letters = {line.split()[1]: line[0] for line in listed}
    assert letters == {
        **dict.fromkeys([*RUN, *MAY, *together, "group"], "R"),
        **dict.fromkeys(SAME, "U"),
    }
    text = project.run("invariants", "why", "c", "group", "set_up", "once").stdout
    assert text.startswith(
        "c: may run, after b\ngroup:x: may run, after a\ngroup:y: up-to-date\nset_up: up-to-date\n"
        "once: up-to-date\n"
    )
    assert "b: may run, after a\n" in text
    assert "a: not up-to-date\n  in.txt: content changed" in text
    assert "sets_up" not in text
    for name in ("set_up", "once", "gets"):  # `gets` alone does not ask for `gives`
        assert project.run("list", "-s", name).stdout.startswith("U")
    ran = project.run().assert_success()
    assert set(RUN) <= set(ran.executed)
    assert set(ran.executed) <= {*RUN, *MAY}
    project.run("invariants", "why").assert_success()


def test_set_up_follows_what_it_is_for(doit_project: Make) -> None:
    """A setup task counts only as far as the task does that it sets up."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "z.txt": "1"})
    project.run().assert_success()
    project.write({"in.txt": "22"})
    assert project.run("invariants", "why", "set_up").assert_success().stdout == (
        "set_up: up-to-date\n"
    )
    project.run("set_up").assert_executed()
    late = by_task(project.run("invariants", "why", "set_up_late", "--json"))
    assert {name: (one["status"], one.get("after")) for name, one in late.items()} == {
        "set_up_late": ("may-run", ["a"]),
        "a": ("run", None),
        "sets_up": ("may-run", ["a"]),
    }
    project.write({"z.txt": "22"})
    sure = by_task(project.run("invariants", "why", "set_up", "--json"))
    assert {name: one["status"] for name, one in sure.items()} == {
        "set_up": "run",
        "sets_up": "run",
    }
    gets = by_task(project.run("invariants", "why", "gets", "--json"))
    assert {name: one["status"] for name, one in gets.items()} == {"gets": "run", "gives": "run"}


def test_only_files_in_doubt(doit_project: Make) -> None:
    """A task whose only reason is a file that another task makes again may not have to run."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "z.txt": "1"})
    fresh = by_task(project.run("invariants", "why", "c", "--json"))
    assert {one["status"] for one in fresh.values()} == {"run"}
    assert "R c" in project.run("list", "-s").stdout
    project.run().assert_success()
    project.remove("b.out")
    why = by_task(project.run("invariants", "why", "c", "--json"))
    assert {name: one["status"] for name, one in why.items()} == {
        "c": "may-run",
        "b": "run",
        "a": "up-to-date",
    }
    assert why["c"]["after"] == ["b"]
    info = project.run("info", "ordered")
    assert " * task: up-to-date as it stands, but may run, after b\n" in info.stdout
    assert info.returncode == 1
    project.run("c").assert_executed("b").assert_up_to_date("a", "c")
    project.write({"a.out": "tampered"})
    why = by_task(project.run("invariants", "why", "b", "--json"))
    assert {name: one["status"] for name, one in why.items()} == {"b": "may-run", "a": "run"}
    project.run("b").assert_executed("a").assert_up_to_date("b")


def test_ignored_and_broken_needs(doit_project: Make) -> None:
    """Skipped tasks are reported as such; tasks after a broken one are not up-to-date."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "z.txt": "1"})
    project.run().assert_success()
    project.run("ignore", "b").assert_success()
    assert project.run("invariants", "why", "c").assert_success().stdout == (
        "c: ignored because it needs b\n"
        "b: ignored\n  task: by `doit ignore`; `doit forget` undoes that\n"
        "a: up-to-date\n"
    )
    assert "I b" in project.run("list", "-s").stdout
    project.run("c").assert_executed()
    project.run("forget", "b").assert_success()
    project.remove("in.txt")
    broken = project.run("invariants", "why", "c")
    assert broken.returncode == 1
    assert "c: may run, after b\n" in broken.stdout
    assert "a: can't be checked\n  in.txt: file_dep does not exist\n" in broken.stdout
    assert "E a" in project.run("list", "-s").stdout


def test_a_deleted_file_that_a_calc_dep_named(doit_project: Make) -> None:
    """A deleted header does not stop a task if the task that lists headers runs before it."""
    dodo = """
def task_headers():
    return {"actions": [lambda: {"file_dep": open("list").read().split()}], "file_dep": ["list"]}
def task_compile():
    return {"actions": ["true"], "file_dep": ["main.c"], "calc_dep": ["headers"]}
"""
    files = {"dodo.py": dodo, "list": "a.h b.h", "main.c": "1", "a.h": "1", "b.h": "1"}
    project = doit_project(files)
    project.run().assert_executed("headers", "compile")
    project.remove("b.h")
    assert "compile: can't be checked\n" in project.run("invariants", "why").stdout
    project.write({"list": "a.h"})
    text = project.run("invariants", "why").stdout
    assert "compile: may run, after headers\n  b.h: file_dep does not exist\n" in text
    assert "E compile" not in project.run("list", "-s").stdout
    project.run().assert_executed("headers", "compile")
    project.remove("main.c")
    project.write({"list": ""})
    assert "compile: can't be checked\n" in project.run("invariants", "why").stdout


def test_a_long_chain_and_a_circle(doit_project: Make) -> None:
    """Deep chains are followed to their end; a circle is left to the run to complain about."""
    dodo = """
def task_t():
    for n in range(1500):
        yield {"name": str(n), "actions": ["true"], "file_dep": ["in.txt"] if n == 0 else [],
               "task_dep": [f"t:{n - 1}"] if n else [], "uptodate": [True]}
def task_round():
    for one, other in ("ab", "ba"):
        yield {"name": one, "actions": ["true"], "task_dep": [f"round:{other}"],
               "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "1"})
    project.run("t:1").assert_success()
    project.write({"in.txt": "22"})
    assert project.run("list", "-s", "t:1499").stdout.startswith("R t:1499")
    last = project.run("invariants", "why", "t:1499", "--json").json()
    assert (last[0]["status"], last[0]["after"], len(last)) == ("may-run", ["t:1498"], 1500)
    assert project.run("invariants", "why", "round:a").returncode == 1


def test_would_be_restored(doit_project: Make) -> None:
    """Stored results "would be restored"; tasks after them may run."""
    dodo = """
def task_a():
    return {"actions": ["cp in.txt a.out"], "file_dep": ["in.txt"], "targets": ["a.out"],
            "cache": "shared"}
def task_b():
    return {"actions": ["cp a.out b.out"], "file_dep": ["a.out"], "targets": ["b.out"]}
def task_kept():
    return {"actions": ["cp a.out kept"], "file_dep": ["a.out"], "targets": ["kept"],
            "cache": "export", "export_dir": "published"}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "1"}, settings={"store": "store"})
    project.run().assert_success()
    project.write({"in.txt": "22"})
    project.run().assert_success()
    project.write({"in.txt": "1"})
    text = project.run("invariants", "why").stdout
    assert "\n  would be restored from the store, made " in text
    assert "  restored" not in text
    assert "b: may run, after a\n" in text
    assert "kept: up-to-date\n" in text  # what it made counts, whatever changes
    project.remove("kept")
    kept = project.run("invariants", "why", "kept").stdout
    assert "  would be restored from published\n" in kept
