"""What a run has recorded is safe as soon as each task ends, whatever becomes of the process.

doit writes its DB when a run ends: after ``kill -9`` it has lost everything, and worse, a task
that was killed half-way is up-to-date once its inputs are as they were. Here each change goes to a
journal beside the DB at once, and so does the start of a task. The next command replays the
journal: into the DB if it is a run, else for itself alone. At the end of a run doit's DB has
everything, and the journal goes. A run in which nothing begins and nothing changes has none.

Chosen against writing the DB after each task, which takes 3 ms with most backends, and with json as
long as the DB is large each time; and against a DB of our own, as the state belongs into doit's.
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

#: Behind the name of doit's DB.
JOURNAL = ".journal"


class Unfinished:
    """What a run that did not end has left.

    :ivar begun: the tasks that had begun
    :ivar damaged: how many lines of the journal could not be read
    :ivar stale: whether the journal is older than the DB, and was not taken over
    """

    def __init__(self, begun: list[str], damaged: int, stale: bool = False) -> None:
        self.begun = begun
        self.damaged = damaged
        self.stale = stale


class RunJournal(Listener):
    """The journal of doit's DB.

    :param dep_manager: doit's dependency manager
    :ivar complete: whether all that was recorded in this run is in the journal
    """

    def __init__(self, dep_manager: Any) -> None:
        self._backend: Backend = dep_manager.backend
        self.path = self._backend.path + JOURNAL
        #: The state of the DB that the journal begins with, None once it has begun.
        self._base: Json = None
        self._changed: dict[str, None] = {}
        self._queued: set[str] = set()
        self.complete = True

    @functools.cached_property
    def _journal(self) -> Journal:
        from doit_invariants.files.journal import Journal  # late: most runs change nothing

        # What is in it is no less secret.
        return Journal(self.path, mode=self._backend.mode())

    def watch(self, dep_manager: Any) -> None:
        """Note what changes from now on; doit binds these methods to the object."""
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
        """Begin the journal with the state that the DB had when the run began."""
        if self._base is not None:
            base, self._base = self._base, None
            with contextlib.suppress(OSError):
                self._journal.append(base)

    def task_queued(self, task: str) -> None:
        """Expect a task to note in the journal that it begins, right before its actions run."""
        self._begin()
        self._queued.add(task)

    def task_ends(self, task: Task, end: TaskEnd) -> None:
        """Note that a task has ended, and all that was recorded since the last one did."""
        if end.outcome in ("up-to-date", "ignored"):
            return  # what is recorded of these is worth no line: the next run finds the same
        name = task.name
        if not self._changed and name not in self._queued:
            return  # a group, that was recorded as it is
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
            # The disk is full, or there is what JSON can't hold: as safe as plain doit.
            self.complete = False
        self._changed.clear()

    def replay(self) -> Unfinished:
        """Take over, in memory, what a run that did not end has left.

        :raises OSError: if the journal can't be read
        """
        if not os.path.lexists(self.path):
            return Unfinished([], 0)
        found = self._journal.read()
        bases = [one["base"] for one in found.entries if isinstance(one, dict) and "base" in one]
        if found.entries and bases[-1:] not in ([self._backend.state()], [_WRITING]):
            # Plain doit has written the DB since, or a user has removed it: then that counts. But
            # what had begun stays in doubt.
            return Unfinished(_begun(found.entries), 0, stale=True)
        for entry in found.entries:
            rows = entry.get("rows") if isinstance(entry, dict) else None
            for name, row in rows.items() if isinstance(rows, dict) else ():
                self._backend.put(name, row)
        return Unfinished(_begun(found.entries), found.damaged)

    def forget(self, task: str) -> None:
        """Forget, in memory, what was recorded of a task."""
        self._backend.remove(task)

    def interrupted(self) -> list[str]:
        """Return the tasks of this run that have begun and did not end."""
        if not self._queued:
            return []
        with contextlib.suppress(OSError):
            return _begun(self._journal.read().entries)
        return []

    def about_to_write(self) -> None:
        """Note that doit is going to write its DB.

        Killed meanwhile, the DB is the old one or the new one: then the journal counts.
        """
        if self._base is None:
            with contextlib.suppress(OSError):
                self._journal.append({"base": _WRITING})

    def close(self) -> None:
        """Remove the journal: doit's DB has everything now."""
        own = _JOURNALS.pop(self.path, None)
        if own is not None:
            own.close()
        if self._base is None or os.path.lexists(self.path):
            with contextlib.suppress(OSError):
                self._journal.remove()


def note_begin(path: str, task: str) -> None:
    """Note in a journal that the actions of a task are about to run; called by the worker."""
    with contextlib.suppress(OSError):
        if path not in _JOURNALS:
            from doit_invariants.files.journal import Journal

            _JOURNALS[path] = Journal(path)
        _JOURNALS[path].append_text(b'{"begun":%s}' % _quoted(task))


def _quoted(text: str) -> bytes:
    return encode_basestring_ascii(text).encode("ascii")  # as json.dumps(), at a third of the time


#: Those in which this process, a worker or the main one, notes what begins.
_JOURNALS: dict[str, Journal] = {}

#: In the place of the state of a DB that is being written.
_WRITING = "writing"


def _begun(entries: list[Json]) -> list[str]:
    """Return the tasks that have begun and did not end."""
    begun: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, dict) and "begun" in entry:
            begun[str(entry["begun"])] = None
        elif isinstance(entry, dict) and "ended" in entry:
            begun.pop(str(entry["ended"]), None)
    return list(begun)
