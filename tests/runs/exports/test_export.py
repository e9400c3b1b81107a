"""``cache: "export"``, case by case as PyPPL's users met them (E1 to E20)."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import restored

NOW = 1_700_000_000.0

DODO = """
def make(dependencies, targets):
    text = open("in.txt").read()
    for target in targets:
        with open(target, "w") as stream:
            stream.write(text.upper())
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "cache": "export", "export_dir": "pub"}
"""
TWO = DODO.replace('["out.txt"]', '["out.txt", "two.txt"]')
TREE = """
import os
def make(targets):
    os.makedirs("out/deep/empty", exist_ok=True)
    for name, text in {"a": "1", ".dot": "2", "deep/.b": "3", "deep/run": "4"}.items():
        with open("out/" + name, "w") as stream:
            stream.write(text)
    os.chmod("out/deep/run", 0o750)
    os.path.lexists("out/link") or os.symlink("deep/.b", "out/link")
    os.path.lexists("out/sub") or os.symlink("deep", "out/sub")
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out"],
            "cache": "export", "export_dir": "pub", "export_how": "HOW"}
"""


def make(doit_project: Make, text: str = DODO, **files: str) -> Project:
    """Return a project in which the task has run and exported."""
    project = doit_project({"dodo.py": text, "in.txt": "one", **files})
    project.run(now=NOW).assert_executed("a")
    return project


def state(project: Project, name: str) -> dict[str, tuple[int, int, str]]:
    """Return mode, time and content of all below a path, links by their text."""
    found = {}
    top = project.path / name
    for path in [top, *sorted(top.rglob("*"))]:
        info = path.lstat()
        text = os.readlink(path) if path.is_symlink() else ""
        text = path.read_text() if stat.S_ISREG(info.st_mode) else text
        found[str(path.relative_to(project.path))] = (info.st_mode, info.st_mtime_ns, text)
    return found


def test_valid_record(doit_project: Make) -> None:
    """E1: what matches is up-to-date, and its export is not touched."""
    project = make(doit_project)
    before = state(project, "pub")
    assert project.read("pub/out.txt") == "ONE"
    project.run(now=NOW).assert_up_to_date("a")
    assert state(project, "pub") == before


def test_missing_target(doit_project: Make) -> None:
    """E2: a target that is gone comes back without a run."""
    project = make(doit_project)
    project.remove("out.txt")
    outcome = project.run(now=NOW)
    assert "a" in restored(outcome), repr(outcome)
    assert "restored from pub, made 2023-11-1" in outcome.stdout
    assert project.read("out.txt") == "ONE"


@pytest.mark.parametrize("how", ["copy", "hardlink", "move", "gzip"])
def test_every_way_restores(doit_project: Make, how: str) -> None:
    """E3: each way of exporting but links gives the file back, and no link that dangles."""
    text = DODO.replace('"pub"}', f'"pub", "export_how": "{how}"}}')
    project = make(doit_project, text)
    assert project.read("out.txt") == "ONE"
    assert (project.path / "out.txt").is_symlink() == (how == "move")
    name = "pub/out.txt.gz" if how == "gzip" else "pub/out.txt"
    exported, target = (os.stat(project.path / one) for one in (name, "out.txt"))
    assert (exported.st_ino == target.st_ino) == (how in ("hardlink", "move"))
    for content in ("one", "two"):
        project.write({"in.txt": content})
        project.remove("out.txt")
        assert "a" in restored(project.run(now=NOW)), how
        assert project.read("out.txt") == "ONE"
    project.run("--cache", "True", now=NOW).assert_executed("a")
    assert project.read("out.txt") == "TWO"


def test_link_as_export(doit_project: Make) -> None:
    """E4: a link to the target can't be restored: a message says so, and the task runs."""
    project = make(doit_project, DODO.replace('"pub"}', '"pub", "export_how": "symlink"}'))
    assert (project.path / "pub/out.txt").is_symlink()
    assert project.read("pub/out.txt") == "ONE"
    project.remove("out.txt")
    why = project.run("invariants", "why", "a", now=NOW)
    assert "is only a link to it" in why.stdout, repr(why)
    project.run(now=NOW).assert_executed("a")
    assert project.read("out.txt") == project.read("pub/out.txt") == "ONE"


