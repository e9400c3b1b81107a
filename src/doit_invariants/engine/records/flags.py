"""What the DB has beside the records of tasks: flags, placeholders, and ends.

They are in rows of the DB that belong to no task.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from doit_invariants.core.model import Json, Reason
from doit_invariants.core.text import one_line

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database

_FIELD = "marks:"

#: The flag and the reason of a task that was running when its run was killed.
INTERRUPTED = "interrupted"


class Flags:
    """A JSON object in doit's DB, under a name that no task can have.

    :param name: name of the object. Stored: never change one
    :param db: where it is stored
    """

    def __init__(self, name: str, db: Database) -> None:
        # The command `invariants` forbids a group of that name, as in :mod:`.shared_details`.
        self._id = f"invariants:{name}"
        self._db = db
        self._known: dict[str, Json] | None = None

    def read(self) -> dict[str, Json]:
        """Return the object, which must not be changed; it is empty if the DB is damaged."""
        if self._known is None:
            try:
                found = self._db.get(self._id, _FIELD)
            except Exception:
                found = None
            self._known = found if isinstance(found, dict) else {}
        return self._known

    def set(self, key: str, value: Json) -> None:
        """Store a value under a key."""
        self._write({**self.read(), key: value})

    def update(self, found: dict[str, Json], most: int) -> None:
        """Store several values, and drop the oldest of all values if there are too many.

        :param most: how many are kept
        """
        known = self.read()
        if not found.items() <= known.items():
            rest = {key: value for key, value in known.items() if key not in found}
            self._write(dict([*rest.items(), *found.items()][-most:]))

    def drop(self, *keys: str) -> None:
        """Remove keys that exist."""
        known = self.read()
        if not known.keys().isdisjoint(keys):
            self._write({key: value for key, value in known.items() if key not in keys})

    def _write(self, known: dict[str, Json]) -> None:
        self._known = known
        self._db.set(self._id, _FIELD, known)


class Placeholders:
    """The placeholders of a project, by their paths as tasks write them.

    Placeholders are empty targets that ``cache: "force"`` made for missing ones. The DB lists them
    until the task makes its targets, or until a path has another content. They are not in the
    records of tasks, because ``doit forget TASK`` must not turn a placeholder into a result.
    """

    def __init__(self, db: Database) -> None:
        self._flags = Flags("placeholders", db)

    def among(self, targets: Iterable[str]) -> list[str]:
        """Return the targets that are still placeholders."""
        known = self._flags.read()
        return [path for path in targets if path in known and _mark(path) == known[path]]

    def create(self, paths: Iterable[str]) -> Iterator[str]:
        """Create placeholders and yield their paths; a path that ends with ``/`` is a directory.

        :raises OSError: if one can't be created
        """
        for path in paths:
            os.makedirs(os.path.dirname(path.rstrip("/")) or ".", exist_ok=True)
            if path.endswith("/"):
                os.mkdir(path)
            else:
                with open(path, "xb"):
                    pass
            self._flags.set(path, _mark(path))
            yield path

    def remove(self, targets: Iterable[str]) -> None:
        """Delete placeholders, because their task is about to make the targets."""
        for path in self.among(targets):
            with contextlib.suppress(OSError):
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)

    def drop(self, paths: Iterable[str]) -> None:
        """Drop placeholders from the list, because their task has made the targets."""
        self._flags.drop(*paths)


def placeholder_reason(path: str) -> Reason:
    """Return why a placeholder can't count as a target."""
    return Reason("placeholder", path, "only an empty placeholder, made by cache: force")


def _mark(path: str) -> Json:
    """Return what identifies a placeholder, None if the path is missing or not empty."""
    try:
        info = os.stat(path)
        if os.path.isdir(path):
            return [info.st_ino, "directory"] if not os.listdir(path) else None
    except OSError:
        return None
    return [info.st_ino, info.st_mtime_ns] if info.st_size == 0 else None


#: A task before it failed; the task could not be checked; or its actions failed.
How = Literal["unmet", "unchecked", "failed"]

# The command `invariants` forbids a group of that name, as in :mod:`.shared_details`.
_PREFIX = "invariants:end:"
_FIELD = "end:"

#: How much of a task's output is kept, and for how many tasks of a run.
_MOST_CHARACTERS = 1000
_MOST_LINES = 12
_MOST_TASKS = 100


class Ends:
    """How tasks ended that did not succeed in their last run.

    doit removes the records of a task that failed, and of tasks that could not run because of it:
    they all look as if they had never run. Each task has a row of its own: if thousands of tasks
    fail in a run, the journal gets one small row for each of them.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._noted = 0
        #: How tasks have ended in this run.
        self.now: dict[str, How] = {}

    def note(self, task: str, how: How, text: str, now: float) -> None:
        """Save how a task ended; in a run the journal gets it together with the host's row.

        :param text: why it did not run; if it failed, its output and the error
        :param now: seconds since the epoch
        """
        self.now[task] = how
        end: dict[str, Json] = {"how": how, "at": now, "text": one_line(text)[:_MOST_CHARACTERS]}
        if how == "failed":
            self._noted += 1
            output = _last_lines(text) if self._noted <= _MOST_TASKS else []
            end |= {"text": "", "output": output}
        elif how == "unmet":
            end["text"] = text
        self._db.set(_PREFIX + task, _FIELD, end)

    def drop(self, task: str) -> None:
        """Forget how a task ended, because it succeeded or the user forgets it."""
        if self._db.has(_PREFIX + task):
            self._db.remove(_PREFIX + task)

    def sweep(self, tasks: Container[str]) -> None:
        """Forget tasks that no longer exist, so that the DB does not grow.

        Only after a run in which a task failed: listing all rows takes time.
        """
        if not self._noted or not tasks:
            return
        for one in [one for one in self._db.names() if one.startswith(_PREFIX)]:
            if one.removeprefix(_PREFIX) not in tasks:
                self._db.remove(one)

    def reason(self, task: str) -> Reason | None:
        """Return the reason that replaces "never ran", None if nothing is known."""
        try:
            return _reason(self._db.get(_PREFIX + task, _FIELD))
        except Exception:
            return None  # the row is damaged; no verdict depends on it


def _reason(end: Json) -> Reason | None:
    if not isinstance(end, dict):
        return None
    import datetime  # late: few tasks have such a row

    when = f"{datetime.datetime.fromtimestamp(end['at']):%Y-%m-%d %H:%M:%S}"
    text = str(end["text"])
    if end["how"] == "unmet":
        return Reason(
            "not_run",
            "task",
            f"not run on {when} because tasks before it failed or did not run: {text}",
        )
    if end["how"] == "unchecked":
        return Reason("not_run", "task", f"could not be checked on {when}: {text}")
    output = tuple(map(str, end["output"]))
    tail = "; the end of its output:" if output else ""
    return Reason("failed", "task", f"failed on {when}{tail}", detail=output)


def _last_lines(text: str) -> list[str]:
    lines = text[-_MOST_CHARACTERS:].splitlines()
    return [line.rstrip() for line in lines if line.strip()][-_MOST_LINES:]
