"""Tasks that edit their own ``file_dep``: formatters, notebooks that are executed in place.

Such an edit looks like one by a user who saves the file while the task runs. It counts as the work
of the task in three cases: the task lists the file in its ``targets``; another task makes the file;
or two runs in a row turned the same content into the same content. Any other edit counts as
somebody else's, so the task runs again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.records import recorded
from doit_invariants.engine.records.triples import Triple, to_triple
from doit_invariants.files.state import EDITED_MEANWHILE, FileState
from doit_invariants.files.tree import was_written
from doit_invariants.rules.decide import path_difference
from doit_invariants.rules.record import PathState

#: Equal to no file. The time is that of no file either: plain doit takes a file with the recorded
#: time as unchanged.
EDITED = FileState(EDITED_MEANWHILE, (0, -1, 0, -1))


def states_to_save(observation: TaskObservation) -> dict[str, tuple[PathState, Triple]]:
    """Return the state to record for each ``file_dep`` after its task has succeeded.

    - unchanged: the state before the actions ran
    - edited by the task: the state that it left
    - written by somebody else, even with the same content: a state that equals nothing. The result
      may have been made from either content, so the task runs again.

    :raises FileNotFoundError: if a file is gone
    """
    states: dict[str, tuple[PathState, Triple]] = {}
    for path in observation.task.file_dep:
        before = observation.snapshot.inputs.get(path)
        info = os.stat(path)
        after = observation.path(path, before, info)
        states[path] = (after, to_triple(after, info))
        if before is None or after is before or not observation.session.tracks:
            continue
        same = path_difference(before, after, path) is None
        if same and not was_written(before, after):
            continue
        edit = _Edit(observation, path, before, after, info)
        if not (edit.is_same() if same else edit.is_its_own()):
            states[path] = (EDITED, to_triple(EDITED, info))
    return states


class _Edit:
    """A change of a ``file_dep`` while its task ran."""

    def __init__(
        self,
        observation: TaskObservation,
        path: str,
        before: PathState,
        after: PathState,
        info: os.stat_result,
    ) -> None:
        self._session, self._observation, self._path = observation.session, observation, path
        self._before, self._after, self._info = before, after, info
        self._is_own = is_own(path, observation.task.targets)
        self._producer = observation.session.graph.producer(path, observation.session.tasks)

    def is_same(self) -> bool:
        """Return whether a known task has rewritten the file with the same content."""
        if self._producer is not None and not self._is_own:
            return True
        if not self._is_own:
            recorded = self._observation.before.known(self._path, self._info)
            again = isinstance(recorded, FileState) and recorded.digest == EDITED.digest
            name = self._observation.task.name
            if not self._observation.session.is_rewritten(name, self._path, again=again):
                return False
        self._observation.written.add(self._path)
        return True

    def is_its_own(self) -> bool:
        """Return whether the change is the work of the task."""
        repeated = self._is_repeated()
        if self._is_own:
            self._observation.written.add(self._path)
        elif self._producer is not None:
            recorded.retarget(self._session, self._producer, self._path, self._after)
        elif not repeated:
            return False
        self._update_other_records()
        return True

    def _is_repeated(self) -> bool:
        """Return whether the last run made the same change; note this change for the next run."""
        edits, name = self._observation.session.edits, self._observation.task.name
        known = _edits_of(edits.read(), name)
        edit = [_digest(self._before), _digest(self._after)]
        if known.get(self._path) == edit:
            return True
        edits.set(name, {**known, self._path: edit})
        return False

    def _update_other_records(self) -> None:
        """Update the record of every other task that edits the file and is already done with it.

        Otherwise each of them would see the edit of the last one as a change, and run again. Tasks
        that are not checked yet keep their record: for them the input has changed.
        """
        session, absolute = self._observation.session, os.path.abspath(self._path)
        names = {self._producer or "", *session.edits.read()} - {self._observation.task.name}
        for name in sorted(names & session.checked):
            task = self._session.tasks.get(name)
            for path in task.file_dep if task is not None else ():
                if os.path.abspath(path) == absolute and (
                    name == self._producer or path in _edits_of(session.edits.read(), name)
                ):
                    recorded.take_input(
                        self._session, name, path, self._before, self._after, self._info
                    )


def _edits_of(edits: Any, name: str) -> dict[str, Any]:
    found = edits.get(name)
    return found if isinstance(found, dict) else {}


def _digest(state: PathState) -> str:
    return state.digest if state is not None else ""


def is_own(path: str, targets: Iterable[str]) -> bool:
    """Return whether a path is one of the targets, or below one."""
    absolute = os.path.abspath(path)
    own = {os.path.abspath(target) for target in targets}
    return absolute in own or any(absolute.startswith(one + os.sep) for one in own)
