"""Tables that are measured: the documentation shows the present results."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from . import structure
from .blocks import DOCS, ROOT


def conformance(name: str) -> Any:
    """Return a module of the conformance tests, which are a package of their own for pytest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return importlib.import_module(f"tests.conformance.{name}")


def between(page: Path, name: str) -> str:
    """Return the text between the two marks around a table."""
    _, found, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    assert found, f"{page.name} has no mark {name!r}"
    text, found, _ = rest.partition(f"<!-- end of {name} -->\n")
    assert found, f"{page.name} has no end of {name!r}"
    return text


def test_the_picture_of_the_packages_is_current() -> None:
    """It shows the imports of today; ``python -m tests.docs.structure`` draws it."""
    assert structure.PICTURE.read_text(encoding="utf-8") == structure.draw()


def test_the_walks_name_what_exists() -> None:
    """Each module and package that the page about the architecture names is in the source."""
    named = re.findall(r"`((?:\w+/)+[\w.]+)`", structure.PAGE.read_text(encoding="utf-8"))
    bases = (ROOT, structure.SOURCE)
    assert [one for one in named if not any((base / one).exists() for base in bases)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="times of files are restored")
def test_the_truth_table_is_current(tmp_path: Path) -> None:
    """The pages show what plain doit and doit-invariants answer to each change."""
    truth = conformance("truth").render(tmp_path)
    assert between(DOCS / "explanation/comparison.md", "truth table") == truth
    lines = between(ROOT / "README.md", "some of the truth table").splitlines()
    assert lines[:2] == truth.splitlines()[:2]
    assert set(lines) <= set(truth.splitlines())


def test_the_comparison_has_every_class_of_edits() -> None:
    """A row for each class with the number of its cases, and nothing wrong in our column."""
    head, _, *lines = between(DOCS / "explanation/comparison.md", "scores").splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")]
    assert names[2] == "doit-invariants"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    counts = {row[0]: int(row[1]) for row in rows[:-2]}
    groups = [case.group for case in conformance("table").CASES]
    assert counts == {group: groups.count(group) for group in dict.fromkeys(groups)}
    assert rows[-2][1] == str(len(groups))
    assert {row[2] for row in rows[:-1]} == {"0 / 0 / 0"}


def test_troubleshooting_quotes_messages_as_they_are() -> None:
    """doit-invariants prints what the page tells to look for; ``...`` is any value."""
    known = "\n".join(
        node.value
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| it says .*\n(?:\|.*\n)+", text, re.MULTILINE)
    quotes = [
        quote for table in tables for quote in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    ]
    assert len(quotes) > 20
    assert [q for q in quotes if not all(part.strip() in known for part in q.split("..."))] == []
