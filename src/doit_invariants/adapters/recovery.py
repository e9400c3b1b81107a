"""Takes over what a run that was killed has left in its journal."""

from __future__ import annotations

from doit.dependency import DbmDB, JSONCodec, JsonDB, SqliteDB

from doit_invariants.adapters.dependency import InvariantsDependency
from doit_invariants.adapters.durable import Durable
from doit_invariants.adapters.saving import INTERRUPTED
from doit_invariants.adapters.session import Session


def open_journal(dep_manager: InvariantsDependency, session: Session) -> None:
    """Replay the journal of doit's DB, and begin one for a run.

    With a backend or a codec of a plugin there is none: how they keep things is not known.
    """
    backend = dep_manager.backend
    if type(backend) not in (DbmDB, JsonDB, SqliteDB) or type(backend.codec) is not JSONCodec:
        return
    durable = session.durable = Durable(dep_manager)
    try:
        left = durable.replay()
    except OSError as error:
        session.say(dep_manager.name, f"its journal can't be read: {error.strerror}")
        return
    if left.damaged:
        text = f"{left.damaged} lines of its journal are damaged; what they said is lost"
        session.say(dep_manager.name, text)
    for name in left.begun:
        durable.forget(name)
        session.unfinished.set(name, INTERRUPTED)
    if session.runs:
        if left.stale:
            durable.close()
        durable.watch(dep_manager)
