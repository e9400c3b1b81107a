"""doit as the host of the engine, and its DB as the database.

Most answers are for tasks that run, or have items in ``uptodate``: what they need is imported late,
as doit makes a host for every command.
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
    """A checker that the user chose: timestamps, or one of their own."""

    def __init__(self, checker: Any) -> None:
        self._checker = checker

    def info(self, path: str) -> os.stat_result | None:
        """Return the stat of a file, None if there is none."""
        try:
            found: os.stat_result = self._checker.info(path)
        except self._checker.CheckerError:
            return None
        return found

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""
        return bool(self._checker.exists(path))

    def is_modified(self, path: str, info: os.stat_result, stored: Any) -> bool:
        """Return whether a file differs from its stored state."""
        return bool(self._checker.check_modified(path, info, stored))


class DoitHost:
    """What doit's side answers.

    :param dep_manager: doit's dependency manager
    :ivar session: the session of the run
    :ivar journal: the journal of doit's DB, None if there is none
    :ivar unlock: lets others write doit's DB; once it was called it does nothing
    :ivar resume: what the command line accepts, None if it says nothing of that
    :ivar home: the directory in which the tasks run, None until the first is checked
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
        """Return the checker of the user, None for ours."""
        checker = self._dep_manager.checker
        return None if isinstance(checker, ContentChecker) else ForeignChecker(checker)

    @property
    def checker_name(self) -> str:
        """Return the name under which doit records the checker."""
        return type(self._dep_manager.checker).__name__

    # ------------------------------------------------------------------ about a task

    def actions(self, task: Any) -> Sequence[Any]:
        """Return the actions of a task as its author wrote them.

        Not doit's property ``actions``: that makes an object of each.
        """
        found: Sequence[Any] = task._actions
        return found

    def takes(self, task: Any, name: str) -> bool:
        """Return whether an action takes something from doit when it runs."""
        return actions.uses_keyword(task, name)

    def has_bare_actions(self, task: Any) -> bool:
        """Return whether all actions are functions without arguments."""
        return actions.take_no_arguments(task)

    def has_command_writer(self, task: Any) -> bool:
        """Return whether a function writes a command of a task."""
        return actions.has_command_writer(task)

    def is_plainly_called(self, task: Any) -> bool:
        """Return whether nothing is given to a task or to doit that a result could rest on."""
        given = task.params or task.creator_params or task.pos_arg
        return not (given or doit_cmd._CMDLINE_VARS)

    def circumstances(self, task: Any) -> Mapping[str, Json]:
        """Return the variables of the command line and the options of a task.

        :raises CannotFingerprint: if one of them can't be compared
        """
        from doit_invariants.hashing.values import digest_value

        more: dict[str, Json] = {}
        if doit_cmd._CMDLINE_VARS:
            more["vars"] = digest_value(doit_cmd._CMDLINE_VARS)  # any code may ask for them
        options = actions.options_of(task)
        if task.pos_arg:
            options[task.pos_arg] = task.pos_arg_val
        if options:
            more["options"] = self.session.digest_value(options)
        return more

    # ------------------------------------------------------------------ rules of its own

    def accepts(self, task: Any) -> str | None:
        """Return the option of the command line that has a task accepted, None if none has."""
        tasks = self.session.tasks
        return self.resume.accepted(task.name, tasks) if self.resume is not None else None

    def uptodate(self, task: Any, facts: HostFacts) -> list[ListedItem]:
        """Evaluate the ``uptodate`` items of a task as doit does."""
        # Late, as all here: in most runs there are none.
        from doit_invariants.hosts.doit import workdir
        from doit_invariants.hosts.doit.rules import evaluate_uptodate

        with workdir.kept(self.session, task.name, "an uptodate item"):
            return evaluate_uptodate(facts, task, self._dep_manager, self.session.tasks)

    def item_in_signature(self, item: Any, task: Any) -> Json:
        """Return what stands for an ``uptodate`` item; raises CannotFingerprint if nothing does."""
        import inspect

        from doit.tools import config_changed, run_once

        from doit_invariants.core.errors import CannotFingerprint
        from doit_invariants.engine.check.host_facts import describe

        if self.is_plain_item(item):
            return None  # what ours list is among the invariants
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
        """Return whether an ``uptodate`` item says nothing that a result could rest on."""
        from doit_invariants.engine.listed import ListedItem

        return item is None or isinstance(item, (bool, ListedItem))

    def compares_result_of(self, item: Any) -> str | None:
        """Return the task whose result an ``uptodate`` item compares, None if it compares none."""
        return item.dep_name if isinstance(item, result_dep) else None

    def awaits_result_of(self, item: Any) -> str | None:
        """Return the same, but None for one that doit makes of ``getargs``."""
        return None if getattr(item, "setup_dep", False) else self.compares_result_of(item)

    # ------------------------------------------------------------------ its part of a run

    def look_at_creators(self, tasks: Sequence[Any]) -> None:
        """Fingerprint what the creators of late tasks use."""
        from doit_invariants.code.loaded.functions import functions_of
        from doit_invariants.engine.context import TaskContext, no_signature

        for task in tasks:
            if isinstance(task.loader, DelayedLoader) and not task.loader.created:
                from doit_invariants.code.loaded.functions import functions_of

                with contextlib.suppress(Exception):
                    context = TaskContext(self.session, task, None, no_signature)
                    functions_of(context).look_at_creator(task.loader.__dict__["creator"])

    def about_to_run(self, task: Any) -> None:
        """Have the task note in the journal that it begins, and be put back where it ran."""
        session = self.session
        execution = session.execution(task.name)
        if self.journal is not None:
            self.journal.task_queued(task.name)
            execution.journal = self.journal.path
        execution.home = Home(self.home or session.root, session.settings.chdir == "fail")

    def save(self, task: Any, result: Any, states: Mapping[str, Triple] | None) -> None:
        """Record what doit itself records of a task that succeeded."""
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

    The methods of the dependency manager are asked for each time: the journal replaces some.

    :param dep_manager: doit's
    :param root: absolute path of the directory that the name of the DB is relative to
    """

    def __init__(self, dep_manager: Any, root: str) -> None:
        self._dep_manager = dep_manager
        name = os.path.join(root, dep_manager.name)
        self.files: tuple[str, ...] = tuple(name + suffix for suffix in SUFFIXES)

    @property
    def _backend(self) -> Backend | None:
        """Return our backend, None if it is one of doit's or of a plugin."""
        backend = self._dep_manager.backend
        return backend if isinstance(backend, Backend) else None

    def get(self, task: str, key: str) -> Any:
        """Return a value of a row, None if there is none."""
        return self._dep_manager._get(task, key)

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a value of a row."""
        self._dep_manager._set(task, key, value)

    def has(self, task: str) -> bool:
        """Return whether there is a row."""
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
        """Return a whole row, None for a backend that is not ours."""
        backend = self._backend
        return backend.row(task) if backend is not None else None

    def renew(self, task: str, values: Mapping[str, Any]) -> None:
        """Set values past the journal."""
        backend = self._backend
        if backend is not None:
            for key, value in values.items():
                backend.set(task, key, value)
            backend.pack(task)

    def save_values(self, task: str, values: Mapping[str, Any], result: Any) -> None:
        """Save what a task gives to others, as doit saves it."""
        self.get(task, "result:")  # two backends of doit forget a task that is written unread
        self.set(task, "_values_:", values)
        if result:
            self.set(task, "result:", result if isinstance(result, dict) else get_md5(result))
