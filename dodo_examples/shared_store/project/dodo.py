"""Count the words in the names that the standard library uses."""

import sysconfig
from pathlib import Path

import words

from doit_invariants import Files

STDLIB = Path(sysconfig.get_path("stdlib"))
PACKAGES = ["asyncio", "email", "http", "json", "logging", "unittest", "xml"]


def collect(package, targets):
    Path(targets[0]).parent.mkdir(parents=True, exist_ok=True)
    sources = sorted((STDLIB / package).rglob("*.py"))
    text = "".join(path.read_text(encoding="utf-8") + "\n" for path in sources)
    Path(targets[0]).write_text(text, encoding="utf-8")


def task_collect():
    """Copy the sources of a package into one file."""
    for package in PACKAGES:
        yield {
            "name": package,
            "actions": [(collect, [package])],
            "targets": [f"data/{package}.txt"],
            "invariants": [Files(STDLIB / package / "**/*.py")],
            "share": False,  # the data belong to others
        }


def task_count():
    """Count the words in the names that a package uses."""
    for package in PACKAGES:
        yield {
            "name": package,
            "actions": [words.count],
            "file_dep": [f"data/{package}.txt"],
            "targets": [f"counts/{package}.json"],
        }


def task_report():
    """List the most frequent words."""
    return {
        "actions": [(words.report, [3])],
        "file_dep": [f"counts/{package}.json" for package in PACKAGES],
        "targets": ["report.txt"],
        "getargs": {"numbers": ("count", "words")},
        "verbosity": 2,
    }
