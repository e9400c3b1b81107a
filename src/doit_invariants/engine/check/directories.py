"""The cheap check of a directory.

This module is separate because it is only imported for tasks with directories, which are few.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from doit_invariants.core.model import Json
from doit_invariants.engine.session import Session
from doit_invariants.files.selection import Selection
from doit_invariants.files.tree import TreeState, is_large, tree_state


def is_same_directory(
    session: Session,
    path: str,
    recorded: Json,
    digest: Json,
    skip: Iterable[str],
    others: Collection[str] = (),
) -> bool:
    """Return whether a directory is as it was recorded, so that a new record would be the same.

    Return False for a large one: after a change the full check would read all of it again.

    :param recorded: its state as it is stored
    :param digest: the digest that is stored beside the state
    :param skip: paths that do not count
    :param others: absolute paths in it that other tasks make
    :raises Exception: whatever reading a damaged state raises
    """
    if is_large(recorded):
        return False
    known = TreeState.from_json(recorded)
    top = os.path.join(os.path.abspath(path), "")
    leave = frozenset(top + name for name in known.left_out)
    if not leave.issuperset(others):
        return False  # another task was added, and the record must leave out its targets
    skipped = frozenset(map(os.path.abspath, skip))
    select = Selection(exclude=session.excluded, skip=skipped, leave=leave)
    return known.digest == digest and tree_state(session.files, path, known, select) is known
