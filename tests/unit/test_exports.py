"""Exports: targets beside the project, and back."""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from doit_invariants.core.errors import InvalidOption
from doit_invariants.exports.exporter import HOWS, Exporter

from .exporting import (
    MAKERS,
    RESTORING,
    delete,
    everything,
    export,
    exporter,
    shape,
    write,
)


@pytest.mark.parametrize("sort", MAKERS)
@pytest.mark.parametrize("how", RESTORING)
def test_round_trip(root: Path, how: str, sort: str) -> None:
    """A target comes back as it was: contents, modes, links, empty directories."""
    target = root / "data" / "out"
    MAKERS[sort](target)
    before = shape(target)
    one = exporter(root, how)
    draft = export(one, "data/out")
    assert draft.warnings == ()
    assert [artifact.path for artifact in draft.artifacts] == ["data/out"]
    assert shape(target) == before
    assert target.is_symlink() == (how == "move")
    delete(target)
    preview = one.preview(["data/out"])
    assert (preview.refusals, preview.by_hand) == ({}, ())
    assert preview.entry is not None
    assert preview.entry.artifacts == draft.artifacts
    restored = one.restore(["data/out"])
    assert restored.entry == preview.entry
    assert shape(target) == before
    assert target.is_symlink() == (how == "move")
    assert sorted(os.listdir(root)) == ["data", "published"]


@pytest.mark.parametrize("how", HOWS)
def test_again_and_again(root: Path, how: str) -> None:
    """A second export replaces the first one without a word, of files and of directories."""
    one = exporter(root, how)
    for number in range(3):
        for name in ("f", "d/x", "d/y"):
            with contextlib.suppress(FileNotFoundError):
                (root / name).unlink() if number == 1 else None
            write(root / name, f"{name} {number}")
        draft = export(one, "f", "d")
        assert draft.warnings == ()
        assert {row.how for _, row in draft.rows} == {how}
    assert [name for name in os.listdir(root / "published") if "edited" in name] == []
    if how != "symlink":
        delete(root / "f")
        delete(root / "d")
        one.restore(["f", "d"])
        assert (root / "f").read_text() == "f 2"
        assert (root / "d" / "y").read_text() == "d/y 2"


@pytest.mark.parametrize("how", ["copy", "gzip", "hardlink"])
def test_times_of_a_file(root: Path, how: str) -> None:
    """A file has its modification time in the export, and gets it back."""
    target = write(root / "f")
    before = target.stat().st_mtime_ns
    one = exporter(root, how)
    export(one, "f")
    assert (root / "published" / ("f.gz" if how == "gzip" else "f")).stat().st_mtime_ns == before
    target.unlink()
    one.restore(["f"])
    assert target.stat().st_mtime_ns == before


def test_hard_links_and_links(root: Path) -> None:
    """A hard link is one, a symbolic link is relative."""
    write(root / "a" / "f")
    export(exporter(root, "hardlink"), "a")
    assert (root / "published/a/f").samefile(root / "a/f")
    write(root / "b" / "f")
    export(exporter(root, "symlink", task="u"), "b/f")
    assert os.readlink(root / "published/b/f") == "../../b/f"


