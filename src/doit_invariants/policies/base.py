"""The contract of a cache policy: what a verdict leads to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from doit_invariants.core.model import Reason

#: What a policy can have happen to a task that is not as it was recorded: the actions run; it is
#: taken as it stands; that, with an empty placeholder for each missing target; what the policy
#: keeps is put back, and the actions run only if that can't be.
Answer = Literal["run", "accept", "fabricate", "restore"]


class Facts(NamedTuple):
    """What a policy decides on.

    :ivar reasons: why the task is not up-to-date
    :ivar targets: its targets
    :ivar missing: those among them that do not exist, or are placeholders only
    :ivar succeeded: whether the task has ever succeeded here
    :ivar failed: whether its last execution failed: what it left is not a result
    :ivar expired: whether a TTL has, counted from the last execution that is known of: of a policy
        that keeps results that of the kept one as well
    :ivar told: whether ``uptodate`` has a plain False in it, which is how users and doit's own
        commands say "run it"
    """

    reasons: tuple[Reason, ...]
    targets: tuple[str, ...]
    missing: tuple[str, ...]
    succeeded: bool
    failed: bool
    expired: bool
    told: bool


class Policy:
    """What happens to a task, given what was found.

    A policy is a subclass; a plugin makes it known by returning it from the hook
    ``invariants_register_policies``.
    """

    #: What a user writes as ``cache``: a text, or one of the words "True" and "False" for those.
    name: ClassVar[str]

    #: Whether a task may run under it at all.
    runs: ClassVar[bool] = True

    #: Where the results of a task are kept after it ran, and restored from.
    keeps: ClassVar[Literal["export", "store"] | None] = None

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
