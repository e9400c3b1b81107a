"""Stale exports: files from earlier runs whose target was removed or can no longer be exported."""

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
    """Return the stale exports that still exist.

    :param known: the manifest until now
    :param rows: the exports of this run
    :param is_others: see :meth:`~doit_invariants.exports.exporter.Exporter.finish`

    They stay in the manifest even if they are about to be removed. Otherwise an export that can't
    be removed would look like a file that somebody put there by hand.
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
    # If a target moved to another task, the export is that task's now.
    others = named_by_others(destination.directory, destination.task) if found else set()
    return {target: row for target, row in found.items() if row.export not in others}


def remove_stale(destination: Destination, stale: dict[str, Row], aside: str) -> None:
    """Remove stale exports that nobody has edited.

    :param aside: path of a temporary directory: the exports are moved there and disappear with it,
        so an export that can't be removed stays complete
    """
    for number, (target, row) in enumerate(stale.items()):
        place = destination.place_of(row)
        if _is_removable(destination, target, place, row):
            with contextlib.suppress(OSError):
                rename(place, os.path.join(aside, f"stale-{number}"))


def _is_removable(destination: Destination, target: str, place: str, row: Row) -> bool:
    path = os.path.join(destination.root, *target.split("/"))
    # Do not follow links: a manifest that others wrote could name any file.
    if not is_below(destination.directory, place):
        return False
    # If the target was moved, its link leads here: this is the only copy.
    if leads_to(path, place) and not os.path.islink(place):
        return False
    return is_unchanged(place, row)


def is_unchanged(place: str, row: Row) -> bool:
    """Return whether an export exists as it was left."""
    try:
        return is_row(place, row)
    except (OSError, CannotKeep):
        return False