def test_hard_links_across_file_systems(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there can be no hard link, a copy is made."""

    def link(*args: object, **named: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    write(root / "f")
    assert export(exporter(root, "hardlink"), "f").warnings == ()
    assert (root / "published/f").read_text() == "content"
    assert not (root / "published/f").samefile(root / "f")


@pytest.mark.parametrize("sort", ["file", "directory"])
def test_move_to_another_file_system(
    root: Path, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """A target that can't be renamed is copied; it then is a link to the copy."""
    MAKERS[sort](root / "out")
    before = shape(root / "out")
    rename, replace = os.rename, os.replace

    def far(real: Callable[..., None]) -> Callable[..., None]:
        def moved(source: str, new: str) -> None:
            if source == str(root / "out") and "published" in new:
                raise OSError(18, "Invalid cross-device link")
            real(source, new)

        return moved

    monkeypatch.setattr(os, "rename", far(rename))
    monkeypatch.setattr(os, "replace", far(replace))
    assert export(exporter(root, "move"), "out").warnings == ()
    assert os.readlink(root / "out") == "published/out"
    assert shape(root / "out") == before
    assert sorted(os.listdir(root)) == ["out", "published"]


def test_move_without_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no link can be made the target stays where it is."""

    def symlink(*args: object, **named: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", symlink)
    write(root / "f")
    draft = export(exporter(root, "move"), "f")
    assert draft.warnings == ("f is not exported: Operation not permitted",)
    assert (root / "f").read_text() == "content"
    assert not (root / "f").is_symlink()


def test_moved_target_that_was_written(root: Path) -> None:
    """A task that writes through the link writes to the export; a new file is moved again."""
    one = exporter(root, "move")
    write(root / "f", "one")
    export(one, "f")
    (root / "f").write_text("through")
    assert export(one, "f").warnings == ()
    (root / "f").unlink()
    one.restore(["f"])
    assert (root / "f").read_text() == "through"
    (root / "f").unlink()
    write(root / "f", "anew")
    assert export(one, "f").warnings == ()
    assert (root / "f").is_symlink()
    assert (root / "published/f").read_text() == "anew"


def test_move_of_a_link_of_the_task(root: Path) -> None:
    """A target that is a link stays one; what it leads to is copied."""
    write(root / "real")
    (root / "f").symlink_to("real")
    draft = export(exporter(root, "move"), "f")
    assert draft.warnings == ()
    assert os.readlink(root / "f") == "real"
    assert not (root / "published/f").is_symlink()
    assert (root / "published/f").read_text() == "content"


@pytest.mark.parametrize("new", HOWS)
@pytest.mark.parametrize("old", HOWS)
def test_another_how(root: Path, old: str, new: str) -> None:
    """After any change of ``export_how``, nothing is lost, and no old export stays."""
    write(root / "f", "kept")
    everything(root / "d")
    before = shape(root / "d")
    export(exporter(root, old), "f", "d")
    one = exporter(root, new)
    assert export(one, "f", "d").warnings == ()
    assert (root / "f").read_text() == "kept"
    assert shape(root / "d") == before
    names = set(os.listdir(root / "published")) - {".doit-invariants"}
    packed, plain = {"f.gz", "d.tar.gz"}, {"f", "d"}
    if new == "gzip":
        assert names == packed | (plain if old == "move" else set())  # moved: the only copy
    else:
        assert names == plain
    if new != "symlink" or old == "move":
        delete(root / "f")
        delete(root / "d")
        one.restore(["f", "d"])
        assert (root / "f").read_text() == "kept"
        assert shape(root / "d") == before


def test_reproducible(root: Path) -> None:
    """Packed bytes depend only on content, names and modes."""
    packed = []
    for task in ("one", "two"):
        write(root / "f", "f", age=10 if task == "one" else 99999)
        everything(root / "d")
        export(exporter(root, "gzip"), "f", "d")
        packed.append([(root / "published" / name).read_bytes() for name in ("f.gz", "d.tar.gz")])
        delete(root / "d")
    assert packed[0] == packed[1]
    assert packed[0][0][4:8] == b"\0\0\0\0"
    with tarfile.open(root / "published/d.tar.gz") as tar:
        members = tar.getmembers()
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in members} == {
        (0, 0, 0, "", "")
    }
    assert members[0].name == "d"
    assert members[1].name == "d/.hidden"


def test_nothing_exported_that_leads_out(root: Path) -> None:
    """A directory with a link that leads out is not exported; the other target is."""
    write(root / "d" / "x")
    (root / "d" / "out").symlink_to("/etc/passwd")
    write(root / "f")
    draft = export(exporter(root), "d", "f")
    (warning,) = draft.warnings
    assert warning.startswith("d is not exported: the link ")
    assert [artifact.path for artifact in draft.artifacts] == ["f"]
    assert os.listdir(root / "published/.doit-invariants") == ["t.json"]


def test_place(root: Path) -> None:
    """Only what is in the project has a place, and it never touches the target."""
    one = exporter(root)
    assert one.place("./data//x/") == str(root / "published/data/x")
    assert one.place(str(root / "x")) == str(root / "published/x")
    for bad in ("../x", "/etc/passwd", ".", "..", "x/../.."):
        with pytest.raises(InvalidOption, match="target"):
            one.place(bad)
    for directory in (root, root / "x", root / "x" / "deep"):
        with pytest.raises(InvalidOption, match="overlaps"):
            Exporter(str(root), str(directory), "copy", False, "t").place("x")
    (root / "link").symlink_to("x")
    with pytest.raises(InvalidOption, match="overlaps"):
        Exporter(str(root), str(root / "link"), "copy", False, "t").place("x")


def test_project_named_by_a_link(root: Path) -> None:
    """A target may be named by the real path of a project that is named by a link."""
    (root.parent / "alias").symlink_to(root)
    one = exporter(root.parent / "alias")
    assert one.place(str(root / "x")) == str(root.parent / "alias/published/x")


def test_target_around_the_exports(root: Path) -> None:
    """A link to the project as a target would export the exports."""
    (root / "all").symlink_to(".")
    write(root / "published" / "sub" / "y")
    draft = export(exporter(root), "all", "published/sub", "sub/y")
    assert len(draft.warnings) == 2
    assert "all is not exported: it leads to a directory that contains" in draft.warnings[0]
    assert "overlaps with the target published/sub" in draft.warnings[1]


@pytest.mark.parametrize("how", HOWS)
def test_target_in_a_target(root: Path, how: str) -> None:
    """A target in a directory that is one too is exported and restored, again and again."""
    one = exporter(root, how)
    for text in ("one", "two"):
        write(root / "d/x", text)
        write(root / "d/y", text)
        draft = export(one, "d/x", "d")
        assert draft.warnings == ()
        assert [artifact.path for artifact in draft.artifacts] == ["d/x", "d"]
    if how != "symlink":
        delete(root / "d")
        one.restore(["d/x", "d"])
        assert (root / "d/x").read_text() == "two"
        assert sorted(os.listdir(root / "d")) == ["x", "y"]
        assert sorted(os.listdir(root)) == ["d", "published"]
