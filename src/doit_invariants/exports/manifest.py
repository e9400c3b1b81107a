"""The manifest of a task: lists its exports, so that later runs recognize them.

Each task has one JSON file in ``.doit-invariants`` in the export directory. It is written last, so
that it never names a missing export. Others may be able to write there: the manifest is checked
completely, and no name in it leads anywhere except to the export of its target.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from doit_invariants.core.model import ASIDE, HOWS, Json
from doit_invariants.files.regular import read_small
from doit_invariants.hashing.digest import digest_bytes, digest_json
from doit_invariants.results.entry import ResultEntry
from doit_invariants.results.parts import DamagedResult, Part

#: Suffixes that an export may add to the name of its target.
SUFFIXES = ("", ".gz", ".tar.gz")

# In bytes: enough for a million files.
_LIMIT = 1 << 28
# File systems allow 255 bytes, and temporary files have longer names.
_LONGEST = 180


@dataclass(frozen=True, slots=True)
class Row:
    """The state in which one export was left.

    :ivar export: its path below the export directory, with ``/``
    :ivar how: one of :data:`HOWS`
    :ivar digest: of the export: of the packed file, the parts of a directory, or the path in a link
    :ivar size: in bytes
    :ivar mtime_ns: modification time in ns; -1 if an equal time would prove nothing
    :ivar inode: of the file
    """

    export: str
    how: str
    digest: str
    size: int
    mtime_ns: int
    inode: int

    def to_json(self) -> Json:
        """Return the stored form of the row."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(data: Json) -> Row:
        """Read a stored row; raises DamagedResult."""
        try:
            row = Row(**data)
        except TypeError as error:
            raise DamagedResult("it lists something that is not an export") from error
        texts, numbers = (row.export, row.how, row.digest), (row.size, row.mtime_ns, row.inode)
        if not all(type(one) is str for one in texts) or row.how not in HOWS:
            raise DamagedResult("it lists something that is not an export")
        if not all(type(one) is int for one in numbers):
            raise DamagedResult("it lists something that is not an export")
        return row


@dataclass(frozen=True, slots=True)
class Manifest:
    """The exports of a task from its last success.

    :ivar entry: that success
    :ivar rows: the exports, by the path of the target relative to the project
    :ivar stale: exports of earlier successes that this one did not replace: they are ours, but not
        from this success
    """

    entry: ResultEntry
    rows: dict[str, Row]
    stale: dict[str, Row] = field(default_factory=dict)

    def parts(self, target: str) -> tuple[Part, ...]:
        """Return the parts of a target; empty if it was not exported."""
        for artifact in self.entry.artifacts:
            if artifact.path == target:
                return artifact.parts
        return ()


def manifest_path(directory: str, task: str) -> str:
    """Return the path of the manifest of a task."""
    name = quote(task, safe="", errors="surrogateescape")
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{digest_bytes(name.encode()).partition(':')[2]}"
    return os.path.join(directory, ASIDE, name + ".json")


def read_manifest(directory: str, task: str) -> Manifest | None:
    """Return the manifest of a task, None if there is none.

    :param directory: absolute path of the export directory
    :raises DamagedResult: in one line, for anything that this version does not write
    """
    try:
        return _read(manifest_path(directory, task))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedResult(f"it can't be read: {error.strerror}") from error


def _read(path: str) -> Manifest:
    try:
        if os.path.islink(os.path.dirname(path)) or not _is_file(path):
            raise DamagedResult("it is a link or a directory")
        data = json.loads(read_small(path, _LIMIT))
    except (ValueError, RecursionError) as error:
        raise DamagedResult("it is not JSON, or too large") from error
    return _manifest(data)


def named_by_others(directory: str, task: str) -> set[str]:
    """Return the exports, relative to the directory, that manifests of other tasks name."""
    own = os.path.basename(manifest_path(directory, task))
    found: set[str] = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(os.path.join(directory, ASIDE)):
            if name.endswith(".json") and name != own:
                with contextlib.suppress(OSError, DamagedResult):
                    manifest = _read(os.path.join(directory, ASIDE, name))
                    found.update(row.export for row in manifest.rows.values())
    return found


def _is_file(path: str) -> bool:
    return stat_module.S_ISREG(os.lstat(path).st_mode)


def _manifest(data: Json) -> Manifest:
    if not isinstance(data, dict):
        raise DamagedResult("it is not a manifest")
    check = data.pop("check", None)
    if check != digest_json(data):
        raise DamagedResult("it was edited or only partly written")
    entry = ResultEntry.from_json(data.get("entry"))
    rows, stale = (dict(_rows(data.get(key))) for key in ("exports", "former"))
    manifest = Manifest(entry, rows, stale)
    for target in rows:
        if not manifest.parts(target):
            raise DamagedResult(f"it does not list the content of {target!r}")
    return manifest


def _rows(exports: Json) -> Iterator[tuple[str, Row]]:
    if not isinstance(exports, dict):
        raise DamagedResult("it does not list exports")
    for target, data in exports.items():
        row = Row.from_json(data)
        if not is_name_below(target) or row.export not in {target + end for end in SUFFIXES}:
            raise DamagedResult(f"it maps {target!r} to {row.export!r}")
        yield target, row


def is_name_below(path: str) -> bool:
    """Return whether a relative path with ``/`` leads to something below its starting point."""
    names = path.split("/")
    bad = ("", ".", "..")
    return "\0" not in path and names[0] != ASIDE and not any(name in bad for name in names)


def write_manifest(directory: str, task: str, manifest: Manifest, aside: str) -> None:
    """Write the manifest of a task atomically.

    :param aside: path of a temporary directory on the same file system
    :raises OSError: if it can't be written
    :raises TypeError, ValueError: if JSON can't represent the entry
    """
    rows, stale = (
        {target: row.to_json() for target, row in rows.items()}
        for rows in (manifest.rows, manifest.stale)
    )
    text = json.dumps({"entry": manifest.entry.to_json(), "exports": rows, "former": stale})
    # Read it back first, because the check must cover what a reader gets: JSON has no tuples, and
    # its keys are strings.
    data = json.loads(text)
    data["check"] = digest_json(data)
    text = json.dumps(data)
    if len(text) > _LIMIT:
        raise ValueError("it would be too large to read back")
    new = os.path.join(aside, "manifest")
    with open(new, "x", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(new, manifest_path(directory, task))