def test_target_that_cannot_be_exported(doit_project: Make) -> None:
    """E5: if only some targets can be exported, the others are, with a warning; it runs again."""
    text = """
import os
def make():
    open("out.txt", "w").write("ONE")
    os.path.exists("pipe") or os.mkfifo("pipe")
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt", "pipe"],
            "track_targets": False, "cache": "export", "export_dir": "pub"}
"""
    project = doit_project({"dodo.py": text, "in.txt": "one"})
    outcome = project.run(now=NOW).assert_executed("a")
    assert "pipe is not exported" in outcome.stderr
    assert project.read("pub/out.txt") == "ONE"
    project.remove("out.txt", "pipe")
    project.run(now=NOW).assert_executed("a")


def test_no_directory_for_exports(doit_project: Make) -> None:
    """E6: without an export_dir there is one line that says what to do, before anything runs."""
    project = doit_project({"dodo.py": DODO.replace(', "export_dir": "pub"', ""), "in.txt": ""})
    project.run().assert_error("task 'a': option 'cache': 'export' needs an export_dir")
    assert not (project.path / "out.txt").exists()
    # a project-wide one is as good
    settings = {"export_dir": "all"}
    project = doit_project(
        {"dodo.py": DODO.replace(', "export_dir": "pub"', ""), "in.txt": "one"},
        settings=settings,
        name="second",
    )
    project.run().assert_executed("a")
    assert project.read("all/out.txt") == "ONE"


def test_changed_input(doit_project: Make) -> None:
    """E7: after any change, targets are accepted and exports used; cache=True sees the change."""
    project = make(doit_project)
    project.write({"in.txt": "two"})
    project.run(now=NOW).assert_up_to_date("a")
    project.remove("out.txt")
    assert "a" in restored(project.run(now=NOW))
    assert project.read("out.txt") == "ONE"
    project.run("--cache", "True", now=NOW).assert_executed("a")
    assert project.read("out.txt") == "TWO"


def test_neither_target_nor_export(doit_project: Make) -> None:
    """E8: without either it runs, and exports again; with the target alone it only exports."""
    project = make(doit_project)
    project.remove("out.txt", "pub/out.txt")
    project.write({"in.txt": "two"})
    project.run(now=NOW).assert_executed("a")
    assert project.read("out.txt") == project.read("pub/out.txt") == "TWO"


def test_tampered_export(doit_project: Make) -> None:
    """E9: an edited export is refused with a reason, and kept aside when the task runs."""
    project = make(doit_project)
    project.remove("out.txt")
    project.write({"pub/out.txt": "TWO"})  # the same size
    outcome = project.run(now=NOW)
    outcome.assert_executed("a")
    assert "is not as it was exported: its content was changed" in outcome.stderr, repr(outcome)
    assert "is kept as" in outcome.stderr, repr(outcome)
    assert project.read("out.txt") == project.read("pub/out.txt") == "ONE"
    assert project.read("pub/out.txt.edited-1") == "TWO"
    project.remove("out.txt")
    assert "a" in restored(project.run(now=NOW))


def test_export_of_another_size(doit_project: Make) -> None:
    """E9: one of another size is refused too, even by `why`."""
    project = make(doit_project)
    project.remove("out.txt")
    project.write({"pub/out.txt": "edited by hand"})
    why = project.run("invariants", "why", "a", now=NOW)
    assert "is not as it was exported" in why.stdout, repr(why)
    project.run(now=NOW).assert_executed("a")
    assert project.read("pub/out.txt.edited-1") == "edited by hand"


def test_export_put_there_by_hand(doit_project: Make) -> None:
    """E10: an export without a manifest is accepted and reported, and never recorded."""
    project = doit_project({"dodo.py": DODO, "in.txt": "one", "pub/out.txt": "by hand"})
    outcome = project.run(now=NOW)
    assert "a" in restored(outcome), repr(outcome)
    assert "put there by hand" in outcome.stdout
    assert project.read("out.txt") == "by hand"
    project.run(now=NOW).assert_up_to_date("a")
    assert project.read("pub/out.txt") == "by hand"
    project.run("--cache", "True", now=NOW).assert_executed("a")
    assert project.read("out.txt") == "ONE"


