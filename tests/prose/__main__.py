"""Prints what the style check finds: ``path:line: rule: message``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from proselint import checks
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from tests.prose.passages import read_passages
from tests.prose.rules import CHECKS, CONFIG, EXAMPLES, NOT_IN_HEADINGS

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PLACES = ("README.md", "CHANGELOG.md", "docs", "dodo_examples", "src", "tests")


def main(arguments: list[str]) -> int:
    """Check files and directories, by default all our prose; return an exit code."""
    registry = CheckRegistry()
    registry.register_many(checks.__register__)
    registry.register_many(CHECKS)
    _check_the_rules()
    paths = [Path(one) for one in arguments] or [ROOT / place for place in PLACES]
    findings = [line for path in _files(paths) for line in _findings(path)]
    print("\n".join(findings) or "the style check found nothing")
    if findings:
        print(f"{len(findings)} findings", file=sys.stderr)
    return int(bool(findings))


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = (one for kind in ("*.md", "*.py") for one in path.rglob(kind))
            yield from sorted(one for one in inside if "build" not in one.parts)
        else:
            yield path


def _findings(path: Path) -> Iterator[str]:
    # The strings in tests are data, or expected messages of other programs.
    strings = TESTS not in path.resolve().parents
    for line, text, heading in read_passages(path, strings=strings):
        for found in LintFile(str(path), text).lint(CONFIG):
            rule = found.check_result.check_path.removeprefix("ours.")
            if heading and rule in NOT_IN_HEADINGS:
                continue
            number = line + max(found.pos[0] - 2, 0)  # proselint puts a line before the text
            message = " ".join(found.check_result.message.split())
            yield f"{os.path.relpath(path, ROOT)}:{number}: {rule}: {message}"


def _check_the_rules() -> None:
    """Raise an AssertionError if a rule does not find its example: it would check nothing."""
    for rule, example in EXAMPLES.items():
        found = {one.check_result.check_path for one in LintFile("example", example).lint(CONFIG)}
        assert f"ours.{rule}" in found, rule


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
