"""doit as the host of the engine, and doit's DB as its database.

A host is created for every command of doit. Most of its methods are only called for tasks that run
or have items in ``uptodate``, so these import what they need on first use.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from doit import doit_cmd
from doit.dependency import Dependency, get_md5
from doit.task import DelayedLoader, result_dep

from doit_invariants.core.model import Json
from doit_invariants.engine.execution import Home
from doit_invariants.hosts.doit.checker import ContentChecker
from doit_invariants.hosts.doit.database import SUFFIXES
from doit_invariants.hosts.doit.database.base import Backend
from doit_invariants.hosts.doit.trackers import actions
from doit_invariants.hosts.doit.trackers.builtin import TRACKERS

if TYPE_CHECKING:
    from doit_invariants.engine.check.host_facts import HostFacts
    from doit_invariants.engine.listed import ListedItem
    from doit_invariants.engine.records.triples import Triple
    from doit_invariants.engine.session import Session
    from doit_invariants.hosts.doit.database.run_journal import RunJournal
    from doit_invariants.hosts.doit.resume import Resume


class ForeignChecker:
    """A file checker that the user chose: ``timestamp``, or one of a plugin."""

    def __init__(self, checker: Any) -> None:
        self._checker = checker

    def info(self, path: str) -> os.stat_result | None:
        """Return the stat of a file, or None if it does not exist."""
        try:
            found: os.stat_result = self._checker.info(path)
        except self._checker.CheckerError:
            return None
        return found

    def exists(self, path: str) -> bool:
        """Return whether a file exists."""
        return bool(self._checker.exists(path))

    def is_modified(self, path: str, info: os.stat_result, stored: Any) -> bool:
        """Return whether a file differs from its stored state."""
        return bool(self._checker.check_modified(path, info, stored))


class DoitHost:
    """Answers the engine's questions about doit and its tasks.

    :param dep_manager: doit's dependency manager
    :ivar session: the session of the run
    :ivar journal: the journal of doit's DB; None if there is none
    :ivar unlock: releases the lock of doit's DB; a second call does nothing
    :ivar resume: the options ``--resume`` and ``--resume-inferred``; None if they are not given
    :ivar home: the directory in which the tasks run; None until the first task is checked
    """

    trackers = TRACKERS
    session: Session

    def __init__(self, dep_manager: Any) -> None:
        self._dep_manager = dep_manager
        self.journal: RunJournal | None = None
        self.unlock: Callable[[], Any] = lambda: None
        self.resume: Resume | None = None
        self.home: str | None = None

    @property
    def checker(self) -> ForeignChecker | None:
        """Return the checker that the user chose, or None for ours."""
        checker = self._dep_manager.checker
        return None if isinstance(checker, ContentChecker) else ForeignChecker(checker)

    @property
    def checker_name(self) -> str:
        """Return the name under which doit records the checker."""
        return type(self._dep_manager.checker).__name__

    # ------------------------------------------------------------------ about a task

    def actions(self, task: Any) -> Sequence[Any]:
        """Return the actions of a task as its author wrote them.

        doit's property ``actions`` would create an object for each of them.
        """
        found: Sequence[Any] = task._actions
        return found

    def takes(self, task: Any, name: str) -> bool:
        """Return whether an action uses an argument that doit passes to it, like ``changed``."""
        return actions.uses_keyword(task, name)

    def has_bare_actions(self, task: Any) -> bool:
        """Return whether all actions are functions without arguments."""
        return actions.take_no_arguments(task)

    def has_command_writer(self, task: Any) -> bool:
        """Return whether a function writes a command of a task."""
        return actions.has_command_writer(task)

    def is_plainly_called(self, task: Any) -> bool:
        """Return whether the task has no options, and doit got no variables on its command line."""
        given = task.params or task.creator_params or task.pos_arg
        return not (given or doit_cmd._CMDLINE_VARS)

    def circumstances(self, task: Any) -> Mapping[str, Json]:
        """Return the variables of doit's command line and the options of a task.

        :raises CannotFingerprint: if one of them can't be compared
        """
        from doit_invariants.hashing.values import digest_value

        more: dict[str, Json] = {}
        if doit_cmd._CMDLINE_VARS:
            more["vars"] = digest_value(doit_cmd._CMDLINE_VARS)  # any code can read them
        options = actions.options_of(task)
        if task.pos_arg:
            options[task.pos_arg] = task.pos_arg_val
        if options:
            more["options"] = self.session.digest_value(options)
        return more

    # ------------------------------------------------------------------ doit's own rules

    def accepts(self, task: Any) -> str | None:
        """Return the command-line option that accepts a task, or None if there is none."""
        tasks = self.session.tasks
        return self.resume.accepted(task.name, tasks) if self.resume is not None else None

    def uptodate(self, task: Any, facts: HostFacts) -> list[ListedItem]:
        """Evaluate the ``uptodate`` items of a task as doit does."""
        # Imported late: most projects have no such items.
        from doit_invariants.hosts.doit import workdir
        from doit_invariants.hosts.doit.rules import evaluate_uptodate

        with workdir.kept(self.session, task.name, "an uptodate item"):
            return evaluate_uptodate(facts, task, self._dep_manager, self.session.tasks)

    def item_in_signature(self, item: Any, task: Any) -> Json:
        """Return what represents an ``uptodate`` item in a signature.

        :returns: a JSON value, or None if the item adds nothing
        :raises CannotFingerprint: if the item can't be part of a signature
        """
        import inspect

        from doit.tools import config_changed, run_once

        from doit_invariants.core.errors import CannotFingerprint
        from doit_invariants.engine.check.host_facts import describe

        if self.is_plain_item(item):
            return None  # the invariants that our items list are added as invariants
        if item is run_once:
            return "run_once"
        if type(item) is config_changed:
            return ["config_changed", item._calc_digest()]
        if type(item) is result_dep:
            gotten = {name for name, _ in task.getargs.values()}
            if item.setup_dep and item.dep_name in gotten:
                return None  # its values become part of the signature when they are known
            if not item.setup_dep and item.tasks_dict is not None:
                result = item._get_dep_result(item.tasks_dict[item.dep_name])
                return ["result_dep", item.dep_name, result]

        shown = describe(item) if not inspect.isclass(item) else item.__name__
        raise CannotFingerprint(f"its uptodate item {shown} can't be part of a signature")

    def is_plain_item(self, item: Any) -> bool:
        """Return whether an ``uptodate`` item adds nothing to a signature: None, a bool or ours."""
        from doit_invariants.engine.listed import ListedItem

        return item is None or isinstance(item, (bool, ListedItem))

    def compares_result_of(self, item: Any) -> str | None:
        """Return the name of the task whose result an item compares, or None."""
        return item.dep_name if isinstance(item, result_dep) else None

    def awaits_result_of(self, item: Any) -> str | None:
        """Return the same as compares_result_of, but None for an item made for ``getargs``."""
        return None if getattr(item, "setup_dep", False) else self.compares_result_of(item)

    # ------------------------------------------------------------------ during a run

    def look_at_creators(self, tasks: Sequence[Any]) -> None:
        """Fingerprint everything that the creators of delayed tasks use."""
        from doit_invariants.code.loaded.functions import functions_of
        from doit_invariants.engine.context import TaskContext, no_signature

        for task in tasks:
            if isinstance(task.loader, DelayedLoader) and not task.loader.created:
                from doit_invariants.code.loaded.functions import functions_of

                with contextlib.suppress(Exception):
                    context = TaskContext(self.session, task, None, no_signature)
                    functions_of(context).look_at_creator(task.loader.__dict__["creator"])

    def about_to_run(self, task: Any) -> None:
        """Prepare a task to note its start in the journal and to restore its working directory."""
        session = self.session
        execution = session.execution(task.name)
        if self.journal is not None:
            self.journal.task_queued(task.name)
            execution.journal = self.journal.path
        execution.home = Home(self.home or session.root, session.settings.chdir == "fail")

    def save(self, task: Any, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Record what plain doit records about a task that succeeded.

        :param states: the states of its ``file_dep`` to save; None to have the checker take them
        """
        checker = self._dep_manager.checker
        if states is not None:
            checker.prepared = states
        try:
            Dependency.save_success(self._dep_manager, task, result)
        finally:
            if states is not None:
                checker.prepared = {}


