"""Whether targets are, when they are recorded, as the actions have left them.

The actions run in a worker, and the main process records the task once it has time for that. Who
edits a target in between would have his edit recorded as what the task makes.
"""

from __future__ import annotations

import contextlib
import os
import stat as stat_module
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from doit_invariants.files.state import EDITED, FileState, Stat, stat_key

if TYPE_CHECKING:
    from doit_invariants.rules.record import PathState

#: Recorded in the place of a target that was edited: it equals no state, so the task runs.
_EDITED = FileState(EDITED, None)


def stats_after_run(
    targets: Iterable[str], others: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> dict[str, Stat]:
    """Return what changes of each target that exists when somebody edits it.

    :param others: by target the absolute paths in it that do not count
    :returns: of a file its stat; of a directory its own inode, the number of its entries and the
        latest change time among them: an edit is later, be it one that removes something
    """
    found: dict[str, Stat] = {}
    for path in targets:
        try:
            info = os.stat(path)
        except OSError:
            continue  # the check of the record finds it missing
        is_directory = stat_module.S_ISDIR(info.st_mode)
        leave = others.get(path, frozenset())
        found[path] = _newest(path, info, leave) if is_directory else stat_key(info)
    return found


def _newest(directory: str, info: os.stat_result, leave: frozenset[str]) -> Stat:
    # Directories that lead to what others make change with it, and are made for it.
    ways = {parent for path in leave for parent in _parents(path)}
    count, newest = 0, 0 if leave else info.st_ctime_ns
    waiting = [os.path.abspath(directory)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = [entry for entry in found if entry.path not in leave]
        except OSError:
            continue
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.path not in ways:
                    count += 1
                    newest = max(newest, entry.stat(follow_symlinks=False).st_ctime_ns)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return (0, count, info.st_ino, newest)


def _parents(path: str) -> Iterator[str]:
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def mark_edited_since(
    states: Mapping[str, PathState],
    stats: Mapping[str, Stat],
    others: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> dict[str, PathState]:
    """Return the states of targets, with those marked that were edited since.

    :param states: as they were found after the stats were taken
    """
    now = stats_after_run(stats, others)
    return {
        path: _EDITED if path in stats and now.get(path) != stats[path] else state
        for path, state in states.items()
    }
