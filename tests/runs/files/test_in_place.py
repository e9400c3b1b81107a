"""Tasks that edit their own input: formatters, notebooks that are cleared or executed in place."""

from __future__ import annotations

import shutil

import pytest

from doit_invariants.testing import Project

DODO = """
import os, time

def edit(path, old, new):
    text = open(path).read()
    with open(path, "w") as out:
        out.write(text.replace(old, new))

def clear(path):
    edit(path, "output", "")
def tidy(path):
    text = " ".join(open(path).read().split())
    with open(path, "w") as out:
        out.write(text)

# The file is named twice, in one spelling or in two; also where a calc_dep names it.
def task_declared():
    return {"actions": [(clear, ["a.txt"])], "file_dep": ["a.txt"], "targets": ["a.txt"],
            "clean": True}
def task_spelled():
    return {"actions": [(clear, ["b.txt"])], "file_dep": ["b.txt"], "targets": ["./b.txt"]}
def task_calculated():
    return {"actions": [(clear, ["c.txt"])], "targets": ["c.txt"], "calc_dep": ["deps"]}
def task_deps():
    return {"actions": [lambda: {"file_dep": ["c.txt"]}], "file_dep": ["deps.txt"]}
def task_directory():
    return {"actions": [(clear, ["src/d.txt"])], "file_dep": ["src"], "targets": ["src"]}
def task_beside():
    return {"actions": ["sed -i s/output// e.txt && cp e.txt e.html"], "file_dep": ["e.txt"],
            "targets": ["e.txt", "e.html"]}

# Several that edit one file: the first one names it as its target, those behind have it as input.
def task_first():
    return {"actions": [(clear, ["f.txt"])], "file_dep": ["f.txt"], "targets": ["f.txt"]}
def task_second():
    return {"actions": [(tidy, ["f.txt"])], "file_dep": ["f.txt"]}
def task_third():
    return {"actions": ["sed -i s/output/Output/g f.txt", (edit, ["f.txt", "x", "y"])],
            "file_dep": ["f.txt"], "task_dep": ["second"]}
def task_reads():
    return {"actions": ["cp f.txt read.txt"], "file_dep": ["f.txt"], "targets": ["read.txt"],
            "task_dep": ["third"]}
"""
TEXT = "a  output x"
FILES = dict.fromkeys(("a.txt", "b.txt", "c.txt", "src/d.txt", "e.txt", "f.txt"), TEXT)
FILES["deps.txt"] = ""
ONES = {"declared": "a.txt", "spelled": "b.txt", "calculated": "c.txt"}
ONES |= {"directory": "src/d.txt", "beside": "e.txt"}
CHAIN = ("first", "second", "third", "reads")
RUNNERS = [(), ("-n", "2")]


@pytest.mark.parametrize("runner", RUNNERS, ids=" ".join)
def test_what_is_named_among_the_targets(doit_project, runner: tuple[str, ...]) -> None:
    """It runs once for each edit by the user, also together with others that edit the file."""
    project = doit_project({"dodo.py": DODO, **FILES})
    for text in (TEXT, "another  output x", "nothing to do"):
        for name in (*ONES.values(), "f.txt"):
            project.write({name: text})
        ran = project.run(*runner).assert_success().executed
        assert set(ran) - {"deps"} == {*ONES, *CHAIN}
        for path in ONES.values():
            assert project.read(path) == text.replace("output", "")
        expected = " ".join(text.replace("output", "").split()).replace("x", "y")
        assert project.read("f.txt") == project.read("read.txt") == expected
        for _ in range(2):
            assert project.run(*runner).assert_success().executed == []


def test_each_edit_is_seen(doit_project) -> None:
    """An edit of an input that is also the target is seen; a missing one is an error."""
    project = doit_project({"dodo.py": DODO, **FILES})
    project.run().assert_success()
    for name, path in ONES.items():
        project.write({path: "b output"})
        text = project.run("invariants", "why", name).stdout
        assert "not up-to-date" in text
        assert path in text
        project.run().assert_executed(name)
    project.edit("dodo.py", '"output", ""', '"output", "-"')
    assert set(project.run().executed) == {*ONES, *CHAIN} - {"second", "third", "reads", "beside"}
    project.remove("a.txt")
    outcome = project.run("declared")
    assert outcome.returncode == 2
    assert "a.txt" in outcome.stdout + outcome.stderr
    assert not (project.path / "a.txt").exists()
    project.run("--cache", "force", "declared")
    assert not (project.path / "a.txt").exists()


def test_clean_keeps_the_input(doit_project) -> None:
    project = doit_project({"dodo.py": DODO, **FILES})
    project.run().assert_success()
    outcome = project.run("clean", "declared").assert_success()
    assert "not removing 'a.txt', which is an input as well" in outcome.stdout
    assert project.read("a.txt") == "a   x"


