"""The results that go into the store, and those that a checkout restores.

A wrong result that is stored once comes out of the store later, in any checkout.
"""

from __future__ import annotations

import pytest

from tests.support import Make
from tests.support.results import STORE, restored, wipe


def test_action_that_takes_the_task(doit_project: Make) -> None:
    """A2: an action may read anything from a task object, so nothing is shared."""
    dodo = """
def who(task):
    return {"who": task.name, "meta": task.meta}
def task_t():
    for name in "ab":
        yield {"name": name, "actions": [who], "file_dep": ["in"], "meta": {"n": name},
               "cache": "shared"}
def show(a, b):
    open("out", "w").write(repr([a["who"], b["who"], a["meta"], b["meta"]]))
def task_show():
    return {"actions": [show], "getargs": {"a": ("t:a", None), "b": ("t:b", None)}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    outcome = project.run().assert_executed("t:a", "t:b", "show")
    assert project.read("out") == "['t:a', 't:b', {'n': 'a'}, {'n': 'b'}]", repr(outcome)


@pytest.mark.parametrize("edit", [('"meta": "1"', '"meta": "2"'), ("task_t", "task_2")])
def test_target_made_of_the_task(doit_project: Make, edit: tuple[str, str]) -> None:
    """A2: with targets, of a task that was renamed, or has other meta data."""
    dodo = """
def who(targets, task):
    open(targets[0], "w").write(task.name + task.meta["meta"])
def task_t():
    return {"actions": [who], "file_dep": ["in"], "targets": ["out"], "cache": "shared",
            "meta": {"meta": "1"}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    project.run().assert_executed("t")
    assert project.read("out") == "t1"
    project.edit("dodo.py", *edit)
    wipe(project, "out")
    outcome = project.run().assert_success()
    assert project.read("out") in ("t2", "21"), repr(outcome)


PARTS = {
    "command": '["cat %(changed)s > out"]',
    "function": "[join]",
}


@pytest.mark.parametrize("how", PARTS)
def test_part_of_changed(doit_project: Make, how: str) -> None:
    """A3: what was made of what had changed alone is not what a whole build makes."""
    dodo = f"""
def join(changed):
    open("out", "w").write("".join(open(path).read() for path in sorted(changed)))
def task_t():
    return {{"actions": {PARTS[how]}, "file_dep": ["in1", "in2"], "targets": ["out"],
            "cache": "shared"}}
"""
    project = doit_project({"dodo.py": dodo, "in1": "1", "in2": "2"}, settings=STORE)
    project.run().assert_executed("t")
    project.write({"in2": "two"})
    project.run().assert_executed("t")
    assert project.read("out") == "two"
    wipe(project, "out")
    outcome = project.run().assert_executed("t")
    assert sorted(project.read("out")) == sorted("1two"), repr(outcome)
    whole = project.read("out")
    wipe(project, "out")
    assert restored(project.run(), "the store") == ["t"]
    assert project.read("out") == whole


LOOKED_AT = {
    "file_dep": '"file_dep": ["d/values.py"]',
    "directory as file_dep": '"file_dep": ["d"]',
    "Files": '"invariants": [Files("d/*")]',
    "Tree": '"invariants": [Tree("d")]',
    "Script": '"invariants": [Script("d/values.py")]',
    "Module": '"invariants": [Module("d.values")]',
}


@pytest.mark.parametrize("how", LOOKED_AT)
def test_input_edited_and_reverted_meanwhile(doit_project: Make, how: str) -> None:
    """A6: what was made while an input was another for a while is in no other checkout."""
    dodo = f"""
import os
from doit_invariants import Files, Module, Script, Tree
def edit(text):
    if os.path.exists("go"):
        open("d/values.py", "w").write(text)
def task_t():
    return {{"actions": [(edit, ["V = 2"]), "cat d/values.py > out", (edit, ["V = 1"])],
            "targets": ["out"], {LOOKED_AT[how]}, "cache": "shared"}}
"""
    name = "d/values.py"
    files = {"dodo.py": dodo, name: "V = 1", "go": "", "d/__init__.py": ""}
    project = doit_project(files, settings=STORE)
    first = project.run().assert_executed("t")
    assert (project.read("out"), project.read(name)) == ("V = 2", "V = 1")
    wipe(project, "out", "go")
    outcome = project.run().assert_success()
    assert project.read("out") == "V = 1", repr(outcome)
    assert "not put into the store" in first.stderr, repr(first)


def test_code_imported_by_the_run(doit_project: Make) -> None:
    """A7: a module that another task writes counts as it was when the action imported it."""
    dodo = """
def a():
    open("helper.py", "w").write(open("tmpl").read())
def b():
    import helper
    open("out", "w").write(str(helper.V))
def task_a():
    return {"actions": [a], "file_dep": ["tmpl"], "targets": ["helper.py"]}
def task_b():
    return {"actions": [b], "file_dep": ["in"], "task_dep": ["a"], "targets": ["out"],
            "cache": "shared"}
"""
    files = {"dodo.py": dodo, "in": "", "helper.py": "V = 0\n", "tmpl": "V = 1\n"}
    project = doit_project(files, settings=STORE)
    project.run().assert_executed("a", "b")
    assert project.read("out") == "1"
    wipe(project, "out")
    project.write({"tmpl": "V = 0\n", "helper.py": "V = 0\n"})
    outcome = project.run().assert_success()
    assert project.read("out") == "0", repr(outcome)


def test_command_asked_before_the_run(doit_project: Make) -> None:
    """A8: nothing is restored for what a command said before the tasks upstream ran."""
    dodo = """
from doit_invariants import Command
def task_c():
    return {"actions": ["cat gen > outc"], "targets": ["outc"], "invariants": [Command("cat gen")]}
def task_a():
    return {"actions": ["cp src gen"], "file_dep": ["src"], "targets": ["gen"],
            "task_dep": ["c"]}
def task_b():
    return {"actions": ["cat gen > outb"], "targets": ["outb"], "task_dep": ["a"],
            "invariants": [Command("cat gen")], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "src": "one", "gen": "one"}, settings=STORE)
    project.run().assert_executed("c", "a", "b")
    project.write({"src": "two"})
    project.remove("outb")
    outcome = project.run().assert_success()
    assert project.read("outb") == "two", repr(outcome)


def test_made_anew_because_of_a_false(doit_project: Make) -> None:
    """A23: a plain False means a change that nothing can see: the newest result counts."""
    dodo = """
import os
def task_t():
    return {"actions": ["cat hidden > out"], "file_dep": ["in"], "targets": ["out"],
            "uptodate": [not os.path.exists("stale")], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "in": "", "hidden": "1"}, settings=STORE)
    project.run().assert_executed("t")
    project.write({"hidden": "2", "stale": ""})
    project.run().assert_executed("t")
    wipe(project, "out", "stale")
    assert restored(project.run(), "the store") == ["t"]
    assert project.read("out") == "2"


