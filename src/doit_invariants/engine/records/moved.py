"""A project that was moved or checked out elsewhere: absolute paths in its records are translated.

Relative paths need nothing. But many ``dodo.py`` anchor their paths on ``__file__``, and to
plain doit every such path is another file after a move.
"""

from __future__ import annotations

from dataclasses import replace

from doit_invariants.core.paths import is_inside
from doit_invariants.rules.record import Record


def translate(record: Record, root: str) -> Record:
    """Return a record with the paths that its files have in this directory."""
    old = record.root
    targets = record.targets
    return replace(
        record,
        stats={_from(path, old, root): stat for path, stat in record.stats.items()},
        trees={_from(path, old, root): tree for path, tree in record.trees.items()},
        targets=targets and {_from(path, old, root): state for path, state in targets.items()},
    )


def recorded_path(path: str, record: Record | None, root: str) -> str:
    """Return the name under which doit recorded a path."""
    if record is None or record.root == root:
        return path
    return _from(path, root, record.root)


def _from(path: str, old: str, new: str) -> str:
    # By the text: a path need not be normalised, and doit compares texts.
    return new + path[len(old) :] if is_inside(path, old) else path
