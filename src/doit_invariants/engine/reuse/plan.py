"""The plan of a task: what happens before, after, or instead of its actions.

The main process decides and makes the plan. It is executed where the actions run, so that ``-n 8``
restores and stores eight results at a time. It travels with the task, which doit pickles on the way
there and back. Its source and its sink do the work: they hold a store, an exporter or an object of
a plugin. All of these can be pickled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Json
from doit_invariants.files.state import Stat
from doit_invariants.hashing.values import digest_value
from doit_invariants.results.capture import CannotKeep
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import Artifact

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task
    from doit_invariants.exports.exporter import Draft

#: By path, the digest, stat and time of a file that was read or written anyway.
Digests = dict[str, tuple[str, Stat, int]]


class NotRestored(InvariantsError):
    """A result can't be restored; says why in one line. The actions then run."""


class NotPublished(InvariantsError):
    """A result can't be published; says why in one line."""


@dataclass(slots=True)
class PlanOutcome:
    """The outcome of a plan.

    :ivar source: where the task was restored from, in words; None if its actions ran
    :ivar entry: the entry that it was restored from, None if there is none
    :ivar artifacts: its targets, once their contents are stored
    :ivar draft: its targets, once they are exported
    :ivar values, result, output, took: values, result and output of the actions, and their time in
        seconds
    :ivar warnings: what did not go as planned, each in one line
    :ivar digests: digests of files that the worker read or wrote, so that the main process need not
        read them
    """

    source: str | None = None
    entry: ResultEntry | None = None
    artifacts: tuple[Artifact, ...] | None = None
    draft: Draft | None = None
    values: dict[str, Json] = field(default_factory=dict)
    result: Json = None
    output: tuple[tuple[str | None, str | None], ...] = ()
    took: float = 0.0
    warnings: list[str] = field(default_factory=list)
    digests: Digests = field(default_factory=dict)


class PlanSource(Protocol):
    """Where the result of a task comes from, instead of its actions.

    It is made in the main process and used where the actions would run, so it must be picklable.
    """

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Put all targets in place, or none.

        :param getargs: the values that the task gets from other tasks
        :raises NotRestored: if it is not possible; the actions then run
        """

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return whether there is a result; nothing is written. Raises NotRestored."""


class PlanSink(Protocol):
    """Where the result of a task goes after its actions have succeeded.

    It is made in the main process, used where the actions ran, and finished in the main process, so
    it must be picklable.
    """

    def keep(self, outcome: PlanOutcome) -> None:
        """Take the contents, where the actions ran; warn in ``outcome`` if that fails."""

    def signature(self, signature: str, getargs: Mapping[str, Any]) -> str:
        """Return the signature of the result.

        :param signature: signature of the task when it was checked
        :param getargs: the values that the task got from other tasks
        """

    def publish(
        self, outcome: PlanOutcome, entry: ResultEntry, publication: Publication
    ) -> list[str]:
        """Make the result available from now on; called in the main process.

        :returns: targets that differ from an existing result with the same signature
        :raises NotPublished, InvariantsError, OSError: saying why not
        """

    def location(self) -> str:
        """Return where the result stays, so that it need not be put there again.

        Empty if the sink can't promise that it stays.
        """

    def announcement(self, plan: Plan) -> str:
        """Return what a run says if it only published the result; empty for nothing."""


class Publication(NamedTuple):
    """The facts that a sink needs to publish a result.

    :ivar why_not: why the result may not belong to its signature, empty if it does
    :ivar replaces: see :class:`Plan`
    :ivar is_others: returns whether a path, relative to the project, is now another task's target
    """

    why_not: str
    replaces: bool
    is_others: Callable[[str], bool]


@dataclass(slots=True)
class Plan:
    """What to do around the actions of a task.

    :ivar root: absolute path of the directory of the project
    :ivar run: name of the staging directory of this run
    :ivar source: tried before the actions
    :ivar sink: called after the actions succeeded
    :ivar runs: whether the actions may run; False if only an existing result is published
    :ivar valid: whether the restored result is what the actions would make now
    :ivar replaces: whether a new result replaces the stored one with the same signature: with a
        TTL or ``uptodate: [False]`` the user has asked for a new one
    :ivar signature: signature of the task when it was checked, without the values that it gets from
        other tasks; None if the task can't be shared
    :ivar replay: whether a restored task shows the stored output
    :ivar outcome: the outcome, None before
    """

    root: str
    run: str
    source: PlanSource | None = None
    sink: PlanSink | None = None
    runs: bool = True
    valid: bool = True
    replaces: bool = False
    signature: str | None = None
    replay: bool = True
    outcome: PlanOutcome | None = None


def getargs_values(task: Task) -> dict[str, Any]:
    """Return the values that a task gets from other tasks, by the names of its arguments."""
    options = task.options or {}
    return {name: options[name] for name in task.getargs if name in options}


def late_signature(signature: str, getargs: Mapping[str, Any]) -> str:
    """Return the signature of a task with the values that it gets from other tasks.

    :raises CannotFingerprint: if those are not JSON
    """
    if not getargs:
        return signature
    try:
        text = json.dumps(sorted(getargs.items()))  # the order inside the values counts
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotFingerprint(f"a value from another task is not JSON: {error}") from error
    return digest_value([signature, text])


def as_json(value: Any) -> Json:
    """Return a value as JSON returns it; raises CannotKeep if JSON would change it."""
    try:
        again = json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise CannotKeep(f"a value that it returned is not JSON ({error})") from error
    if again != value:
        raise CannotKeep(
            "a value that an action returned changes when it is stored as JSON (a tuple becomes "
            "a list); return lists, strings and numbers"
        )
    return again
