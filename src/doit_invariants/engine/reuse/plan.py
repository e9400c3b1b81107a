"""What is to happen before, after, or in the place of the actions of a task.

A plan is made in the main process, where the decision falls, and carried out where the actions
run, so that ``-n 8`` restores and keeps eight results at a time. It travels on the task, which
doit pickles on the way there and back. Its source and its sink do the work: they hold a store, an
exporter or what a plugin brought, which can be pickled as well.
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

#: By path the digest, stat and time of a file that was read or written anyway.
Digests = dict[str, tuple[str, Stat, int]]


class NotRestored(InvariantsError):
    """Something can't be restored; says why in one line. The actions then run."""


class NotPublished(InvariantsError):
    """A result does not go where it should; says why, in a line of its own."""


@dataclass(slots=True)
class PlanOutcome:
    """What came of a plan.

    :ivar source: where the task was restored from, in words; None if its actions ran
    :ivar entry: what is known of the success that it was restored from
    :ivar artifacts: its targets, once their contents are kept
    :ivar draft: its targets, once they are exported
    :ivar values, result, output, took: what the actions gave; the time in seconds
    :ivar warnings: what did not go as planned, each in one line
    :ivar digests: of files that were read or written anyway: the main process need not read them
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
    """Where the result of a task comes from, in the place of its actions.

    It is made in the main process, and used where the actions would run: it can be pickled.
    """

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Put all targets in place, or none.

        :param getargs: the values that the task gets from others
        :raises NotRestored: if that can't be; the actions then run
        """

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return whether there is a result; nothing is written. Raises NotRestored."""


class PlanSink(Protocol):
    """Where the result of a task goes once its actions have succeeded.

    It is made in the main process, used where the actions ran, which needs it pickled, and asked
    in the main process to finish.
    """

    def keep(self, outcome: PlanOutcome) -> None:
        """Take the contents, where the actions ran; what can't be taken is a warning."""

    def signature(self, signature: str, getargs: Mapping[str, Any]) -> str:
        """Return the signature of what was kept.

        :param signature: of the task as it was looked at
        :param getargs: the values that the task got from others
        """

    def publish(
        self, outcome: PlanOutcome, entry: ResultEntry, publication: Publication
    ) -> list[str]:
        """Let what was kept be found from now on, in the main process.

        :returns: targets that are not what is kept of the same signature already
        :raises NotPublished, InvariantsError, OSError: saying why not
        """

    def location(self) -> str:
        """Return where a result is that need not be kept again; empty if a sink can't promise."""

    def announcement(self, plan: Plan) -> str:
        """Return what a run says of a task of which only the result was kept; empty for nothing."""


class Publication(NamedTuple):
    """What a sink has to know to publish a result.

    :ivar why_not: why the result need not be that of its signature, empty if it is
    :ivar replaces: see :class:`Plan`
    :ivar is_others: whether a target, relative to the project, is one of another task now
    """

    why_not: str
    replaces: bool
    is_others: Callable[[str], bool]


@dataclass(slots=True)
class Plan:
    """What to do around the actions of a task.

    :ivar root: absolute path of the directory of the project
    :ivar run: name of what this run makes aside
    :ivar source: tried before the actions
    :ivar sink: called after they succeeded
    :ivar runs: whether there is anything to run; not if a result only is to be kept
    :ivar valid: whether what is restored is what the actions would make now
    :ivar replaces: whether a new result replaces the stored one with the same signature: with a
        TTL or ``uptodate: [False]`` the user has asked for a new one
    :ivar signature: of the task as it was checked, without the values that it gets from other
        tasks; None if it has none that could be shared
    :ivar replay: whether a restored task shows the output that it was stored with
    :ivar outcome: what came of it, None before
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
        text = json.dumps(sorted(getargs.items()))  # the order inside of the values counts
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotFingerprint(f"a value from another task is not JSON: {error}") from error
    return digest_value([signature, text])


def as_json(value: Any) -> Json:
    """Return a value as JSON gives it back; raises CannotKeep for what JSON can't hold."""
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
