"""The contract of a cache policy, which decides what to do with a task that is not up-to-date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from doit_invariants.core.model import Reason

if TYPE_CHECKING:
    from doit_invariants.results.places import ResultKey, Sink, Source

#: Where the results of tasks are kept: in exports, in the store, or in a place of the policy's own.
Place = Literal["export", "store", "own"]

#: What to do with a task that is not up-to-date. ``run``: execute its actions. ``accept``: treat it
#: as up-to-date. ``placeholder``: accept it, and create an empty file for each missing target.
#: ``restore``: take the targets from where the policy keeps them, and run only if that fails.
Answer = Literal["run", "accept", "placeholder", "restore"]


class Facts(NamedTuple):
    """Facts about a task on which a policy bases its answer.

    :ivar reasons: why the task is not up-to-date
    :ivar targets: its targets
    :ivar missing: the targets that do not exist or are only placeholders
    :ivar succeeded: whether the task has ever succeeded here
    :ivar failed: whether its last execution failed: the files it left are then not a result
    :ivar expired: whether a TTL has expired, counted from the last known execution; if the policy
        keeps results, from that of the kept result too
    :ivar uptodate_is_false: whether ``uptodate`` contains a plain False, which is how users and
        doit's own commands force a run
    """

    reasons: tuple[Reason, ...]
    targets: tuple[str, ...]
    missing: tuple[str, ...]
    succeeded: bool
    failed: bool
    expired: bool
    uptodate_is_false: bool

    @property
    def told(self) -> bool:
        """The former name of ``uptodate_is_false``."""
        from doit_invariants.rules.renamed import warn

        warn("told", "uptodate_is_false", level=3)
        return self.uptodate_is_false


class Policy:
    """Decides what to do with a task, based on :class:`Facts`.

    A policy is a subclass. A plugin registers it by returning it from the hook
    ``invariants_register_policies``::

        class Weekdays(Policy):
            name = "weekdays"

            def answer(self, facts):
                weekend = datetime.date.today().weekday() >= 5
                return "accept" if weekend and not facts.missing else "run"
    """

    #: The value of ``cache`` that selects the policy: a string; "True" and "False" also stand for
    #: the booleans.
    name: ClassVar[str]

    #: Whether a task with this policy may run at all.
    runs: ClassVar[bool] = True

    #: Where the result of a task is kept after it ran, and restored from. With ``own``, the methods
    #: :meth:`sink` and :meth:`source` define the place.
    keeps: ClassVar[Place | None] = None

    @property
    def decides(self) -> bool:
        """Whether :meth:`answer` must be called: otherwise the answer is always ``run``."""
        return self.keeps is not None or type(self).answer is not Policy.answer

    def reasons(self) -> Sequence[Reason]:
        """Return the policy's own reasons why a task is not up-to-date, none by default."""
        return ()

    def answer(self, facts: Facts) -> Answer:
        """Return what to do with a task that is not up-to-date.

        Commands that only inspect tasks call this too, so it must not change anything.
        """
        return "run"

    def source(self, key: ResultKey) -> Source | None:
        """Return where to restore a result from, None if nowhere.

        This is called with ``keeps = "own"`` after the answer ``restore``. Commands that only
        inspect tasks call it too.
        """
        return None

    def sink(self, key: ResultKey) -> Sink | None:
        """Return where to keep the result that the actions are about to make, None for nowhere.

        This is called with ``keeps = "own"``.
        """
        return None


def answer_of(policy: Policy, facts: Facts) -> Answer:
    """Return the answer of a policy, with former names of answers replaced by present ones."""
    answer = policy.answer(facts)
    if answer == "fabricate":  # type: ignore[comparison-overlap]
        from doit_invariants.rules.renamed import warn

        warn("'fabricate'", "'placeholder'")
        return "placeholder"
    return answer


# Not in `builtin` with the others: nearly every run needs only this policy.
class Changed(Policy):
    """Up-to-date while the record matches; otherwise run."""

    name: ClassVar[str] = "True"
