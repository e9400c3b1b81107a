"""One run: its settings and plugins, and the state of its tasks so far."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from doit_invariants.core.project import Project
from doit_invariants.core.text import listing, printable
from doit_invariants.engine.events import Counts, Events
from doit_invariants.engine.execution import Execution
from doit_invariants.engine.options import TaskSpec, default_options, parse_options
from doit_invariants.engine.records.flags import Ends, Flags, Placeholders
from doit_invariants.engine.records.shared_details import Details
from doit_invariants.engine.tracking import Trackers
from doit_invariants.files.state import FileView
from doit_invariants.hashing.values import ValueDigester, digest_value
from doit_invariants.plugins.manager import Plugins
from doit_invariants.plugins.settings import TREE_EXCLUDE, Settings

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database
    from doit_invariants.engine.graph import TaskGraph
    from doit_invariants.engine.host import Host
    from doit_invariants.engine.task import Task
    from doit_invariants.files.lock import Holder
    from doit_invariants.files.selection import Matcher
    from doit_invariants.stores.base import Store

Clock = Callable[[], float]

# Number of files whose plugin digests are kept; the oldest are dropped.
_TAUGHT = 20_000


class Mode(NamedTuple):
    """The permissions and the purpose of a session.

    :ivar writes: whether it may save what it finds: True for ``doit run``, False for ``doit list``
    :ivar runs: whether this is a run, which may restore, store, export and make placeholders
    :ivar runs_all: whether it runs every task: ``doit -a``
    :ivar always: whether it also records tasks that are up-to-date: with ``doit -a``
    :ivar guarded: whether it catches errors in a user's own ``uptodate``, which would make
        ``doit -n`` hang
    :ivar explains: whether this is our own command, which gives reasons
    """

    writes: bool = False
    runs: bool = False
    runs_all: bool = False
    always: bool = False
    guarded: bool = False
    explains: bool = False


class Session:
    """The state that the tasks of one run share.

    :ivar root: absolute directory that paths of tasks are relative to; an action may leave it
    :ivar host: the program that runs the tasks
    :ivar db: where their state is kept
    :ivar tasks: all tasks by name, as the host last passed them
    :ivar writes, runs, runs_all, always, guarded, explains: see :class:`Mode`
    :ivar override: the policy of the command line, None if it names none
    :ivar clock: returns the time in seconds since the epoch

    State of single tasks, by their names:

    :ivar specs: options of tasks that have any
    :ivar pending: observations of tasks that are not recorded yet, for :mod:`.finish`
    :ivar executions: executions of tasks that are about to run
    :ivar damaged: why the row of a task in the DB was discarded
    :ivar late: memos of delayed tasks: they are created after actions ran, which may have changed
        what was cached before
    :ivar batch: memo of the delayed tasks that are being created
    :ivar checked: tasks that were checked in this run
    :ivar running: tasks that another doit runs right now, and that doit
    :ivar unfinished: tasks whose last execution failed, or did not end
    :ivar ends: how tasks ended that did not succeed in their last run
    :ivar rewritten: inputs that their task rewrites with the same content
    :ivar edits: inputs that changed while their task ran, with the digests before and after
    :ivar varying: tasks whose values alone differed, and in how many runs in a row
    :ivar placeholders: the placeholders of ``cache: "force"``
    :ivar notices: messages for the end of the run, each with its tasks

    State of the whole run:

    :ivar graph: the relations between the tasks
    :ivar details: the shared details of fingerprints
    :ivar taught: by a plugin's digest of a file, the digest of the content
    :ivar memo: results that kinds keep for the run
    :ivar said: messages of kinds that the user has seen
    :ivar signing: tasks whose signature is being computed, to detect a circle
    :ivar selected: the tasks that the run was asked for, None if that is not known
    :ivar events: what happens in the run, for its listeners
    :ivar counts: how many tasks ran, were restored, failed and so on
    :ivar executed: whether an action has run yet: it may have written what another task reads
    :ivar frozen: whether the values that actions can change have been fingerprinted
    :ivar caches: whether any task may be restored, stored or exported
    :ivar aside: name of the staging directory of this run
    """

    # Not a dataclass: with so many attributes that takes a millisecond of each command.
    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        root: str,
        host: Host,
        db: Database,
        mode: Mode = Mode(),  # noqa: B008 - it is immutable
        *,
        override: bool | str | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.settings, self.plugins, self.root = settings, plugins, root
        self.host, self.db = host, db
        self.counts, self.events = Counts(host), Events()
        self.events.listeners.append(self.counts)
        self.writes, self.runs, self.runs_all, self.always, self.guarded, self.explains = mode
        self.override, self.clock = override, clock
        self.tasks: Mapping[str, Task] = MappingProxyType({})
        self.frozen = self.executed = self.caches = False
        self.specs: dict[str, TaskSpec] = {}
        self.pending: dict[str, object] = {}
        self.executions: dict[str, Execution] = {}
        self.damaged: dict[str, str] = {}
        self.memo: dict[Any, Any] = {}
        self.said: set[str] = set()
        self.late: dict[str, dict[Any, Any]] = {}
        self.batch: dict[Any, Any] | None = None
        self.selected: list[str] | None = None
        self.signing: list[str] = []
        self.details, self.placeholders, self.ends = Details(db), Placeholders(db), Ends(db)
        self.unfinished, self.rewritten = Flags("unfinished", db), Flags("rewritten", db)
        self.edits, self.varying = Flags("edits", db), Flags("varying", db)
        self.taught = Flags("taught", db)
        self.notices: dict[str, list[str]] = {}
        self.checked: set[str] = set()
        self.running: dict[str, Holder] = {}
        self._store_problem: str | None = None
        self._store: tuple[Store | None] | None = None
        self._prepare()

    def execution(self, task: str) -> Execution:
        """Return the execution of a task, which travels with it when it runs."""
        if task not in self.executions:
            self.executions[task] = Execution()
        return self.executions[task]

    def _prepare(self) -> None:
        """Look up the hooks once, so that hooks without an implementation cost nothing."""
        hook = self.plugins.listener
        teach_file = hook("invariants_digest_file")
        teach = hook("invariants_digest_value")
        self.value_digester: ValueDigester | None = None
        self.files = FileView(None)
        if teach_file or teach:
            from doit_invariants.engine.value_hooks import checked, guarded

            self.files = FileView(teach_file and guarded(teach_file))
            self.value_digester = teach and checked(teach)
        self.files.recorded_plugin_digest = lambda digest: self.taught.read().get(digest)
        self.project = Project(self.root, self.settings.code_roots)
        if self.settings.store is not None:
            _ = self.store  # report a mistake in the settings at once
        kinds, policies = self.plugins.kinds, self.plugins.policies
        self.default = default_options(self.settings, kinds, policies, self.override)
        if self.settings.tree_exclude != TREE_EXCLUDE:
            _ = self.excluded  # report a mistake in the settings at once
        self.on_verdict = hook("invariants_verdict")
        self.on_saved = hook("invariants_saved")
        self.on_restored = hook("invariants_restored")
        self.trackers = Trackers(self.plugins, self.settings, self.host)

    @functools.cached_property
    def excluded(self) -> Matcher | None:
        """Matches the entries that count in no directory, None if all count."""
        from doit_invariants.files.selection import matcher

        return matcher(self.settings.tree_exclude)

    @functools.cached_property
    def aside(self) -> str:
        """The name of the directory in which this run stages files before they are put in place."""
        from doit_invariants.files.processes import owned_name

        return owned_name()

    @functools.cached_property
    def graph(self) -> TaskGraph:
        """The relations between the tasks."""
        from doit_invariants.engine.graph import TaskGraph

        return TaskGraph()

    @property
    def store(self) -> Store | None:
        """The store, None if there is none."""
        if self._store is None:
            from doit_invariants.plugins.open_store import open_store

            self._store = (open_store(self.settings, self.plugins.stores, self.root),)
        return self._store[0]

    def store_problem(self) -> str:
        """Return why the store can't be used, empty if it can; a run tells the user once."""
        if self._store_problem is None:
            problem = self.store.problem(look=not self.runs) if self.store is not None else ""
            self._store_problem = problem and f"setting 'store': {problem}"
            if problem and self.runs:
                fix = "nothing is shared in this run; name another directory, or set share to false"
                text = f"{self._store_problem}; {fix}\n"
                sys.stderr.write(printable(text.replace(self.root + os.sep, "")))
        return self._store_problem

    @property
    def tracks(self) -> bool:
        """Whether anything is tracked implicitly; if not, tasks behave as under plain doit."""
        return self.settings.track_code or self.settings.track_targets

    def parse(self, given: Mapping[str, Any]) -> TaskSpec:
        """Return the options of a task dict; raises InvalidOption."""
        plugins = self.plugins
        return parse_options(given, self.default, plugins.kinds, plugins.policies, self.override)

    def spec(self, task: str) -> TaskSpec:
        """Return the options of a task; the project's defaults if it sets none."""
        return self.specs.get(task, self.default)

    def say(self, task: str, text: str) -> None:
        """Tell the user about something unexpected; a reporter may capture it."""
        text = text.replace(self.root + os.sep, "")
        sys.stderr.write(printable(f"{task}: {text}\n"))

    def save_plugin_digests(self) -> None:
        """Save plugin digests of files, in case a plugin is removed or changes its digests."""
        if self.files.plugin_digests and self.writes:
            self.taught.update(self.files.plugin_digests, _TAUGHT)

    def note(self, task: str, text: str) -> None:
        """Tell the user at the end of the run, in one line for all tasks with the same message."""
        self.notices.setdefault(text, []).append(task)

    def close(self) -> None:
        """End a run: say the notices, remove staged files, and close the store."""
        for text, names in self.notices.items():
            self.say(listing(names), text)
        self.notices.clear()
        if self.runs and self.caches:
            from doit_invariants.results.staging import clear

            clear(self.root, self.aside)
            if self.store is not None:
                self.store.close()

    def is_rewritten(self, task: str, what: str, *, again: bool) -> bool:
        """Return whether a task is known to rewrite a dependency with the same content.

        After the first run this looks like an edit and its undo by somebody else, so the task runs
        once more. If the same happens twice in a row, it is remembered.

        :param what: path of the file, or id of the invariant
        :param again: whether it happened in the previous run
        """
        known = self.rewritten.read().get(task)
        known = known if isinstance(known, list) else []
        if again and what not in known:
            self.rewritten.set(task, [*known, what])
        return again or what in known

    def digest_value(self, value: object) -> str:
        """Return the digest of a value, also with plugins' types; raises CannotFingerprint."""
        return digest_value(value, root=self.root, digester=self.value_digester)
