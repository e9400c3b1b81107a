"""The data that travels with a task to the process of its actions, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.plan import Plan
    from doit_invariants.files.state import Stat


class Home(NamedTuple):
    """The directory in which actions run, and whether it is an error to end in another one."""

    directory: str
    fails: bool


class Execution:
    """One execution of a task. The host sends it to a worker and back; all of it is plain data.

    :ivar plan: what happens before, after, or instead of the actions; None for nothing
    :ivar made_by_others: by target, the absolute paths in it that other tasks make
    :ivar imports: files that the actions may import when they run
    :ivar journal: path of the journal that notes the start of the task; empty for none
    :ivar home: the directory in which the actions run, None if it is not checked

    The process of the actions sets these:

    :ivar stats: stats of the targets right after the actions; None before, and if they failed
    :ivar edited_imports: imports that were edited after that process loaded them
    :ivar took: how long the execution took, in seconds
    :ivar left_in: the current directory after the actions; empty if it is ``home``
    """

    # Not a dataclass: making one takes as long as the imports of a small module.
    __slots__ = (
        "edited_imports",
        "home",
        "imports",
        "journal",
        "left_in",
        "made_by_others",
        "plan",
        "stats",
        "took",
    )

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.made_by_others: dict[str, frozenset[str]] = {}
        self.imports: list[str] = []
        self.journal = ""
        self.home: Home | None = None
        self.stats: dict[str, Stat] | None = None
        self.edited_imports: list[str] = []
        self.left_in = ""
        self.took = 0.0
