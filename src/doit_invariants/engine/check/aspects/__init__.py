"""Each rule by which a task is up-to-date or not, once, with both of its answers.

Nearly every task of nearly every run is exactly as it was recorded. So each rule is asked first
whether its part of the task is *unchanged*, which it tells from the stored record as it was read.
If all say so, the task is up-to-date; that takes less than a third of the time of a full look.
Otherwise each is asked for its *reasons*. All of them look, not only those that found a change:
users are told everything, and the record that is made next holds everything.

Here "no" is no answer: an aspect that is not certain says that its part is not unchanged. What is
only certain to run is in :mod:`doit_invariants.engine.check.unconditional`.
"""

from __future__ import annotations

import os
from operator import attrgetter
from typing import TYPE_CHECKING

from doit_invariants.engine.check.aspects.base import (
    Aspect,
    Attempts,
    Dependencies,
    Kept,
    Placeholders,
    PolicyReasons,
    StoredRecord,
    StoredTask,
    Uptodate,
)
from doit_invariants.engine.check.aspects.contents import (
    FileDeps,
    Invariants,
    TargetContents,
    TargetsExist,
)

if TYPE_CHECKING:
    from doit_invariants.core.model import Reason
    from doit_invariants.engine.check.host_facts import HostFacts
    from doit_invariants.engine.check.observe import Look
    from doit_invariants.engine.session import Session
    from doit_invariants.engine.task import Task

#: All rules, in the order in which users read their reasons. Both ways to a verdict walk this list.
ASPECTS: tuple[Aspect, ...] = (
    Uptodate(),
    TargetsExist(),
    FileDeps(),
    Dependencies(),
    StoredRecord(),
    Invariants(),
    TargetContents(),
    PolicyReasons(),
    Kept(),
    Placeholders(),
    Attempts(),
)
_CHEAPEST_FIRST = tuple(sorted(ASPECTS, key=attrgetter("cost")))


def is_unchanged(session: Session, task: Task, facts: HostFacts | None = None) -> bool:
    """Return whether a cheap comparison proves that a task is up-to-date.

    Its record then is as a new one would be. A task with ``uptodate`` items that list invariants
    must not be asked about: these are not among its options.

    :param facts: what its ``uptodate`` items have said, None if there are none
    """
    try:
        if os.getcwd() != session.root:
            return False  # an action has left it, where relative paths are something else
        return _is_unchanged(session, task, facts)
    except (Exception, SystemExit):
        # A file is gone, the record is damaged, a plugin's policy fails: the full look says it.
        return False


def _is_unchanged(session: Session, task: Task, facts: HostFacts | None) -> bool:
    stored = StoredTask(session, task, facts)
    for aspect in _CHEAPEST_FIRST:
        if not aspect.unchanged(stored):
            return False
    if session.writes and (stored.inputs or stored.targets):
        stored.renew()
    return True


def reasons(look: Look, facts: HostFacts) -> list[Reason]:
    """Return all reasons against a task being up-to-date; fill in what is recorded of it."""
    return [one for aspect in ASPECTS for one in aspect.reasons(look, facts)]


def look_again(session: Session) -> None:
    """Look again at what actions import when they run, if tasks of this run may have made it."""
    functions = session.memo.get("functions")
    if functions is not None and functions.uses_modules and functions.look_again_at_modules():
        session.trackers.forget_unchanged()
