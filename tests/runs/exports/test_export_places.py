"""Destinations of exports: collisions are an error at load, and no other files are touched."""

from __future__ import annotations

import pytest

from tests.support import Make

NOW = 1_700_000_000.0


def task(name: str, target: str, where: str, cache: str = "export") -> str:
    """Return a task-creator."""
    return f"""
def task_{name}():
    return {{"actions": ["mkdir -p $(dirname {target}) && echo {name} > {target}"],
            "file_dep": ["in.txt"], "targets": ["{target}"], "cache": "{cache}",
            "export_dir": "{where}"}}
"""


COLLISIONS = {
    "two tasks to one path": (task("a", "x/out", "pub"), task("b", "out", "pub/x"), "pub/x/out"),
    "one inside the other": (task("a", "out", "pub"), task("b", "deep", "pub/out"), "pub/out"),
    "onto a target": (task("a", "out", "pub"), task("b", "pub/out", "far", "once"), "pub/out"),
    "into a target": (task("a", "out", "pub/d"), task("b", "pub", "far", "once"), "pub"),
}


@pytest.mark.parametrize("first", ["a", "b"])
@pytest.mark.parametrize("case", COLLISIONS)
def test_collision(doit_project: Make, case: str, first: str) -> None:
    """One line names both tasks and the path, in every order, and nothing runs."""
    one, other, path = COLLISIONS[case]
    text = one + other if first == "a" else other + one
    project = doit_project({"dodo.py": text, "in.txt": ""})
    outcome = project.run()
    outcome.assert_error("are the same path, or one is inside the other")
    (line,) = (
        line
        for line in (outcome.stdout + outcome.stderr).splitlines()
        if "are the same path" in line
    )
    assert "task 'a'" in line, line
    assert "task 'b'" in line, line
    assert f": {path};" in line, line
    assert sorted(p.name for p in project.path.iterdir() if p.name[0] != ".") == [
        "dodo.py",
        "in.txt",
        "pyproject.toml",
    ]


@pytest.mark.parametrize("target", ["../out", "/tmp/doit-invariants-out"])
def test_target_outside_of_the_project(doit_project: Make, target: str) -> None:
    """A target outside of the project can't be exported: an error that names the task."""
    project = doit_project({"dodo.py": task("a", target, "pub"), "in.txt": ""})
    outcome = project.run().assert_error("task 'a': option 'export_dir'")
    assert "not inside the project" in outcome.stdout + outcome.stderr, repr(outcome)


@pytest.mark.parametrize("where", [".", "out/pub", "link"])
def test_export_over_its_own_target(doit_project: Make, where: str) -> None:
    """An export that would be its target, or in it, is an error that says so."""
    project = doit_project({"dodo.py": task("a", "out", where), "in.txt": ""})
    (project.path / "link").symlink_to(".")
    project.run().assert_error("task 'a': option 'export_dir': ")
    assert not (project.path / "out").exists()


def test_same_name_in_other_directories(doit_project: Make) -> None:
    """Targets of equal names, of one task or of two, do not meet in one export_dir."""
    text = task("a", "one/out", "pub") + task("b", "two/out", "pub")
    project = doit_project({"dodo.py": text, "in.txt": ""})
    project.run().assert_executed("a", "b")
    assert project.read("pub/one/out") == "a\n"
    assert project.read("pub/two/out") == "b\n"
    project.remove("one/out", "two/out")
    outcome = project.run()
    assert outcome.executed == []
    assert project.read("one/out") == "a\n"
    assert project.read("two/out") == "b\n"


