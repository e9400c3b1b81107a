"""The session of one run of doit, which is an attribute of doit's dependency manager."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidTask

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.paths import relative_to
from doit_invariants.engine.session import Clock, Mode, Session
from doit_invariants.hosts.doit.host import DoitDatabase, DoitHost
from doit_invariants.hosts.doit.trackers.builtin import (
    TrackActions,
    TrackCode,
    TrackOrder,
    TrackScripts,
)
from doit_invariants.plugins.manager import create_plugins
from doit_invariants.plugins.settings import Settings

if TYPE_CHECKING:
    from doit_invariants.engine.database import Database


#: Path components that need normalization. Most paths have none, which is cheap to test.
_ODD = frozenset({"", ".", ".."})


class Places:
    """The real paths of all targets, to find two that are the same file, like ``x`` and ``./x``.

    doit compares strings and misses those. Each of the two tasks would then run because the other
    one has run.

    :param root: absolute path of the directory of the project
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._prefix = os.path.join(root, "")
        self._known: dict[str, tuple[str, str]] = {}
        self._real: dict[str, str] = {"": ""}

    def add(self, task: Any) -> None:
        """Add the targets of a task.

        :raises doit.exceptions.InvalidTask: if a target is the same file as a target of another
            task but has another name; doit itself reports targets with equal names
        """
        for path in task.targets:
            other, name = self._known.setdefault(self._place(path), (path, task.name))
            if name != task.name and other != path:
                raise InvalidTask(
                    f"Two different tasks can't have a common target: {path!r} of task "
                    f"{task.name!r} is the same file as {other!r} of task {name!r}"
                )

    def _place(self, path: str) -> str:
        """Return the normalized path, which is relative if it is inside the project."""
        path = path.removeprefix(self._prefix)  # the usual form of an absolute path
        if os.sep != "/" or not _ODD.isdisjoint(path.split("/")):
            whole = os.path.normpath(os.path.join(self._root, path))
            path = relative_to(whole, self._root) or whole
        # A link as last component is not resolved: a task may create a link to another target.
        directory, slash, name = path.rpartition("/")
        return self._below(directory, name) if directory else f"{slash}{name}"

    def _below(self, directory: str, name: str) -> str:
        real = self._directory(directory)
        return f"{real}/{name}" if real else name  # empty: a link to the project itself

    def _directory(self, path: str) -> str:
        """Return the path of a directory with links resolved, relative if it is in the project."""
        known = self._real.get(path)
        if known is None:
            above, slash, name = path.rpartition("/")
            known = self._below(above, name) if above else f"{slash}{name}"
            if os.path.islink(os.path.join(self._root, known)):
                real = os.path.realpath(os.path.join(self._root, known))
                known = relative_to(real, self._root) or real
                known = "" if known == "." else known
            self._real[path] = known
        return known


class DoitSession(Session):
    """A session whose host is doit.

    :ivar places: the real paths of all targets
    :ivar directories: maps a target without its trailing slash to the target and its task; None
        until all tasks but the delayed ones are loaded
    """

    host: DoitHost

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = Places(self.root)
        self.directories: dict[str, tuple[str, str]] | None = None


def create_session(
    settings: Settings,
    namespace: Mapping[str, Any] | None = None,
    dep_manager: Any = None,
    mode: Mode = Mode(),  # noqa: B008 - it is immutable
    *,
    override: bool | str | None = None,
    clock: Clock = time.time,
) -> DoitSession:
    """Return a session for the present directory.

    :param settings: the settings of the project
    :param namespace: the names that ``dodo.py`` defines; they may include hooks
    :param dep_manager: doit's dependency manager, which gets the session as an attribute; None
        for a session without a DB
    :param mode: what the command does
    :param override: the cache policy for all tasks; None for the policy of each task
    :param clock: returns the present time in seconds since the epoch
    :raises InvalidOption: if a plugin or a project-wide default is wrong
    """
    try:
        scripts = TrackScripts()
        trackers = [TrackCode(), TrackActions(), TrackOrder(), scripts]
        plugins = create_plugins(namespace, builtins=trackers, block=settings.block)
        scripts.programs = plugins.programs
    except InvalidOption as error:
        raise InvalidOption(f"doit-invariants: {error}") from error
    root = os.getcwd()
    db: Database
    if dep_manager is None:
        from doit_invariants.engine.database import MemoryDatabase

        db = MemoryDatabase()
    else:
        db = DoitDatabase(dep_manager, root)
    host = DoitHost(dep_manager)
    try:
        session = DoitSession(
            settings, plugins, root, host, db, mode, override=override, clock=clock
        )
    except InvalidOption as error:
        raise InvalidOption(f"doit-invariants, settings: {error}") from error
    host.session = session
    if dep_manager is not None:
        setattr(dep_manager, _ATTRIBUTE, session)
    return session


#: The attribute of doit's dependency manager, which doit passes to all its parts.
_ATTRIBUTE = "invariants_session"


def session_of(dep_manager: Any) -> DoitSession | None:
    """Return the session of a dependency manager of doit, or None if it has none."""
    found: DoitSession | None = getattr(dep_manager, _ATTRIBUTE, None)
    return found


def ensure_session(dep_manager: Any) -> DoitSession:
    """Return the session of a dependency manager, or create a default one if it has none.

    :raises InvalidOption: as :func:`create_session`
    """
    session = session_of(dep_manager)
    if session is None:
        mode = Mode(writes=True, always=True)
        session = create_session(Settings(), None, dep_manager, mode)
    return session
