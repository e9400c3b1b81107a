"""Packed exports that are broken or hostile."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from doit_invariants.exports.exporter import ExportError
from doit_invariants.exports.manifest import manifest_path

from .exporting import (
    delete,
    everything,
    export,
    exporter,
    resize_row,
    shape,
    write,
)


@pytest.mark.parametrize("target", ["f", "d"])
def test_every_truncation_is_refused(root: Path, target: str) -> None:
    """A packed file without its end is refused, with and without a manifest."""
    write(root / "f", "".join(map(str, range(300))))
    write(root / "d/x", "".join(map(str, range(300))))
    one = exporter(root, "gzip")
    export(one, "f", "d")
    delete(root / target)
    place = root / "published" / {"f": "f.gz", "d": "d.tar.gz"}[target]
    data = place.read_bytes()
    for manifest in (True, False):
        if not manifest:
            Path(manifest_path(str(root / "published"), "t")).unlink()
        for end in range(0, len(data), 1 + len(data) // 40):
            place.write_bytes(data[:end])
            with contextlib.suppress(ExportError):
                one.restore([target])
                # An empty file is what gzip takes for an empty content.
                assert end == 0
                assert not manifest
                assert target == "f"
                delete(root / target)
            assert not os.path.lexists(root / target)
    place.write_bytes(data)
    assert one.restore([target]).by_hand == (target,)


def test_flipped_bytes_are_refused(root: Path) -> None:
    """A packed directory with a wrong byte gives the right content or none."""
    everything(root / "d")
    before = shape(root / "d")
    one = exporter(root, "gzip")
    export(one, "d")
    delete(root / "d")
    place = root / "published/d.tar.gz"
    data = place.read_bytes()
    rng = random.Random(5)
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        place.write_bytes(broken)
        try:
            one.restore(["d"])
        except ExportError:
            assert not os.path.lexists(root / "d")
        else:
            assert shape(root / "d") == before
            delete(root / "d")


@pytest.mark.parametrize("target", ["f", "d"])
def test_bomb(root: Path, target: str) -> None:
    """At most the size in the manifest is unpacked, in a file and in a directory."""
    write(root / "f", "small")
    write(root / "d/x", "small")
    one = exporter(root, "gzip")
    export(one, "f", "d")
    delete(root / target)
    zeros = bytes(2_000_000)
    bomb = tar_of(("d", DIRECTORY, ""), ("d/x", FILE, zeros)) if target == "d" else None
    bomb = bomb or gzip.compress(zeros)
    place = root / "published" / {"f": "f.gz", "d": "d.tar.gz"}[target]
    place.write_bytes(bomb)
    resize_row(root, target, len(bomb))
    with pytest.raises(ExportError, match="it holds more than was exported"):
        one.restore([target])
    assert not (root / target).exists()


def test_added_member(root: Path) -> None:
    """A file that was added to a packed directory is not restored; an error says so."""
    write(root / "d/x", "x", 0o755)
    (root / "d").chmod(0o755)
    one = exporter(root, "gzip")
    export(one, "d")
    delete(root / "d")
    data = tar_of(("d", DIRECTORY, ""), ("d/x", FILE, b"x"), ("d/y", FILE, b""))
    (root / "published/d.tar.gz").write_bytes(data)
    resize_row(root, "d", len(data))
    with pytest.raises(ExportError, match="it holds something else"):
        one.restore(["d"])


def tar_of(*members: tuple[str, bytes, str | bytes]) -> bytes:
    """Return a packed tar of members: name, type, and content or what a link leads to."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, sort, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = sort, 0o755
            data = content if isinstance(content, bytes) else b""
            info.size = len(data)
            info.linkname = content if isinstance(content, str) else ""
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


FILE, DIRECTORY, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
HOSTILE = {
    "up": [("d", DIRECTORY, ""), ("d/../../../evil", FILE, b"x")],
    "up alone": [("../../evil", FILE, b"x")],
    "absolute": [("/tmp/evil", FILE, b"x")],
    "absolute below": [("d", DIRECTORY, ""), ("d//tmp/evil", FILE, b"x")],
    "link out": [("d", DIRECTORY, ""), ("d/l", LINK, "../evil")],
    "link absolute": [("d", DIRECTORY, ""), ("d/l", LINK, "/etc/passwd")],
    "through link": [("d", DIRECTORY, ""), ("d/l", LINK, "."), ("d/l/evil", FILE, b"x")],
    "link then file": [("d", DIRECTORY, ""), ("d/l", LINK, "x"), ("d/l", FILE, b"x")],
    "hard link": [("d", DIRECTORY, ""), ("d/l", tarfile.LNKTYPE, "/etc/passwd")],
    "pipe": [("d", DIRECTORY, ""), ("d/p", tarfile.FIFOTYPE, "")],
    "device": [("d", DIRECTORY, ""), ("d/p", tarfile.CHRTYPE, "")],
    "top is a link": [("d", LINK, ".."), ("d/evil", FILE, b"x")],
    "backslash": [("d", DIRECTORY, ""), ("d/..\\evil", FILE, b"x")],
    "twice": [("d", DIRECTORY, ""), ("d/a", FILE, b"x"), ("d/a", FILE, b"y")],
}


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tar(root: Path, name: str, manifest: bool) -> None:
    """No member of a packed directory is written outside it, or through a link."""
    one = exporter(root, "gzip")
    data = tar_of(*HOSTILE[name])
    (root / "published").mkdir()
    if manifest:
        write(root / "d/l", "x")
        export(one, "d")
        delete(root / "d")
        resize_row(root, "d", len(data))
    (root / "published/d.tar.gz").write_bytes(data)
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(ExportError, match=r"^d can't be restored: "):
        one.restore(["d"])
    assert sorted(root.parent.rglob("*")) == before
    assert not os.path.lexists("/tmp/evil")


BY_HAND = {
    "with its name": [("d", DIRECTORY, ""), ("d/x", FILE, b"x"), ("d/l", LINK, "x")],
    "from inside": [(".", DIRECTORY, ""), ("./x", FILE, b"x"), ("./l", LINK, "x")],
    "without a top": [("x", FILE, b"x"), ("l", LINK, "x")],
    "in another order": [("d/l", LINK, "x"), ("d/x", FILE, b"x"), ("d", DIRECTORY, "")],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_tar_by_hand(root: Path, name: str) -> None:
    """A tar that somebody packed is unpacked, whether its name is in it or not."""
    (root / "published").mkdir()
    (root / "published/d.tar.gz").write_bytes(tar_of(*BY_HAND[name]))
    one = exporter(root, "gzip")
    preview = one.preview(["d"])
    assert (preview.entry, preview.refusals, preview.by_hand) == (None, {}, ("d",))
    assert one.restore(["d"]).by_hand == ("d",)
    assert sorted(os.listdir(root / "d")) == ["l", "x"]
    assert os.readlink(root / "d/l") == "x"
    assert (root / "d/x").read_bytes() == b"x"
