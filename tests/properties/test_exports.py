"""Reading any manifest gives a manifest or one error in one line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from doit_invariants.exports.exporter import Exporter, ExportError
from doit_invariants.exports.manifest import manifest_path, read_manifest
from doit_invariants.exports.placing import remove
from doit_invariants.hashing.digest import digest_json
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult
from tests.support.choices import examples

from .spoiling import places

Made = tuple[Path, dict[str, Any]]

TEXTS = st.sampled_from(["", "..", "../x", "/x", "d", "d/x", "file", "link", "gzip", "move", "\0"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a project with an export, and what its manifest says."""
    root = tmp_path_factory.mktemp("project")
    (root / "d").mkdir()
    (root / "d" / "x").write_text("x")
    (root / "d" / "l").symlink_to("x")
    one = Exporter(str(root), str(root / "published"), "copy", False, "t")
    draft = one.export(["d"])
    one.finish(draft, ResultEntry("", "t", draft.artifacts, {}, None, ((None, "x"),), 1, 1))
    (root / "d").rename(root / "away")
    data = json.loads(Path(manifest_path(str(root / "published"), "t")).read_text())
    assert data.pop("check") == digest_json(data)
    return root, data


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_any_manifest(made: Made, draw: st.DataObject) -> None:
    """One or two values are replaced, and the check is right: it is read or damaged."""
    root, original = made
    data = copy.deepcopy(original)
    for _ in range(draw.draw(st.integers(1, 2))):
        inside, key = draw.draw(st.sampled_from(places(data)))
        inside[key] = draw.draw(JSON)
    data["check"] = digest_json(data)
    directory = str(root / "published")
    Path(manifest_path(directory, "t")).write_text(json.dumps(data))
    one = Exporter(str(root), directory, "copy", False, "t")
    said = ""
    try:
        read_manifest(directory, "t")
        one.restore(["d"])
    except (DamagedResult, ExportError) as error:
        said = str(error)
    assert "\n" not in said
    assert bool(said) != (root / "d").exists()
    if not said:
        assert (root / "d" / "x").read_text() == "x"
        remove(str(root / "d"))
    assert sorted(path.name for path in root.iterdir()) == ["away", "published"]
