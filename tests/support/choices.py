"""What is left to ``doit matrix``: most combinations of a test, most examples of a property.

By default a test with many combinations runs with those that differ most, and a property is tried
with a tenth of its examples. The marker ``matrix`` and the profile ``all`` bring the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import settings


def rest_in_matrix(values: Iterable[Any], default: Callable[[Any], bool] | int = 1) -> list[Any]:
    """Return parameters of a test, all but some marked as ``matrix``.

    :param values: the parameters, each for one argument of the test
    :param default: how many of the first, or which, run by default
    """
    found = []
    for number, value in enumerate(values):
        is_default = default(value) if callable(default) else number < default
        found.append(pytest.param(value, marks=[] if is_default else pytest.mark.matrix))
    return found


def spread(values: Iterable[Any], *, every: int) -> list[Any]:
    """Return parameters of a test: by default, one in so many runs."""
    listed = list(values)
    chosen = {id(value) for value in listed[::every]}
    return rest_in_matrix(listed, lambda value: id(value) in chosen)


def examples(number: int, **more: Any) -> settings:
    """Return settings of hypothesis for so many examples, by default for a tenth of them."""
    return settings(max_examples=max(1, number * settings.default.max_examples // 100), **more)
