"""Where results come from: a store, exports, the place of a policy, or a finished restore."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.text import error_text
from doit_invariants.engine.reuse.plan import NotRestored, Plan, PlanOutcome, late_signature
from doit_invariants.files.selection import matcher
from doit_invariants.files.state import Stat, stat_key
from doit_invariants.hashing.digest import measure_file
from doit_invariants.results.capture import capture
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult, Part
from doit_invariants.results.staging import Excluded, Staging, check_replaceable
from doit_invariants.stores.base import Store, StoreError

if TYPE_CHECKING:
    from doit_invariants.exports.exporter import Exporter
    from doit_invariants.results import places


@dataclass(slots=True)
class StoreSource:
    """Restores all targets of a task from a store.

    :ivar signature: what to look up
    :ivar targets: path of each target, to its name in entries
    :ivar left: by target directory, the entries that the task is known to have left in it
    :ivar entry: the entry, if it was found already; None if the look-up waits for ``getargs``
    :ivar inputs: for such a late look-up, the stats of the inputs behind the signature
    :ivar ignored: patterns of files that count in no directory; a restore leaves them there
    :ivar verify: the share of late hits to refuse, so that the task runs and can be compared
    """

    store: Store
    signature: str
    targets: dict[str, str]
    left: dict[str, list[str]]
    entry: ResultEntry | None = None
    inputs: dict[str, Stat] = field(default_factory=dict)
    verify: float = 0.0
    ignored: tuple[str, ...] = ()

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Put the targets in place; raises NotRestored."""
        entry = self.entry
        if entry is None:
            signature = late_signature(self.signature, getargs)
            entry = find_entry(self.store, signature, list(self.targets.values()))
            if entry is None:
                raise NotRestored("")
            self._check_inputs()
            if random.random() < self.verify:
                raise NotRestored("its result is to be compared with the stored one (verify_hits)")
        staging = self._stage(plan, entry)
        try:
            staging.commit()
        except OSError as error:
            raise NotRestored(f"its targets can't be replaced: {error.strerror}") from error
        return PlanOutcome("the store", entry, digests=dict(_of_parts(entry, self.targets)))

    def _check_inputs(self) -> None:
        """Check that the tasks which gave the values did not write an input."""
        for path, stat in self.inputs.items():
            try:
                same = stat_key(os.stat(path))[:3] == stat[:3]
            except OSError:
                same = False
            if not same:
                raise NotRestored(f"its input {path} was written since it was checked")

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return whether there is an entry to restore from; raises NotRestored."""
        if self.entry is not None:
            return True
        signature = late_signature(self.signature, getargs)
        names = list(self.targets.values())
        return find_entry(self.store, signature, names, read_only=True) is not None

    def _stage(self, plan: Plan, entry: ResultEntry) -> Staging:
        """Make verified copies of the targets in the staging directory; raises NotRestored."""
        staging = Staging(plan.root, plan.run)
        parts = {artifact.path: artifact.parts for artifact in entry.artifacts}
        excluded = matcher(self.ignored)
        damaged: list[str] = []

        def fetch(part: Part, path: str) -> None:
            # Continue after damage: the store drops all damaged parts, and the run stores new ones.
            try:
                self.store.fetch(part.digest, part.size, path, part.mode)
            except StoreError as error:
                damaged.append(str(error))

        try:
            for path, name in self.targets.items():
                known = {*self.left.get(path, ()), *(part.path for part in parts[name])}
                stay = check_replaceable(path, known, excluded)
                staging.make(parts[name], path, fetch, stay)
            if damaged:
                more = f" (and {len(damaged) - 1} more)" if damaged[1:] else ""
                raise NotRestored(damaged[0] + more)
        except InvariantsError as error:
            staging.abandon()
            raise NotRestored(str(error)) from error
        except OSError as error:
            staging.abandon()
            raise NotRestored(f"its targets can't be written: {error.strerror}") from error
        return staging


@dataclass(slots=True)
class ExportSource:
    """Restores the missing targets of a task from its exports."""

    exporter: Exporter
    missing: list[str]
    placeholders: list[str] = field(default_factory=list)

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Put the targets in place; raises NotRestored."""
        try:
            found = self.exporter.restore(self.missing, self.placeholders)
        except InvariantsError as error:
            raise NotRestored(str(error)) from error
        where = os.path.relpath(self.exporter.directory, plan.root)
        by_hand = f" ({', '.join(found.by_hand)}: put there by hand)" if found.by_hand else ""
        # The entry does not describe files that somebody put there by hand.
        return PlanOutcome(f"{where}{by_hand}", None if found.by_hand else found.entry)

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return True: the source was only made because the exports are there."""
        return True


@dataclass(slots=True)
class PolicySource:
    """Restores the targets of a task from the place of its policy, with a plugin's code.

    :ivar targets: path of each target, to its name in entries
    :ivar left: by target directory, the entries that the task is known to have left in it
    :ivar ignored: patterns of files that count in no directory
    """

    source: places.Source
    targets: dict[str, str]
    left: dict[str, list[str]]
    ignored: tuple[str, ...] = ()

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Put the targets in place; raises NotRestored."""
        excluded = matcher(self.ignored)
        try:
            for path in self.targets:
                check_replaceable(path, self.left.get(path, ()), excluded)
            entry = self.source.restore()
            plan.valid = bool(plan.signature and entry and entry.signature == plan.signature)
            if entry is not None and plan.valid:
                self._check_contents(entry, excluded)
        except InvariantsError as error:
            raise NotRestored(str(error)) from error
        except (Exception, SystemExit) as error:
            text = f"{self.source.where} failed with {type(error).__name__}: {error_text(error)}"
            raise NotRestored(text) from error
        return PlanOutcome(self.source.where, entry)

    def _check_contents(self, entry: ResultEntry, excluded: Excluded | None) -> None:
        """Check that the targets are what the task made: a place may lose or mix up files.

        :raises NotRestored: naming the target
        """
        kept = {artifact.path: artifact.parts for artifact in entry.artifacts}
        if list(kept) != list(self.targets.values()):
            raise NotRestored(f"the result in {self.source.where} has other targets")
        for path, name in self.targets.items():
            there = {_content(part) for part in capture(path, measure_file)}
            made = {_content(part) for part in kept[name]}
            more = [one for one in there - made if excluded is None or not excluded(one[0])]
            if made - there or more:
                raise NotRestored(f"{name} in {self.source.where} is not what the task made")

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return True: the policy has found something."""
        return True


def _content(part: Part) -> tuple[str, str, str, str]:
    return part.path, part.type, part.digest, part.link


@dataclass(slots=True)
class AlreadyRestored:
    """A task that was restored during its check, because its setup tasks will not run."""

    outcome: PlanOutcome

    def restore(self, plan: Plan, getargs: Mapping[str, Any]) -> PlanOutcome:
        """Return the outcome of that restore."""
        return self.outcome

    def expects(self, getargs: Mapping[str, Any]) -> bool:
        """Return True."""
        return True


def find_entry(
    store: Store, signature: str, names: Sequence[str], *, read_only: bool = False
) -> ResultEntry | None:
    """Return the entry that a store has for a signature, None if it has none.

    :param names: names of the targets, in order
    :param read_only: whether nothing may be written, not even that the entry was used
    :raises NotRestored: if the entry can't be used
    """
    try:
        data = store.peek(signature) if read_only else store.find(signature)
        entry = ResultEntry.from_json(data) if data is not None else None
    except (DamagedResult, StoreError) as error:
        raise NotRestored(f"the entry in the store can't be used: {error}") from error
    if entry is None:
        return None
    if entry.signature != signature or [one.path for one in entry.artifacts] != list(names):
        raise NotRestored("the entry in the store can't be used: it belongs to another task")
    return entry


def _of_parts(
    entry: ResultEntry, targets: dict[str, str]
) -> Iterator[tuple[str, tuple[str, Stat, int]]]:
    names = {name: path for path, name in targets.items()}
    for artifact in entry.artifacts:
        for part in artifact.parts:
            if part.type == "file":
                path = os.path.join(names[artifact.path], part.path).rstrip("/")
                with contextlib.suppress(OSError):
                    yield path, (part.digest, stat_key(os.stat(path)), time.time_ns())
