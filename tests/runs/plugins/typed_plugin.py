"""A plugin with types, a dodo.py of tests: an author's type checker finds nothing wrong with it.

Everything that it subclasses, is given or returns can be imported from the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from doit_invariants import (
    Answer,
    Change,
    Context,
    Difference,
    Facts,
    Fingerprint,
    Invariant,
    InvariantsError,
    Policy,
    Program,
    Pruned,
    PruneLimits,
    Reason,
    Record,
    ResultEntry,
    ResultKey,
    Settings,
    Sink,
    Source,
    Store,
    StoredEntry,
    StoreError,
    StoreOptions,
    Value,
    Verdict,
    Verification,
    hookimpl,
)


class Lines(Invariant):
    """Unchanged while a file has as many lines."""

    kind = "Lines"

    def __init__(self, path: str) -> None:
        self.path = path

    def identity(self) -> str | None:
        return self.path

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        lines = Path(context.root, self.path).read_text().splitlines()
        return {"digest": str(len(lines)), "details": context.intern(lines)}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        if old["digest"] == new["digest"]:
            return None
        return Difference("lines", (Change("changed", self.path, old["digest"], new["digest"]),))

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        return f"{len(context.lookup(fingerprint['details']))} lines"


class Patient(Policy):
    """Restore, unless the user wants a run."""

    name = "patient"
    keeps = "store"

    def reasons(self) -> Sequence[Reason]:
        return ()

    def answer(self, facts: Facts) -> Answer:
        return "run" if facts.uptodate_is_false else "restore"


class Shelf(Source, Sink):
    """Keeps nothing, and has nothing."""

    where = "the shelf"

    def __init__(self, key: ResultKey) -> None:
        self.key = key

    def restore(self) -> ResultEntry | None:
        raise InvariantsError(f"{', '.join(self.key.targets.values())} is not there")

    def put(self, path: str) -> None:
        pass

    def finish(self, entry: ResultEntry) -> None:
        pass


class OnShelf(Policy):
    """Keep results on a shelf."""

    name = "shelf"
    keeps = "own"

    def answer(self, facts: Facts) -> Answer:
        return "restore"

    def source(self, key: ResultKey) -> Source | None:
        return Shelf(key) if key.signature else None

    def sink(self, key: ResultKey) -> Sink | None:
        return Shelf(key)


class Nowhere(Store):
    """Keeps nothing."""

    name = "nowhere"

    def __init__(self, location: str, options: StoreOptions = StoreOptions()) -> None:  # noqa: B008
        super().__init__(location, options)

    def find(self, signature: str) -> Any:
        return None

    def peek(self, signature: str) -> Any:
        return None

    def add(self, signature: str, entry: Any) -> Any:
        raise StoreError("nothing is kept here")

    def put(self, path: str) -> tuple[str, int]:
        raise StoreError("nothing is kept here")

    def fetch(self, digest: str, size: int, path: str, mode: int) -> None:
        raise StoreError("nothing is kept here")

    def remove(self, signature: str) -> None:
        pass

    def entries(self) -> Iterator[StoredEntry]:
        yield StoredEntry("", None, "an example", 0.0, 0)

    def verify(self, progress: Any = None) -> Verification:
        return Verification()

    def prune(self, limits: PruneLimits) -> Pruned:
        return Pruned(skipped="nothing is kept here")

    def close(self) -> None:
        pass


@hookimpl
def invariants_register_kinds() -> Iterable[type[Invariant]]:
    return [Lines]


@hookimpl
def invariants_register_policies() -> Iterable[type[Policy]]:
    return [Patient, OnShelf]


@hookimpl
def invariants_register_stores() -> Iterable[type[Store]]:
    return [Nowhere]


@hookimpl
def invariants_register_programs() -> Iterable[Program]:
    return [Program("true", script=1, follow="content")]


@hookimpl
def invariants_for_task(task: Any, settings: Settings) -> Iterable[Invariant]:
    return [Value(settings.store, name="store")] if task.name == "count" else []


@hookimpl
def invariants_verdict(verdict: Verdict) -> None:
    print("verdict", verdict.status)


@hookimpl
def invariants_saved(record: Record) -> None:
    print("saved", record.origin)


@hookimpl
def invariants_restored(entry: ResultEntry | None) -> None:
    print("restored", entry.task if entry is not None else "by hand")


def task_count() -> dict[str, Any]:
    return {
        "actions": ["true in.txt", "cp in.txt out.txt"],
        "targets": ["out.txt"],
        "invariants": [Lines("in.txt")],
        "cache": "patient",
    }
