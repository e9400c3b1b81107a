"""Manifests: damaged, hostile, and of tasks with any name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.exports.exporter import ExportError
from doit_invariants.exports.manifest import manifest_path, read_manifest
from doit_invariants.hashing.digest import digest_json
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult

from .exporting import (
    export,
    exporter,
    write,
)


def _check(data: dict[str, Any]) -> dict[str, Any]:
    data.pop("check", None)
    return {**data, "check": digest_json(data)}


def _renamed(data: dict[str, Any], new: str) -> dict[str, Any]:
    data["exports"][new] = {**data["exports"].pop("f"), "export": new}
    data["entry"]["artifacts"][0]["path"] = new
    return _check(data)


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no object": lambda data: [],
    "no check": lambda data: {key: data[key] for key in data if key != "check"},
    "edited": lambda data: {**data, "exports": {}},
    "newer": lambda data: _check({**data, "entry": {**data["entry"], "schema": 99}}),
    "no entry": lambda data: _check({"exports": {}}),
    "exports": lambda data: _check({**data, "exports": [1]}),
    "row": lambda data: _check({**data, "exports": {"f": {"export": "f"}}}),
    "row that is none": lambda data: _check({**data, "exports": {"f": 3}}),
    "row of wrong types": lambda data: _check(
        {**data, "exports": {"f": {**data["exports"]["f"], "size": "3"}}}
    ),
    "how": lambda data: _check(
        {**data, "exports": {"f": {**data["exports"]["f"], "how": "magic"}}}
    ),
    "elsewhere": lambda data: _check(
        {**data, "exports": {"f": {**data["exports"]["f"], "export": "../victim"}}}
    ),
    "no artifact": lambda data: _check({**data, "entry": {**data["entry"], "artifacts": []}}),
    "up": lambda data: _renamed(data, "../victim"),
    "absolute": lambda data: _renamed(data, "/victim"),
    "own": lambda data: _renamed(data, ".doit-invariants/t.json"),
    "deep": lambda data: "[" * 100_000,
    "no JSON": lambda data: '{"check": "',
    "nothing": lambda data: "",
}


@pytest.mark.parametrize("name", [*DAMAGES, "link", "directory", "not UTF-8", "linked parent"])
def test_damaged_manifest(root: Path, name: str) -> None:
    """A manifest that is not ours restores nothing and removes nothing; the next run writes one."""
    write(root / "f")
    one = exporter(root)
    export(one, "f")
    path = Path(manifest_path(str(root / "published"), "t"))
    if name == "link":
        path.rename(root / "elsewhere")
        path.symlink_to(root / "elsewhere")
    elif name == "directory":
        path.unlink()
        path.mkdir()
    elif name == "not UTF-8":
        path.write_bytes(b"\xff\xfe")
    elif name == "linked parent":
        path.parent.rename(root / "elsewhere")
        path.parent.symlink_to(root / "elsewhere")
    else:
        data = DAMAGES[name](json.loads(path.read_text()))
        path.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(DamagedResult):
        read_manifest(str(root / "published"), "t")
    victim = write(root / "victim", (root / "f").read_text())
    (root / "f").rename(root / "g")
    assert "damaged" in one.preview(["f"]).refusals["f"]
    with pytest.raises(ExportError, match=r"^f can't be restored: .* is damaged: "):
        one.restore(["f"])
    (root / "g").rename(root / "f")
    if name not in ("directory", "linked parent"):
        assert export(one, "f").warnings == ()  # the same content is adopted
        (root / "f").unlink()
        one.restore(["f"])
    assert victim.exists()


def test_damaged_manifest_is_no_proof(root: Path) -> None:
    """Without a manifest nothing at the place is ours."""
    write(root / "f")
    export(exporter(root), "f")
    Path(manifest_path(str(root / "published"), "t")).write_text("{")
    write(root / "f", "new")
    (warning,) = export(exporter(root), "f").warnings
    assert "was not put there by this task" in warning


@pytest.mark.parametrize("task", ["a:b", "../../x", ".", "..", "a/b", "ö" * 300, "", "x\udcff"])
def test_names_of_tasks(root: Path, task: str) -> None:
    """The manifest of a task with any name is a file beside the others."""
    write(root / "f")
    export(exporter(root, task=task), "f")
    (name,) = os.listdir(root / "published/.doit-invariants")
    assert name.endswith(".json")
    (root / "f").unlink()
    assert exporter(root, task=task).restore(["f"]).entry is not None


def test_what_json_can_not_hold(root: Path) -> None:
    """An entry that can't be written is an error in one line."""
    write(root / "f")
    one = exporter(root)
    draft = one.export(["f"])
    with pytest.raises(ExportError, match="manifest of the exports can't be written"):
        one.finish(draft, ResultEntry("", "t", draft.artifacts, {"a": object()}, None, (), 1, 1))
    assert os.listdir(root / "published/.doit-invariants") == []