def test_export_outside_of_the_project(doit_project: Make) -> None:
    """Exports may lie elsewhere: absolute, in the home directory, or shared by two checkouts."""
    text = task("a", "out", "../pub")
    project = doit_project({"dodo.py": text, "in.txt": "one"})
    other = doit_project({"dodo.py": text, "in.txt": "one"}, name="other")
    project.run().assert_executed("a")
    assert "(restored from ../pub, made " in other.run().stdout
    assert other.read("out") == "a\n"
    other.run("--cache", "True").assert_up_to_date("a")
    text = task("a", "out", "~/pub")
    home = {"HOME": str(project.path.parent / "home")}
    project = doit_project({"dodo.py": text, "in.txt": "one"}, name="third")
    project.run(env=home).assert_executed("a")
    assert (project.path.parent / "home/pub/out").read_text() == "a\n"


def test_export_that_cannot_be_written(doit_project: Make) -> None:
    """If the export_dir can't be made the task succeeds all the same, with a warning."""
    project = doit_project({"dodo.py": task("a", "out", "pub"), "in.txt": "", "pub": "a file"})
    outcome = project.run().assert_executed("a")
    assert "nothing is exported" in outcome.stderr, repr(outcome)
    assert "Traceback" not in outcome.stderr
    assert project.read("pub") == "a file"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"exports": {}}', "\x00"])
def test_damaged_manifest(doit_project: Make, content: str) -> None:
    """A manifest that can't be read is a reason to run, and is written again."""
    project = doit_project({"dodo.py": task("a", "out", "pub"), "in.txt": ""})
    project.run().assert_executed("a")
    project.write({"pub/.doit-invariants/a.json": content})
    project.remove("out")
    outcome = project.run().assert_executed("a")
    assert "Traceback" not in outcome.stderr
    assert project.read("out") == "a\n"
    project.remove("out")
    assert "restored from pub" in project.run().stdout


def test_tasks_of_a_group_and_workers(doit_project: Make) -> None:
    """Sub-tasks with odd names export and restore with `-n` and with threads."""
    text = """
def task_g():
    for name in ("x/y", "a b", "ü:1", "%", "p*"):
        out = "out/" + name.replace("/", "_")
        yield {"name": name, "actions": [(make, [out])], "targets": [out], "file_dep": ["in.txt"],
               "cache": "export", "export_dir": "pub"}
def make(path):
    import os
    os.makedirs("out", exist_ok=True)
    open(path, "w").write(path)
"""
    project = doit_project({"dodo.py": text, "in.txt": ""})
    assert len(project.run("-n", "2").assert_success().executed) == 5
    names = sorted(path.name for path in (project.path / "out").iterdir())
    for arguments in (("-n", "2"), ("-n", "2", "-P", "thread"), ()):
        for name in names:
            project.remove(f"out/{name}")
        outcome = project.run(*arguments).assert_success()
        assert outcome.executed == [], repr(outcome)
        assert outcome.stdout.count("(restored from pub, made") == 5, repr(outcome)
        for name in names:
            assert project.read(f"out/{name}") == f"out/{name}"


def test_target_that_is_no_longer_made(doit_project: Make) -> None:
    """The export of a removed target is removed, unless it was edited."""
    text = task("a", "out", "pub").replace('["out"]', '["out", "more", "kept"]')
    text = text.replace("echo a > out", "echo a > out && echo m > more && echo k > kept")
    project = doit_project({"dodo.py": text, "in.txt": ""})
    project.run().assert_executed("a")
    project.write({"pub/kept": "edited"})
    project.edit("dodo.py", '"out", "more", "kept"', '"out"')
    project.run("-a").assert_executed("a")
    assert (project.path / "pub/out").exists()
    assert not (project.path / "pub/more").exists()
    assert project.read("pub/kept") == "edited"


def test_json_names_the_source(doit_project: Make) -> None:
    """The JSON reporter says up-to-date, and where it is from."""
    project = doit_project({"dodo.py": task("a", "out", "pub"), "in.txt": ""})
    project.run(now=NOW).assert_executed("a")
    project.remove("out")
    data = project.run("--reporter", "json", now=NOW + 60).json()
    (found,) = data["tasks"]
    assert found["result"] == "up-to-date"
    assert found["restored"]["from"] == "pub"
    assert found["restored"]["executed_at"] == NOW
    assert data["invariants"]["restored"] == 1
