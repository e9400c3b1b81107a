"""Stories about the contents of files and directories."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time

import pytest

from doit_invariants.testing import Project
from tests.support import Make

COPY = """
def copy(dependencies, targets):
    with open(targets[0], "w") as out:
        for path in sorted(dependencies):
            out.write(open(path).read())

def task_copy():
    return {"actions": [copy], "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""


def test_unchanged_project_runs_nothing(doit_project: Make, backend: str) -> None:
    """A second run executes nothing, with every backend."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, backend=backend)
    project.run().assert_executed("copy")
    project.run().assert_executed().assert_up_to_date("copy")


def test_touched_input_is_not_hashed_for_ever(doit_project: Make, backend: str) -> None:
    """A touch reruns nothing, and the new time is recorded: the content is read only once."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, backend=backend)
    project.run().assert_executed("copy")
    os.utime(project.path / "in.txt", ns=(10**18, 10**18))
    time.sleep(0.05)  # let the clock that stamps files tick
    project.run().assert_up_to_date("copy")
    stat = (project.path / "in.txt").stat()
    recorded = project.run("invariants", "show", "copy", "--json").json()["copy"]["stats"]
    assert recorded["in.txt"] == [10**18, 3, stat.st_ino, stat.st_ctime_ns]


def test_same_size_and_time_other_content_runs(doit_project: Make, backend: str) -> None:
    """An edit that keeps size and modification time is seen by the change time."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, backend=backend)
    before = (project.path / "in.txt").stat()
    project.run()
    project.run()
    project.write({"in.txt": "two"})
    os.utime(project.path / "in.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    project.run().assert_executed("copy")


def test_older_time_other_content_runs(doit_project: Make) -> None:
    """A file replaced by an older one (cp -p, rsync -t) is seen."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one", "old.txt": "old"})
    os.utime(project.path / "old.txt", ns=(10**17, 10**17))
    project.run()
    shutil.copy2(project.path / "old.txt", project.path / "in.txt")
    project.run().assert_executed("copy")
    assert project.read("out.txt") == "old"


def test_replaced_by_rename_with_same_stat_runs(doit_project: Make) -> None:
    """A file moved over the input with the same size and times is another inode."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one", "new.txt": "two"})
    for name in ("in.txt", "new.txt"):
        os.utime(project.path / name, ns=(10**18, 10**18))
    project.run()
    project.run()
    os.replace(project.path / "new.txt", project.path / "in.txt")
    project.run().assert_executed("copy")


def test_edits_within_one_tick_of_the_clock_are_seen(doit_project: Make) -> None:
    """Fifty edits, each right after the run that read the last one, are fifty executions."""
    project = doit_project({"dodo.py": COPY, "in.txt": "00"})
    project.run()
    for number in range(1, 51):
        project.write({"in.txt": f"{number:02}"})
        project.run().assert_executed("copy")
        assert project.read("out.txt") == f"{number:02}"


def test_tampered_target_runs(doit_project: Make, backend: str) -> None:
    """A target that is edited by hand is made again, and why says so."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, backend=backend)
    project.run()
    project.write({"out.txt": "tampered"})
    why = project.run("invariants", "why")
    assert "out.txt: target is not as the task left it: content changed, 3 -> 8 bytes" in why.stdout
    project.run().assert_executed("copy")
    assert project.read("out.txt") == "one"


def test_track_targets_off_for_a_task_and_for_the_project(doit_project: Make) -> None:
    """With track_targets=False a target is only required to exist, as in plain doit."""
    off = COPY.replace('"targets": ["out.txt"]', '"targets": ["out.txt"], "track_targets": False')
    for dodo, settings in ((off, {}), (COPY, {"track_targets": False})):
        project = doit_project(
            {"dodo.py": dodo, "in.txt": "one"}, settings=settings, name=f"p{len(settings)}"
        )
        project.run().assert_executed("copy")
        project.write({"out.txt": "tampered"})
        project.run().assert_up_to_date("copy")
        project.remove("out.txt")
        project.run().assert_executed("copy")


TREE = """
import os

def count(dependencies, targets):
    os.makedirs("out", exist_ok=True)
    names = sorted(n for _, _, files in os.walk("data") for n in files)
    open("out/names.txt", "w").write("\\n".join(names))

def task_count():
    return {"actions": [count], "file_dep": ["data%s"], "targets": ["out%s"]}

def task_use():
    return {"actions": ["cat out/names.txt > used.txt"], "file_dep": ["out%s"],
            "targets": ["used.txt"]}
"""


