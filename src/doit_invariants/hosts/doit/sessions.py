"""The session of one run of doit, and how it is found from doit's dependency manager."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.session import Clock, Mode, Session
from doit_invariants.hosts.doit.database.rows import DoitDatabase
from doit_invariants.hosts.doit.host import DoitHost
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


class DoitSession(Session):
    """A session whose host is doit."""

    host: DoitHost


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

    :param namespace: the names that ``dodo.py`` defines: it is a plugin as well
    :param dep_manager: doit's, on which the session is hung; None for a session without a DB
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
    host = DoitHost(dep_manager, root)
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


#: Where the session hangs on doit's dependency manager: doit hands that one to everybody.
_ATTRIBUTE = "invariants_session"


def session_of(dep_manager: Any) -> DoitSession | None:
    """Return the session that belongs to a dependency manager of doit, None if there is none."""
    found: DoitSession | None = getattr(dep_manager, _ATTRIBUTE, None)
    return found


def ensure_session(dep_manager: Any) -> DoitSession:
    """Return the session of a dependency manager; if no loader made one, one by default.

    :raises InvalidOption: as :func:`create_session`
    """
    session = session_of(dep_manager)
    if session is None:
        mode = Mode(writes=True, always=True)
        session = create_session(Settings(), None, dep_manager, mode)
    return session
