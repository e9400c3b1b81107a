"""Opens doit's DB for one command: locks it, and replays the journal of a killed run."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from doit.dependency import DbmDB, JSONCodec, JsonDB, SqliteDB
from doit.exceptions import InvalidCommand, InvalidDodoFile

from doit_invariants.engine.records.flags import INTERRUPTED
from doit_invariants.hosts.doit.database import dbm_backend, json_backend, sqlite_backend
from doit_invariants.hosts.doit.database.base import Backend
from doit_invariants.hosts.doit.database.run_journal import RunJournal
from doit_invariants.hosts.doit.dependency import InvariantsDependency
from doit_invariants.hosts.doit.sessions import DoitSession

if TYPE_CHECKING:
    from doit_invariants.files.lock import Holder

#: The suffix of the lock file, after the name of doit's DB.
LOCK = ".lock"


def open_db(
    dep_manager: InvariantsDependency,
    session: DoitSession,
    command: Any,
    *,
    locks: bool,
    waits: bool,
) -> None:
    """Open doit's DB for a command, and lock it if the command writes.

    :param command: doit's command
    :param locks: whether the command writes the DB
    :param waits: whether the command waits while another one has the lock
    :raises InvalidCommand: if the DB is in use, and the command does not wait or would wait
        forever
    """
    if locks:
        _lock(dep_manager, session, command, waits=waits)
    try:
        _adopt(dep_manager)
        backend = dep_manager.backend
        if isinstance(backend, Backend):
            _take_damaged(backend, session, moves=locks)
            # No journal for backends or codecs of plugins: their formats are unknown.
            if type(backend.codec) is JSONCodec:
                _open_journal(dep_manager, session, locked=locks)
    except BaseException:
        session.host.unlock()
        raise


def _lock(dep_manager: Any, session: DoitSession, command: Any, *, waits: bool) -> None:
    """Lock the DB: of two writers, each would drop the changes of the other."""
    from doit_invariants.files.lock import HELD, Busy, Lock  # late: read-only commands need none

    path = _lock_of(dep_manager)
    lock = Lock(path, f"doit {command.name}")

    def check(holder: Holder | None) -> None:
        if holder is not None and os.environ.get(HELD) == f"{holder.pid} {path}":
            raise InvalidCommand(
                f"doit's DB {dep_manager.name!r} is in use by the doit that started this one, "
                "which waits for it; give this one a DB of its own with --db-file"
            )
        session.say(dep_manager.name, f"in use by {holder or 'another process'}; waiting for it")

    try:
        held = lock.acquire(wait=waits, waiting=check)
    except Busy as error:
        raise InvalidCommand(
            f"doit's DB {dep_manager.name!r} is in use by {error.holder or 'another process'}; "
            "without --no-wait doit waits for it"
        ) from error
    if not held:
        return  # the platform has no locks: as in plain doit
    known = os.environ.get(HELD)
    os.environ[HELD] = f"{os.getpid()} {path}"

    def unlock() -> None:
        if not lock.held:
            return
        lock.release()
        if known is None:
            os.environ.pop(HELD, None)
        else:
            os.environ[HELD] = known

    session.host.unlock = unlock
    _call_after(command, unlock)


def _call_after(command: Any, unlock: Callable[[], None]) -> None:
    """Release the lock when a command has ended, because doit does not close its DB after an error.

    The process may live on, such as that of a notebook.
    """
    original = command._execute

    @functools.wraps(original)  # doit inspects the signature
    def _execute(*args: Any, **options: Any) -> Any:
        try:
            return original(*args, **options)
        finally:
            unlock()

    command._execute = _execute


def _adopt(dep_manager: InvariantsDependency) -> None:
    """Read the DB with our backend, and again if doit has opened it before it was locked."""
    old = dep_manager.backend
    if isinstance(old, Backend):
        old.refresh()
        return
    ours = {DbmDB: dbm_backend, JsonDB: json_backend, SqliteDB: sqlite_backend}.get(type(old))
    if ours is None:
        return
    for name in ("_conn", "_dbm"):
        if hasattr(old, name):
            getattr(old, name).close()
    backend = dep_manager.backend = ours(old.name, old.codec)
    dep_manager._get, dep_manager._set, dep_manager._in = backend.get, backend.set, backend.in_
    dep_manager.remove, dep_manager.remove_all = backend.remove, backend.remove_all


def _take_damaged(backend: Backend, session: DoitSession, *, moves: bool) -> None:
    """Start a new DB if the present one can't be read; move the damaged files out of the way.

    :param moves: False to leave the files where they are, and only treat the DB as empty
    :raises InvalidDodoFile: if the files can't be moved
    """
    why = backend.damage
    if not why:
        return
    if not moves:
        text = "it is treated as empty, and the next run moves it out of the way"
        session.say(backend.name, f"can't be read ({why}); {text}")
        return
    try:
        moved = backend.set_aside()
    except OSError as error:
        raise InvalidDodoFile(
            f"doit's DB {backend.name!r} can't be read ({why}) and can't be moved out of the way: "
            f"{error.strerror}; remove it"
        ) from error
    session.say(
        backend.name, f"can't be read ({why}); it was moved to {moved}, and a new one was started"
    )


def _lock_of(dep_manager: Any) -> str:
    return f"{os.path.realpath(dep_manager.name)}{LOCK}"


def _open_journal(dep_manager: InvariantsDependency, session: DoitSession, *, locked: bool) -> None:
    """Replay the journal of doit's DB; for a run, start a new one."""
    journal = session.host.journal = RunJournal(dep_manager)
    try:
        left = journal.replay()
    except OSError as error:
        session.say(dep_manager.name, f"its journal can't be read: {error.strerror}")
        return
    if left.damaged:
        text = f"{left.damaged} lines of its journal are damaged; their records are lost"
        session.say(dep_manager.name, text)
    holder = None
    if left.begun and not locked:
        from doit_invariants.files.lock import holder_of

        holder = holder_of(_lock_of(dep_manager))
    if holder is not None:
        # Another doit is running these tasks now.
        session.running = dict.fromkeys(left.begun, holder)
        return
    if left.begun and not locked and not os.path.exists(journal.path):
        dep_manager.backend.refresh()  # that run has just ended
        return
    for name in left.begun:
        journal.forget(name)
        session.unfinished.set(name, INTERRUPTED)
    if session.runs:
        if left.stale:
            journal.close()
        journal.watch(dep_manager)
        session.events.listeners.append(journal)
