"""Files at the destination of an export: ours, edited, or not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doit_invariants.exports.exporter import HOWS, ExportError
from doit_invariants.files.processes import owned_name

from .exporting import (
    delete,
    everything,
    export,
    exporter,
    shape,
    write,
)


def test_edited_export_is_kept_aside(root: Path) -> None:
    """An export that somebody edited is kept, every time under a name of its own."""
    one = exporter(root)
    for number, name in enumerate(("", "f.edited-1", "f.edited-2")):
        write(root / "f", f"{number}")
        draft = export(one, "f")
        assert len(draft.warnings) == (number > 0)
        if number:
            assert draft.warnings[0].endswith(name)
            assert (root / "published" / name).read_text() == f"E{number - 1}"
        assert (root / "published/f").read_text() == f"{number}"
        (root / "published/f").write_text(f"E{number}")


@pytest.mark.parametrize("how", ["copy", "hardlink", "gzip"])
def test_edited_directory_is_kept_aside(root: Path, how: str) -> None:
    """So is a directory, and one that was packed."""
    write(root / "d" / "x", "one")
    one = exporter(root, how)
    export(one, "d")
    place = root / "published" / ("d.tar.gz" if how == "gzip" else "d")
    if how == "gzip":
        place.write_bytes(b"mine")
    else:
        write(place / "added")
    write(root / "d" / "x", "two")
    (warning,) = export(one, "d").warnings
    assert warning.endswith(f"{place}.edited-1")
    kept = place.with_name(place.name + ".edited-1")
    assert kept.read_bytes() == b"mine" if how == "gzip" else (kept / "added").exists()


def test_not_ours(root: Path) -> None:
    """A file of others at the destination stays, unless overwriting is allowed or it is equal."""
    write(root / "published/f", "theirs")
    write(root / "published/same", "same")
    write(root / "published/d/x", "theirs")
    for name in ("f", "d/x"):
        write(root / name, "mine")
    write(root / "same", "same")
    draft = export(exporter(root), "f", "same", "d")
    assert [text.split()[0] for text in draft.warnings] == ["f", "d"]
    assert draft.warnings[0] == (
        f"f is not exported: {root}/published/f was not put there by this task; "
        "remove it or set export_overwrite"
    )
    assert (root / "published/f").read_text() == "theirs"
    assert (root / "published/d/x").read_text() == "theirs"
    assert [artifact.path for artifact in draft.artifacts] == ["same"]
    assert export(exporter(root, overwrite=True), "f", "same", "d").warnings == ()
    assert (root / "published/f").read_text() == "mine"
    assert (root / "published/d/x").read_text() == "mine"


def test_a_file_where_a_directory_was(root: Path) -> None:
    """An export changes its sort with its target."""
    one = exporter(root)
    write(root / "x")
    export(one, "x")
    (root / "x").unlink()
    everything(root / "x")
    assert export(one, "x").warnings == ()
    assert shape(root / "published/x") == shape(root / "x")
    delete(root / "x")
    write(root / "x", "file")
    assert export(one, "x").warnings == ()
    assert (root / "published/x").read_text() == "file"


def test_parent_that_is_a_file(root: Path) -> None:
    """A file where a directory must be is a warning."""
    write(root / "published/data")
    write(root / "data/x")
    (warning,) = export(exporter(root), "data/x").warnings
    assert warning == f"data/x is not exported: {root}/published/data is not a directory"


def test_no_directory_for_exports(root: Path) -> None:
    """That nothing can be written is one warning, and one error for the manifest."""
    write(root / "published", "a file")
    write(root / "f")
    draft = exporter(root).export(["f"])
    assert draft.artifacts == ()
    (warning,) = draft.warnings
    assert warning.startswith("nothing is exported: ")
    with pytest.raises(ExportError, match="manifest of the exports can't be written"):
        export(exporter(root), "f")


def test_full_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves the old export as it was."""
    write(root / "f", "old")
    export(exporter(root), "f")
    write(root / "f", "new")

    def full(*args: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("doit_invariants.exports.making.copy_file", full)
        assert exporter(root).export(["f"]).warnings == (
            "f is not exported: No space left on device",
        )
    assert (root / "published/f").read_text() == "old"
    (root / "f").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("doit_invariants.exports.restoring.copy_file", full)
        with pytest.raises(ExportError, match=r"f can't be restored: .*No space left"):
            exporter(root).restore(["f"])
    assert sorted(os.listdir(root)) == ["published"]
    exporter(root).restore(["f"])


def test_stale_targets_are_removed(root: Path) -> None:
    """The export of a former target is removed, unless it was edited."""
    for name in ("a", "b", "c"):
        write(root / name)
    export(exporter(root), "a", "b", "c")
    (root / "published/b").write_text("edited")
    export(exporter(root), "c")
    assert sorted(os.listdir(root / "published")) == [".doit-invariants", "b", "c"]


def test_stale_export_that_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old export that can't be removed stays complete, and ours, but not a present export."""

    def rename(*args: object) -> None:
        raise OSError(13, "Permission denied")

    one = exporter(root)
    write(root / "d/x", "old")
    write(root / "f")
    export(one, "d", "f")
    (root / "d/out").symlink_to("/")
    with monkeypatch.context() as patch:
        patch.setattr("doit_invariants.exports.stale.rename", rename)
        assert "points outside" in export(one, "d", "f").warnings[0]
    assert (root / "published/d/x").read_text() == "old"
    (root / "d").rename(root / "other")
    assert one.preview(["d"]).refusals == {
        "d": f"its export {root}/published/d is from an earlier run"
    }
    with pytest.raises(ExportError, match="from an earlier run"):
        one.restore(["d"])
    write(root / "d/x", "new")
    assert export(one, "d", "f").warnings == ()
    assert (root / "published/d/x").read_text() == "new"


def test_stale_export_behind_a_link_stays(root: Path) -> None:
    """Nothing is removed through a link that leads out of the exports."""
    write(root / "data/a")
    write(root / "c")
    export(exporter(root), "data/a", "c")
    outside = root.parent / "outside"
    (root / "published/data").rename(outside)
    (root / "published/data").symlink_to(outside)
    export(exporter(root), "c")
    assert (outside / "a").exists()


def test_left_over_directories(root: Path) -> None:
    """Leftovers of a killed process are removed, those of another machine after two days."""
    own = root / "published/.doit-invariants"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host = owned_name().rsplit("-", 2)[0]
    gone = [f"{host}-{dead.pid}-00", "elsewhere-1-01", "tmp-1-01"]
    stays = [f"{host}-{os.getpid()}-00", f"elsewhere-{dead.pid}-00", "other"]
    for name in (*gone, *stays):
        (own / name).mkdir(parents=True)
    for name in (*gone[1:], stays[0], stays[2]):
        os.utime(own / name, (1, 1))
    write(root / "f")
    export(exporter(root), "f")
    assert sorted(os.listdir(own)) == sorted([*stays, "t.json"])


def test_edited_in_a_moved_directory(root: Path) -> None:
    """An edit inside is seen though the stat of the directory is as it was."""
    one = exporter(root, "move")
    write(root / "d" / "x", "one")
    os.utime(root / "d", (1, 1))
    export(one, "d")
    write(root / "published/d/x", "two")
    assert (root / "published/d").stat().st_mtime == 1
    (root / "d").unlink()
    write(root / "d" / "x", "new")
    (warning,) = export(one, "d").warnings
    assert "was edited since" in warning
    assert (root / "published/d.edited-1/x").read_text() == "two"


def test_unchanged_export_is_not_hashed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stat says that it is ours, if it is old enough for that."""

    def digest_at(path: str) -> str:
        raise AssertionError(path)

    one = exporter(root)
    write(root / "f", "one")
    export(one, "f")
    write(root / "f", "two")
    monkeypatch.setattr("doit_invariants.exports.content.digest_at", digest_at)
    assert export(one, "f").warnings == ()
    assert (root / "published/f").read_text() == "two"


def test_written_through_a_hard_link(root: Path) -> None:
    """A task that writes into its old target edits no export."""
    one = exporter(root, "hardlink")
    write(root / "d/x", "one")
    write(root / "d/y", "one")
    export(one, "d")
    (root / "d/x").write_text("into the old one")
    (root / "d/y").unlink()
    write(root / "d/y", "a new one")
    assert export(one, "d").warnings == ()
    assert (root / "published/d/x").read_text() == "into the old one"
    assert (root / "published/d/y").read_text() == "a new one"
    assert (root / "published/d/y").samefile(root / "d/y")


@pytest.mark.parametrize("how", HOWS)
def test_link_to_the_target(root: Path, how: str) -> None:
    """A link to the target at the place of its export holds nothing that could be lost."""
    write(root / "f")
    name = "f.gz" if how == "gzip" else "f"
    (root / "published").mkdir()
    (root / "published" / name).symlink_to(root / "f")
    assert export(exporter(root, how), "f").warnings == ()
    assert (root / "published" / name).is_symlink() == (how == "symlink")
    assert (root / "f").read_text() == "content"


def test_failed_move_leaves_the_old_export(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier export is still there if the target can't be moved."""
    write(root / "f", "old")
    export(exporter(root), "f")
    write(root / "f", "new")

    def symlink(*args: object, **named: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", symlink)
    draft = exporter(root, "move").export(["f"])
    assert draft.warnings == ("f is not exported: Operation not permitted",)
    assert (root / "f").read_text() == "new"
    assert (root / "published/f").read_text() == "old"