@pytest.mark.parametrize(
    ("dep", "target", "use"), [("", "", ""), ("/", "/", "/"), ("/", "", "/"), ("", "/", "")]
)
def test_directories_as_file_dep_and_target(
    doit_project: Make, dep: str, target: str, use: str
) -> None:
    """A directory is tracked by content, and orders tasks with and without a trailing slash."""
    files = {"dodo.py": TREE % (dep, target, use), "data/a.txt": "a", "data/sub/b.txt": "b"}
    project = doit_project(files)
    first = project.run()
    first.assert_executed("count", "use")
    assert first.executed == ["count", "use"]
    project.run().assert_up_to_date("count", "use")

    project.write({"data/sub/c.txt": "c"})
    why = project.run("invariants", "why", "count").stdout
    assert f"data{dep}: 1 added (data/sub/c.txt)" in why
    project.run().assert_executed("count", "use")

    project.write({"out/extra.txt": "by hand"})
    why = project.run("invariants", "why", "count").stdout
    assert "target is not as the task left it: 1 added (out/extra.txt)" in why


def test_use_before_its_maker_is_defined(doit_project: Make) -> None:
    """The order of definition does not matter to a directory with a slash at one side only."""
    dodo = """
def task_a_use():
    return {"actions": ["ls out > used.txt"], "file_dep": ["out/"], "targets": ["used.txt"]}
def task_b_make():
    return {"actions": ["mkdir -p out && echo 1 > out/x"], "file_dep": ["in"], "targets": ["out"]}
"""
    outcome = doit_project({"dodo.py": dodo, "in": ""}).run()
    outcome.assert_executed("a_use", "b_make")
    assert outcome.executed == ["b_make", "a_use"]


def test_files_that_tools_leave_in_a_directory_do_not_count(doit_project: Make) -> None:
    """Compiled Python, version control and doit's DB do not count; a setting decides."""
    dodo = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["data"]}\n'
    litter = {"data/__pycache__/a.pyc": "1", "data/.git/HEAD": "x"}
    project = doit_project({"dodo.py": dodo, "data/a": "a"})
    project.run().assert_executed("a")
    project.write(litter)
    project.run().assert_up_to_date("a")

    strict = doit_project({"dodo.py": dodo, "data/a": "a"}, settings={"tree_exclude": []}, name="s")
    strict.run().assert_executed("a")
    strict.write(litter)
    strict.run().assert_executed("a")


def test_moved_checkout_runs_nothing(doit_project: Make, backend: str) -> None:
    """After a copy to another place nothing runs, absolute paths or not; and it stays so."""
    dodo = """
from pathlib import Path
from doit_invariants import Files, Tree
ROOT = Path(__file__).parent.resolve()

def copy(dependencies, targets):
    open(targets[0], "w").write(open(dependencies[0]).read())

def task_absolute():
    return {"actions": [copy], "file_dep": [ROOT / "in.txt"], "targets": [ROOT / "abs.txt"],
            "invariants": [Tree(ROOT / "data"), Files(ROOT / "in.txt"),
                           Tree("data", exclude=["x"])]}
def task_directory():
    return {"actions": ["true"], "file_dep": [str(ROOT / "data")]}
def task_relative():
    return {"actions": [copy], "file_dep": ["in.txt"], "targets": ["rel.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one", "data/a": "a"}, backend=backend)
    project.run().assert_executed("absolute", "directory", "relative")
    moved = Project(project.path.parent / "moved")
    shutil.copytree(project.path, moved.path)
    shutil.rmtree(project.path)
    names = ("absolute", "directory", "relative")
    moved.run().assert_executed().assert_up_to_date(*names)
    moved.run().assert_executed().assert_up_to_date(*names)
    moved.write({"in.txt": "two"})
    moved.run().assert_executed("absolute", "relative")


def test_database_of_plain_doit_is_adopted_and_given_back(doit_project: Make, backend: str) -> None:
    """Neither installing the plugin nor removing it runs anything."""
    plain = {
        "dodo.py": COPY,
        "in.txt": "one",
        "pyproject.toml": f'[tool.doit]\nbackend = "{backend}"',
    }
    ours = {"pyproject.toml": f'[tool.doit]\nloader = "invariants"\nbackend = "{backend}"'}
    project = doit_project(plain)
    project.run().assert_executed("copy")
    project.write(ours)
    project.run().assert_executed().assert_up_to_date("copy")
    project.run().assert_up_to_date("copy")
    project.write({"pyproject.toml": plain["pyproject.toml"]})
    project.run().assert_up_to_date("copy")
    # and in between, each sees what the other has recorded
    project.write({"in.txt": "three"})
    project.run().assert_executed("copy")
    project.write(ours)
    project.run().assert_executed().assert_up_to_date("copy")
    project.write({"pyproject.toml": plain["pyproject.toml"]})
    project.run().assert_up_to_date("copy")


def test_touched_input_of_plain_doit_is_checked_by_its_md5(doit_project: Make) -> None:
    """A state that plain doit saved is compared by its own digest when the stat differs."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, loader=False)
    project.run().assert_executed("copy")
    project.write({"pyproject.toml": '[tool.doit]\nloader = "invariants"'})
    os.utime(project.path / "in.txt", ns=(10**18, 10**18))
    project.run().assert_up_to_date("copy")
    project.write({"in.txt": "two"})
    project.run().assert_executed("copy")


