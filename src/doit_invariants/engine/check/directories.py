"""Directories on the short way to "up-to-date".

Apart, as it is imported only where a task has a directory, which few have.
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
    """Return whether a directory is as it was recorded, and its record as a new one would be.

    A large one is left to the long way, which would look at all of it again if it is not.

    :param recorded: its state as it is stored
    :param digest: what else is stored as its digest
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
        return False  # a task has come, which the record is to know
    skipped = frozenset(map(os.path.abspath, skip))
    select = Selection(exclude=session.excluded, skip=skipped, leave=leave)
    return known.digest == digest and tree_state(session.files, path, known, select) is known
