"""``doit clean`` for a target that is a directory: removes only the files that the task made.

Plain doit removes a directory only if it is empty. Here the record says which files the task left
in it, and those are removed. All other files stay and are named: files that the task did not make
or that were edited since, and the files that a link points to.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from doit import task as doit_task
from doit.globals import Globals

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.text import printable
from doit_invariants.engine.check.foreign_files import made_in
from doit_invariants.engine.records import recorded
from doit_invariants.files.state import FileState, FileView
from doit_invariants.files.tree import TreeState
from doit_invariants.hosts.doit.sessions import ensure_session, session_of
from doit_invariants.rules.record import Record

#: Files that tools and viewers leave. They are removed together with their directory.
_LITTER = {"__pycache__", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db"}

#: The number of remaining files that are named.
_MOST = 20


def clean_targets(task: Any, dryrun: bool) -> None:
    """Remove the targets of a task; doit's function of this name removes all but directories."""
    record = _record(task.name)
    states = (record.targets if record is not None else None) or {}
    inputs = {os.path.abspath(path) for path in task.file_dep}
    doits = []
    for target in sorted(task.targets, reverse=True):
        if os.path.abspath(target) in inputs:
            text = f"{task.name} - not removing '{target}', which is an input as well\n"
            sys.stdout.write(printable(text))
            continue
        state = states.get(target)
        own = os.path.isdir(target) and not os.path.islink(target.rstrip("/"))
        if isinstance(state, TreeState) and own and os.listdir(target):
            made = made_in(ensure_session(Globals.dep_manager).db, task.name, record, target)
            known = {
                name: one
                for name, one in state.entries.items()
                if name in made and os.path.abspath(os.path.join(target, name)) not in inputs
            }
            _Directory(task.name, target, known, dryrun=dryrun).clean()
        else:
            doits.append(target)
    if doits:
        targets, task.targets = task.targets, doits
        try:
            doit_task.clean_targets(task, dryrun)
        finally:
            task.targets = targets


def take_over(task: Any) -> None:
    """Replace doit's ``clean_targets`` among the clean actions of a task."""
    for action in task.clean_actions:
        if getattr(action, "py_callable", None) is doit_task.clean_targets:
            action.py_callable = clean_targets


def _record(task: str) -> Record | None:
    session = session_of(Globals.dep_manager)
    return recorded.read(session, task).record if session is not None else None


class _Directory:
    """A directory that is a target of a task."""

    def __init__(
        self, task: str, target: str, made: Mapping[str, FileState], *, dryrun: bool
    ) -> None:
        self._task, self._target = task, target
        self._made = made
        self._dryrun = dryrun
        self._files = FileView()
        self._stays: list[str] = []
        self._count = 0

    def clean(self) -> None:
        """Remove the files that the task made, and the directory if it is empty then."""
        empty = self._clean(self._target, "")
        if self._count:
            files = "1 file" if self._count == 1 else f"{self._count} files"
            self._say(f"removing what it made in '{self._target}': {files}")
        for path in self._stays[:_MOST]:
            self._say(f"cannot remove (not made by the task, or edited since) '{path}'")
        if len(self._stays) > _MOST:
            self._say(f"cannot remove {len(self._stays) - _MOST} more in '{self._target}'")
        if empty:
            self._say(f"removing dir '{self._target}'")
            self._do(os.rmdir, self._target)
        else:
            self._say(f"cannot remove (it is not empty) '{self._target}'")

    def _clean(self, directory: str, prefix: str) -> bool:
        """Remove what the task made in a directory; return whether the directory is empty then."""
        litter: list[str] = []
        empty = True
        with os.scandir(directory) as entries:
            found = sorted(entries, key=lambda one: one.name)
        for entry in found:
            name = f"{prefix}{entry.name}"
            if entry.name in _LITTER and name not in self._made:
                litter.append(entry.path)
            elif not self._is_removed(entry, name):
                empty = False
        if empty:
            for path in litter:
                self._do(_remove_litter, path)
        return empty

    def _is_removed(self, entry: os.DirEntry[str], name: str) -> bool:
        """Remove an entry if the task made it; return whether it was removed."""
        known = self._made.get(name)
        if entry.is_dir(follow_symlinks=False):
            empty = self._clean(entry.path, f"{name}/")
            if empty and known is None:
                self._stays.append(entry.path)
                return False
            if empty:
                self._do(os.rmdir, entry.path)
            return empty
        if known is None or not (entry.is_symlink() or self._is_as_left(entry.path, known)):
            self._stays.append(entry.path)
            return False
        self._count += 1
        self._do(os.unlink, entry.path)  # removes a link, not the file that it points to
        return True

    def _is_as_left(self, path: str, known: FileState) -> bool:
        try:
            return self._files.state(path, known).digest == known.digest
        except (InvariantsError, OSError):
            return False

    def _do(self, remove: Any, path: str) -> None:
        if not self._dryrun:
            remove(path)

    def _say(self, text: str) -> None:
        sys.stdout.write(printable(f"{self._task} - {text}\n"))  # doit prints this to stdout too


def _remove_litter(path: str) -> None:
    import shutil  # late: litter is rare

    with contextlib.suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