def test_task_without_targets(doit_project: Make) -> None:
    """A26: under a policy of the project what is run for its effects runs."""
    dodo = """
def task_deploy():
    return {"actions": ["mkdir -p ../www && cp page ../www/"], "file_dep": ["page"]}
"""
    project = doit_project({"dodo.py": dodo}, settings={**STORE, "cache": "shared"})
    for text in "121":
        project.write({"page": text})
        outcome = project.run().assert_executed("deploy")
        assert project.read("../www/page") == text, repr(outcome)
    wipe(project, "../www/page")
    project.run().assert_executed("deploy")
    assert project.read("../www/page") == "1"


def test_task_without_anything(doit_project: Make) -> None:
    """B6: a task that always runs is not stored either, without a message."""
    dodo = """
def task_a():
    return {"actions": ["date +%%s%%N > out"], "targets": ["out"]}
"""
    project = doit_project({"dodo.py": dodo}, settings=STORE)
    made = set()
    for _ in range(3):
        outcome = project.run("--cache", "shared").assert_executed("a")
        assert "not reproducible" not in outcome.stdout + outcome.stderr, repr(outcome)
        made.add(project.read("out"))
    assert len(made) == 3
    assert not list((project.path / "../store").rglob("*.json"))


def test_link_as_target(doit_project: Make) -> None:
    """A33: a target that is made as a link is one after every run."""
    dodo = """
def task_b():
    return {"actions": ["cp in file; ln -sf file lnk"], "file_dep": ["in"],
            "targets": ["lnk", "file"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"}, settings=STORE)
    outcome = project.run().assert_executed("b")
    assert "its target lnk is a link" in outcome.stderr
    wipe(project, "lnk", "file")
    outcome = project.run().assert_executed("b")
    assert (project.path / "lnk").is_symlink(), repr(outcome)
    project.write({"file": "other"})
    assert project.read("lnk") == "other"


NOW = 1_700_000_000.0
SETTINGS = {"store": "../store", "export_dir": "../pub"}


def test_target_that_is_a_hard_link_into_the_store(doit_project: Make) -> None:
    """A task writes its own file, not the one in the store."""
    text = """
