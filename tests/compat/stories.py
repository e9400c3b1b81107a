"""Stories: commands that are run with plain doit and with the loader, and must show the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .drivers import VARIANTS, Driver

#: What depends on chance, or on who called whom: the frames of a traceback in doit and in ours.
_NORMALISED = (
    (
        re.compile(r'(  File ".*[/\\]doit(_invariants)?[/\\].*", line .*\n(    .*\n)*)+'),
        "  <frames>\n",
    ),
    (re.compile(r"\b0x[0-9a-f]+"), "<address>"),
    (re.compile(r"^\.doit\.db\.lock\n", re.MULTILINE), ""),  # documented, and always empty
    # Meant: plain doit runs such a task each time, and does not say why.
    (re.compile(r"^.*: its actions did not make its targets? .*\n", re.MULTILINE), ""),
    (re.compile(r'"elapsed": [0-9.e-]+'), '"elapsed": <time>'),
    (re.compile(r'"started": "[^"]+"'), '"started": <time>'),
    (re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \w+ \d{4}"), "<date>"),
)


#: Why a story is not told while doit-invariants comes and goes.
IN_BETWEEN = {"switching": "see the story 'run by plain doit in between'"}


@dataclass(frozen=True)
class Differs:
    """A command whose output is meant to be another with the loader than without.

    :ivar command: the command
    :ivar plain: what plain doit prints
    :ivar loader: what it prints with the loader
    :ivar reason: why the design wants it so
    :ivar untracked: whether it differs even where no code and no targets are tracked
    """

    command: str
    plain: str
    loader: str
    reason: str
    untracked: bool = False


@dataclass(frozen=True)
class Story:
    """Commands; those that do not start with ``doit`` are for the shell.

    :ivar unordered: whether the order of the lines depends on chance: with ``-n``,
        and in plain doit wherever several tasks wait for one: it keeps them in a set
    :ivar skipped: variants that are left out, and why
    """

    steps: tuple[str | Differs, ...]
    unordered: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> list[str]:
        """The commands alone."""
        return [step.command if isinstance(step, Differs) else step for step in self.steps]

    @property
    def variants(self) -> list[str]:
        """The variants that are compared with plain doit."""
        left_out = {"plain", *self.skipped}
        if any(isinstance(step, Differs) for step in self.steps):
            left_out.add("switching")  # what differs would depend on who ran the step before
        return [variant for variant in VARIANTS if variant not in left_out]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one command."""

    code: int | str
    out: str
    err: str

    def text(self, unordered: bool = False) -> str:
        """Return all of it as one string."""
        out, err = (_sorted(self.out), _sorted(self.err)) if unordered else (self.out, self.err)
        return f"{out}--- stderr:\n{err}--- exit code: {self.code}\n"


def story(dodo: str, *parts: str | Differs, **options: Any) -> tuple[str, Story]:
    """Return the name of a dodo file and a story about it.

    :param parts: texts with one command in each line, and commands that differ
    :param options: of the story
    """
    steps: list[str | Differs] = []
    for part in parts:
        steps += [part] if isinstance(part, Differs) else part.strip().splitlines()
    stripped = (step.strip() if isinstance(step, str) else step for step in steps)
    return dodo, Story(tuple(stripped), **options)


def check(drivers: Mapping[str, Driver], story: Story, project: Path, scratch: Path) -> None:
    """Run a story in each variant; fail if a command shows something else than in plain doit.

    :param project: a directory with the files that it starts from
    :param scratch: a directory for the variants
    """
    variants = [variant for variant in story.variants if variant in drivers]
    taking_part = {name: drivers[name] for name in ("plain", *variants)}
    try:
        for name, driver in taking_part.items():
            driver.start(story.commands, project, scratch / name)
        found = {
            name: _outcomes(driver.finish(scratch / name), scratch / name / "project")
            for name, driver in taking_part.items()
        }
    except BaseException:
        for driver in taking_part.values():
            driver.stop()  # the next story must not get the answers of this one
        raise
    complaints: list[str] = []
    for variant in variants:
        complaints += _compare(story, variant, found["plain"], found[variant])
    if complaints:
        pytest.fail("\n\n".join(complaints), pytrace=False)