def test_one_of_two_exports_is_missing(doit_project: Make) -> None:
    """E11: all or nothing: if one can't be restored, none is, and the task runs."""
    project = make(doit_project, TWO)
    project.remove("out.txt", "two.txt", "pub/two.txt")
    project.edit("dodo.py", "    text = open", "    1 / 0\n    text = open")
    project.run(now=NOW).assert_failed("a")
    assert not (project.path / "out.txt").exists()
    project.edit("dodo.py", "    1 / 0\n", "")
    project.run(now=NOW).assert_executed("a")
    assert project.read("two.txt") == project.read("pub/two.txt") == "ONE"


def test_existing_target_is_not_overwritten(doit_project: Make) -> None:
    """E12: existing targets stay, even if the export differs; only missing ones are restored."""
    project = make(doit_project, TWO)
    project.write({"out.txt": "edited"})
    project.remove("two.txt")
    assert "a" in restored(project.run(now=NOW))
    assert project.read("out.txt") == "edited"
    assert project.read("two.txt") == "ONE"
    project.run("--cache", "True", now=NOW).assert_executed("a")
    assert project.read("out.txt") == "ONE"


def test_what_is_not_ours_is_not_overwritten(doit_project: Make) -> None:
    """E14: a foreign file at the destination stays, with a warning, unless overwriting is on."""
    project = doit_project({"dodo.py": DODO, "in.txt": "one"})
    project.write({"pub/out.txt": "precious"})
    outcome = project.run("-a", now=NOW).assert_executed("a")
    assert "was not put there by this task" in outcome.stderr, repr(outcome)
    assert project.read("pub/out.txt") == "precious"
    project.edit("dodo.py", '"pub"}', '"pub", "export_overwrite": True}')
    project.run("-a", now=NOW).assert_executed("a")
    assert project.read("pub/out.txt") == "ONE"


def test_always_exports(doit_project: Make) -> None:
    """E14: the result of `-a` for an up-to-date task is exported, like any other."""
    project = make(doit_project, DODO.replace("text.upper()", "__import__('uuid').uuid4().hex"))
    project.run("-a", now=NOW).assert_executed("a")
    assert project.read("pub/out.txt") == project.read("out.txt")


def test_up_to_date_and_not_exported(doit_project: Make) -> None:
    """E15: a task that is up-to-date and was never exported is exported, without running."""
    project = doit_project({"dodo.py": DODO.replace('"export"', "True"), "in.txt": "one"})
    project.run(now=NOW).assert_executed("a")
    project.edit("dodo.py", '"cache": True', '"cache": "export"')
    outcome = project.run(now=NOW)
    assert "-- a  (exported to pub)" in outcome.stdout, repr(outcome)
    assert project.read("pub/out.txt") == "ONE"
    outcome = project.run(now=NOW).assert_up_to_date("a")
    project.remove("pub/out.txt")
    assert "-- a  (exported to pub)" in project.run(now=NOW).stdout
    project.remove("out.txt")
    assert "a" in restored(project.run(now=NOW))
    project.run("--cache", "True", now=NOW).assert_up_to_date("a")


def test_target_that_is_a_link(doit_project: Make) -> None:
    """E16: a target that is a link stays one; its destination is copied."""
    text = DODO.replace(
        "    for target",
        '    import os\n    os.path.exists("out.txt") or '
        'os.symlink("real.txt", "out.txt")\n    for target',
    )
    project = make(doit_project, text.replace('"pub"}', '"pub", "export_how": "move"}'))
    assert os.readlink(project.path / "out.txt") == "real.txt"
    assert not (project.path / "pub/out.txt").is_symlink()
    assert project.read("pub/out.txt") == project.read("real.txt") == "ONE"


def test_another_policy_afterwards(doit_project: Make) -> None:
    """E17: after a restore of what would be made now, cache=True is up-to-date; forget or not."""
    project = make(doit_project)
    project.run("forget", "a").assert_success()
    project.remove("out.txt")
    assert "a" in restored(project.run(now=NOW))
    project.run("--cache", "True", now=NOW).assert_up_to_date("a")
    project.write({"in.txt": "two"})
    project.run("--cache", "True", now=NOW).assert_executed("a")


