"""The command works, with projects too small to measure anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.case import Figure
from tests.benchmarks.measure import Cost, Failed, run


@pytest.mark.timeout(1800)
@pytest.mark.matrix
def test_the_command_prints_tables_and_writes_json_and_curves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, drawn = tmp_path / "found.json", tmp_path / "curves.svg"
    cases = ["--cases", "kinds", "tree", "scaling"]
    files = ["--json", str(found), "--svg", str(drawn)]
    assert main([*cases, "--shrink", "5000", "--repeat", "1", *files]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(row.startswith("| cold | plain |") for row in rows)
    assert any(row.startswith("| kinds | no-op, of plain doit |") for row in rows)
    data = json.loads(found.read_text())
    assert data["machine"]["doit"]
    ours = data["cases"]["kinds"]["costs"]["ours"]["no-op"]
    assert len(ours) == 1
    assert ours[0]["cpu"] > 0.01
    assert ours[0]["peak"] > 5
    assert [one["goal"] for one in data["cases"]["kinds"]["figures"]] == [1.3, None]
    assert drawn.read_text().count("<polyline") == 2


def test_a_command_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="ended with 3: no luck"):
        run(["sh", "-c", "echo no luck >&2; exit 3"], tmp_path)


def test_a_ratio_is_the_median_over_neighbours_less_their_bases() -> None:
    costs = {
        "ours": {"base": [Cost(1, 1, 1)], "step": [Cost(9, n, 1) for n in (2, 5, 3)]},
        "plain": {"base": [Cost(1, 2, 1)], "step": [Cost(9, n, 1) for n in (3, 4, 6)]},
    }
    less = (("ours", "base"), ("plain", "base"))
    one = Figure("", ("ours", "step"), ("plain", "step"), 1.0, less=less)
    assert one.value(costs) == 1.0  # of 1/1, 4/2 and 2/4
    assert one.holds(1.0)
    assert not one.holds(1.1)
    assert Figure("", ("ours", "step"), ("peer", "step")).value(costs) is None