def _outcomes(results: Any, project: Path) -> list[Outcome]:
    place = str(project.resolve())
    return [
        Outcome(one["code"], _normal(one["out"], place), _normal(one["err"], place))
        for one in results
    ]


#: The options that the loader adds to every command, as doit shows them. Meant: there is no other
#: way to give a policy on the command line.
_OUR_OPTIONS = (
    """      --cache=ARG
            use this cache policy for all tasks, instead of their own:
            True (run what changed), False (run everything), export,
            force, once, shared, or the name of a plugin's policy
            (config: cache, environ: DOIT_CACHE)
      --resume=ARG
            accept every task upstream of TASK as it is: none is
            checked, run or recorded, and all their targets must
            exist; repeatable  (config: resume)
      --resume-inferred=ARG
            like --resume, but targets upstream of TASK may be
            missing; repeatable  (config: resume_inferred)
      --no-wait
            fail at once if another doit is using the same DB; by
            default, wait for it  (config: no_wait)
""",
    " CmdOption({'name':'cache', 'short':'','long':'cache' }),"
    " CmdOption({'name':'resume', 'short':'','long':'resume' }),"
    " CmdOption({'name':'resume_inferred', 'short':'','long':'resume-inferred' }),"
    " CmdOption({'name':'no_wait', 'short':'','long':'no-wait' }),",
)


def _normal(text: str, place: str) -> str:
    text = text.replace(place, "<project>")
    for options in _OUR_OPTIONS:
        text = text.replace(options, "")
    for pattern, replacement in _NORMALISED:
        text = pattern.sub(replacement, text)
    return text


def _compare(story: Story, variant: str, plain: list[Outcome], ours: list[Outcome]) -> list[str]:
    complaints: list[str] = []
    for number, step in enumerate(story.steps):
        expected, got = plain[number], ours[number]
        title = f"step {number}: {story.commands[number]}"
        if isinstance(step, Differs):
            in_plain = Outcome(0, step.plain, "")
            complaints += _wrong(title, "plain doit", in_plain, expected, story.unordered)
            if variant == "loader" or step.untracked:
                expected = Outcome(0, step.loader, "")
        got = _by_itself(story.commands[number], expected, got)
        complaints += _wrong(title, variant, expected, got, story.unordered)
    return complaints


_MAY_RUN = re.compile(
    r"status     : run\n \* task: up-to-date as it stands, but may run, after .*\n"
)


def _by_itself(command: str, expected: Outcome, got: Outcome) -> Outcome:
    """Return the output of a command, without the lines about the tasks that a task needs.

    That is meant: with the loader ``list --status`` and ``info`` follow them; plain doit calls a
    task up-to-date although one before it will run. Whether they do it well is tested elsewhere.
    """
    if command.startswith("doit info") and _MAY_RUN.search(got.out):
        out = _MAY_RUN.sub("status     : up-to-date\n", got.out)
        return Outcome(0, out, got.err)
    if not (command.startswith("doit list") and "--status" in command):
        return got
    known = {line for line in expected.out.splitlines() if line.startswith("U ")}
    lines = [
        f"U{line[1:]}" if line.startswith("R ") and f"U{line[1:]}" in known else line
        for line in got.out.splitlines()
    ]
    others_run = any(line.startswith(("R ", "E ")) for line in lines)
    return Outcome(got.code, "".join(f"{line}\n" for line in lines), got.err) if others_run else got


def _wrong(title: str, variant: str, expected: Outcome, got: Outcome, unordered: bool) -> list[str]:
    wanted, found = expected.text(unordered), got.text(unordered)
    if wanted == found:
        return []
    lines = difflib.unified_diff(
        wanted.splitlines(keepends=True), found.splitlines(keepends=True), "expected", variant, n=20
    )
    return [f"{title}\n{''.join(lines)}"]


def _sorted(text: str) -> str:
    return "".join(sorted(text.splitlines(keepends=True)))
