"""A pytest plugin for doit's suite: installs our classes, reports the outcome of each test.

The environment variable ``COMPAT_PUT_IN`` says what to put in: nothing, ``dependency`` or
``dependency and checker``; ``COMPAT_REPORT`` is the file that the report goes to, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import doit
from doit.dependency import Dependency, MD5Checker

if TYPE_CHECKING:
    import pytest

# Where xdist is installed, doit's conftest takes the fixture `worker_id` from it. Run without
# workers that one says "master", and the tests look for their files under other names.
sys.modules["xdist"] = None  # type: ignore[assignment]


def replace_everywhere(old: type, new: type) -> list[str]:
    """Replace a class in each module of doit that holds it; return those places."""
    places: list[str] = []
    for found in pkgutil.iter_modules(doit.__path__, "doit."):
        module = importlib.import_module(found.name)
        for name, value in list(vars(module).items()):
            if value is old:
                setattr(module, name, new)
                places.append(f"{found.name}.{name}")
    return places


def put_in(what: str) -> list[str]:
    """Replace doit's classes by ours; return where."""
    if not what:
        return []
    from doit_invariants.hosts.doit.checker import ContentChecker
    from doit_invariants.hosts.doit.dependency import InvariantsDependency

    class WithChecker(InvariantsDependency):  # what the loader makes of it
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            if type(self.checker) is MD5Checker:
                self.checker = ContentChecker()

    new = {"dependency": InvariantsDependency, "dependency and checker": WithChecker}[what]
    return replace_everywhere(Dependency, new)


class Report:
    """Keeps the outcome of each test: passed, skipped or failed, the worst of its phases."""

    def __init__(self, places: list[str]) -> None:
        self.places = places
        self.outcomes: dict[str, str] = {}
        self.details: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take up one phase of a test."""
        if report.outcome != "passed" or report.nodeid not in self.outcomes:
            self.outcomes[report.nodeid] = report.outcome
        if report.failed:
            self.details[report.nodeid] = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take up a module that could not be imported."""
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
            self.details[report.nodeid] = report.longreprtext

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        content = {
            "doit": doit.__file__,
            "places": self.places,
            "outcomes": self.outcomes,
            "details": self.details,
        }
        Path(os.environ["COMPAT_REPORT"]).write_text(json.dumps(content), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Register the report."""
    config.pluginmanager.register(Report(PLACES))


# Before the tests are imported: they take the class by name.
PLACES = put_in(os.environ.get("COMPAT_PUT_IN", ""))
