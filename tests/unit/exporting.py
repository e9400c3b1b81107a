"""Files that the tests of exports make and compare."""

from __future__ import annotations

import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit_invariants.exports import placing
from doit_invariants.exports.exporter import HOWS, Draft, Exporter
from doit_invariants.exports.manifest import manifest_path
from doit_invariants.hashing.digest import digest_json
from doit_invariants.results.entry import ResultEntry

RESTORING = [how for how in HOWS if how != "symlink"]


def exporter(root: Path, how: str = "copy", overwrite: bool = False, task: str = "t") -> Exporter:
    """Return what exports to ``published``."""
    return Exporter(str(root), str(root / "published"), how, overwrite, task)


def export(one: Exporter, *targets: str) -> Draft:
    """Export and finish, as after a success; the worker's draft goes through pickle."""
    worker: Exporter = pickle.loads(pickle.dumps(one))
    draft: Draft = pickle.loads(pickle.dumps(worker.export(targets)))
    one.finish(
        draft, ResultEntry("", one.task, draft.artifacts, {"a": 1}, None, ((None, None),), 1.5, 2)
    )
    return draft


def write(path: Path, text: str = "content", mode: int = 0o644, age: float = 1000) -> Path:
    """Write a file that was written a while ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    os.utime(path, (time.time() - age,) * 2)
    return path


def everything(path: Path) -> None:
    """Make a directory with all that a directory may hold."""
    write(path / "a.png", "a" * 5000)
    write(path / "run.sh", "#!/bin/sh", 0o750)
    write(path / ".hidden", "")
    write(path / "sub" / "deep" / ("long" * 40) / "ö b.txt", "deep")
    (path / "empty" / "er").mkdir(parents=True)
    (path / "closed").mkdir()
    write(path / "closed" / "in", "in", 0o400)
    (path / "closed").chmod(0o555)
    (path / "sub" / "up").symlink_to("../a.png")
    (path / "dangling").symlink_to("nowhere")
    path.chmod(0o755)


def shape(path: Path) -> dict[str, Any]:
    """Return all that must survive: names, types, contents, modes and links."""
    if not path.is_dir():
        return {"": (path.read_bytes(), path.stat().st_mode)}
    found: dict[str, Any] = {"": path.stat().st_mode}
    for one in sorted(path.rglob("*")):
        name = str(one.relative_to(path))
        if one.is_symlink():
            found[name] = os.readlink(one)
        else:
            found[name] = (one.read_bytes() if one.is_file() else None, one.stat().st_mode)
    return found


def delete(path: Path) -> None:
    """Remove whatever is there."""
    assert os.path.lexists(path)
    placing.remove(str(path))
    assert not os.path.lexists(path)


MAKERS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: write(path, "x" * 3000),
    "executable": lambda path: write(path, "#!", 0o751),
    "empty": lambda path: write(path, ""),
    "directory": everything,
    "empty directory": lambda path: path.mkdir(parents=True),
}


def resize_row(root: Path, target: str, size: int) -> None:
    """Make a manifest say another size of an export, so that only what is in it counts."""
    path = Path(manifest_path(str(root / "published"), "t"))
    data = json.loads(path.read_text())
    del data["check"]
    data["exports"][target]["size"] = size
    path.write_text(json.dumps({**data, "check": digest_json(data)}))
