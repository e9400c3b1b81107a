"""doit's features, with the loader and without."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from . import stories_of_commands, stories_of_runs, stories_of_tasks
from .drivers import Driver
from .stories import check

STORIES = {
    **stories_of_tasks.STORIES,
    **stories_of_commands.STORIES,
    **stories_of_runs.STORIES,
}
FEATURES = Path(__file__).parent / "features"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stories use a POSIX shell")


@pytest.mark.parametrize("name", STORIES)
def test_feature_shows_the_same_with_the_loader(
    drivers: dict[str, Driver], tmp_path: Path, name: str
) -> None:
    """Output, errors and exit codes of every command are those of plain doit."""
    dodo, story = STORIES[name]
    if name == "strace" and shutil.which("strace") is None:
        pytest.skip("there is no strace")
    project = tmp_path / "feature"
    project.mkdir()
    shutil.copy(FEATURES / dodo, project / "dodo.py")
    check(drivers, story, project, tmp_path)


def test_every_feature_has_a_story() -> None:
    """No dodo file lies about unused."""
    assert {path.name for path in FEATURES.glob("*.py")} == {dodo for dodo, _ in STORIES.values()}