class DoitDatabase:
    """The rows of doit's DB; see :class:`~doit_invariants.engine.database.Database`.

    The methods of the dependency manager are looked up at each call: the journal replaces some.

    :param dep_manager: doit's dependency manager
    :param root: absolute path of the directory that the name of the DB is relative to
    """

    def __init__(self, dep_manager: Any, root: str) -> None:
        self._dep_manager = dep_manager
        name = os.path.join(root, dep_manager.name)
        self.files: tuple[str, ...] = tuple(name + suffix for suffix in SUFFIXES)

    @property
    def _backend(self) -> Backend | None:
        """Return the backend if it is ours, or None for one of doit or of a plugin."""
        backend = self._dep_manager.backend
        return backend if isinstance(backend, Backend) else None

    def get(self, task: str, key: str) -> Any:
        """Return a value of a row, or None if there is none."""
        return self._dep_manager._get(task, key)

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a value of a row."""
        self._dep_manager._set(task, key, value)

    def has(self, task: str) -> bool:
        """Return whether a row exists."""
        return bool(self._dep_manager._in(task))

    def remove(self, task: str) -> None:
        """Remove a row."""
        self._dep_manager.remove(task)

    def discard(self, task: str) -> None:
        """Treat a row that can't be decoded as empty."""
        backend = self._backend
        if backend is not None:
            backend.drop(task)

    def names(self) -> Iterable[str]:
        """Return the names of all rows; nothing for a backend that is not ours."""
        backend = self._backend
        return backend.ids() if backend is not None else ()

    def row(self, task: str) -> Any:
        """Return a whole row, or None for a backend that is not ours."""
        backend = self._backend
        return backend.row(task) if backend is not None else None

    def renew(self, task: str, values: Mapping[str, Any]) -> None:
        """Set values of a row without noting them in the journal."""
        backend = self._backend
        if backend is not None:
            for key, value in values.items():
                backend.set(task, key, value)
            backend.pack(task)

    def save_values(self, task: str, values: Mapping[str, Any], result: Any) -> None:
        """Save the values and the result that other tasks can use, in doit's format."""
        self.get(task, "result:")  # as in InvariantsDependency.ignore
        self.set(task, "_values_:", values)
        if result:
            self.set(task, "result:", result if isinstance(result, dict) else get_md5(result))
