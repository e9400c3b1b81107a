"""Which entries of a directory count: patterns as in ``.gitignore``, without negation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from doit_invariants.core.errors import InvalidOption

#: Returns whether a relative path, with ``/`` between its parts, matches.
Matcher = Callable[[str], bool]


def matcher(patterns: Sequence[str]) -> Matcher | None:
    """Return a function that tells whether a relative path matches one of the patterns.

    :param patterns: a pattern without ``/`` is compared with the last part of the path, so it
        matches at any depth; one with ``/`` with the whole path. ``*``, ``?`` and ``[...]`` do
        not cross a ``/``; ``**`` does. A trailing ``/`` is ignored.
    :returns: None if there are no patterns
    :raises InvalidOption: for a range that runs backwards, as in ``[z-a]``

    >>> match = matcher(["*.pyc", "build/**"])
    >>> [match("pkg/a.pyc"), match("build/x/y"), match("pkg/build/x")]
    [True, True, False]
    """
    if not patterns:
        return None
    names: list[str] = []
    paths: list[str] = []
    for pattern in patterns:
        stripped = pattern.rstrip("/")
        if "/" in stripped:
            paths.append(_translate(stripped.removeprefix("./").lstrip("/")))
        else:
            names.append(_translate(stripped))
    try:
        by_name = re.compile("|".join(names)).match if names else None
        by_path = re.compile("|".join(paths)).match if paths else None
    except re.error as error:
        raise InvalidOption(f"patterns {list(patterns)!r:.80}: {error.msg}") from error

    def matches(path: str) -> bool:
        if by_name is not None and by_name(path.rpartition("/")[2]):
            return True
        return by_path is not None and by_path(path) is not None

    return matches


def _translate(pattern: str) -> str:
    """Translate a pattern into a regular expression for a whole path.

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
    return rf"(?s:{''.join(out)})\Z"


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|(?s:.)")
