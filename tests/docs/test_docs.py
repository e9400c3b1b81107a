"""What the documentation shows is run for real: snippets, stories, settings, tests."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project, settings_toml
from tests.support import Make

from .blocks import PAGES, ROOT, Block, Snippet, read_blocks, read_snippets

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the snippets use a POSIX shell")

BLOCKS = [block for page in PAGES for block in read_blocks(page)]
ALL = [snippet for page in PAGES for snippet in read_snippets(page)]
SNIPPETS = [one for one in ALL if shutil.which(one.block.marks.get("needs", "sh"))]
STORIES = [(snippet, name) for snippet in SNIPPETS for name in snippet.stories]
PYTHON = [block for block in BLOCKS if block.language == "python"]
TESTS = [block for block in PYTHON if block.has_tests and "file" not in block.marks]
FRAGMENTS = [
    block
    for block in PYTHON
    if not block.has_tasks and not block.has_tests and "file" not in block.marks
]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
SETTINGS = [block for block in BLOCKS if block.language in ("toml", "ini")]
TIMEOUT = 300  # seconds for one command

TASK = 'def task_any():\n    return {"actions": ["true"], "file_dep": ["any.txt"]}\n'


@pytest.fixture(autouse=True)
def same_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """``python`` in a snippet is the one of this test, also without an activated environment."""
    programs = os.path.dirname(sys.executable)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def place(block: Block) -> str:
    """Return the id of a test."""
    return block.place


def snippet_place(snippet: Snippet) -> str:
    """Return the id of a test."""
    return snippet.block.place


def project_of(make: Make, snippet: Snippet) -> Project:
    """Return a new project with the files of a snippet."""
    loader = not {"plain doit", "script"} & snippet.block.marks.keys()
    project = make({**snippet.files, snippet.block.path: snippet.block.text}, loader=loader)
    for command in snippet.setup:
        done = shell(command, project.path, project.path.parent)
        assert done == (0, ""), f"{snippet.block.place}: {command}"
    return project


def run_doit(
    project: Project, *arguments: str, cwd: str = ".", env: Mapping[str, str] | None = None
) -> Outcome:
    """Run doit; without the loader in a process of its own, which no other run has changed."""
    here = Project((project.path / cwd).resolve())
    configuration = [here.path / "pyproject.toml", here.path / "doit.cfg"]
    texts = [path.read_text(encoding="utf-8") for path in configuration if path.exists()]
    process = not any(re.search(r'^loader = "?invariants', text, re.MULTILINE) for text in texts)
    return here.run(*arguments, timeout=TIMEOUT, process=process or None, env=env)


def shell(command: str, directory: Path, base: Path) -> tuple[int, str]:
    """Run a command in a shell in which `doit` and `python` are those of this test.

    :param base: where these are made, outside of the project
    """
    programs = base / "bin"
    programs.mkdir(exist_ok=True)
    for name, arguments in (("doit", "-m doit "), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments}"$@"\n')
        program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env={
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            # Python takes a source edited within the same second, at the same size, for the same.
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout


def follow_cd(command: str, directory: str) -> tuple[str, str]:
    """Return what is left of a command behind its `cd`, and the directory to run it in."""
    found = re.match(r"cd (\S+)(?: && |$)", command)
    if found is None:
        return command, directory
    return command[found.end() :], os.path.normpath(os.path.join(directory, found[1]))


def execute(command: str, project: Project, cwd: str) -> tuple[int, list[str]]:
    """Run a command of a story; return its exit code and the lines that are not empty."""
    words = shlex.split(command)
    env = {}
    while re.match(r"\w+=", words[0]):
        name, _, env[name] = words.pop(0).partition("=")
    if words[0] == "sed":
        # GNU's and BSD's differ in `-i`.
        _, old, new, _ = re.split(r"(?<!\\)/", words[2])
        project.edit(os.path.join(cwd, words[3]), old, new)
        return 0, []
    if words[0] == "doit" and not re.search(r"[;&|<>$()]", command):
        outcome = run_doit(project, *words[1:], cwd=cwd, env=env)
        code, output = outcome.returncode, outcome.stdout + outcome.stderr
    else:
        code, output = shell(command, project.path / cwd, project.path.parent)
    return code, [line.rstrip() for line in output.splitlines() if line.strip()]


def read_steps(block: Block) -> list[tuple[str, list[str]]]:
    """Return the commands of a block, each with the lines that it prints."""
    steps: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.rstrip, block.text.splitlines())):
        if line.startswith("$ "):
            steps.append((line.removeprefix("$ "), []))
        else:
            assert steps, f"{block.place}: the first line must be a command, not {line!r}"
            steps[-1][1].append(line)
    return steps


def same_line(expected: str, printed: str) -> bool:
    """Return whether a line is as expected; ``...`` in it stands for any text."""
    pattern = ".*".join(map(re.escape, expected.split("...")))
    return re.fullmatch(pattern, printed) is not None


def matches(expected: list[str], printed: list[str]) -> bool:
    """Return whether lines are as expected; a line ``...`` stands for any number of them."""
    if not expected:
        return not printed
    head, *rest = expected
    if head.strip() == "...":
        return any(matches(rest, printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and same_line(head, printed[0]) and matches(rest, printed[1:])


def may_end_with(command: str, code: int, printed: list[str]) -> bool:
    """Return whether an exit code is what the output of a command lets a reader expect."""
    if any(re.match(r"ERROR|\w*(Error|Failed) - taskid", line) for line in printed):
        return code != 0
    explains = re.search(r"\bdoit (info|invariants (why|accept))\b", command)
    return code in ((0, 1) if explains else (0,))


@pytest.mark.parametrize(
    "snippet",
    [pytest.param(one, marks=pytest.mark.matrix if one.stories else ()) for one in SNIPPETS],
    ids=snippet_place,
)
def test_a_snippet_with_tasks_runs(doit_project: Make, snippet: Snippet) -> None:
    """A snippet is a whole dodo.py or script: doit loads it and runs its tasks."""
    project = project_of(doit_project, snippet)

    block = snippet.block

    def run(*arguments: str) -> None:
        if "script" in block.marks:
            command = shlex.join(["python", block.path, *arguments])
            code, output = shell(command, project.path, project.path.parent)
            assert code == 0, output
        else:
            where = ["-f", block.path] if block.path != "dodo.py" else []
            run_doit(project, *arguments, *where).assert_success()

    run("list", "--all")
    if "no-run" not in block.info:
        run("run")
        run("list", "--all", "--status")


def looked_up(snippet: Snippet) -> bool:
    """Return whether a page is read by the section; its stories run in ``doit docs`` and in CI."""
    return snippet.block.page.parent.name in ("reference", "explanation")


@pytest.mark.parametrize(
    ("snippet", "name"),
    [
        pytest.param(*story, marks=pytest.mark.matrix if looked_up(story[0]) else ())
        for story in STORIES
    ],
    ids=[f"{snippet.block.place}-{name}" for snippet, name in STORIES],
)
def test_a_story_goes_as_told(doit_project: Make, snippet: Snippet, name: str) -> None:
    """Each command of a story prints what the page shows."""
    project, cwd = project_of(doit_project, snippet), "."
    for block in snippet.stories[name]:
        if "edit" in block.marks:
            project.write({os.path.join(cwd, block.path): block.text})
            continue
        for command, expected in read_steps(block):
            rest, cwd = follow_cd(command, cwd)
            code, printed = execute(rest, project, cwd) if rest else (0, [])
            shown = "\n".join([f"$ {command}", *printed, "", "expected:", *expected])
            assert matches(expected, printed), f"{block.place}\n{shown}"
            assert may_end_with(command, code, printed), f"{block.place}: exit code {code}\n{shown}"


def test_no_command_is_shown_unchecked() -> None:
    """A block with commands of doit belongs to a story, or says why it is not run."""
    for block in CONSOLE:
        assert {"story", "not run"} & block.marks.keys(), block.place
        assert read_steps(block), block.place


MARKS = {"file", "script", "plain doit", "story", "edit", "picture", "not run", "needs"}
PARTS = {"truth table", "end of truth table", "some of the truth table"}
PARTS |= {"end of some of the truth table", "precedence", "end of precedence"}
PARTS |= {"scores", "end of scores"}


def test_marks_are_known() -> None:
    """An unknown mark would make a snippet differ from the page."""
    for block in BLOCKS:
        assert block.marks.keys() <= MARKS | PARTS, block.place
        if block.info == ("sh", "setup"):
            assert any(block.text.splitlines()[0] in one.setup for one in ALL), block.place


def test_python_compiles() -> None:
    """Every block of Python is whole."""
    for block in PYTHON:
        compile(block.text, block.place, "exec")


@pytest.mark.parametrize("block", FRAGMENTS, ids=place)
def test_a_fragment_is_accepted_in_a_dodo(doit_project: Make, block: Block) -> None:
    """Python without tasks (hooks, kinds, settings) loads and runs beside any task."""
    files = {"any.txt": "", "dodo.py": f"{block.text}\n\n{TASK}"}
    doit_project(files).run(timeout=TIMEOUT).assert_executed("any")


@pytest.mark.parametrize("block", TESTS, ids=place)
def test_a_shown_test_passes(tmp_path: Path, block: Block) -> None:
    """Tests that authors of plugins are shown pass in a pytest of their own."""
    (tmp_path / "test_shown.py").write_text(block.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shown.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", SETTINGS, ids=place)
def test_settings_are_accepted(doit_project: Make, block: Block) -> None:
    """Configuration for doit is accepted as it is shown; that of a plugin is the sample's own."""
    if "[project" in block.text:
        sample = (ROOT / "tests/sample_plugin/pyproject.toml").read_text(encoding="utf-8")
        lines = [line for line in block.text.splitlines() if line.strip()]
        assert [line for line in lines if line not in sample.splitlines()] == []
        return
    files = {"any.txt": "", "dodo.py": TASK}
    if block.language == "toml":
        files["pyproject.toml"] = block.text
        if "loader" not in block.text:
            files["doit.cfg"] = "[GLOBAL]\nloader = invariants\n"
    else:
        files["doit.cfg"] = block.text
        files["pyproject.toml"] = settings_toml(loader="loader" not in block.text)
    project = doit_project(files)
    project.run("list").assert_success()
    assert with_loader(project.run("run", timeout=TIMEOUT), project)


def with_loader(outcome: Outcome, project: Project) -> bool:
    """Return whether a run went well and recorded what only the loader records."""
    outcome.assert_executed("any")
    return "no record" not in project.run("invariants", "show", "any").stdout


def test_a_cd_holds_for_the_commands_after_it() -> None:
    """As in a shell: alone or before `&&`, from the directory of the command before."""
    assert follow_cd("cd first && doit", ".") == ("doit", "first")
    assert follow_cd("doit", "first") == ("doit", "first")
    assert follow_cd("cd ../second", "first") == ("", "second")


def test_three_dots_match_any_text() -> None:
    """``...`` alone stands for lines, otherwise for a part of a line."""
    assert matches(["...", "a"], ["a"])
    assert matches(["a", "...", "c", "..."], ["a", "b", "b", "c"])
    assert matches(['"time": ...,', "a ... c"], ['"time": 12.5,', "a b c"])
    assert not matches(["a", "..."], ["b", "a"])
    assert not matches(["a.c"], ["abc"])
    assert not matches([], ["a"])
