"""A target in parts: a file, or a directory with every file, directory and link below it.

Parts are read from places that others can write to (a store, a manifest). Hostile parts are
rejected here: no name leaves the target, no part is below a link, no link points outside.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import Json

PartType = Literal["file", "directory", "link"]

_DIGEST = re.compile(r"[a-z0-9_]{1,32}:[0-9a-f]{16,128}")
_MODES = 0o777

#: Maximum nesting of directories in a target.
DEEPEST = 200


class DamagedResult(InvariantsError):
    """A kept result is not in the form that this package writes; says what is wrong in one line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file, directory or link of a target.

    :ivar path: relative to the target, with ``/``; empty for the target itself
    :ivar digest, size: of the content of a file; size in bytes
    :ivar mode: permission bits of a file or directory
    :ivar link: where a link points to, as the link has it
    """

    path: str
    type: PartType
    digest: str = ""
    size: int = 0
    mode: int = 0
    link: str = ""

    def to_json(self) -> Json:
        """Return the stored form of the part."""
        return [self.path, self.type, self.digest, self.size, self.mode, self.link]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A target and its parts.

    :ivar path: the target, relative to the project if it is inside
    :ivar parts: the target itself first; each directory before its content
    :ivar state: the digest by which records compare the target
    """

    path: str
    parts: tuple[Part, ...]
    state: str = ""

    def to_json(self) -> Json:
        """Return the stored form of the artifact."""
        parts = [part.to_json() for part in self.parts]
        return {"path": self.path, "state": self.state, "parts": parts}

    @staticmethod
    def from_json(data: Json) -> Artifact:
        """Read a stored artifact; raises DamagedResult."""
        try:
            path, state, rows = data["path"], data["state"], data["parts"]
            parts = tuple(Part(*row) for row in rows)
        except (TypeError, KeyError, ValueError) as error:
            raise DamagedResult("it is not in the format that this version writes") from error
        if not isinstance(path, str) or not isinstance(state, str):
            raise DamagedResult("it is not in the format that this version writes")
        check_parts(parts)
        return Artifact(path, parts, state)

    def blobs(self) -> dict[str, int]:
        """Return the digests of the file contents that it needs, with their sizes in bytes."""
        return {part.digest: part.size for part in self.parts if part.type == "file"}


def check_parts(parts: Iterable[Part]) -> None:
    """Check parts that were read from a store or a manifest.

    :raises DamagedResult: for anything that :func:`~doit_invariants.results.capture.capture` never
        returns, in particular names and links that lead outside the target
    """
    directories: set[str] = set()
    seen: set[str] = set()
    for number, part in enumerate(parts):
        _check_types(part)
        if (part.path == "") != (number == 0):
            raise DamagedResult("its parts do not begin with the target itself")
        if number:
            _check_name(part.path)
            if part.path.count("/") >= DEEPEST:
                raise DamagedResult("its directories are nested too deeply")
            if posixpath.dirname(part.path) not in directories:
                raise DamagedResult(f"{part.path!r} is not below a directory of it")
        if part.path in seen:
            raise DamagedResult(f"{part.path!r} is in it twice")
        seen.add(part.path)
        if part.type == "directory":
            directories.add(part.path)
        elif part.type == "link" and (not number or not stays_inside(part.path, part.link)):
            raise DamagedResult(f"the link {part.path!r} leads outside it")
    if not seen:
        raise DamagedResult("it has no parts")


def _check_types(part: Part) -> None:
    if not all(_is_text(text) for text in (part.path, part.digest, part.link)):
        raise DamagedResult("it contains a value that is not a valid string")
    if part.type not in ("file", "directory", "link"):
        raise DamagedResult(f"{part.path!r} is neither a file, a directory nor a link")
    if type(part.size) is not int or type(part.mode) is not int or part.size < 0:
        raise DamagedResult(f"{part.path!r} has no size or mode")
    if part.mode & ~_MODES:
        raise DamagedResult(f"{part.path!r} has the mode {part.mode:o}")
    if part.type == "file" and not _DIGEST.fullmatch(part.digest):
        raise DamagedResult(f"{part.path!r} has no digest")


def _is_text(text: object) -> bool:
    """Return whether a value can be a name. JSON allows lone surrogates, which no file name has."""
    if not isinstance(text, str) or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_name(path: str) -> None:
    # A backslash is a separator on other systems. An absolute name has an empty first part.
    if "\\" in path or any(name in ("", ".", "..") for name in path.split("/")):
        raise DamagedResult(f"the name {path!r} leads outside it")


def stays_inside(path: str, link: str) -> bool:
    """Return whether a link points inside the target that it is part of.

    :param path: of the link, relative to the target
    :param link: where it points to, as the link has it

    ``..`` is allowed only at the beginning, where it certainly leaves a real directory. After a
    name it may leave a directory that another link points to.
    """
    if not link or link.startswith("/"):
        return False
    names = [name for name in link.split("/") if name not in ("", ".")]
    up = 0
    while up < len(names) and names[up] == "..":
        up += 1
    return ".." not in names[up:] and up <= path.count("/")
