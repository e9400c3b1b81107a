"""Reads and writes what is kept of a task in doit's DB, whatever is in there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doit_invariants.core.model import Json
from doit_invariants.engine.check.observe import Before
from doit_invariants.engine.records.shared_details import Gone
from doit_invariants.engine.session import session_of
from doit_invariants.files.state import FileState
from doit_invariants.hosts.doit.checker import read_triple, to_triple
from doit_invariants.hosts.doit.database.base import Backend
from doit_invariants.rules.record import KEY, PathState, Record, Unreadable, from_json, to_json


def read(dep_manager: Any, task: str) -> Before:
    """Return our record of a task; nothing that is stored makes this raise."""
    try:
        data = dep_manager._get(task, KEY)
    except Exception as error:
        return Before(unreadable=discard(dep_manager, task, error))
    if data is None:
        return Before()
    try:
        return Before(record=from_json(_whole(dep_manager, data)))
    except Unreadable as error:
        return Before(unreadable=str(error))


def _whole(dep_manager: Any, data: Json) -> Json:
    """Return a stored record with what is kept once for several tasks; raises Unreadable."""
    session = session_of(dep_manager)
    if session is None or not isinstance(data, dict):
        return data
    try:
        return session.details.whole(data)
    except Gone as error:
        raise Unreadable("what was tracked of it is not in the DB any more") from error
    except (TypeError, KeyError) as error:
        raise Unreadable("the record is damaged") from error


def write(
    dep_manager: Any, task: str, record: Record, alike: Mapping[str, Any] | None = None
) -> None:
    """Put a record into doit's DB, where it becomes durable when doit closes that.

    The task has been read before: two of doit's backends drop the rest of what they know of a
    task that is written unread.

    :param alike: what the task and others are tracked by: what is recorded of that is kept once
    """
    session = session_of(dep_manager)
    if session is not None:
        for entry in record.entries.values():
            session.details.save(entry.fingerprint.get("details"))
    data = to_json(record)
    if session is not None and alike is not None:
        tracked = {key: one for key, one in data["entries"].items() if one[4] is not None}
        content = {"entries": tracked, "sources": data["sources"]}
        data["entries"] = {k: one for k, one in data["entries"].items() if k not in tracked}
        data["sources"] = session.details.keep_once(id(alike), content)
    dep_manager._set(task, KEY, data)


def retarget(dep_manager: Any, maker: str, path: str, state: PathState) -> None:
    """Record what a later step made of a target in place as what its maker left."""
    record = read(dep_manager, maker).record
    if record is not None and record.targets is not None and path in record.targets:
        targets = {**record.targets, path: state}
        write(dep_manager, maker, replace(record, targets=targets, whole="", kept=""))


def take_input(
    dep_manager: Any,
    task: str,
    path: str,
    before: PathState,
    after: PathState,
    info: os.stat_result,
) -> None:
    """Record a ``file_dep`` of a task as a later step has left it, if it was recorded as before.

    :param info: its stat now
    """
    triple = read_triple(dep_manager._get(task, path))
    record = read(dep_manager, task).record
    if triple is None or before is None or triple[2] != before.digest or record is None:
        return
    if isinstance(after, FileState):
        record = replace(record, stats={**record.stats, path: after.stat})
    elif after is not None:
        record = replace(record, trees={**record.trees, path: after})
    dep_manager._set(task, path, to_triple(after, info))
    write(dep_manager, task, replace(record, whole="", kept=""))


def discard(dep_manager: Any, task: str, error: Exception) -> str:
    """Forget, in memory, what the backend can't decode; return how that is called.

    Left in place it would raise again at each of doit's own reads, and with ``-n`` doit waits
    for ever after that. The DB changes only if the task then runs.
    """
    backend = dep_manager.backend
    if isinstance(backend, Backend):
        backend.drop(task)
    return f"what the DB holds for this task is damaged ({type(error).__name__})"
