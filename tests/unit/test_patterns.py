"""Patterns for names of files: what they match."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doit_invariants.core.errors import InvalidOption
from doit_invariants.files.selection import matcher


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.csv", ["a.csv", "x/y/b.csv", ".csv"], ["a.csv.gz", "csv"]),
        ("build", ["build", "x/build"], ["builds", "build/x"]),
        ("build/", ["build"], ["x"]),
        ("a/*.csv", ["a/b.csv"], ["a/b/c.csv", "x/a/b.csv"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["a/bc", "c"]),
        ("**/c", ["c", "a/c", "a/b/c"], ["ac"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a"]),
        ("x[0-9].t", ["x1.t"], ["xa.t"]),
        ("x[!0-9].t", ["xa.t"], ["x1.t"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("a+(b).c", ["a+(b).c"], ["aab.c"]),
        ("[", ["["], ["x"]),
    ],
)
def test_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    """Patterns match names at any depth, or whole paths where they have a slash."""
    match = matcher([pattern])
    assert match is not None
    assert [path for path in yes if not match(path)] == []
    assert [path for path in no if match(path)] == []


def test_no_patterns() -> None:
    """Without patterns there is nothing to ask."""
    assert matcher([]) is None


@given(st.lists(st.text(), max_size=3), st.text())
@example(["[]"], "[]")
@example(["[!]"], "x")
def test_patterns_never_fail(patterns: list[str], path: str) -> None:
    """Every string with the form of a pattern is one, except a range that runs backwards."""
    with contextlib.suppress(InvalidOption):
        match = matcher(patterns)
        assert match is None or match(path) in (True, False)
