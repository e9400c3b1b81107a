"""Check everything in a directory store."""

from __future__ import annotations

from doit_invariants.core.model import Json
from doit_invariants.stores.base import Progress, StoreError, Verification
from doit_invariants.stores.local.blobs import BlobFiles
from doit_invariants.stores.local.entries import DamagedFile, EntryFiles
from doit_invariants.stores.local.layout import Layout


def verify(
    layout: Layout, entries: EntryFiles, blobs: BlobFiles, progress: Progress | None
) -> Verification:
    """Read all entries and blobs, remove damaged ones, and return the outcome."""
    problems: list[str] = []
    # Entries before blobs: an entry that is added during the check has its blobs already.
    found_entries = list(layout.scan("entries"))
    found_blobs = list(layout.scan("blobs"))
    total = len(found_entries) + len(found_blobs)
    intact: dict[str, Json] = {}
    count = size = 0
    for done, (signature, path) in enumerate(found_entries, 1):
        _check_entry(entries, signature, path, intact, problems)
        if progress is not None:
            progress(done, total)
    for done, (digest, path) in enumerate(found_blobs, len(found_entries) + 1):
        try:
            size += blobs.check(digest, path)
            count += 1
        except FileNotFoundError:
            pass  # just pruned
        except StoreError as error:
            problems.append(str(error))
        if progress is not None:
            progress(done, total)
    lacking = {name: lacks for name, entry in intact.items() if (lacks := entries.lacks(entry))}
    return Verification(len(intact), count, size, tuple(problems), lacking)


def _check_entry(
    entries: EntryFiles, signature: str, path: str, intact: dict[str, Json], problems: list[str]
) -> None:
    try:
        entry = entries.read(path)
    except DamagedFile as error:
        problems.append(f"{error}{entries.discard(path)}")
    except StoreError as error:
        problems.append(f"{error} (not removed)")
    else:
        if entry is not None:
            intact[signature] = entry
