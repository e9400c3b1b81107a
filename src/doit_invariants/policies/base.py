"""The contract of a cache policy: what a verdict leads to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from doit_invariants.core.model import Reason

if TYPE_CHECKING:
    from doit_invariants.results.places import ResultKey, Sink, Source

#: Where the results of tasks are kept: beside the project, in its store, or where the policy says.
Place = Literal["export", "store", "own"]

#: What to do with a task that is not up-to-date. ``run``: execute its actions. ``accept``: treat it
#: as up-to-date. ``placeholder``: accept it, and create an empty file for each missing target.
#: ``restore``: take the targets from where the policy keeps them, and run only if that fails.
Answer = Literal["run", "accept", "placeholder", "restore"]


class Facts(NamedTuple):
    """What a policy decides on.

    :ivar reasons: why the task is not up-to-date
    :ivar targets: its targets
    :ivar missing: those among them that do not exist, or are placeholders only
    :ivar succeeded: whether the task has ever succeeded here
    :ivar failed: whether its last execution failed: what it left is not a result
    :ivar expired: whether a TTL has, counted from the last execution that is known of: of a policy
        that keeps results that of the kept one as well
    :ivar uptodate_is_false: whether ``uptodate`` has a plain False in it, which is how users and
        doit's own commands say "run it"
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
    """What happens to a task, given what was found.

    A policy is a subclass; a plugin makes it known by returning it from the hook
    ``invariants_register_policies``::

        class Weekdays(Policy):
            name = "weekdays"

            def answer(self, facts):
                weekend = datetime.date.today().weekday() >= 5
                return "accept" if weekend and not facts.missing else "run"
    """

    #: What a user writes as ``cache``: a text, or one of the words "True" and "False" for those.
    name: ClassVar[str]

    #: Whether a task may run under it at all.
    runs: ClassVar[bool] = True

    #: Where the results of a task are kept after it ran, and restored from. With ``own`` the
    #: policy says it with :meth:`sink` and :meth:`source`.
    keeps: ClassVar[Place | None] = None

    @property
    def decides(self) -> bool:
        """Whether there is anything to ask: most tasks run when they are not up-to-date."""
        return self.keeps is not None or type(self).answer is not Policy.answer

    def reasons(self) -> Sequence[Reason]:
        """Return reasons of the policy's own against being up-to-date, none by default."""
        return ()

    def answer(self, facts: Facts) -> Answer:
        """Return what is to happen to a task that is not up-to-date.

        Asked by commands that only look as well, so it must not change anything.
        """
        return "run"

    def source(self, key: ResultKey) -> Source | None:
        """Return where a result is restored from, None where there is none.

        Asked with ``keeps = "own"``, after the answer ``restore``, and by commands that only look
        as well.
        """
        return None

    def sink(self, key: ResultKey) -> Sink | None:
        """Return where the result goes that the actions are about to make, None for nowhere.

        Asked with ``keeps = "own"``.
        """
        return None


def answer_of(policy: Policy, facts: Facts) -> Answer:
    """Return what a policy answers, in the present words."""
    answer = policy.answer(facts)
    if answer == "fabricate":  # type: ignore[comparison-overlap]
        from doit_invariants.rules.renamed import warn

        warn("'fabricate'", "'placeholder'")
        return "placeholder"
    return answer


# Not in `builtin`, with the others: nearly every task has this one, and only this.
class Changed(Policy):
    """Up-to-date while the record matches, else run."""

    name: ClassVar[str] = "True"
