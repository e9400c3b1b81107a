"""doit's own test suite, with our classes instead of doit's."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from .processes import Process

# Setting up runs the suite three times. Part of that is waiting on purpose.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1800)]

PLUGIN = Path(__file__).parent / "in_suite" / "doit_suite_plugin.py"

#: Tests of doit that spell out what only its own checker does, and why they may fail.
MD5_ONLY = {
    "test_cmd_resetdep.py::TestCmdResetDep::test_file_dep": "expects the MD5 digest of a file",
    "test_dependency.py::TestSaveSuccess::test_save_file_md5": "expects the MD5 digest of a file",
    "test_dependency.py::TestSaveSuccess::test_save_skip": (
        "fakes os.path.getmtime, and a size that differs; we ask os.stat, and the size counts"
    ),
}

#: A stand-in: the dodo.py of doit itself imports tools for its development.
DODO = "def task_sample():\n    return {'actions': ['echo sample']}\n"


@dataclass(frozen=True)
class Suite:
    """A run of doit's suite under way."""

    directory: Path
    report: Path
    process: Process

    def finish(self) -> Any:
        """Wait for the end, return what the plugin reports."""
        code, output = self.process.finish(150)
        assert code in (0, 1), f"pytest ended with exit code {code}:\n{output}"
        return json.loads(self.report.read_text(encoding="utf-8"))


def start_suite(source: Path, directory: Path, put_in: str) -> Suite:
    """Start doit's suite in a copy without the package, so that the installed doit is tested."""
    name = put_in.replace(" ", "-") or "plain"
    copy = directory / name
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("doit", "*.egg-info", "doc"))
    (copy / "dodo.py").write_text(DODO, encoding="utf-8")
    report = directory / f"{name}.json"
    env = {
        **os.environ,
        "COMPAT_PUT_IN": put_in,
        "COMPAT_REPORT": str(report),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(PLUGIN.parent), os.environ.get("PYTHONPATH", "")]),
    }
    env.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN.stem]
    command += ["-p", "no:cacheprovider", "--rootdir", str(copy), "tests"]
    return Suite(copy, report, Process(command, copy, env))


def worse(plain: Any, ours: Any) -> dict[str, str]:
    """Return the tests whose outcome differs from plain doit's, unless they fail there."""
    return {
        test: f"{test}: {outcome} -> {ours['outcomes'].get(test, 'not run')}"
        f"\n{ours['details'].get(test, '')}"
        for test, outcome in plain["outcomes"].items()
        if outcome != "failed" and ours["outcomes"].get(test) != outcome
    }


def function_of(test: str) -> str:
    """Return the name of a test without its parameters."""
    return test.partition("[")[0].removeprefix("tests/")


@pytest.fixture(scope="module")
def reports(doit_source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcomes of the suite, by replaced classes; all at once, because they wait a lot."""
    scratch = tmp_path_factory.mktemp("suites")
    started = ("", "dependency", "dependency and checker")
    suites = {put_in: start_suite(doit_source, scratch, put_in) for put_in in started}
    try:
        return {put_in: suite.finish() for put_in, suite in suites.items()}
    finally:
        for suite in suites.values():
            suite.process.kill()


def test_suite_tests_what_it_should(reports: dict[str, Any]) -> None:
    """It is the installed doit that is tested, with our class in the places that count."""
    installed = distribution("doit").locate_file("doit/__init__.py")
    for put_in, report in reports.items():
        assert Path(report["doit"]).samefile(str(installed))
        expected = {"doit.dependency.Dependency", "doit.cmd_base.Dependency"} if put_in else set()
        assert set(report["places"]) >= expected
    assert reports[""]["places"] == []
    passed = [test for test, outcome in reports[""]["outcomes"].items() if outcome == "passed"]
    assert len(passed) > 600, f"doit's suite hardly runs here: {len(passed)} tests pass"


@pytest.mark.parametrize(
    ("put_in", "excused"), [("dependency", {}), ("dependency and checker", MD5_ONLY)]
)
def test_suite_fails_nowhere_it_did_not_fail_before(
    reports: dict[str, Any], put_in: str, excused: dict[str, str]
) -> None:
    """Every test of doit ends with our classes as it ends with doit's own."""
    found = worse(reports[""], reports[put_in])
    unexpected = [text for test, text in found.items() if function_of(test) not in excused]
    if unexpected:
        pytest.fail("\n\n".join(unexpected), pytrace=False)
    assert {function_of(test) for test in found} == set(excused), "no excuse is needed any more"
