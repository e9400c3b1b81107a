"""Names from files and records can't deceive a reader in a terminal."""

from __future__ import annotations

import pytest

from doit_invariants.core.model import Reason
from doit_invariants.core.text import printable
from tests.support import Make

SHOWN = {
    "plain ö 木.txt": "plain ö 木.txt",
    "a\tb": "a\tb",
    "a\x1b[2Jb": "a\\x1b[2Jb",
    "a\nb": "a\\nb",
    "a\r\x7fb": "a\\r\\x7fb",
    "a\u202eb\u2066": "a\\u202eb\\u2066",
    "a\x85\u2028b": "a\\x85\\u2028b",
    "a\udcffb": "a\\udcffb",
    "a\U000e0001b": "a\\U000e0001b",
    "line\n": "line\n",
    "a\nb\n": "a\\nb\n",
}


@pytest.mark.parametrize("text", SHOWN, ids=ascii)
def test_names_are_shown_as_they_are(text: str) -> None:
    """Control characters for a terminal are escaped; printable ones, in any script, are not."""
    assert printable(text) == SHOWN[text]


def test_reason_is_one_line() -> None:
    """No name can make two lines of one reason."""
    assert str(Reason("c", "a\nb", "1 changed (\x1b[0m)")) == "a\\nb: 1 changed (\\x1b[0m)"


COMMANDS = [["invariants", "why"], ["info", "a"], ["invariants", "show"], ["list", "-s"], []]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_show_names_of_others(doit_project: Make, command: list[str]) -> None:
    """The name of a foreign file in a directory deceives no reader of any command."""
    dodo = """
def task_a():
    return {"actions": ["mkdir -p made"], "file_dep": ["data"], "targets": ["made"]}
"""
    project = doit_project({"dodo.py": dodo, "data/x": "1"})
    project.run().assert_executed("a")
    for place in ("data", "made"):
        (project.path / place / "a\x1b[2J\nforged\u202e").write_text("new")
    if command[-1:] == ["show"]:
        project.run()
    outcome = project.run(*command)
    text = outcome.stdout + outcome.stderr
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    assert not any(line.startswith("forged") for line in text.split("\n"))
