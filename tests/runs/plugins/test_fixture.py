"""The public fixture: what a run in this process leaves behind in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import Make

if TYPE_CHECKING:
    import pytest


DODO = """
import sys
sys.path.insert(0, "../beside")
import fixture_outside, fixture_inside, fixture_beside
def say():
    print([one.VALUE for one in (fixture_outside, fixture_inside, fixture_beside)])
def task_say():
    return {"actions": [say], "verbosity": 2, "track_code": False}
"""


def test_modules_of_the_project_are_imported_again_and_no_others(
    doit_project: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Around the project there usually is the checkout of the tested plugin."""
    monkeypatch.syspath_prepend(tmp_path / "around")
    request.addfinalizer(lambda: sys.modules.pop("fixture_outside", None))
    project = doit_project({"dodo.py": DODO})

    def write(value: int) -> None:
        text = f"VALUE = {value}\n"
        project.write(
            {
                "fixture_inside.py": text,
                "../beside/fixture_beside.py": text,
                "../around/fixture_outside.py": text,
            }
        )

    write(1)
    assert "[1, 1, 1]" in project.run().stdout
    outside = sys.modules["fixture_outside"]
    write(22)
    assert "[1, 22, 22]" in project.run().stdout
    assert sys.modules["fixture_outside"] is outside
    assert "fixture_inside" not in sys.modules


def test_modules_of_the_project_are_its_own_from_a_subdirectory(doit_project: Make) -> None:
    """A run that starts below the project leaves no module of it either."""
    dodo = "import fixture_inside\ndef task_a():\n    return {'actions': ['true']}\n"
    project = doit_project({"dodo.py": dodo, "fixture_inside.py": "", "sub/": ""})
    project.run("-k", cwd="sub").assert_executed("a")
    assert "fixture_inside" not in sys.modules
