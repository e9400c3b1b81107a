"""A journal that saves the record of each task as soon as the task ends.

Plain doit writes its DB when a run ends. After ``kill -9`` it has lost all records of the run.
Worse, a task that was killed while it ran counts as up-to-date once its inputs are as before.

Here each change of the DB, and the start of each task, is appended to a journal next to the DB. The
next command replays the journal: a run into the DB, any other command only in memory. At the end of
a run, doit's DB has everything, and the journal is removed. A run that starts no task and changes
nothing has no journal.

Rejected: to write the DB after each task, which takes 3 ms with most backends, and with json a time
that grows with the DB; and a DB of our own, because the state belongs into doit's DB.
"""

from __future__ import annotations

import contextlib
import functools
import os
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.engine.events import Listener, TaskEnd
from doit_invariants.hosts.doit.database.base import Backend

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task
    from doit_invariants.files.journal import Journal

#: The suffix of the journal, after the name of doit's DB.
JOURNAL = ".journal"


class Unfinished:
    """The state that an unfinished run has left in its journal.

    :ivar begun: the tasks that had started and did not end
    :ivar damaged: how many lines of the journal could not be read
    :ivar stale: whether the DB was written after the journal, which then was not replayed
    """

    def __init__(self, begun: list[str], damaged: int, stale: bool = False) -> None:
        self.begun = begun
        self.damaged = damaged
        self.stale = stale


class RunJournal(Listener):
    """The journal of doit's DB.

    :param dep_manager: doit's dependency manager
    :ivar complete: whether the journal has all records of this run
    """

    def __init__(self, dep_manager: Any) -> None:
        self._backend: Backend = dep_manager.backend
        self.path = self._backend.path + JOURNAL
        #: The state of the DB, for the first line of the journal; None once that is written.
        self._base: Json = None
        self._changed: dict[str, None] = {}
        self._queued: set[str] = set()
        self.complete = True

    @functools.cached_property
    def _journal(self) -> Journal:
        from doit_invariants.files.journal import Journal  # late: most runs change nothing

        # The same permissions: it has the same secrets.
        return Journal(self.path, mode=self._backend.mode())

    def watch(self, dep_manager: Any) -> None:
        """Note all changes from now on. doit calls these methods as attributes of its object."""
        backend = self._backend

        def _set(task: str, key: str, value: Any) -> None:
            if backend.set(task, key, value):
                self._changed[task] = None

        def remove(task: str) -> None:
            self._changed[task] = None
            backend.remove(task)

        dep_manager._set, dep_manager.remove = _set, remove
        self._base = {"base": self._backend.state()}

    def _begin(self) -> None:
        """Write the first line: the state that the DB had when the run started."""
        if self._base is not None:
            base, self._base = self._base, None
            with contextlib.suppress(OSError):
                self._journal.append(base)

    def task_queued(self, task: str) -> None:
        """Expect a task to note its start in the journal, right before its actions run."""
        self._begin()
        self._queued.add(task)

    def task_ends(self, task: Task, end: TaskEnd) -> None:
        """Note that a task has ended, with all changes since the last task ended."""
        if end.outcome in ("up-to-date", "ignored"):
            return  # not worth a line: the next run finds the same
        name = task.name
        if not self._changed and name not in self._queued:
            return  # a group that was recorded as before
        self._begin()
        self._queued.discard(name)
        try:
            text = self._backend.text
            rows = (b"%s:%s" % (_quoted(one), text(one)) for one in self._changed)
            entry = b'{"ended":%s,"rows":{%s}}' % (_quoted(name), b",".join(rows))
            self._journal.append_text(entry)
            for changed in self._changed:
                self._backend.pack(changed)
        except (OSError, TypeError, ValueError):
            # The disk is full, or JSON can't encode a value: no safer than plain doit.
            self.complete = False
        self._changed.clear()

    def replay(self) -> Unfinished:
        """Apply, in memory, the records that an unfinished run has left.

        :raises OSError: if the journal can't be read
        """
        if not os.path.lexists(self.path):
            return Unfinished([], 0)
        found = self._journal.read()
        bases = [one["base"] for one in found.entries if isinstance(one, dict) and "base" in one]
        if found.entries and bases[-1:] not in ([self._backend.state()], [_WRITING]):
            # Plain doit has written the DB since, or a user has removed it: the DB wins. The tasks
            # that had started are still in doubt.
            return Unfinished(_begun(found.entries), 0, stale=True)
        for entry in found.entries:
            rows = entry.get("rows") if isinstance(entry, dict) else None
            for name, row in rows.items() if isinstance(rows, dict) else ():
                self._backend.put(name, row)
        return Unfinished(_begun(found.entries), found.damaged)

    def forget(self, task: str) -> None:
        """Remove the record of a task, in memory."""
        self._backend.remove(task)

    def interrupted(self) -> list[str]:
        """Return the tasks of this run that have started and did not end."""
        if not self._queued:
            return []
        with contextlib.suppress(OSError):
            return _begun(self._journal.read().entries)
        return []

    def about_to_write(self) -> None:
        """Note that doit is about to write its DB.

        If doit is killed while it writes, the DB is the old or the new one, and the journal wins.
        """
        if self._base is None:
            with contextlib.suppress(OSError):
                self._journal.append({"base": _WRITING})

    def close(self) -> None:
        """Remove the journal, because doit's DB now has everything."""
        own = _JOURNALS.pop(self.path, None)
        if own is not None:
            own.close()
        if self._base is None or os.path.lexists(self.path):
            with contextlib.suppress(OSError):
                self._journal.remove()


def note_begin(path: str, task: str) -> None:
    """Note in a journal that the actions of a task are about to run; called in the worker."""
    with contextlib.suppress(OSError):
        if path not in _JOURNALS:
            from doit_invariants.files.journal import Journal

            _JOURNALS[path] = Journal(path)
        _JOURNALS[path].append_text(b'{"begun":%s}' % _quoted(task))


def _quoted(text: str) -> bytes:
    return encode_basestring_ascii(text).encode("ascii")  # as json.dumps(), in a third of the time


#: The journals in which this process, a worker or the main one, notes the start of tasks.
_JOURNALS: dict[str, Journal] = {}

#: Stands for the state of a DB while it is being written.
_WRITING = "writing"


def _begun(entries: list[Json]) -> list[str]:
    """Return the tasks that have started and did not end."""
    begun: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, dict) and "begun" in entry:
            begun[str(entry["begun"])] = None
        elif isinstance(entry, dict) and "ended" in entry:
            begun.pop(str(entry["ended"]), None)
    return list(begun)
