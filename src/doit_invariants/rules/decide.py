"""Compare a record with the present state of a task. No I/O, no clock, no state.

The aspects (:mod:`doit_invariants.engine.check`) determine which reasons are asked for, and in
which order. The rules, in the order in which their reasons are given:

1. doit's own rules: ``uptodate`` items, missing targets, the checker, ``file_dep``.
2. A record that can't be read counts as "never ran".
3. An invariant that the user listed counts when it changed, was added or was removed.
4. An implicitly tracked invariant (the code of actions, targets) counts when it changed, or when it
   was added or removed *while it was being tracked*. If the record does not have it yet, the
   present state is adopted, so that installing or upgrading reruns nothing. The present state is
   also adopted if an earlier version of the tracker made the record, because that version may have
   tracked less.
5. If an earlier version of a kind recorded a fingerprint that the present version can't compare,
   the present state is adopted. Downgrading a kind below the recorded version runs the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from doit_invariants.core.model import Change, Difference, Reason, Verdict
from doit_invariants.core.text import listing
from doit_invariants.files.state import EDITED, EDITED_MEANWHILE, EDITED_TEXT, UNEQUAL, FileState
from doit_invariants.files.tree import TreeState, tree_difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant
from doit_invariants.rules.record import PathState, Record, RecordedInvariant

#: For these reasons doit runs a task without checking that its ``file_dep`` exist.
_BEFORE_DEPENDENCIES = {"uptodate_false", "missing_target", "checker_changed"}


#: Given once, instead of a reason for each difference, if a task has no record at all.
NEVER_RAN = Reason("never_ran", "task", "never ran")
_NO_RECORD = Reason("no_record", "task", "no record of a success with these invariants")


class Observed(NamedTuple):
    """An invariant and its present fingerprint; ``source`` as in :class:`RecordedInvariant`."""

    invariant: Invariant
    fingerprint: Fingerprint
    source: str | None = None

    def spoiled(self, digest: str) -> Observed:
        """Return a copy whose digest equals no other."""
        return self._replace(fingerprint={**self.fingerprint, "digest": digest})

    def entry(self) -> RecordedInvariant:
        """Return what to record."""
        one = self.invariant
        return RecordedInvariant(one.kind, one.version, one.label(), self.fingerprint, self.source)


@dataclass(slots=True, eq=False, repr=False)
class Snapshot:
    """The present state of a task: all that a decision needs and a record contains.

    :ivar task: name of the task
    :ivar has_dependencies: whether anything can make the task up-to-date at all
    :ivar explicit: whether the task itself lists invariants or a cache policy
    :ivar never_ran: whether doit has no record of a success either
    :ivar inputs: state of each ``file_dep``, None for a missing one
    :ivar targets: state of each target in order, None if targets are not tracked
    :ivar observed: invariants by their id
    :ivar sources: plugins that were asked for implicit invariants
    :ivar adopted: ids of invariants that differ only in how they are compared: not a change
    :ivar unknown: ids of invariants that could not be checked
    :ivar problems: what could not be checked; any problem makes the verdict an error
    """

    task: str
    has_dependencies: bool = True
    explicit: bool = False
    never_ran: bool = False
    inputs: dict[str, PathState] = field(default_factory=dict)
    targets: dict[str, PathState] | None = None
    observed: dict[str, Observed] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    unknown: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    problems: list[Reason] = field(default_factory=list)


def verdict_on(now: Snapshot, reasons: Iterable[Reason]) -> Verdict:
    """Return the verdict on a task, with every reason why it is not up-to-date."""
    found = tuple(reasons)
    if now.problems:
        return Verdict(now.task, "error", (*now.problems, *found))
    codes = {reason.code for reason in found}
    if "missing_file_dep" in codes and not codes & _BEFORE_DEPENDENCIES:
        return Verdict(now.task, "error", found)
    return Verdict(now.task, "run" if found else "up-to-date", found)


def record_reasons(
    before: Record | None, now: Snapshot, unreadable: str | None
) -> Iterator[Reason]:
    """Return why a task that needs a record has none.

    :param before: the record, None if there is none
    :param unreadable: why a stored record can't be used; None if that is not the case
    """
    if not now.has_dependencies:
        return  # that alone is a reason
    if unreadable is not None:
        yield Reason("unreadable_record", "record", f"{unreadable}; treated as never run")
    elif before is None and now.explicit:
        yield NEVER_RAN if now.never_ran else _NO_RECORD


def invariant_reasons(before: Record, now: Snapshot, context: Context) -> list[Reason]:
    """Return how the invariants differ from the recorded ones.

    :param context: passed to the kinds
    """
    return _without_secondary(list(_compare_invariants(before, now, context)), now)


def _without_secondary(reasons: list[Reason], now: Snapshot) -> list[Reason]:
    """Leave out secondary reasons if there are others: they only follow from those."""
    labels = {seen.invariant.label() for seen in now.observed.values() if seen.invariant.secondary}
    first = [reason for reason in reasons if reason.subject not in labels] if labels else []
    return first or reasons


def _compare_invariants(before: Record, now: Snapshot, context: Context) -> Iterator[Reason]:
    same = _match(before, now)
    learned = _learned(before, now)
    for key, seen in now.observed.items():
        if key not in now.adopted:
            old = before.entries.get(same.get(key, key))
            tracked = seen.source in before.sources and seen.source not in learned
            yield from _compare_one(seen, old, tracked, context)
    recorded = set(same.values())
    for key, entry in before.entries.items():
        tracked = entry.source is None or entry.source in now.sources
        if key not in recorded and tracked and key not in now.unknown:
            yield Reason("removed_invariant", entry.label, "removed")
    for source in (one for one in now.sources if one not in learned):
        order = [same[k] for k, o in now.observed.items() if o.source == source and k in same]
        if len(order) > 1 and order != [key for key in before.entries if key in set(order)]:
            yield Reason("changed_invariant", source, "the tracked items are in another order")


def _compare_one(
    seen: Observed, old: RecordedInvariant | None, tracked: bool, context: Context
) -> Iterator[Reason]:
    """Compare an invariant with its recorded state.

    :param tracked: whether the plugin that adds it was already asked when the record was made
    """
    label = seen.invariant.label()
    if old is None:
        if seen.source is None or tracked:
            yield Reason("added_invariant", label, "added")
    elif old.comparable(seen.invariant):
        found = _difference(seen, old.fingerprint, context)
        if found is not None:
            yield Reason(found.code, label, found.text, found.changes, found.detail)
    elif not old.older(seen.invariant):
        yield Reason("added_invariant", label, "recorded by another version of this kind")


def _learned(before: Record, now: Snapshot) -> set[str]:
    """Return the trackers that are newer than the record: they may find more than before.

    Something that they no longer find still counts as removed: no other reason would report the
    change.
    """
    if before.sources == now.sources:
        return set()
    was, present = _versions(before.sources), _versions(now.sources)
    return {name for name, version in present.items() if version > was.get(name, version)}


def _versions(sources: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for source in sources:
        name, _, version = source.partition("@")
        found[name] = int(version) if version.isdecimal() else 1
    return found


def _match(before: Record, now: Snapshot) -> dict[str, str]:
    """Map each present id to the recorded id of the same invariant.

    Usually both ids are equal. The ids of implicitly tracked invariants contain names that their
    author did not choose as ids: match those by content too, so that a renamed function is not a
    change.
    """
    same = {key: key for key in now.observed if key in before.entries}
    if len(same) == len(now.observed):
        return same
    gone = {
        (entry.source, entry.kind, entry.fingerprint["digest"]): key
        for key, entry in before.entries.items()
        if key not in same and entry.source is not None
    }
    for key, seen in now.observed.items():
        content = (seen.source, seen.invariant.kind, seen.fingerprint["digest"])
        if key not in same and content in gone:
            same[key] = gone.pop(content)
    return same


def _difference(seen: Observed, old: Fingerprint, context: Context) -> Difference | None:
    try:
        for one in (old, seen.fingerprint):
            if one["digest"] in UNEQUAL:
                named = f": {listing(one['edited'])}" if one.get("edited") else ""
                text = EDITED_TEXT if one["digest"] == EDITED_MEANWHILE else one["digest"]
                return Difference(f"{text}{named}")
        return seen.invariant.difference(old, seen.fingerprint, context)
    except Exception:
        # The kind may come from a plugin, and the fingerprint comes from disk: neither may stop a
        # run.
        return Difference("the recorded fingerprint is damaged")


def target_reasons(before: Record, now: Snapshot) -> Iterator[Reason]:
    """Return how the targets differ from the recorded ones, if targets are tracked."""
    if now.targets is None or before.targets is None:
        return
    for path, state in now.targets.items():
        if path not in before.targets:
            yield Reason("added_target", path, "target added")
        elif state is not None:  # the host reports missing targets
            difference = path_difference(before.targets[path], state, path)
            if difference is not None:
                text = f"target is not as the task left it: {difference.text}"
                yield Reason("changed_target", path, text, difference.changes)
    for path in before.targets:
        if path not in now.targets:
            yield Reason("removed_target", path, "no longer a target")
    if set(before.targets) == set(now.targets) and list(before.targets) != list(now.targets):
        yield Reason("changed_target", "targets", "listed in another order")


def path_difference(old: PathState, new: PathState, path: str) -> Difference | None:
    """Return how two states of a path differ, None if their contents are the same."""
    if old is new:
        return None
    if isinstance(old, FileState) and old.digest == EDITED:
        return Difference(EDITED)
    if isinstance(old, TreeState) and isinstance(new, TreeState):
        return tree_difference(old, new, path)
    if isinstance(old, FileState) and isinstance(new, FileState):
        if old.digest == new.digest:
            return None
        return Difference(_size_text(old, new), (Change("changed", path),))
    if old is None or new is None:
        return Difference("did not exist" if old is None else "missing")
    was, now = ("directory", "file") if isinstance(old, TreeState) else ("file", "directory")
    return Difference(f"was a {was}, is a {now}", (Change("changed", path, was, now),))


def _size_text(old: FileState, new: FileState) -> str:
    if old.stat is None or new.stat is None or old.stat[1] == new.stat[1]:
        return "content changed"
    return f"content changed, {old.stat[1]} -> {new.stat[1]} bytes"
