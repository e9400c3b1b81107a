"""Guards targets between the end of the actions and the record.

The actions run in a worker, and the main process records the task later, when it has time. Without
this guard an edit made in that gap would be recorded as the task's own output.
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

#: Recorded instead of the state of an edited target: it equals no state, so the task runs again.
_EDITED = FileState(EDITED, None)


def stats_after_run(
    targets: Iterable[str], others: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> dict[str, Stat]:
    """Return for each existing target a stat that changes when somebody edits the target.

    :param others: by target, the absolute paths in it that do not count
    :returns: for a file its stat; for a directory its inode, the number of its entries and the
        latest change time among them, which every edit and every removal raises
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
    # Directories that lead to what other tasks make change with it, so they do not count.
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
    """Return the states of targets, and mark those that were edited since.

    :param states: the states, observed after the stats were taken
    """
    now = stats_after_run(stats, others)
    return {
        path: _EDITED if path in stats and now.get(path) != stats[path] else state
        for path, state in states.items()
    }
