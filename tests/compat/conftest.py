"""Fixtures for what compares with plain doit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .drivers import VARIANTS, Driver
from .sdist import Unavailable, unpacked_doit


@pytest.fixture(scope="session")
def doit_source(pytestconfig: pytest.Config) -> Path:
    """The unpacked source distribution of the installed doit."""
    try:
        return unpacked_doit(pytestconfig.rootpath / ".cache")
    except Unavailable as error:
        message = f"doit's source distribution cannot be had: {error}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("plain", "loader"), id="loader"),
        pytest.param(tuple(VARIANTS), id="all", marks=pytest.mark.matrix),
    ],
)
def drivers(request: pytest.FixtureRequest) -> Iterator[dict[str, Driver]]:
    """What runs stories, by variant: with the loader, and in the matrix in the others too."""
    started = {variant: Driver(variant) for variant in request.param}
    yield started
    for driver in started.values():
        driver.stop()