@pytest.mark.parametrize("how", ["copy", "hardlink", "move", "gzip"])
def test_directory(doit_project: Make, how: str) -> None:
    """E18, E20: a directory comes back whole: empty ones, dot files, modes, links, most times."""
    project = make(doit_project, TREE.replace("HOW", how))
    before = state(project, "out")
    if how == "move":
        assert (project.path / "out").is_symlink()
        project.remove("out")
    else:
        shutil.rmtree(project.path / "out")
    assert "a" in restored(project.run(now=NOW)), how
    after = state(project, "out")
    assert {k: (m, t) for k, (m, _, t) in after.items()} == {
        k: (m, t) for k, (m, _, t) in before.items()
    }
    # Packed files have no times: the same content gives the same file.
    kept = how != "gzip"
    files = [name for name, (mode, _, _) in before.items() if kept and stat.S_ISREG(mode)]
    assert {n: after[n][1] // 10**9 for n in files} == {n: before[n][1] // 10**9 for n in files}
    project.run("--cache", "True", now=NOW).assert_up_to_date("a")


def test_archive_that_leads_out(doit_project: Make) -> None:
    """E19: a packed directory with names that lead out is refused, by hand or with a manifest."""
    for name in ("with manifest", "by hand"):
        project = doit_project(
            {"dodo.py": TREE.replace("HOW", "gzip"), "in.txt": ""}, name=name.split()[-1]
        )
        if name == "with manifest":
            project.run(now=NOW).assert_executed("a")
            shutil.rmtree(project.path / "out")
        (project.path / "pub").mkdir(exist_ok=True)
        for evil in ("../evil", "/tmp/evil-of-doit-invariants", "out/../../evil"):
            with tarfile.open(project.path / "pub/out.tar.gz", "w:gz") as tar:
                info = tarfile.TarInfo(evil)
                info.size = 4
                tar.addfile(info, io.BytesIO(b"evil"))
            outcome = project.run(now=NOW)
            outcome.assert_executed("a")
            assert "Traceback" not in outcome.stderr
            assert not (project.path.parent / "evil").exists()
            assert not os.path.exists("/tmp/evil-of-doit-invariants")
            assert project.read("out/a") == "1"
            shutil.rmtree(project.path / "out")


def test_mode_and_time(doit_project: Make) -> None:
    """E20: mode and time of a file come back."""
    project = make(
        doit_project,
        DODO.replace(
            "text.upper())", "text.upper())\n        __import__('os').chmod(target, 0o751)"
        ),
    )
    before = (project.path / "out.txt").stat()
    project.remove("out.txt")
    assert "a" in restored(project.run(now=NOW))
    after = (project.path / "out.txt").stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


@pytest.mark.parametrize("how", ["--cache", "settings", "DOIT_CACHE"])
def test_export_for_all(doit_project: Make, how: str) -> None:
    """B3: it is enough that each task has an export_dir of its own; one that has none is named."""
    dodo = """
def task_a():
    return {"actions": ["echo >> ran; cp in a"], "file_dep": ["in"], "targets": ["a"],
            "export_dir": "pub"}
"""
    arguments = ["--cache", "export"] if how == "--cache" else []
    env = {"DOIT_CACHE": "export"} if how == "DOIT_CACHE" else {}
    settings = {"cache": "export"} if how == "settings" else {}
    project = doit_project({"dodo.py": dodo, "in": "1"}, settings=settings)
    project.run(*arguments, env=env).assert_executed("a")
    project.remove("a")
    assert restored(project.run(*arguments, env=env)) == ["a"]
    assert (project.read("a"), project.read("ran")) == ("1", "\n")
    more = '\ndef task_b():\n    return {"actions": ["cp in b"], "targets": ["b"]}\n'
    project.write({"dodo.py": dodo + more})
    outcome = project.run(*arguments, env=env).assert_error("export_dir")
    assert "'b'" in outcome.stdout + outcome.stderr
