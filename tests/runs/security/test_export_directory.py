"""What an attacker who can write an export directory can't do: security.md says it in words.

See also tests/runs/exports and tests/unit/test_exports*.py.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from doit_invariants.hashing.digest import digest_json
from doit_invariants.testing import Project
from tests.support import Make
from tests.support.results import only_file

from .hostile import check_spoke, limited

#: Seconds after which a run of these small projects hangs.
SOON = 300
EXPORTED = """
HOW = "copy"
def task_a():
    return {
        "actions": ["mkdir -p sub && cp in.txt sub/f"],
        "file_dep": ["in.txt"],
        "targets": ["sub/f"],
        "cache": "export",
        "export_dir": "published",
        "export_how": HOW,
    }
"""


def exporting(make: Make, how: str = "copy", run: bool = False) -> Project:
    """Return a project that exports; after a run its target is gone."""
    dodo = EXPORTED.replace('"copy"', repr(how))
    project = make({"dodo.py": dodo, "in.txt": "one", "published/sub/": ""})
    if run:
        project.run().assert_executed("a")
        project.remove("sub/f")
    return project


def _socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


#: Objects that may be there instead of a file.
ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": _socket,
    "a directory with a pipe": lambda path: (path.mkdir(), os.mkfifo(path / "p")),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("run", [False, True], ids=["by hand", "with a manifest"])
@pytest.mark.parametrize("how", ["copy", "gzip"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_exports(doit_project: Make, odd: str, how: str, run: bool) -> None:
    """An export that is not a regular file is not read: the task runs."""
    project = exporting(doit_project, how, run)
    place = project.path / "published/sub" / ("f.gz" if how == "gzip" else "f")
    place.unlink(missing_ok=True)
    ODD[odd](place)
    outcome = check_spoke(project.run(timeout=SOON))
    assert (outcome.executed, project.read("sub/f")) == (["a"], "one")


def test_who_can_write_an_export_directory_gives_any_target(doit_project: Make) -> None:
    """A file or link that was put there by hand is used, and reported."""
    project = exporting(doit_project)
    private = project.path.parent / "private"
    private.write_text("private")
    (project.path / "published/sub/f").symlink_to(private)
    outcome = check_spoke(project.run())
    assert "sub/f: put there by hand" in outcome.stdout
    assert project.read("sub/f") == "private"
    assert not (project.path / "sub/f").is_symlink()


@pytest.mark.parametrize("odd", ODD)
def test_odd_manifests(doit_project: Make, odd: str) -> None:
    """A manifest that is not a file is damaged."""
    project = exporting(doit_project, run=True)
    manifest = only_file(project.path / "published/.doit-invariants")
    manifest.unlink()
    ODD[odd](manifest)
    check_spoke(project.run(timeout=SOON)).assert_executed("a")


def test_huge_manifest(doit_project: Make) -> None:
    """A manifest that is too large to be one is damaged."""
    project = exporting(doit_project, run=True)
    os.truncate(only_file(project.path / "published/.doit-invariants"), 3 * 2**30)
    assert ".  a" in limited(project, "-v 1500000").stdout


def packed(*members: tuple[str, bytes, int]) -> bytes:
    """Return a packed tar of members without content: name, type, and the size that it claims."""
    stream = io.BytesIO()
    for name, sort, size in members:
        info = tarfile.TarInfo(name)
        info.type, info.size, info.mode = sort, size, 0o755
        stream.write(info.tobuf(tarfile.GNU_FORMAT))
    return gzip.compress(stream.getvalue() + bytes(tarfile.RECORDSIZE))


TARS = {
    "a size beyond its end": packed(("f", tarfile.DIRTYPE, 0), ("f/x", tarfile.REGTYPE, 2**60)),
    "a sparse file": packed(("f", tarfile.DIRTYPE, 0), ("f/x", tarfile.GNUTYPE_SPARSE, 2**60)),
    "a header beyond its end": packed(("f", tarfile.GNUTYPE_LONGNAME, 2**40)),
    "deeper than a path": packed(
        *(("/".join("f" * deep), tarfile.DIRTYPE, 0) for deep in range(1, 40)),
        *(("f/" * 39 + "n" * 200 + "/" + "n" * 250, tarfile.REGTYPE, 0),),
    ),
}


@pytest.mark.parametrize(
    "name",
    TARS,
)
def test_odd_tars(doit_project: Make, name: str) -> None:
    """A foreign packed directory with huge claims is refused within bounded memory."""
    project = exporting(doit_project, "gzip")
    (project.path / "published/sub/f.tar.gz").write_bytes(TARS[name])
    outcome = check_spoke(limited(project, "-v 1500000"))
    assert ".  a" in outcome.stdout, repr(outcome)
    assert project.read("sub/f") == "one"


# ---------------------------------------------------------------------- what is exported


@pytest.mark.parametrize("known", [False, True], ids=["nothing there", "named by a manifest"])
@pytest.mark.parametrize("how", ["copy", "hardlink", "gzip", "move"])
def test_link_in_the_export_directory(doit_project: Make, how: str, known: bool) -> None:
    """Nothing is exported through it, neither to a new file nor over one in a manifest."""
    project = exporting(doit_project, how, run=True)
    home = project.path.parent / "home"
    home.mkdir()
    precious = home / ("f.gz" if how == "gzip" else "f")
    shutil.rmtree(project.path / "published/sub")
    (project.path / "published/sub").symlink_to(home)
    if known:
        precious.write_text("precious")
        manifest, info = only_file(project.path / "published/.doit-invariants"), precious.stat()
        data = json.loads(manifest.read_text())
        del data["check"]
        now = {"size": info.st_size, "mtime_ns": info.st_mtime_ns, "inode": info.st_ino}
        data["exports"]["sub/f"].update(now)
        manifest.write_text(json.dumps({**data, "check": digest_json(data)}))
    project.write({"in.txt": "two"})
    check_spoke(project.run("-a"))
    assert [path.read_text() for path in home.iterdir()] == ["precious"] * known


@pytest.mark.parametrize("how", ["copy", "hardlink", "gzip", "move"])
def test_modes_of_exports(doit_project: Make, how: str) -> None:
    """The export of a file that only its owner can read is not readable by others."""
    dodo = EXPORTED.replace('"copy"', repr(how)).replace("mkdir", "umask 077; mkdir")
    project = doit_project({"dodo.py": dodo, "in.txt": "one"})
    project.run().assert_executed("a")
    assert only_file(project.path / "published/sub").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["copy", "gzip"])
def test_no_file_runs_as_somebody_else(doit_project: Make, how: str) -> None:
    """The bits that make a program run as its owner are not restored."""
    project = exporting(doit_project, how)
    place = project.path / "published/sub" / ("f.gz" if how == "gzip" else "f")
    place.write_bytes(gzip.compress(b"x") if how == "gzip" else b"x")
    place.chmod(0o6755)
    assert project.run().executed == []
    assert (project.path / "sub/f").stat().st_mode & 0o7777 == 0o755


@pytest.mark.usefixtures("tidy")
def test_deep_directory_by_hand(doit_project: Make) -> None:
    """A directory that is nested as deep as paths can be is restored, or the task runs."""
    project = exporting(doit_project)
    deep = project.path / "published/sub/f" / "/".join("n" * 1200)
    os.makedirs(project.path / "published/sub/f")
    here = os.open(project.path / "published/sub/f", os.O_RDONLY)
    for name in deep.parts[-1200:]:
        os.mkdir(name, dir_fd=here)
        here, old = os.open(name, os.O_RDONLY, dir_fd=here), here
        os.close(old)
    os.close(here)
    check_spoke(project.run(timeout=300))
