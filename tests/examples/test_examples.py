"""Every example runs, and prints what its ``expected.txt`` and its README say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "dodo_examples"
DIRECTORIES = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
TIMEOUT = 300  # seconds for one command

each_example = pytest.mark.parametrize("example", DIRECTORIES, ids=lambda path: path.name)


@dataclass
class Step:
    """A command of a story and the lines that it prints, see :func:`matches`."""

    command: str
    output: list[str] = field(default_factory=list)


def read_steps(text: str) -> list[Step]:
    """Return the steps of a story; empty lines in it are for the reader."""
    steps: list[Step] = []
    for line in filter(None, map(str.rstrip, text.splitlines())):
        if line.startswith("$ "):
            steps.append(Step(line.removeprefix("$ ")))
        else:
            assert steps, f"the first line must be a command like '$ doit', not {line!r}"
            steps[-1].output.append(line)
    return steps


def console_blocks(markdown: str) -> Iterator[str]:
    """Yield the text of each block of Markdown that is marked as ``console``."""
    for block in markdown.split("\n```console\n")[1:]:
        yield block.partition("\n```")[0]


def matches(expected: list[str], printed: list[str]) -> bool:
    """Return whether lines are as expected; a line ``...`` stands for any number of them.

    Within a line ``...`` stands for any text.
    """
    if not expected:
        return not printed
    head, *rest = expected
    if head == "...":
        return any(matches(rest, printed[skipped:]) for skipped in range(len(printed) + 1))
    pattern = ".*".join(map(re.escape, head.split("...")))
    return (
        bool(printed)
        and re.fullmatch(pattern, printed[0]) is not None
        and matches(rest, printed[1:])
    )


def run(command: str, directory: Path) -> list[str]:
    """Run a command of a story; return the lines that it prints, empty ones left out."""
    words = shlex.split(command)
    if words[0] == "cd" and words[2] == "&&":
        directory, words = directory / words[1], words[3:]
    programs = {"doit": [sys.executable, "-m", "doit"], "python": [sys.executable]}
    assert words[0] in programs, (
        f"a story can only run doit and python, behind `cd ... &&`: {command}"
    )
    done = subprocess.run(
        [*programs[words[0]], *words[1:]],
        cwd=directory,
        # Python takes a source edited within the same second, at the same size, for the same.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    may_differ = words[:3] == ["doit", "invariants", "why"]  # 1: not up-to-date
    assert done.returncode in ((0, 1) if may_differ else (0,)), f"$ {command}\n{done.stdout}"
    return list(filter(None, map(str.rstrip, done.stdout.splitlines())))


@each_example
def test_an_example_is_complete(example: Path) -> None:
    """An example has a dodo.py, a README that explains it and a story that checks it."""
    missing = {"dodo.py", "README.md", "expected.txt"} - {path.name for path in example.iterdir()}
    assert not missing


# The longest story takes as long as all others.
@pytest.mark.parametrize(
    "example",
    [
        pytest.param(one, marks=pytest.mark.matrix if one.name != "quickstart" else ())
        for one in DIRECTORIES
    ],
    ids=lambda path: path.name,
)
@pytest.mark.timeout(1200)  # a story has many commands, each with its own timeout
def test_a_story_goes_as_told(example: Path, tmp_path: Path) -> None:
    """Each command of a story prints what is expected, in a fresh copy of the example."""
    copy = tmp_path / example.name
    shutil.copytree(
        example, copy, ignore=shutil.ignore_patterns("build", "published", ".doit*", "__pycache__")
    )
    steps = read_steps((example / "expected.txt").read_text(encoding="utf-8"))
    assert steps
    for step in steps:
        printed = run(step.command, copy)
        assert matches(step.output, printed), "\n".join(
            [f"$ {step.command}", *printed, "", "expected:", *step.output]
        )


@each_example
def test_a_readme_tells_the_same_story(example: Path) -> None:
    """The README shows commands of the story, in its order, with the outputs that are checked."""
    story = iter(read_steps((example / "expected.txt").read_text(encoding="utf-8")))
    blocks = list(console_blocks((example / "README.md").read_text(encoding="utf-8")))
    assert blocks
    for step in (step for block in blocks for step in read_steps(block)):
        assert step in story, f"not in expected.txt, or there earlier or otherwise: {step}"


def test_three_dots_match_any_number_of_lines() -> None:
    """In a story ``...`` matches none, one or many lines, within a line any text."""
    assert matches(["...", "a"], ["a"])
    assert matches(["a", "...", "c", "..."], ["a", "b", "b", "c"])
    assert not matches(["a", "..."], ["b", "a"])
    assert not matches([], ["a"])
    assert matches(["made ... in ..."], ["made now in 2s"])
    assert not matches(["made ..."], ["not made now"])
