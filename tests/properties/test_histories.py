"""After any events in a pipeline, a run of doit leaves what a full rebuild would make."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from doit_invariants.testing import Project
from tests.support.choices import examples
from tests.support.pythons import named_pythons, usable_pythons

from .histories.pipeline import Sources
from .histories.playing import play
from .histories.steps import histories, sources

#: Whether two runs at once may use one DB.
TWO_ON_ONE_DB = True
BACKENDS = ("dbm", "json", "sqlite3")
#: How many histories the long hunt plays with each backend.
NUMBER = int(os.environ.get("DOIT_INVARIANTS_HISTORIES", "700"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forks of this process")


@functools.cache
def pythons() -> tuple[str, ...]:
    """Return the other interpreters that have the package under test."""
    return tuple(python for _, python in usable_pythons(named_pythons()))


_examples = functools.partial(examples, suppress_health_check=list(HealthCheck))


@pytest.mark.hypothesis  # all examples in the matrix
@pytest.mark.timeout(1800)
@pytest.mark.matrix
@pytest.mark.parametrize("backend", BACKENDS)
def test_histories(backend: str) -> None:
    """Short ones, in two checkouts that share a store."""

    @_examples(67)
    @given(histories(longest=6, two_on_one_db=TWO_ON_ONE_DB), sources())
    def whatever_happens(steps: list[tuple[Any, ...]], made_of: Sources) -> None:
        play(steps, made_of, backend)

    whatever_happens()


@pytest.mark.hypothesis
@pytest.mark.timeout(1800)
def test_model_is_what_doit_makes() -> None:
    """The checkouts are compared with a real rebuild, file by file."""
    compared = 0

    @_examples(6)
    @given(histories(longest=6), sources(), st.sampled_from(BACKENDS))
    def rebuilt(steps: list[tuple[Any, ...]], made_of: Sources, backend: str) -> None:
        nonlocal compared
        compared += play(steps, made_of, backend, rebuild=True).figures["tasks rebuilt"]

    rebuilt()
    assert compared


WAITS = """
from doit_invariants import Files, Tree
def task_copy():
    return {"actions": ["touch begun; while [ ! -e one ]; do sleep 0.01; done; cp in/x out.txt; "
                        "touch copied; while [ ! -e two ]; do sleep 0.01; done"],
            KNOWS, "targets": ["out.txt"]}
"""
INPUTS = ('"file_dep": ["in/x"]', '"file_dep": ["in"]')
#: Not ``Command``, which runs once per run: a change of its output within a run is not seen.
INVARIANTS = tuple(f'"invariants": [{one}]' for one in ('Files("in/x")', 'Tree("in")'))


def wait_for(path: Path) -> None:
    limit = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < limit, f"{path.name} was not made"
        time.sleep(0.01)


def edited_during_the_run(project: Project, *, undone: bool) -> None:
    """Run, and have the action read a B where an A was before, and perhaps is again."""
    path = project.path
    command = [sys.executable, "-m", "doit"]
    with subprocess.Popen(command, cwd=path, start_new_session=True) as process:
        try:
            wait_for(path / "begun")
            project.write({"in/x": "B", "one": ""})
            wait_for(path / "copied")
            project.write({**({"in/x": "A"} if undone else {}), "two": ""})
            assert process.wait(timeout=300) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert project.read("out.txt") == "B"
    project.write({"in/x": "A"})
    project.run().assert_executed("copy")
    assert project.read("out.txt") == "A"


@pytest.mark.parametrize("knows", [*INPUTS, *INVARIANTS])
def test_an_edit_that_is_undone_during_the_run(
    doit_project: Callable[..., Project], knows: str
) -> None:
    """Found by a history: the result is of neither content for certain."""
    project = doit_project({"dodo.py": WAITS.replace("KNOWS", knows), "in/x": "A"})
    edited_during_the_run(project, undone=True)


@pytest.mark.parametrize("knows", INVARIANTS)
def test_an_edit_of_an_invariant_during_the_run(
    doit_project: Callable[..., Project], knows: str
) -> None:
    """Found by a history: what was read is not what was recorded."""
    project = doit_project({"dodo.py": WAITS.replace("KNOWS", knows), "in/x": "A"})
    edited_during_the_run(project, undone=False)


@pytest.mark.parametrize("knows", INPUTS)
def test_an_edit_of_an_input_during_the_run(
    doit_project: Callable[..., Project], knows: str
) -> None:
    """No content makes the task up-to-date before it has run again."""
    project = doit_project({"dodo.py": WAITS.replace("KNOWS", knows), "in/x": "A"})
    edited_during_the_run(project, undone=False)


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_histories_at_length(backend: str) -> None:
    """Long ones, with other versions of Python, and with real rebuilds at the end of some."""

    @_examples(NUMBER)
    @given(
        histories(longest=18, two_on_one_db=TWO_ON_ONE_DB, pythons=len(pythons())),
        sources(),
        st.integers(0, 9).map(lambda number: number == 9),
    )
    def whatever_happens(steps: list[tuple[Any, ...]], made_of: Sources, rebuild: bool) -> None:
        play(steps, made_of, backend, pythons=pythons(), rebuild=rebuild)

    whatever_happens()
