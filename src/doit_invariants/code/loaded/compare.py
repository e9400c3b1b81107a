"""Compare the recorded units of a callable with the present ones, one by one.

A unit is unchanged if the normal form of its source is equal, or its code is equal in one slot.
Each test alone is sound, and each tolerates differences that the other does not. The references of
a unit are compared too: by name if the source is equal, by position if only the code is equal, so
that names do not matter there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from doit_invariants.code.loaded.graph import Row
from doit_invariants.code.loaded.unit import head_of, is_named
from doit_invariants.core.model import Json


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference.

    :ivar old, new: numbers of the unit that contains it
    :ivar label: what differs: ``code``, or the label of a reference
    :ivar was, now: the two references, None where there is none
    """

    old: int
    new: int
    label: str
    was: Json = None
    now: Json = None


@dataclass(slots=True)
class Comparison:
    """The outcome: the differences, and the pairs of equal units.

    :ivar pairs: numbers of each recorded unit and the present unit that corresponds to it
    :ivar users: the present unit that led to each present unit
    """

    changed: list[Changed] = field(default_factory=list)
    pairs: dict[tuple[int, int], None] = field(default_factory=dict)
    users: dict[int, int] = field(default_factory=dict)


def compare(old: list[Row], new: list[Row]) -> Comparison:
    """Compare units, starting with the first ones.

    Damaged rows raise any exception: the caller takes a fingerprint that can't be read as changed.
    """
    result = Comparison()
    partner: dict[int, int] = {}
    partner_of: dict[int, int] = {}
    todo = [Changed(0, 0, "code")]
    units = [(0, 0)]
    for origin, (was, now) in zip(todo, units, strict=False):  # both grow during the loop
        if (was, now) in result.pairs:
            continue
        result.pairs[was, now] = None
        # Each unit has one partner, because equal classes are distinct: `except A` is not `except
        # B`.
        alone = partner.setdefault(was, now) == now and partner_of.setdefault(now, was) == was
        if not alone or old[was]["tag"] != new[now]["tag"]:
            result.changed.append(origin)
            continue
        for label, before, after in _differences(old[was], new[now]):
            if before is not None and after is not None and _both_units(before, after):
                todo.append(Changed(was, now, after[0], before, after))
                units.append((before[1], after[1]))
                result.users.setdefault(after[1], now)
            elif label is not None:
                result.changed.append(Changed(was, now, label, before, after))
    return result


def _both_units(before: Json, after: Json) -> bool:
    return isinstance(before[1], int) and isinstance(after[1], int) and before[2] == after[2]


def _differences(old: Row, new: Row) -> Iterator[tuple[str | None, Json, Json]]:
    """Yield the differences, and each pair of units that is still to be compared."""
    named = not new["slots"]  # a class, a partial: its references have names
    same_source = old["source"] is not None and old["source"] == new["source"]
    if not (named or same_source):
        if _share_a_slot(old, new) and len(old["refs"]) == len(new["refs"]):
            pairs: Any = zip(old["refs"], new["refs"], strict=True)
            yield from _of_refs((after[0], before, after) for before, after in pairs)
        else:
            yield "code", None, None
        return
    was = {ref[0]: ref for ref in old["refs"]}
    now = {ref[0]: ref for ref in new["refs"]}
    # Another version of Python may have removed code that never runs, so a global that only one
    # side reads does not count. If both read it, a place in it that only one side reads does count.
    other = not named and not _share_a_slot(old, new)
    both = {head_of(label) for label in was} & {head_of(label) for label in now}
    for label in dict.fromkeys([*now, *was]):
        if label in was and label in now:
            yield from _of_refs([(label, was[label], now[label])])
        elif not other or not label.startswith("global ") or head_of(label) in both:
            yield label, was.get(label), now.get(label)


def _of_refs(refs: Any) -> Iterator[tuple[str | None, Json, Json]]:
    for label, before, after in refs:
        if _both_units(before, after):
            yield None, before, after
        elif before[1:3] != after[1:3] or (before[0] != after[0] and is_named(after[0])):
            yield label, before, after


def _share_a_slot(old: Row, new: Row) -> bool:
    return any(old["slots"].get(slot) == digest for slot, digest in new["slots"].items())


def merge(old: list[Row], new: list[Row], pairs: dict[tuple[int, int], None]) -> list[Row]:
    """Return the present units, with the slots that the recorded ones had for other versions.

    :param pairs: units that were found to be the same
    """
    rows = [{**row, "slots": dict(row["slots"])} for row in new]
    for was, now in pairs:
        before, after = old[was], rows[now]
        if [ref[0] for ref in before["refs"]] == [ref[0] for ref in after["refs"]]:
            # Otherwise positions in the code of one version do not fit the other.
            after["slots"] = {**before["slots"], **after["slots"]}
    return rows


def same(old: dict[str, Json], new: dict[str, Json]) -> bool:
    """Return whether two fingerprints of callables prove that nothing changed."""
    if old["digest"] == new["digest"]:
        return True
    return any(old["slots"].get(slot) == digest for slot, digest in new["slots"].items())
