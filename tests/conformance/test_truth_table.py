"""The truth table, every row, serial and two at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from .truth import ROWS, RUNS, Row, answers, render

each = pytest.mark.parametrize("row", ROWS, ids=[row.title for row in ROWS])


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The outcome of each row."""
    return answers(tmp_path_factory.mktemp("truth") / "serial", loader=True)


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The outcome of each row with ``-n 2``."""
    return answers(tmp_path_factory.mktemp("truth") / "parallel", "-n", "2", loader=True)


@each
def test_row(serial: Mapping[str, str], row: Row) -> None:
    """The task runs if the table wants it to."""
    assert serial[row.title] == row.right


@pytest.mark.matrix
@each
def test_row_two_at_a_time(parallel: Mapping[str, str], row: Row) -> None:
    """The task runs with ``-n 2`` if the table wants it to."""
    assert parallel[row.title] == row.right


def test_plain_doit_is_wrong_where_it_was_measured(tmp_path: Path) -> None:
    """The table measures something: plain doit has 14 cells of 25 wrong."""
    plain = answers(tmp_path / "plain", loader=False)
    wrong = [row.title for row in ROWS if plain[row.title] != row.right]
    restored = [row.title for row in ROWS if row.wanted == "restore"]
    assert len(wrong) + len(restored) == 14, wrong
    assert len(ROWS) == 25
    assert plain["input edited"] == RUNS


def test_rendered_table(tmp_path: Path) -> None:
    """The table for the documentation has a line for every row, and ours is as wanted."""
    lines = render(tmp_path).splitlines()
    assert len(lines) == len(ROWS) + 2
    for row, line in zip(ROWS, lines[2:], strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:2] == [row.title, row.wanted]
        assert cells[3] == row.right, line
