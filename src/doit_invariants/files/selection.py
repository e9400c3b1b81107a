"""Selects the entries of a directory that count: patterns as in ``.gitignore``, but no ``!``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from doit_invariants.core.errors import InvalidOption


class Matcher:
    """Some patterns; a call with a relative path returns whether one of them matches.

    :param names: regular expressions for the last part of a path
    :param paths: regular expressions for a whole path, with ``/`` between its parts
    """

    def __init__(self, names: Sequence[str], paths: Sequence[str]) -> None:
        ends = [rf"{name}\Z" for name in names]
        self._by_name = re.compile("|".join(ends)).match if names else None
        self._by_path = re.compile("|".join(rf"{p}\Z" for p in paths)).match if paths else None
        # A quick test: it may find names that do not match, because ``[!a]`` matches a slash.
        self._in_text = re.compile(f"/(?:{'|'.join(names)})/").search if names else None

    def __call__(self, path: str) -> bool:
        """Return whether a path matches."""
        if self._by_name is not None and self._by_name(path.rpartition("/")[2]):
            return True
        return self._by_path is not None and self._by_path(path) is not None

    def among(self, prefix: str, names: Collection[str]) -> set[str]:
        """Return the names in a directory that match.

        If no last part matches, this takes a sixth of the time of a call for each name.

        :param prefix: the path of the directory with a trailing slash, empty for the top
        """
        found: set[str] = set()
        text = f"/{'/'.join(names)}/"
        if self._by_name is not None and self._in_text is not None and self._in_text(text):
            found.update(filter(self._by_name, names))
        if self._by_path is not None:
            found.update(name for name in names if self._by_path(prefix + name))
        return found


class Selection(NamedTuple):
    """Which entries of a directory count.

    :ivar include: matches the files that count, None for all
    :ivar exclude: matches entries that do not count; an excluded directory is not entered
    :ivar skip: absolute paths that do not count: the targets of the task itself
    :ivar leave: absolute paths that do not count: the targets of other tasks. A directory that
        holds nothing else does not count either.
    """

    include: Matcher | None = None
    exclude: Matcher | None = None
    skip: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()


#: Everything counts.
ALL = Selection()


def matcher(patterns: Sequence[str]) -> Matcher | None:
    """Return a matcher for relative paths.

    :param patterns: a pattern without ``/`` is compared with the last part of the path, so it
        matches at any depth; a pattern with ``/`` is compared with the whole path. ``*``, ``?``
        and ``[...]`` do not match ``/``; ``**`` does. A trailing ``/`` is ignored.
    :returns: None if there are no patterns
    :raises InvalidOption: for a reversed range, as in ``[z-a]``, and for syntax of other tools
        that is not supported: ``!kept``, ``{a,b}``

    >>> match = matcher(["*.pyc", "build/**"])
    >>> [match("pkg/a.pyc"), match("build/x/y"), match("pkg/build/x")]
    [True, True, False]
    """
    if not patterns:
        return None
    names: list[str] = []
    paths: list[str] = []
    for pattern in patterns:
        if pattern.startswith("!") or _BRACES.search(pattern):
            raise InvalidOption(
                f"pattern {pattern!r:.60}: '!' and {{a,b}} are not supported; "
                "list each pattern, and use a narrower pattern instead of '!'"
            )
        stripped = pattern.rstrip("/")
        if "/" in stripped:
            paths.append(_translate(stripped.removeprefix("./").lstrip("/")))
        else:
            names.append(_translate(stripped))
    try:
        return Matcher(names, paths)
    except re.error as error:
        raise InvalidOption(f"patterns {list(patterns)!r:.80}: {error.msg}") from error


def _translate(pattern: str) -> str:
    """Translate a pattern into a regular expression for a whole path, without an end anchor.

    ``fnmatch.translate`` does not fit, because its ``*`` matches slashes.
    """
    out: list[str] = []
    for token in _TOKEN.findall(pattern):
        if token == "**/":
            out.append("(?:[^/]+/)*")
        elif token == "**":
            out.append(".*")
        elif token == "*":
            out.append("[^/]*")
        elif token == "?":
            out.append("[^/]")
        elif token in ("[]", "[!]"):  # as in fnmatch: an empty set is literal
            out.append(re.escape(token))
        elif len(token) > 1:
            inside = token[1:-1].replace("\\", "\\\\")
            out.append(f"[{'^' + inside[1:] if inside[0] == '!' else inside}]")
        else:
            out.append(re.escape(token))
    return f"(?s:{''.join(out)})"


_BRACES = re.compile(r"\{[^}]*,[^}]*\}")
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|(?s:.)")


# Path syntax of other tools, and what to write instead.
_UNEXPANDED = (
    (re.compile(r".*\{.*,.*\}"), "braces are not expanded: give each pattern"),
    (re.compile(r"~[^/\\]*([/\\]|\Z)"), "~ is not expanded: give Path(...).expanduser()"),
    (
        re.compile(r".*(\$\w|\$\{|%\w+%)"),
        "variables are not expanded: give os.path.expandvars(...)",
    ),
    (re.compile(r"!"), "a pattern can't exclude files"),
    (re.compile(r"\w+://"), "a URL is not a path"),
)


def unexpanded(path: str) -> str:
    """Return a hint for a path that does not exist because it has the syntax of another tool.

    :returns: the hint in parentheses after a space, empty if there is none

    >>> unexpanded("~/x"), unexpanded("notes~")
    (' (~ is not expanded: give Path(...).expanduser())', '')
    """
    for pattern, text in _UNEXPANDED:
        if pattern.match(path):
            return f" ({text})"
    return ""
