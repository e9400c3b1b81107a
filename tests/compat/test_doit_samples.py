"""The samples of doit's documentation, with the loader and without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .drivers import Driver
from .samples import EXCLUDED, SAMPLES, story_of
from .stories import check

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the samples use a POSIX shell")


@pytest.fixture
def samples(doit_source: Path) -> Path:
    """The directory with the samples."""
    return doit_source / "doc" / "samples"


def test_every_sample_is_run_or_excluded(samples: Path) -> None:
    """A sample that is new in doit is not overlooked, and none that is gone is listed."""
    assert {path.name for path in samples.glob("*.py")} == EXCLUDED.keys() | SAMPLES.keys()
    assert not EXCLUDED.keys() & SAMPLES.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_shows_the_same_with_the_loader(
    drivers: dict[str, Driver], samples: Path, tmp_path: Path, name: str
) -> None:
    """Output, errors and exit codes of every command are those of plain doit."""
    check(drivers, story_of(name), samples, tmp_path)
