"""Which entries of a directory count: patterns as in ``.gitignore``, without negation."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from doit_invariants.core.errors import InvalidOption


class Matcher:
    """Some patterns; called with a relative path it tells whether one of them matches.

    :param names: regular expressions for the last part of a path
    :param paths: those for a whole path, with ``/`` between its parts
    """

    def __init__(self, names: Sequence[str], paths: Sequence[str]) -> None:
        ends = [rf"{name}\Z" for name in names]
        self._by_name = re.compile("|".join(ends)).match if names else None
        self._by_path = re.compile("|".join(rf"{p}\Z" for p in paths)).match if paths else None
        # Finds each name that matches, and may find what does not: ``[!a]`` matches a slash.
        self._in_text = re.compile(f"/(?:{'|'.join(names)})/").search if names else None

    def __call__(self, path: str) -> bool:
        """Return whether a path matches."""
        if self._by_name is not None and self._by_name(path.rpartition("/")[2]):
            return True
        return self._by_path is not None and self._by_path(path) is not None

    def among(self, prefix: str, names: Collection[str]) -> set[str]:
        """Return which names of a directory match.

        It costs a sixth of asking one by one where none does by its last part.

        :param prefix: the path of the directory with a trailing slash, empty for the first one
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
    :ivar exclude: matches what does not count; an excluded directory is not entered
    :ivar skip: absolute paths that do not count (the targets of the task that asks)
    :ivar leave: the same, of what others make: a directory in which nothing else counts is there
        for them, and does not count either
    """

    include: Matcher | None = None
    exclude: Matcher | None = None
    skip: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()


#: Everything counts.
ALL = Selection()


def matcher(patterns: Sequence[str]) -> Matcher | None:
    """Return what tells whether a relative path matches one of the patterns.

    :param patterns: a pattern without ``/`` is compared with the last part of the path, so it
        matches at any depth; one with ``/`` with the whole path. ``*``, ``?`` and ``[...]`` do
        not cross a ``/``; ``**`` does. A trailing ``/`` is ignored.
    :returns: None if there are no patterns
    :raises InvalidOption: for a range that runs backwards, as in ``[z-a]``, and for what other
        tools understand and these patterns do not: ``!kept``, ``{a,b}``

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
    """Translate a pattern into a regular expression for a whole path, without its end.

    Not ``fnmatch.translate``: its ``*`` crosses slashes.
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
        elif token in ("[]", "[!]"):  # as in fnmatch: an empty set is no set
            out.append(re.escape(token))
        elif len(token) > 1:
            inside = token[1:-1].replace("\\", "\\\\")
            out.append(f"[{'^' + inside[1:] if inside[0] == '!' else inside}]")
        else:
            out.append(re.escape(token))
    return f"(?s:{''.join(out)})"


_BRACES = re.compile(r"\{[^}]*,[^}]*\}")
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|(?s:.)")


# How other tools write a path, and what to write instead.
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
    """Return what is to be said of a path that does not exist because it is none.

    :returns: words in parentheses after a space, empty where the path may be one

    >>> unexpanded("~/x"), unexpanded("notes~")
    (' (~ is not expanded: give Path(...).expanduser())', '')
    """
    for pattern, text in _UNEXPANDED:
        if pattern.match(path):
            return f" ({text})"
    return ""