UNDECLARED = """
import os
def edit(path, old, new):
    text = open(path).read()
    open(path, "w").write(text.replace(old, new))
    if os.path.exists("during"):
        open(path, "w").write(open("during").read())

def task_alone():
    return {"actions": [(edit, ["a.txt", "output", ""]), "cp a.txt a.html"],
            "file_dep": ["a.txt"], "targets": ["a.html"]}

# Two that agree in the end, and two that do not.
def task_clear():
    return {"actions": [(edit, ["b.txt", "output", ""])], "file_dep": ["b.txt"]}
def task_tidy():
    return {"actions": [(edit, ["b.txt", "  ", ""])], "file_dep": ["b.txt"],
            "task_dep": ["clear"]}
def task_upper():
    return {"actions": ["tr a-z A-Z < c.txt > c.new && cp c.new c.txt"], "file_dep": ["c.txt"]}
def task_lower():
    return {"actions": ["tr A-Z a-z < c.txt > c.new && cp c.new c.txt"], "file_dep": ["c.txt"],
            "task_dep": ["upper"]}

# What each run leaves is different: that can't be told from a user who edits the file.
def stamp():
    number = int(open("d.txt").read())
    open("d.txt", "w").write(str(number + 1))
def task_stamps():
    return {"actions": [stamp], "file_dep": ["d.txt"]}
"""
INPUTS = {"a.txt": TEXT, "b.txt": TEXT, "c.txt": TEXT, "d.txt": "1"}
TASKS = ["alone", "clear", "tidy", "upper", "lower"]


def settle(project: Project, *arguments: str) -> list[set[str]]:
    """Run until nothing runs, and return what ran."""
    found: list[set[str]] = []
    while len(found) < 6:
        ran = set(project.run(*arguments).assert_success().executed)
        if not ran:
            break
        found.append(ran)
    return found


@pytest.mark.parametrize("runner", RUNNERS, ids=" ".join)
def test_what_is_not_named_is_recognised(doit_project, runner: tuple[str, ...]) -> None:
    """A run on what the run before has left changes nothing more, or the same once more."""
    project = doit_project({"dodo.py": UNDECLARED, **INPUTS})
    for text in (TEXT, "another  output"):
        for name in ("a.txt", "b.txt", "c.txt"):
            project.write({name: text})
        runs = settle(project, "run", *runner, *TASKS)
        assert 1 <= len(runs) <= 4, runs
        assert runs[1] >= {"alone"}
        assert "alone" not in set().union(*runs[2:])
        assert project.read("a.html") == text.replace("output", "")
        assert project.read("b.txt") == text.replace("output", "").replace("  ", "")
        assert project.read("c.txt") == text.lower()


def test_the_reason_blames_nobody(doit_project) -> None:
    project = doit_project({"dodo.py": UNDECLARED, **INPUTS})
    project.run().assert_success()
    text = project.run("invariants", "why", "stamps").stdout
    assert "d.txt: changed while the task ran, by the task itself or by you" in text
    assert "list it in its targets too" in text
    for _ in range(3):
        assert "stamps" in project.run().assert_success().executed


def test_an_edit_by_the_user_is_not_hidden(doit_project) -> None:
    """This holds for files that their tasks edit, and for every edit by the user."""
    project = doit_project({"dodo.py": UNDECLARED, **INPUTS})
    settle(project, *TASKS)
    for text in ("users output", "users other output"):
        project.write({"a.txt": "start output", "during": text})
        project.run("alone").assert_executed("alone")
        project.remove("during")
        settle(project, "alone")
        assert project.read("a.html") == text.replace("output", "")


@pytest.mark.parametrize("declared", [True, False])
def test_shared(doit_project, tmp_path, declared: bool) -> None:
    """The result is stored: the first one if the file is listed, otherwise the second one."""
    targets = '["n.txt", "n.html"]' if declared else '["n.html"]'
    dodo = f"""
def task_clear():
    return {{"actions": ["echo >> log", "sed -i s/output// n.txt && cp n.txt n.html"],
            "file_dep": ["n.txt"], "targets": {targets}, "cache": "shared"}}
"""
    settings = {"store": str(tmp_path / "store")}
    projects = [
        doit_project({"dodo.py": dodo, "n.txt": "an output"}, name=name, settings=settings)
        for name in ("one", "two")
    ]
    for project in projects:
        for _ in range(3):
            project.run().assert_success()
        assert project.read("n.html") == project.read("n.txt") == "an "
        project.run().assert_up_to_date("clear")
    logs = [project.path / "log" for project in projects]
    one, two = (len(log.read_text()) if log.exists() else 0 for log in logs)
    assert (one, two) == ((1, 0) if declared else (2, 1))
    shutil.copy(projects[0].path / "n.txt", projects[1].path / "n.txt")
    projects[1].remove("n.html")
    projects[1].run().assert_success()
    assert projects[1].read("n.html") == "an "
