"""Pipelines made of numbers: every combination is one that doit accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Results from the text that a task has read; ``H`` stands for the number of a helper.
BODIES = (
    "text[::-1]",
    "helpers.hH(text)",
    "CONSTANT + text",
    "'.'.join(sorted(set(text)))",
    "(lambda t, n=2: t * n)(text)",
    "str(len(text))",
    "helpers.Style('H').apply(text)",
    "text + WORDS['H']",
    "text + '&'.join({'0': 'a', '1': 'b', '2': 'c'}['H'] for _ in range(2))",
)
#: Bodies of a helper; the first two differ in a constant, and have the same size.
HELPERS = (
    "text + 'p'",
    "text + 'q'",
    "text.upper()",
    "other(text) + 'r'",
    "text[: SIZE]",
)
#: How the word of a task reaches its function.
WAYS = ("global", "argument", "default", "closure", "method", "literal")
SORTS = ("python", "python", "python", "python", "command", "python", "script", "python", "tool")
#: Dependencies of a task besides its file_dep.
SEES = ("", "", "env", "value", "tree", "part", "files", "output", "neighbour")
OF_COMMANDS = ("env", "value", "files")
GETS = ("", "", "getargs", "getargs and task_dep", "result_dep")
POLICIES: tuple[bool | str, ...] = ("shared", True, "shared", True, "shared", False)
AGES = (None, None, None, None, 100)
INPUTS = ("in/a.txt", "in/b.txt", "in/c.txt", "in/d")


@dataclass(frozen=True)
class Shape:
    """The numbers of a task; each is taken modulo the number of choices there are.

    :ivar sort: what its action is
    :ivar reads: its file_dep
    :ivar sees, seen: what else it depends on
    :ivar gets, giver: how it gets a value, and from which task
    :ivar files: how many files it makes
    :ivar folder: whether it makes a directory: no, yes, yes with a slash behind its name
    :ivar policy, ttl: its task options
    :ivar body, helper, word, way: its code
    :ivar lists: whether its function is listed
    """

    sort: int = 0
    reads: tuple[int, ...] = (0,)
    sees: int = 0
    seen: int = 0
    gets: int = 0
    giver: int = 0
    files: int = 1
    folder: int = 0
    policy: int = 0
    ttl: int = 0
    body: int = 0
    helper: int = 0
    word: int = 0
    way: int = 0
    lists: int = 0


@dataclass(frozen=True)
class Sources:
    """All that a user can edit.

    :ivar inputs: contents below ``in``, None for an empty directory
    """

    shapes: tuple[Shape, ...]
    inputs: dict[str, str | None]
    helpers: tuple[int, ...] = (0, 2, 3)
    constant: int = 0
    words: int = 0
    value: int = 0
    remark: int = 0
    env: str = "e"


@dataclass(frozen=True)
class Job:
    """A task: what the numbers of a shape mean among the tasks before it."""

    name: str
    shape: Shape
    sort: str
    reads: tuple[str, ...]
    sees: str
    neighbour: str
    gets: str
    giver: str
    giver_file: str
    targets: tuple[str, ...]
    folder: str
    policy: bool | str
    ttl: int | None
    body: str
    way: str
    above: frozenset[str] = field(default_factory=frozenset)
    #: Whether doit asks all tasks above only if this one runs.
    loose: bool = False

    @property
    def word(self) -> str:
        return f"w{self.shape.word % 3}"

    @property
    def file_targets(self) -> tuple[str, ...]:
        return tuple(one for one in self.targets if one.rstrip("/") != self.folder)

    @property
    def gives(self) -> bool:
        """Whether its action returns values."""
        return self.sort == "python"

    @property
    def can_be_up_to_date(self) -> bool:
        """Whether it has anything that is compared."""
        return self.policy is not False

    def code(self) -> str:
        """Return the expression that its text goes through."""
        return self.body.replace("H", str(self.shape.helper % 3))


def pick(choices: Any, number: int) -> Any:
    return choices[number % len(choices)]


def jobs_of(sources: Sources) -> list[Job]:
    """Return the tasks in an order in which they can run."""
    jobs: list[Job] = []
    for number, shape in enumerate(sources.shapes):
        jobs.append(_job(f"t{number}", shape, jobs))
    return jobs


def _targets(name: str, shape: Shape, sort: str, ttl: int | None) -> tuple[list[str], str]:
    files = shape.files % 3 if sort == "python" and ttl is None else 1 + shape.files % 2
    targets = [f"out/{name}/{number}.txt" for number in range(files)]
    folder = "" if ttl is not None or sort == "tool" or not shape.folder % 3 else f"out/{name}/tree"
    if folder:
        targets.append(folder + ("/" if shape.folder % 3 == 2 else ""))
    return targets, folder


def _job(name: str, shape: Shape, before: list[Job]) -> Job:
    sort: str = pick(SORTS, shape.sort)
    ttl = pick(AGES, shape.ttl) if sort == "python" else None
    targets, folder = _targets(name, shape, sort, ttl)
    readable = [*INPUTS]
    for one in before:
        readable += [*one.file_targets, *([one.folder] if one.folder else [])]
    sees: str = pick(SEES, shape.sees)
    makers = [one for one in before if one.targets]
    if (sort in ("command", "script") and sees not in OF_COMMANDS) or (
        sees == "neighbour" and not makers
    ):
        sees = ""
    gets: str = pick(GETS, shape.gets) if sort == "python" else ""
    givers = [one for one in before if one.gives]
    giver = pick(givers, shape.giver) if gets and givers else None
    if giver is None:
        gets = ""
    elif gets == "result_dep" and (not giver.file_targets or giver.ttl is not None):
        gets = "getargs"
    reads = tuple(dict.fromkeys(pick(readable, number) for number in shape.reads))
    neighbour = pick(makers, shape.seen).name if sees == "neighbour" else ""
    made_by = {path: one.name for one in before for path in (*one.file_targets, one.folder)}
    needs = {made_by[path] for path in reads if path in made_by}
    needs |= {one for one in (neighbour, giver.name if giver else "") if one}
    above = needs.union(*(one.above for one in before if one.name in needs))
    return Job(
        name=name,
        shape=shape,
        sort=sort,
        reads=reads,
        sees=sees,
        neighbour=neighbour,
        gets=gets,
        giver=giver.name if giver else "",
        giver_file=giver.file_targets[0] if giver and giver.file_targets else "",
        targets=tuple(targets),
        folder=folder,
        policy=pick(POLICIES, shape.policy),
        ttl=ttl,
        body=pick(BODIES, shape.body),
        way=pick(WAYS, shape.way),
        above=frozenset(above),
        loose=gets == "getargs" or any(one.loose for one in before if one.name in needs),
    )
