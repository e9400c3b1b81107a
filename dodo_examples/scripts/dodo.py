"""Count the words in the names of functions in the standard library, in four steps."""

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from doit_invariants import Files

STDLIB = Path(sysconfig.get_path("stdlib"))
PYTHON = f'"{sys.executable}"'


@dataclass
class Chart:
    top: int = 12
    mark: str = "#"

    def line(self, word, number, largest):
        return f"{word:>10} {self.mark * round(40 * number / largest)} {number}"


def draw(chart, dependencies, targets):
    rows = [row.split(",") for row in Path(dependencies[0]).read_text().splitlines()]
    largest = int(rows[0][1])
    lines = [chart.line(word, int(number), largest) for word, number in rows[: chart.top]]
    Path(targets[0]).write_text("\n".join(lines) + "\n")


def task_collect():
    """List the names of functions."""
    return {
        "actions": ["mkdir -p build", f'sh scripts/collect.sh "{STDLIB}" > build/all.txt'],
        "targets": ["build/all.txt"],
        "invariants": [Files(STDLIB / "*.py")],
    }


def task_select():
    """Keep the names with two words or more."""
    return {
        "actions": [f"{PYTHON} scripts/clean.py --least 2 build/all.txt > build/names.txt"],
        "file_dep": ["build/all.txt"],
        "targets": ["build/names.txt"],
    }


def task_count():
    """Count the words in the names."""
    return {
        "actions": [f"{PYTHON} scripts/count.py build/names.txt > build/words.csv"],
        "file_dep": ["build/names.txt"],
        "targets": ["build/words.csv"],
    }


def task_chart():
    """Draw the most frequent words."""
    return {
        "actions": [(draw, [Chart()])],
        "file_dep": ["build/words.csv"],
        "targets": ["build/chart.txt"],
    }
