"""Outlines of values, which explain how a value changed."""

from __future__ import annotations

from doit_invariants.hashing import outline


def test_outline_names_places_and_never_addresses() -> None:
    """Leaves are named by their place; an object without a text of its own by its class."""
    value = {"a": [1, {"b": None}], "o": object(), "e": [], 3: "x" * 100, "s": {2, 1}}
    leaves = outline.outline(value)
    assert leaves is not None
    assert leaves["$.a[1].b"] == "None"
    assert leaves["$.o"] == "<object>"
    assert leaves["$.e"] == "[]"
    assert leaves["$.s"] == "{1, 2}"
    assert len(leaves["$[3]"]) <= 60
    assert outline.outline(list(range(1000))) is None
