"""One run of doit, as this package sees it: settings, plugins, and what was looked at so far."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doit_invariants.adapters.backends import SUFFIXES
from doit_invariants.adapters.code import (
    TRACKERS,
    TrackActions,
    TrackCode,
    TrackOrder,
    TrackScripts,
)
from doit_invariants.adapters.counts import Counts
from doit_invariants.adapters.details import Details
from doit_invariants.adapters.marks import Marks
from doit_invariants.adapters.options import TaskSpec, by_id, parse_options
from doit_invariants.adapters.placeholders import Placeholders
from doit_invariants.adapters.relations import Relations
from doit_invariants.core.artifacts.staging import clear, new_name
from doit_invariants.core.encode import Teacher, digest_value
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.files import FileTeacher, FileView
from doit_invariants.core.invariant import Invariant
from doit_invariants.core.model import printable
from doit_invariants.core.patterns import Matcher, matcher
from doit_invariants.core.project import Project
from doit_invariants.plugins.manager import Plugins, create_plugins
from doit_invariants.plugins.opening import open_store
from doit_invariants.plugins.settings import Settings
from doit_invariants.stores.base import Store

if TYPE_CHECKING:
    from doit_invariants.adapters.durable import Durable
    from doit_invariants.adapters.plan import Outcome
    from doit_invariants.adapters.resume import Resume

Clock = Callable[[], float]

#: The name of the attribute of a task that holds its :class:`~doit_invariants.adapters.plan.Plan`.
PLAN = "invariants_plan"


@dataclass(slots=True)
class Session:
    """What the tasks of one run share.

    :ivar root: the directory that paths of tasks are relative to, absolute: an action may chdir
    :ivar writes: whether what is found may be saved: True for ``doit run``, not for ``doit list``
    :ivar guarded: whether errors in a user's own ``uptodate`` must not get out: with ``-n``
        doit would wait for ever
    :ivar runs: whether this is a run, which may restore, keep and make placeholders
    :ivar runs_all: whether it runs everything: ``doit -a``
    :ivar always: whether tasks that are up-to-date are recorded as well: with ``doit -a``
    :ivar override: the policy of the command line, None if it names none
    :ivar resume: what the command line accepts, None if it says nothing of that
    :ivar counts: what became of the tasks
    :ivar executed: whether an action has run yet: what it wrote may be what another task reads
    :ivar caches: whether any task may be restored, or is kept
    :ivar store: where results are shared; nothing is looked at before it is used
    :ivar aside: name of what this run makes aside before it is put in place
    :ivar durable: the journal of doit's DB, None where there is none
    :ivar unlock: lets others write doit's DB; once it is called nothing happens any more
    :ivar unfinished: tasks whose last execution failed, or did not end
    :ivar rewritten: inputs into which their task writes what is there
    :ivar placeholders: those of ``cache: "force"``
    :ivar explains: whether this is our own command, which owes nothing to how doit's put it
    :ivar clock: the time in seconds since the epoch
    :ivar details: what fingerprints keep beside the records
    :ivar specs: options of the tasks that have some, by the name of the task
    :ivar memo: answers that kinds keep for the run
    :ivar late: tasks that were made after the first action ran, with answers of their own: what
        made them may have changed what was looked at before
    :ivar batch: the answers of those that are being made
    :ivar relations: what the tasks have to do with each other
    :ivar signing: tasks whose signature is being computed, to see a circle
    :ivar database: the files of doit's DB, absolute: in a tracked directory they do not count
    :ivar frozen: whether the values that actions can change have been looked at
    :ivar directories: targets without their trailing slash, to the target and its task
    """

    settings: Settings
    plugins: Plugins
    root: str
    writes: bool = False
    guarded: bool = False
    always: bool = False
    runs: bool = False
    runs_all: bool = False
    override: bool | str | None = None
    explains: bool = False
    clock: Clock = time.time
    specs: dict[str, TaskSpec] = field(default_factory=dict)
    details: Details = field(default_factory=Details)
    memo: dict[Any, Any] = field(default_factory=dict)
    late: dict[str, dict[Any, Any]] = field(default_factory=dict)
    batch: dict[Any, Any] | None = None
    relations: Relations = field(default_factory=Relations)
    signing: list[str] = field(default_factory=list)
    database: tuple[str, ...] = ()
    directories: dict[str, tuple[str, str]] = field(default_factory=dict)
    frozen: bool = False
    resume: Resume | None = None
    counts: Counts = field(default_factory=Counts)
    executed: bool = False
    caches: bool = False
    aside: str = field(default_factory=new_name)
    placeholders: Placeholders = field(default_factory=Placeholders)
    durable: Durable | None = None
    unlock: Callable[[], Any] = lambda: None
    unfinished: Marks = field(default_factory=lambda: Marks("unfinished"))
    rewritten: Marks = field(default_factory=lambda: Marks("rewritten"))
    files: FileView = field(init=False)
    store: Store | None = field(init=False)
    project: Project = field(init=False)
    teach: Teacher | None = field(init=False)
    default: TaskSpec = field(init=False)
    excluded: Matcher | None = field(init=False)
    on_verdict: Callable[..., Any] | None = field(init=False)
    on_saved: Callable[..., Any] | None = field(init=False)
    on_restored: Callable[..., Any] | None = field(init=False)
    trackers: list[tuple[str, Any]] = field(init=False)
    _listed: dict[int, tuple[Any, dict[str, tuple[str, Invariant]]]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Ask once who listens, so that nothing is called where nobody does."""
        hook = self.plugins.listener
        teach_file = hook("invariants_digest_file")
        self.files = FileView(teach_file and _careful(teach_file))
        teach = hook("invariants_digest_value")
        self.teach = teach and _text_from(teach)
        self.project = Project(self.root, self.settings.code_roots)
        self.store = open_store(self.settings, self.plugins.stores, self.root)
        self.default = self.parse({})
        self.excluded = matcher(self.settings.tree_exclude)
        self.on_verdict = hook("invariants_verdict")
        self.on_saved = hook("invariants_saved")
        self.on_restored = hook("invariants_restored")
        self.trackers = []
        for implementation in self.plugins.implementations("invariants_for_task"):
            if implementation.hookwrapper or implementation.wrapper:
                raise InvalidOption(
                    f"plugin {implementation.plugin_name!r}: invariants_for_task can't be a "
                    "wrapper: what it adds must be known to come from it"
                )
            self.trackers.append((implementation.plugin_name, implementation))

    @property
    def tracks(self) -> bool:
        """Whether anything is tracked implicitly; if not, all is to be as under plain doit."""
        return self.settings.track_code or self.settings.track_targets

    def parse(self, given: Mapping[str, Any]) -> TaskSpec:
        """Return the options of a task dict; raises InvalidOption."""
        plugins = self.plugins
        return parse_options(given, self.settings, plugins.kinds, plugins.policies, self.override)

    def spec(self, task: str) -> TaskSpec:
        """Return the options of a task, the project's defaults if it has none of its own."""
        return self.specs.get(task, self.default)

    def say(self, task: str, text: str) -> None:
        """Tell the user what did not go as he would expect; a reporter may capture it."""
        text = text.replace(self.root + os.sep, "")
        sys.stderr.write(printable(f"{task}: {text}\n"))

    def close(self) -> None:
        """End a run: nothing of the store is in use any more, nothing is aside."""
        if self.runs and self.caches:
            clear(self.root, self.aside)
            if self.store is not None:
                self.store.close()

    def restored(self, task: Any, outcome: Outcome) -> None:
        """Count a task that was restored, and tell who listens."""
        for warning in outcome.warnings:
            self.say(task.name, warning)
        if self.on_restored is not None:
            try:
                self.on_restored(task=task, entry=outcome.entry)
            except (Exception, SystemExit) as error:
                # The task has succeeded, and doit would end the whole run here.
                text = f"invariants_restored failed with {type(error).__name__}: {error}"
                self.say(task.name, text)

    def digest_value(self, value: object) -> str:
        """Return the digest of a value, plugins' types included; raises CannotFingerprint."""
        return digest_value(value, root=self.root, teach=self.teach)

    def implicit(
        self, task: Any, spec: TaskSpec, only: Container[str] | None = None
    ) -> tuple[dict[str, tuple[str, Invariant]], tuple[str, ...]]:
        """Return what plugins track of a task by themselves, and who was asked.

        :param only: names of plugins, where not all are to be asked
        :returns: ``{id: (plugin, invariant)}`` and the names of the plugins
        :raises CannotFingerprint: if a plugin fails, or returns what is no invariant
        """
        found: dict[str, tuple[str, Invariant]] = {}
        asked: list[str] = []
        for plugin, implementation in self.trackers:
            if only is not None and plugin not in only:
                continue
            if plugin in TRACKERS and not spec.track_code:
                continue
            asked.append(plugin)
            given = {"task": task, "settings": self.settings}
            arguments = {name: given[name] for name in implementation.argnames if name in given}
            try:
                listed = implementation.function(**arguments)
                if listed:
                    found.update(self._by_id(plugin, listed))
            except Exception as error:
                raise CannotFingerprint(
                    f"plugin {plugin!r}: invariants_for_task failed: {error}"
                ) from error
        return found, tuple(asked)

    def _by_id(self, plugin: str, listed: Any) -> dict[str, tuple[str, Invariant]]:
        """Return what a plugin gave by id; once for a list that it gives for many tasks."""
        known = self._listed.get(id(listed))
        if known is not None and known[0] is listed:
            return known[1]
        keyed = by_id(listed, self.plugins.kinds, prefix=f"{plugin}:")
        found = {key: (plugin, one) for key, one in keyed.items()}
        if isinstance(listed, tuple):  # a list could be given again with other contents
            self._listed[id(listed)] = (listed, found)
        return found


