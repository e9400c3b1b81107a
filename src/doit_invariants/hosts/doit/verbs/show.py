"""``doit invariants show``: prints the records of tasks."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from doit_invariants.code.loaded.explain import NOT_COMPARED
from doit_invariants.core.model import Json
from doit_invariants.core.text import printable
from doit_invariants.engine.records import recorded
from doit_invariants.files.tree import TreeState, in_blocks
from doit_invariants.hosts.doit.trackers.builtin import unseen
from doit_invariants.rules.record import PathState, Record, RecordedInvariant, to_json

_ORIGIN = {
    "run": "the actions ran",
    "restore": "restored instead of run",
    "accept": "accepted without running",
    "adopt": "found up-to-date when doit-invariants first saw it",
}


def execute(command: Any, tasks: list[Any], as_json: bool) -> int:
    """Print the records of tasks; return 0."""
    found = {task.name: recorded.read(command.dep_manager.session, task.name) for task in tasks}
    among = command.dep_manager.session.placeholders.among
    placeholders = {task.name: among(task.targets) for task in tasks}
    notes = {task.name: unseen(command.dep_manager.session, task) for task in tasks}
    if as_json:
        records = {
            name: _json(before.record, command, placeholders[name], notes[name])
            for name, before in found.items()
        }
        command.write(json.dumps(records, indent=2))
        return 0
    for name, before in found.items():
        command.write(name)
        if before.record is None:
            command.write(f"  {before.unreadable or _no_record(command, name)}")
        else:
            for line in _lines(before.record, command):
                command.write(printable(f"  {line}"))
        for path in placeholders[name]:
            command.write(printable(f"  placeholder: {path}"))
        for text in notes[name]:
            command.write(printable(f"  not looked into: {text}"))
    return 0


def _no_record(command: Any, task: str) -> str:
    session = command.dep_manager.session
    if task in session.running:
        return f"no record: running now in {session.running[task]}"
    end = session.ends.reason(task)
    return f"no record: {end.text.partition(';')[0]}" if end is not None else "no record"


def _json(
    record: Record | None, command: Any, placeholders: list[str], notes: Sequence[str]
) -> Json:
    extra: dict[str, Json] = {"placeholders": placeholders} if placeholders else {}
    extra |= {"not_looked_into": list(notes)} if notes else {}
    if record is None:
        return extra or None
    tracked = {key: _contents(entry, command) for key, entry in record.entries.items()}
    shown = {key: lines for key, lines in tracked.items() if lines}
    return {**_readable(to_json(record)), "tracked": shown, **extra}


def _readable(data: Json) -> Json:
    """Return stored data with an entry for each file, where the files are stored in columns."""
    if isinstance(data, dict):
        tree = in_blocks(data)
        if tree is not None:
            kept = {key: one for key, one in data.items() if key != "blocks"}
            return {**kept, **tree.shown()}
        return {key: _readable(one) for key, one in data.items()}
    return list(map(_readable, data)) if isinstance(data, (list, tuple)) else data


def _contents(entry: RecordedInvariant, command: Any) -> list[str]:
    session = command.dep_manager.session
    registered = session.plugins.kinds.entries.get(entry.kind)
    if registered is None:
        return []
    details = session.details.recall(entry.fingerprint.get("details"))
    try:
        lines: list[str] = registered.cls.contents({**entry.fingerprint, "details": details})
    except Exception:
        return []  # the kind may be a plugin's, and the fingerprint damaged
    return lines


def not_compared(command: Any, task: str) -> list[str]:
    """Return a line for each object that a task uses and that can't be compared."""
    record = recorded.read(command.dep_manager.session, task).record
    entries = record.entries.values() if record is not None else ()
    lines = [line for entry in entries for line in _contents(entry, command)]
    return list(dict.fromkeys(line for line in lines if line.startswith(NOT_COMPARED)))


def _lines(record: Record, command: Any) -> list[str]:
    lines = [f"recorded: {_ORIGIN[record.origin]}"]
    if record.executed_at is not None:
        when = datetime.datetime.fromtimestamp(record.executed_at)
        lines.append(f"executed: {when:%Y-%m-%d %H:%M:%S}")
    lines += [f"file_dep: {path}" for path in sorted(record.stats)]
    lines += [f"file_dep: {path} ({_content(tree)})" for path, tree in sorted(record.trees.items())]
    for path, state in (record.targets or {}).items():
        lines.append(f"target: {path} ({_content(state)})")
    for entry in record.entries.values():
        by = f", tracked by {entry.source}" if entry.source is not None else ""
        lines.append(f"invariant: {entry.label} ({entry.fingerprint['digest'] or 'no digest'}{by})")
        lines += [f"  {line}" for line in _contents(entry, command)]
    return lines


def _content(state: PathState) -> str:
    if state is None:
        return "missing"
    if isinstance(state, TreeState):
        return f"directory, {len(state.entries)} entries, {state.digest}"
    return state.digest
