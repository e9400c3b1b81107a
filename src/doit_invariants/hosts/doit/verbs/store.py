"""``doit invariants store``: lists, checks and prunes the store."""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from dataclasses import asdict
from typing import Any

from doit.exceptions import InvalidCommand

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.text import printable
from doit_invariants.core.units import format_duration, format_size, parse_age, parse_size
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult
from doit_invariants.stores.base import Pruned, PruneLimits, Store, StoredEntry, StoreError
from doit_invariants.stores.local.store import DirectoryStore

#: The words after ``store``.
PARTS = ("ls", "verify", "prune")


def execute(command: Any, part: str, options: dict[str, Any]) -> int:
    """List, check or prune the store of the project.

    :param part: one of :data:`PARTS`
    :param options: ``json``, and for ``prune`` also its limits
    :returns: 1 if ``verify`` found damage, otherwise 0
    :raises InvalidCommand: if there is no store, it can't be used, or a limit is wrong
    """
    store: Store | None = command.dep_manager.session.store
    if store is None:
        raise InvalidCommand(
            "there is no store: the plugin builtin-stores is blocked; "
            "remove it from the setting `block`"
        )
    try:
        limits = _limits(command, options) if part == "prune" else PruneLimits()
        if not options["json"] and isinstance(store, DirectoryStore) and not store.exists():
            command.write(
                f"there is no store in {store.location}; the first shared result makes it"
            )
            return 0
        if part == "ls":
            return _ls(command, store, options["json"])
        if part == "verify":
            return _verify(command, store, options["json"])
        return _prune(command, store, limits, options)
    except StoreError as error:
        raise InvalidCommand(f"`invariants store {part}`: {error}") from error


def _ls(command: Any, store: Store, as_json: bool) -> int:
    stored = sorted(store.entries(), key=lambda one: one.last_used, reverse=True)
    if as_json:
        command.write(json.dumps([_row(one) for one in stored], indent=2))
        return 0
    for one in stored:
        command.write(printable(_line(one)))
    total = format_size(sum(one.size for one in stored))
    command.write(f"{len(stored)} entries, {total} of results, in {store.location}")
    return 0


def _entry(stored: StoredEntry) -> ResultEntry | None:
    with contextlib.suppress(DamagedResult):
        return None if stored.entry is None else ResultEntry.from_json(stored.entry)
    return None


def _row(stored: StoredEntry) -> dict[str, Any]:
    entry = _entry(stored)
    return {
        "signature": stored.signature,
        "task": None if entry is None else entry.task,
        "targets": [] if entry is None else [one.path for one in entry.artifacts],
        "size": stored.size,
        "last_used": stored.last_used,
        "executed_at": None if entry is None else entry.executed_at,
        "took": None if entry is None else entry.took,
        "problem": stored.problem or ("it is not an entry" if entry is None else None),
    }


def _line(stored: StoredEntry) -> str:
    row = _row(stored)
    short = stored.signature.partition(":")[2][:12]
    if row["problem"]:
        return f"{short}  damaged: {row['problem']}"
    used = datetime.datetime.fromtimestamp(stored.last_used)
    size, took = format_size(stored.size), format_duration(row["took"])
    return (
        f"{short}  {used:%Y-%m-%d %H:%M}  {size:>9}  {took:>7}  {row['task']}: "
        f"{', '.join(row['targets']) or '(no targets)'}"
    )


def _verify(command: Any, store: Store, as_json: bool) -> int:
    found = store.verify(_progress if sys.stderr.isatty() else None)
    lacking = {signature: list(blobs) for signature, blobs in found.lacking.items()}
    if as_json:
        command.write(json.dumps({**asdict(found), "lacking": lacking}, indent=2))
        return 1 if found.problems else 0
    for problem in found.problems:
        command.write(printable(problem))
    for signature, blobs in lacking.items():
        short = signature.partition(":")[2][:12]
        command.write(f"{short}  can't be used: it lacks {len(blobs)} of its files")
    size = format_size(found.size)
    command.write(f"{found.entries} entries and {found.blobs} files ({size}) are intact")
    return 1 if found.problems else 0


def _progress(done: int, every: int) -> None:
    end = "\n" if done == every else ""
    sys.stderr.write(f"\r{done} of {every} checked{end}")


def _prune(command: Any, store: Store, limits: PruneLimits, options: dict[str, Any]) -> int:
    pruned = store.prune(limits)
    if options["json"]:
        command.write(json.dumps(asdict(pruned), indent=2))
    else:
        command.write(_pruned_text(pruned, options["dry_run"]))
    return 0


def _limits(command: Any, options: dict[str, Any]) -> PruneLimits:
    """Return the limits from the options, or those of the settings without any option."""
    size, age = options["max_size"], options["max_age"]
    try:
        max_size = None if size is None else parse_size(size)
    except InvalidOption as error:
        raise InvalidCommand(f"--max-size: {error}") from error
    max_age = None if age is None else parse_age(age)
    if age is not None and max_age is None:
        raise InvalidCommand(f"--max-age: {age!r:.60} is not an age like '30d' or '12h'")
    if size is None and age is None and not options["all"]:
        max_size = command.dep_manager.session.settings.store_max_size
    return PruneLimits(max_size, max_age, options["all"], options["dry_run"])


def _pruned_text(pruned: Pruned, dry_run: bool) -> str:
    if pruned.skipped:
        return f"nothing was done: {pruned.skipped}"
    done = "would remove" if dry_run else "removed"
    text = (
        f"{done} {pruned.entries} entries and {pruned.blobs} files "
        f"({format_size(pruned.freed)}); {pruned.kept} entries ({format_size(pruned.size)}) stay"
    )
    return f"{text}, {pruned.in_use} of them because a run may need them" if pruned.in_use else text
