"""Repeats the full check wherever the cheap answer was that a task is unchanged.

A pytest plugin; each test in which the two disagree fails::

    python -m pytest -p tests.oracle tests/runs/check/test_fast_path.py

It sees what runs in the process of the test: not ``-n``, and no run with ``process=True``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from doit_invariants.core.model import Reason
from doit_invariants.engine.check import aspects
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.status import begin_observation

_cheap = aspects._is_unchanged
_disagreed: list[tuple[str, list[Reason]]] = []
_asked = 0


def reasons_of_full_look(session: Any, task: Any, facts: HostFacts | None = None) -> list[Reason]:
    """Return the reasons of the full check against a task, problems included."""
    own = HostFacts()
    if facts is not None:
        own.uptodate_false, own.counted = facts.uptodate_false, facts.counted
    with session.project.as_directory():
        observation = begin_observation(session, task, [])
        found = aspects.reasons(observation, own)
    return [*observation.snapshot.problems, *found]


def _asked_twice(session: Any, task: Any, facts: HostFacts | None) -> bool:
    global _asked
    unchanged = _cheap(session, task, facts)
    if unchanged:
        _asked += 1
        # Not raised here: an error in the cheap answer only counts as "not unchanged".
        try:
            found = reasons_of_full_look(session, task, facts)
        except Exception as error:
            found = [Reason("cannot_check", "oracle", f"{type(error).__name__}: {error}")]
        if found:
            _disagreed.append((task.name, found))
    return unchanged


@pytest.fixture(autouse=True)
def both_answers_agree(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which the full check has reasons against an unchanged task."""
    _disagreed.clear()
    monkeypatch.setattr(aspects, "_is_unchanged", _asked_twice)
    yield
    assert not _disagreed


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the count from a worker of xdist to its main process."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["oracle"] = _asked


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the count of a worker."""
    global _asked
    _asked += getattr(node, "workeroutput", {}).get("oracle", 0)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how often both were asked: a run that asked nothing has shown nothing."""
    terminalreporter.write_line(f"oracle: asked again about {_asked} tasks that are unchanged")