def task_a():
    return {"actions": ["cat in.txt > a.txt"], "file_dep": ["in.txt"], "targets": ["a.txt"],
            "cache": "shared"}
"""
    settings = {**SETTINGS, "store_link": "hardlink"}
    project = doit_project({"dodo.py": text, "in.txt": "1"}, settings=settings)
    project.run().assert_executed("a")
    project.remove("a.txt")
    assert "a" in restored(project.run())
    project.write({"in.txt": "2"})
    project.run().assert_executed("a")
    assert project.read("a.txt") == "2"
    assert (project.path / "a.txt").stat().st_mode & 0o200
    project.write({"in.txt": "1"})
    assert "a" in restored(project.run())
    assert project.read("a.txt") == "1"


def test_same_content_again(doit_project: Make) -> None:
    """O4: what is restored or made with the same content runs nothing downstream."""
    text = """
def task_a():
    return {"actions": ["tr -d ' ' < in.txt > a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "shared"}
def task_b():
    return {"actions": ["cp a.txt b.txt"], "file_dep": ["a.txt"], "targets": ["b.txt"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": "1"}, settings=SETTINGS)
    project.run().assert_executed("a", "b")
    project.write({"in.txt": " 1"})
    project.run().assert_executed("a")
    project.write({"in.txt": "1 "})
    project.run().assert_executed("a")
    project.write({"in.txt": "1"})
    outcome = project.run()
    assert "a" in restored(outcome)
    assert outcome.executed == [], repr(outcome)


def test_undeclared_output(doit_project: Make) -> None:
    """O6: files other than targets are neither stored nor restored."""
    text = """
def task_a():
    return {"actions": ["touch a.txt other.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "POLICY"}
"""
    for policy in ("shared", "export"):
        project = doit_project(
            {"dodo.py": text.replace("POLICY", policy), "in.txt": ""},
            settings=SETTINGS,
            name=policy,
        )
        project.run().assert_executed("a")
        project.remove("a.txt", "other.txt")
        assert "a" in restored(project.run())
        assert not (project.path / "other.txt").exists()


@pytest.mark.parametrize("policy", ["shared", "export"])
def test_target_that_is_not_made(doit_project: Make, policy: str) -> None:
    """O6: a task that does not make its targets is not stored, and a message says so."""
    text = """
def task_a():
    return {"actions": ["touch a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt", "never.txt"], "cache": "POLICY"}
"""
    project = doit_project(
        {"dodo.py": text.replace("POLICY", policy), "in.txt": ""}, settings=SETTINGS
    )
    for _ in range(2):
        outcome = project.run().assert_executed("a")
        assert "Traceback" not in outcome.stderr
        said = "not put into the store: " if policy == "shared" else "never.txt is not exported"
        assert said in outcome.stderr, repr(outcome)


def test_two_tasks_with_one_content(doit_project: Make) -> None:
    """Equal contents under other names are kept once, and restored to each."""
    text = """
def task_g():
    for name in "abc":
        yield {"name": name, "actions": [f"cp in.txt {name}.txt"], "file_dep": ["in.txt"],
               "targets": [f"{name}.txt"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": text, "in.txt": "same"}, settings=SETTINGS)
    project.run().assert_success()
    blobs = [p for p in (project.path.parent / "store/blobs").rglob("*") if p.is_file()]
    assert len(blobs) == 1
    project.remove("a.txt", "b.txt", "c.txt")
    outcome = project.run()
    assert outcome.stdout.count("(restored from the store") == 3
    project.write({"a.txt": "edited"})
    assert project.read("b.txt") == project.read("c.txt") == "same"


@pytest.mark.parametrize("link", ["auto", "hardlink", "copy"])
def test_editing_what_was_restored(doit_project: Make, link: str) -> None:
    """Editing a restored file never edits the store, with every way to link."""
    text = """
def task_a():
    return {"actions": ["rm -f a.txt; cp in.txt a.txt"], "file_dep": ["in.txt"],
            "targets": ["a.txt"], "cache": "shared"}
"""
    settings = {**SETTINGS, "store_link": link}
    project = doit_project({"dodo.py": text, "in.txt": "one"}, settings=settings)
    project.run().assert_executed("a")
    for number in range(2):
        project.remove("a.txt")
        # Making a hard link writable and editing it damages the store, which is noticed.
        assert "a" in restored(project.run()) or (number and link == "hardlink")
        assert project.read("a.txt") == "one"
        (project.path / "a.txt").chmod(0o644)
        project.write({"a.txt": "bad"})
    outcome = project.run()
    assert project.read("a.txt") == "one", repr(outcome)
