"""Split a target into parts."""

from __future__ import annotations

import os
import stat as stat_module
from collections.abc import Callable, Iterator

from doit_invariants.core.errors import InvariantsError
from doit_invariants.results.parts import DEEPEST, Part, stays_inside

#: Keeps the content of a file; returns its digest and its size in bytes.
Put = Callable[[str], "tuple[str, int]"]

_PERMISSIONS = 0o777


class CannotKeep(InvariantsError):
    """A target can't be kept because restoring it would not give the same; says why."""


def capture(target: str, put: Put, skip: frozenset[str] = frozenset()) -> tuple[Part, ...]:
    """Return the parts of a target, and keep the content of each file.

    :param target: its path; if it is a link, the file or directory that it points to is used
    :param put: called for every file
    :param skip: absolute paths to leave out
    :raises CannotKeep: if the target contains a link that points outside it, something other than
        files, directories and links, a name with a backslash or invalid UTF-8, or directories
        nested too deeply
    :raises OSError: if it does not exist or can't be read
    """
    info = os.stat(target)
    if stat_module.S_ISREG(info.st_mode):
        return (_file("", target, info, put),)
    if not stat_module.S_ISDIR(info.st_mode):
        raise CannotKeep(f"{target} is neither a file nor a directory")
    own = Part("", "directory", mode=info.st_mode & _PERMISSIONS)
    return (own, *_below(target.rstrip("/") or "/", "", put, skip))


def _below(directory: str, prefix: str, put: Put, skip: frozenset[str]) -> Iterator[Part]:
    with os.scandir(directory) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if skip and os.path.abspath(entry.path) in skip:
            continue
        path = prefix + entry.name
        if path.count("/") >= DEEPEST:
            raise CannotKeep(f"{entry.path:.200}... is nested too deeply")
        _check_text(path, entry.path)
        info = entry.stat(follow_symlinks=False)
        if stat_module.S_ISLNK(info.st_mode):
            yield _link(path, entry.path)
        elif stat_module.S_ISDIR(info.st_mode):
            yield Part(path, "directory", mode=info.st_mode & _PERMISSIONS)
            yield from _below(entry.path, path + "/", put, skip)
        elif stat_module.S_ISREG(info.st_mode):
            yield _file(path, entry.path, info, put)
        else:
            raise CannotKeep(f"{entry.path} is neither a file, a directory nor a link")


def _check_text(path: str, shown: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        # The same bytes may be a different name on another machine.
        raise CannotKeep(f"the name of {shown!a} is not UTF-8") from error
    if "\\" in path:
        raise CannotKeep(f"{shown} has a backslash in its name")


def _link(path: str, shown: str) -> Part:
    text = os.readlink(shown)
    _check_text(text, shown)
    if not stays_inside(path, text):
        raise CannotKeep(f"the link {shown} points outside the target, to {text}")
    return Part(path, "link", link=text)


def _file(path: str, source: str, info: os.stat_result, put: Put) -> Part:
    digest, size = put(source)
    return Part(path, "file", digest, size, info.st_mode & _PERMISSIONS)
