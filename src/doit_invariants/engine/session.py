"""One run: its settings and plugins, and what was found of its tasks so far."""

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

# Files; of those that were looked at the longest ago nothing is known any more.
_TAUGHT = 20_000


class Mode(NamedTuple):
    """What a session may do.

    :ivar writes: whether what is found may be saved: True for ``doit run``, not for ``doit list``
    :ivar runs: whether this is a run, which may restore, keep and make placeholders
    :ivar runs_all: whether it runs everything: ``doit -a``
    :ivar always: whether tasks that are up-to-date are recorded as well: with ``doit -a``
    :ivar guarded: whether errors in a user's own ``uptodate`` must not get out: with ``-n``
        doit would wait for ever
    :ivar explains: whether this is our own command
    """

    writes: bool = False
    runs: bool = False
    runs_all: bool = False
    always: bool = False
    guarded: bool = False
    explains: bool = False


class Session:
    """What the tasks of one run share.

    :ivar root: the directory that paths of tasks are relative to, absolute: an action may chdir
    :ivar host: the program that runs the tasks
    :ivar db: where their state is kept
    :ivar tasks: all tasks by name, as the host last handed them over
    :ivar writes, runs, runs_all, always, guarded, explains: see :class:`Mode`
    :ivar override: the policy of the command line, None if it names none
    :ivar clock: the time in seconds since the epoch

    What is known of single tasks, by their names:

    :ivar specs: the options of those that have some
    :ivar pending: what was seen of those that are not recorded yet, for :mod:`.finish`
    :ivar executions: what travels with those that are about to run
    :ivar damaged: why what the DB held of one was discarded
    :ivar late: the memos of those that were made after the first action ran: what made them may
        have changed what was found before
    :ivar batch: the memo of those that are being made
    :ivar looked: those that were checked in this run
    :ivar running: those that another doit runs right now, and that doit
    :ivar unfinished: those whose last execution failed, or did not end
    :ivar ends: how the last attempts ended that did not succeed
    :ivar rewritten: inputs into which their task writes what is there
    :ivar edits: inputs that changed while their task ran: of each the digests before and after
    :ivar varying: those of which values alone differed, and in how many runs in a row
    :ivar placeholders: those of ``cache: "force"``
    :ivar notices: what is said at the end of the run, with the tasks that it is said of

    What is known of all:

    :ivar graph: what the tasks have to do with each other
    :ivar details: what fingerprints keep beside the records
    :ivar taught: of what plugins taught of files, the digest of the content
    :ivar memo: answers that kinds keep for the run
    :ivar said: what kinds have told the user
    :ivar signing: tasks whose signature is being computed, to see a circle
    :ivar selected: the tasks that the run was asked for, None where that is not known
    :ivar events: what happens in the run; who wants to know of it is among its listeners
    :ivar counts: what became of the tasks
    :ivar executed: whether an action has run yet: what it wrote may be what another task reads
    :ivar frozen: whether the values that actions can change have been looked at
    :ivar caches: whether any task may be restored, or is kept
    :ivar aside: name of what this run makes aside before it is put in place
    """

    # No dataclass: with so many attributes that takes a millisecond of each command.
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
        self.looked: set[str] = set()
        self.running: dict[str, Holder] = {}
        self._store_problem: str | None = None
        self._store: tuple[Store | None] | None = None
        self._prepare()

    def execution(self, task: str) -> Execution:
        """Return what travels with a task when it runs."""
        if task not in self.executions:
            self.executions[task] = Execution()
        return self.executions[task]

    def _prepare(self) -> None:
        """Ask once who listens, so that nothing is called where nobody does."""
        hook = self.plugins.listener
        teach_file = hook("invariants_digest_file")
        teach = hook("invariants_digest_value")
        self.teach: ValueDigester | None = None
        self.files = FileView(None)
        if teach_file or teach:
            from doit_invariants.engine.value_hooks import checked, guarded

            self.files = FileView(teach_file and guarded(teach_file))
            self.teach = teach and checked(teach)
        self.files.recorded_plugin_digest = lambda digest: self.taught.read().get(digest)
        self.project = Project(self.root, self.settings.code_roots)
        if self.settings.store is not None:
            _ = self.store  # a mistake in the settings is said at once
        kinds, policies = self.plugins.kinds, self.plugins.policies
        self.default = default_options(self.settings, kinds, policies, self.override)
        if self.settings.tree_exclude != TREE_EXCLUDE:
            _ = self.excluded  # the same
        self.on_verdict = hook("invariants_verdict")
        self.on_saved = hook("invariants_saved")
        self.on_restored = hook("invariants_restored")
        self.trackers = Trackers(self.plugins, self.settings, self.host)

    @functools.cached_property
    def excluded(self) -> Matcher | None:
        """What counts in no directory."""
        from doit_invariants.files.selection import matcher

        return matcher(self.settings.tree_exclude)

    @functools.cached_property
    def aside(self) -> str:
        """The name of what this run makes aside before it is put in place."""
        from doit_invariants.files.processes import owned_name

        return owned_name()

    @functools.cached_property
    def graph(self) -> TaskGraph:
        """What the tasks have to do with each other."""
        from doit_invariants.engine.graph import TaskGraph

        return TaskGraph()

    @property
    def store(self) -> Store | None:
        """Where results are shared."""
        if self._store is None:
            from doit_invariants.plugins.open_store import open_store

            self._store = (open_store(self.settings, self.plugins.stores, self.root),)
        return self._store[0]

    def store_problem(self) -> str:
        """Return why the store can't be used, empty if it can; in a run it is said, once."""
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
        """Whether anything is tracked implicitly; if not, all is to be as under plain doit."""
        return self.settings.track_code or self.settings.track_targets

    def parse(self, given: Mapping[str, Any]) -> TaskSpec:
        """Return the options of a task dict; raises InvalidOption."""
        plugins = self.plugins
        return parse_options(given, self.default, plugins.kinds, plugins.policies, self.override)

    def spec(self, task: str) -> TaskSpec:
        """Return the options of a task, the project's defaults if it has none of its own."""
        return self.specs.get(task, self.default)

    def say(self, task: str, text: str) -> None:
        """Tell the user what did not go as he would expect; a reporter may capture it."""
        text = text.replace(self.root + os.sep, "")
        sys.stderr.write(printable(f"{task}: {text}\n"))

    def keep_taught(self) -> None:
        """Keep what plugins taught of files, for when they are gone, or teach something else."""
        if self.files.plugin_digests and self.writes:
            self.taught.update(self.files.plugin_digests, _TAUGHT)

    def note(self, task: str, text: str) -> None:
        """Tell the user at the end of the run, once for all tasks of which it is said."""
        self.notices.setdefault(text, []).append(task)

    def close(self) -> None:
        """End a run: nothing of the store is in use any more, nothing is aside."""
        for text, names in self.notices.items():
            self.say(listing(names), text)
        self.notices.clear()
        if self.runs and self.caches:
            from doit_invariants.results.staging import clear

            clear(self.root, self.aside)
            if self.store is not None:
                self.store.close()

    def is_rewritten(self, task: str, what: str, *, again: bool) -> bool:
        """Return whether a task is known to write what is there into what it depends on.

        Its first run can't be told from an edit there and back by somebody else, so it runs once
        more; what is seen twice in a row is remembered.

        :param what: path or id
        :param again: whether it was seen in the run before
        """
        known = self.rewritten.read().get(task)
        known = known if isinstance(known, list) else []
        if again and what not in known:
            self.rewritten.set(task, [*known, what])
        return again or what in known

    def digest_value(self, value: object) -> str:
        """Return the digest of a value, plugins' types included; raises CannotFingerprint."""
        return digest_value(value, root=self.root, digester=self.teach)
