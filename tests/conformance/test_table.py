"""Every case of the table, end to end; and whether each case is a fair one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .execute import lacks, run_case
from .model import Case
from .table import CASES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the cases use a POSIX shell")

each = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest) -> None:
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    missing = case and lacks(case)
    if missing:
        pytest.skip(f"there is no {missing}")


@pytest.mark.parametrize("case", CASES[::3], ids=[case.id for case in CASES[::3]])
def test_verdict(case: Case, tmp_path: Path) -> None:
    """The task runs after the edit if and only if the edit counts; the next test has every case."""
    finding = run_case(case, tmp_path / "project", loader=True, brief=True)
    assert finding.wrong(case) is None, case.says


@pytest.mark.matrix
@each
def test_verdict_is_fair_and_stays(case: Case, tmp_path: Path) -> None:
    """An edit counts if and only if it changes the output of the task; otherwise nothing runs."""
    finding = run_case(case, tmp_path / "project", loader=True)
    assert finding.unfair(case) is None, case.says
    assert finding.wrong(case) is None, case.says


@pytest.mark.long
@each
def test_verdict_in_processes_of_their_own(case: Case, tmp_path: Path) -> None:
    """The verdict is the same where each run of doit is a process of its own."""
    finding = run_case(case, tmp_path / "project", loader=True, process=True)
    assert finding.wrong(case) is None, case.says


def test_table_is_big_enough() -> None:
    """Ids are unique; there are many cases of either verdict."""
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)
    assert sum(case.verdict == "run" for case in CASES) >= 150
    assert sum(case.verdict == "keep" for case in CASES) >= 100