def test_plain_doit_reads_the_database_that_we_leave(doit_project: Make) -> None:
    """Plain doit finds a triple for each file, under a checker name that it knows."""
    project = doit_project({"dodo.py": COPY, "in.txt": "one"}, backend="sqlite3")
    project.run()
    connection = sqlite3.connect(project.path / ".doit.db")
    (data,) = connection.execute("select task_data from doit where task_id='copy'").fetchone()
    connection.close()
    assert '"checker:":"MD5Checker"' in data
    assert '"in.txt":[' in data
    assert "xxh3_128:" in data


def test_input_edited_while_the_task_runs_is_not_recorded_as_clean(
    doit_project: Make, backend: str
) -> None:
    """The result was made from the old content, so the next run makes it again."""
    dodo = COPY.replace("    with open", "    import edit; edit.once()\n    with open").replace(
        "out.write(open(path).read())", 'out.write("made")'
    )
    edit = """
import os
def once():
    if not os.path.exists("edited"):
        open("edited", "w").close()
        open("in.txt", "w").write("edited meanwhile")
"""
    project = doit_project({"dodo.py": dodo, "edit.py": edit, "in.txt": "one"}, backend=backend)
    project.run().assert_executed("copy")
    assert "in.txt: changed while the task ran" in project.run("invariants", "why").stdout
    # whatever it was edited to, and back: the result was made from neither for certain
    project.write({"in.txt": "one"})
    project.run().assert_executed("copy")
    project.run().assert_up_to_date("copy")


def test_formatter_whose_input_is_its_target_settles(doit_project: Make) -> None:
    """Files that a task writes itself count as it left them."""
    dodo = """
def fmt(targets):
    text = open("code.txt").read()
    open("code.txt", "w").write(text.strip() + "\\n")
def task_fmt():
    return {"actions": [fmt], "file_dep": ["code.txt"], "targets": ["./code.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "code.txt": "  x  "})
    project.run().assert_executed("fmt")
    project.run().assert_up_to_date("fmt")


IN_PLACE = """
def make(targets):
    open(targets[0], "w").write("page " + open("src").read())
def minify():
    text = open("page").read()
    open("page", "w").write(text.replace(" ", ""))
def task_make():
    return {"actions": [make], "file_dep": ["src"], "targets": ["page"]}
def task_minify():
    return {"actions": [minify], "file_dep": ["page"]}
"""


def test_step_that_edits_the_target_of_another_in_place(doit_project: Make, backend: str) -> None:
    """What a later step makes of a target is the target: nothing runs again, nothing is undone."""
    project = doit_project({"dodo.py": IN_PLACE, "src": "one"}, backend=backend)
    project.run().assert_executed("make", "minify")
    for _ in range(2):
        project.run().assert_executed().assert_up_to_date("make", "minify")
        assert project.read("page") == "pageone"
    project.write({"src": "two"})
    project.run().assert_executed("make", "minify")
    project.run().assert_executed().assert_up_to_date("make", "minify")
    assert project.read("page") == "pagetwo"
    project.write({"page": "by hand"})
    project.run().assert_executed("make", "minify")
    assert project.read("page") == "pagetwo"


def test_task_that_edits_its_own_input(doit_project: Make) -> None:
    """Without declaring it, it runs until its input stays as it was; untracked, as plain doit."""
    dodo = """
def fmt():
    text = open("code").read()
    open("code", "w").write(text.strip() + "%s")
def task_fmt():
    return {"actions": [fmt], "file_dep": ["code"]}
"""
    project = doit_project({"dodo.py": dodo % "", "code": " x "})
    project.run().assert_executed("fmt")
    project.run().assert_executed("fmt")
    project.run().assert_up_to_date("fmt")
    off = {"track_code": False, "track_targets": False}
    project = doit_project({"dodo.py": dodo % "!", "code": "x"}, settings=off, name="off")
    project.run().assert_executed("fmt")
    project.run().assert_up_to_date("fmt")
    assert project.read("code") == "x!"


def test_file_that_becomes_a_directory_and_back(doit_project: Make) -> None:
    """A changed type is a changed content, even an empty directory instead of a file."""
    dodo = 'def task_a():\n    return {"actions": ["true"], "file_dep": ["in"]}\n'
    project = doit_project({"dodo.py": dodo, "in": "text"})
    project.run().assert_executed("a")
    project.remove("in")
    project.write({"in/": ""})
    assert "in: was a file, is a directory" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    (project.path / "in").rmdir()
    project.write({"in": ""})
    assert "in: was a directory, is a file" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
