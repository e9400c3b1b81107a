"""Restoring: all or nothing, by hand, never over existing files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from doit_invariants.exports.exporter import ExportError

from .exporting import (
    RESTORING,
    delete,
    everything,
    export,
    exporter,
    shape,
    write,
)


def test_symlink_restores_nothing(root: Path) -> None:
    """A link to the target does not count as a copy of it."""
    write(root / "f")
    one = exporter(root, "symlink")
    export(one, "f")
    (root / "f").unlink()
    (reason,) = one.preview(["f"]).refusals.values()
    assert "only a link to it" in reason
    with pytest.raises(ExportError, match="only a link"):
        one.restore(["f"])


@pytest.mark.parametrize("how", RESTORING)
@pytest.mark.parametrize("damage", ["content", "gone", "directory", "dangling"])
def test_all_or_nothing(root: Path, how: str, damage: str) -> None:
    """If one export is damaged, nothing is restored, in any order."""
    write(root / "a", "a" * 100)
    write(root / "b", "b" * 100)
    one = exporter(root, how)
    export(one, "a", "b")
    delete(root / "a")
    delete(root / "b")
    place = root / "published" / ("b.gz" if how == "gzip" else "b")
    size = place.stat().st_size
    place.unlink()
    if damage == "content":
        place.write_bytes(b"z" * size)
    elif damage == "directory":
        place.mkdir()
    elif damage == "dangling":
        place.symlink_to("nowhere")
    before = sorted(root.rglob("*"))
    assert ("b" in one.preview(["a", "b"]).refusals) == (damage != "content")
    for order in (["a", "b"], ["b", "a"]):
        with pytest.raises(ExportError, match=r"^b can't be restored: ") as error:
            one.restore(order)
        assert "\n" not in str(error.value)
    assert sorted(root.rglob("*")) == before
    one.restore(["a"])
    assert (root / "a").read_text() == "a" * 100


@pytest.mark.parametrize("how", ["copy", "hardlink", "move"])
@pytest.mark.parametrize("edit", ["added", "removed", "changed", "link", "sort"])
def test_edited_directory_is_refused(root: Path, how: str, edit: str) -> None:
    """A directory that is not as it was exported is not restored."""
    everything(root / "d")
    one = exporter(root, how)
    export(one, "d")
    delete(root / "d")
    place = root / "published/d"
    if edit == "added":
        write(place / "empty/new")
    elif edit == "changed":
        write(place / "a.png", "b" * 5000)
    else:
        delete(place / {"removed": "a.png", "link": "sub/up", "sort": "empty"}[edit])
        if edit == "link":
            (place / "sub/up").symlink_to("../run.sh")
        elif edit == "sort":
            write(place / "empty")
    with pytest.raises(ExportError, match=r"d is not as it was exported: .*; remove it"):
        one.restore(["d"])
    assert sorted(os.listdir(root)) == ["published"]
    assert ("d" in one.preview(["d"]).refusals) == (edit != "changed")


def test_by_hand(root: Path) -> None:
    """An export that somebody put there by hand is used, and reported as such."""
    write(root / "published/f", "f", 0o700)
    everything(root / "published/d")
    (root / "published/z.gz").write_bytes(gzip.compress(b"z"))
    one = exporter(root)
    restored = one.restore(["f", "d"])
    assert (restored.entry, restored.by_hand) == (None, ("f", "d"))
    assert shape(root / "f") == shape(root / "published/f")
    assert shape(root / "d") == shape(root / "published/d")
    assert list(one.preview(["z"]).refusals) == ["z"]
    exporter(root, "gzip").restore(["z"])
    assert (root / "z").read_bytes() == b"z"


def test_by_hand_beside_a_manifest(root: Path) -> None:
    """A target that the manifest does not name is restored by hand, with its entry."""
    write(root / "f")
    one = exporter(root)
    export(one, "f")
    (root / "f").unlink()
    write(root / "published/g", "g")
    restored = one.restore(["f", "g"])
    assert restored.by_hand == ("g",)
    assert restored.entry is not None


def test_unsafe_directory_by_hand(root: Path) -> None:
    """A link that leads out is not restored from there either."""
    write(root / "published/d/x")
    (root / "published/d/l").symlink_to("../../..")
    one = exporter(root)
    assert "points outside" in one.preview(["d"]).refusals["d"]
    with pytest.raises(ExportError, match="points outside"):
        one.restore(["d"])


def test_existing_target_is_not_touched(root: Path) -> None:
    """An existing target is never replaced; a broken link counts as missing."""
    write(root / "f", "exported")
    one = exporter(root)
    export(one, "f")
    write(root / "f", "present")
    assert one.preview(["f"]).refusals == {"f": "it already exists"}
    with pytest.raises(ExportError, match="it already exists"):
        one.restore(["f"])
    assert (root / "f").read_text() == "present"
    (root / "f").unlink()
    (root / "f").symlink_to("nowhere")
    one.restore(["f"])
    assert (root / "f").read_text() == "exported"
    assert not (root / "f").is_symlink()


def test_looking_writes_nothing(root: Path) -> None:
    """A preview changes nothing, with existing and with missing exports."""
    one = exporter(root)
    assert list(one.preview(["f", "../x"]).refusals) == ["f", "../x"]
    assert list(root.parent.rglob("*")) == [root]