def _text_from(teach: Callable[..., Any]) -> Teacher:
    """Return a caller of invariants_digest_value that accepts a text or None alone."""

    def taught(value: Any) -> str | None:
        text: str | None = teach(value=value)
        if not isinstance(text, (str, type(None))):
            raise CannotFingerprint(
                f"invariants_digest_value must return a text or None, not {type(text).__name__}"
            )
        return text

    return taught


def _careful(teach: Callable[..., Any]) -> FileTeacher:
    """Return a caller of invariants_digest_file whose errors fail the task that asks, alone."""

    def taught(path: str) -> str | None:
        try:
            digest: str | None = teach(path=path)
            if not isinstance(digest, (str, type(None))):
                raise TypeError(f"it must return a text or None, not {type(digest).__name__}")
        except Exception as error:
            text = f"invariants_digest_file failed with {type(error).__name__}: {error}"
            raise CannotFingerprint(f"{path}: {text}") from error
        return digest

    return taught


def create_session(
    settings: Settings,
    namespace: Mapping[str, Any] | None = None,
    *,
    writes: bool = False,
    guarded: bool = False,
    always: bool = False,
    runs: bool = False,
    runs_all: bool = False,
    override: bool | str | None = None,
    clock: Clock = time.time,
) -> Session:
    """Return a session for the present directory.

    :param namespace: the names that ``dodo.py`` defines: it is a plugin as well
    :raises InvalidOption: if a plugin or a project-wide default is wrong
    """
    try:
        trackers = [TrackCode(), TrackActions(), TrackOrder(), TrackScripts()]
        plugins = create_plugins(namespace, builtins=trackers, block=settings.block)
    except InvalidOption as error:
        raise InvalidOption(f"doit-invariants: {error}") from error
    try:
        return Session(
            settings,
            plugins,
            os.getcwd(),
            writes,
            guarded,
            always=always,
            runs=runs,
            runs_all=runs_all,
            override=override,
            clock=clock,
        )
    except InvalidOption as error:
        raise InvalidOption(f"doit-invariants, settings: {error}") from error


#: Where the session hangs on doit's dependency manager: doit hands that one to everybody.
_ATTRIBUTE = "invariants_session"


def session_of(dep_manager: Any) -> Session | None:
    """Return the session that belongs to a dependency manager of doit, None if there is none."""
    found: Session | None = getattr(dep_manager, _ATTRIBUTE, None)
    return found


def ensure_session(dep_manager: Any) -> Session:
    """Return the session of a dependency manager; where no loader made one, one by default.

    :raises InvalidOption: as :func:`create_session`
    """
    session = session_of(dep_manager)
    if session is None:
        session = create_session(Settings(), writes=True, always=True)
        if dep_manager is not None:
            attach_session(dep_manager, session)
    return session


def attach_session(dep_manager: Any, session: Session) -> None:
    """Hang a session on a dependency manager."""
    name = os.path.join(session.root, dep_manager.name)
    session.details.open(dep_manager)
    session.placeholders.open(dep_manager)
    session.unfinished.open(dep_manager)
    session.rewritten.open(dep_manager)
    session.database = tuple(name + suffix for suffix in SUFFIXES)
    setattr(dep_manager, _ATTRIBUTE, session)
