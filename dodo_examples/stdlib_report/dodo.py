"""A report on the standard library of this Python: its contents and its imports."""

import platform
import sysconfig
from pathlib import Path

import analysis
import page
from doit.tools import create_folder

from doit_invariants import Distribution, Files, Value

STDLIB = Path(sysconfig.get_path("stdlib"))
LEFT_OUT = {"test", "__phello__"}  # the test suite, and a sample of a frozen package
PACKAGES = sorted({init.parent.name for init in STDLIB.glob("*/__init__.py")} - LEFT_OUT)

SCANS = Path("build/scans")
GRAPH = Path("build/graph.json")
REPORT = Path("build/report.html")

LOOK = {"accent": "#2b6a99", "top": 20}  # color of the bars, number of modules to show

# An invariant of every task, because syntax and modules depend on the version of Python.
DOIT_CONFIG = {"invariants": {"invariants": [Value(platform.python_version(), name="python")]}}


def task_scan():
    """Count the contents of a package, and list its imports."""
    # scan() is tracked automatically, with the functions that it calls.
    for name in PACKAGES:
        yield {
            "name": name,
            "actions": [
                (create_folder, [SCANS]),
                (analysis.scan, [STDLIB, f"{name}/**/*.py"]),
            ],
            "file_dep": [STDLIB / name],  # a directory, with everything below it
            "targets": [SCANS / f"{name}.json"],
        }
    yield {  # the modules that are a single file
        "name": "modules",
        "actions": [(create_folder, [SCANS]), (analysis.scan, [STDLIB, "*.py"])],
        "targets": [SCANS / "modules.json"],
        "invariants": [Files(STDLIB / "*.py")],  # each check expands the pattern
    }


def task_graph():
    """Join the scans into a graph of imports."""
    return {
        "actions": [analysis.graph],
        "file_dep": [SCANS / f"{name}.json" for name in [*PACKAGES, "modules"]],
        "targets": [GRAPH],
    }


def task_report():
    """Write the report, as a single HTML file."""
    return {
        "actions": [(page.report, [GRAPH, LOOK])],  # arguments are tracked too
        "file_dep": [GRAPH, "templates/"],
        "targets": [REPORT],
        "invariants": [Distribution("doit")],  # its version is in the footer
        "ttl": "30d",  # the page shows its date, and says that it is valid for 30 days
    }
