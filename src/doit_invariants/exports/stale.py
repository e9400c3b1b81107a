"""Exports of earlier runs that a later one did not replace: no target of it, or not exportable."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable

from doit_invariants.exports.content import is_row
from doit_invariants.exports.destination import Destination
from doit_invariants.exports.manifest import Manifest, Row, named_by_others
from doit_invariants.exports.placing import is_below, leads_to, rename
from doit_invariants.results.capture import CannotKeep


def stale_exports(
    destination: Destination,
    known: Manifest | None,
    rows: Iterable[tuple[str, Row]],
    is_others: Callable[[str], bool],
) -> dict[str, Row]:
    """Return the exports of earlier runs that are there still.

    :param known: the manifest until now
    :param rows: the exports of this run
    :param is_others: see :meth:`~doit_invariants.exports.exporter.Exporter.finish`

    They stay in the manifest even if they are about to be removed: what can't be removed must not
    be taken for something that somebody put there by hand.
    """
    if known is None:
        return {}
    kept = {row.export for _, row in rows}
    found = {
        target: row
        for target, row in {**known.stale, **known.rows}.items()
        if row.export not in kept
        and not is_others(target)
        and os.path.lexists(destination.place_of(row))
    }
    # A target that moved to another task is the export of that one now.
    others = named_by_others(destination.directory, destination.task) if found else set()
    return {target: row for target, row in found.items() if row.export not in others}


def remove_stale(destination: Destination, stale: dict[str, Row], aside: str) -> None:
    """Remove exports of earlier runs that are as they were left.

    :param aside: path of a temporary directory, with which they go: one that can't be removed
        stays whole
    """
    for number, (target, row) in enumerate(stale.items()):
        place = destination.place_of(row)
        if _is_removable(destination, target, place, row):
            with contextlib.suppress(OSError):
                rename(place, os.path.join(aside, f"stale-{number}"))


def _is_removable(destination: Destination, target: str, place: str, row: Row) -> bool:
    path = os.path.join(destination.root, *target.split("/"))
    # Not through a link: a manifest that others wrote could name any file.
    if not is_below(destination.directory, place):
        return False
    # Where a target was moved, its link leads here: this is the only copy.
    if leads_to(path, place) and not os.path.islink(place):
        return False
    return is_unchanged(place, row)


def is_unchanged(place: str, row: Row) -> bool:
    """Return whether an export is there as it was left."""
    try:
        return is_row(place, row)
    except (OSError, CannotKeep):
        return False
