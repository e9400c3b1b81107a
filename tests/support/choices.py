"""What is left to ``doit matrix``: most combinations of a test, most examples of a property.

By default a test with many combinations runs with those that differ most, and a property is tried
with a tenth of its examples. The marker ``matrix`` and the profile ``all`` bring the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings


def rest_in_matrix(values: Iterable[Any], default: int = 1) -> list[Any]:
    """Return parameters of a test, all but the first ones marked as ``matrix``.

    :param values: the parameters, each for one argument of the test
    :param default: how many run by default
    """
    return [
        pytest.param(value, marks=pytest.mark.matrix if number >= default else ())
        for number, value in enumerate(values)
    ]


def one_in(number: int, values: Iterable[Any]) -> list[Any]:
    """Return parameters of a test, all marked as ``matrix`` but the first of each so many.

    :param values: the parameters, each for one argument of the test
    """
    return [
        pytest.param(value, marks=pytest.mark.matrix if place % number else ())
        for place, value in enumerate(values)
    ]


def examples(number: int, **more: Any) -> settings:
    """Return settings of hypothesis for so many examples, by default for a tenth of them."""
    return settings(max_examples=max(1, number * settings.default.max_examples // 100), **more)
