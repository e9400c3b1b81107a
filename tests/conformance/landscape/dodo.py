"""Forty tasks, each with another way to use code; the tests edit it piece by piece."""

# ruff: noqa: C408, C416, UP028, UP033 - each way to write it is one to be tracked
from __future__ import annotations

import asyncio
import contextlib
import datetime
import decimal
import functools
import json
import os
import re
from collections import OrderedDict, defaultdict, deque
from pathlib import Path
from typing import Any

import helpers
import pkg.sub
from helpers import decorate
from pkg import reexported
from shapes import (
    classes,
    dataclasses_used,
    enums,
    exceptions,
    flags_and_aliases,
    named_tuples,
)

DOIT_CONFIG = {"backend": "json", "verbosity": 0}
NUMBER = 5
WORDS = {"one", "two", "three", 4, None, ("a", 1)}
NESTED = {"z": [1, {"y": {2, 3}}], "a": (4.0, -0.0, float("inf"))}
PATTERN = re.compile(r"a+(b|c)", re.IGNORECASE)
STARTED = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
LOOP: list[Any] = [1, 2]
LOOP.append(LOOP)


def constants():
    return 1, 1.0, True, "a  b", b"a", None, ..., -0.0, 2j, (1, ("x", 2.5)), 10**20


def sets(x="q"):
    return x in {"p", "q", "r", "s"}, x in (1, 2, 3)


def texts(x=3.14159):
    return f"{x:.2f} {x!r:>10} {x=}", "implicit concatenation", rf"\d{x}"


def control():
    found = []
    for number in range(10):
        if number % 2:
            continue
        found.append(number)
    else:
        found.append(-1)
    while found and found[-1] < 0:
        found.pop()
    return found


def handlers():
    try:
        return int("x")
    except (ValueError, TypeError) as error:
        return len(error.args)
    finally:
        len("")


def asserts(x=1):
    assert x, "stripped by -O"
    if __debug__:
        return x
    return x


def documented():
    """A docstring
    of two lines, with a \t tab and a "quote".
    """
    return 1


def matches(value=("a", 1)):
    match value:
        case (str() as name, int(number)) if number:
            return name
        case {"key": found, **rest}:
            return found, rest
        case _:
            return None


def comprehensions():
    numbers = [n for n in range(NUMBER) if n % 2]
    return (
        {n: [m for m in range(n)] for n in numbers},
        {n for n in numbers},
        sum(n for n in numbers),
    )


def generators():
    def inner(limit):
        for number in range(limit):
            yield number
        yield from (1, 2)

    return list(inner(3))


def coroutines():
    async def count():
        for number in range(2):
            await asyncio.sleep(0)
            yield number

    async def collect():
        return [number async for number in count()]

    return asyncio.run(collect())


def keywords():
    return dict(first=1, second=2), sorted([2, 1], key=lambda x: -x, reverse=True)


def with_default(x=3, *, y={"a": [1, 2]}):  # noqa: B006
    return x, y


def make(value, other):
    def closure():
        return value, other

    return closure


one, two = (lambda: 11), (lambda: 22)


def globals_read():
    return NUMBER, sorted(map(str, WORDS)), NESTED


def objects():
    return PATTERN.sub("-", "aB"), STARTED.isoformat(), len(LOOP)


def helper_call():
    return helpers.clean(" a "), helpers.LIMIT


def module_table():
    return helpers.TABLE


def submodule():
    return pkg.sub.by_path(), reexported()


def local_import():
    from pkg import sub

    return sub.UNIT


@decorate
def decorated():
    return "wrapped"


@functools.lru_cache(maxsize=None)
def cached():
    return 9


def cached_call():
    return cached()


@functools.singledispatch
def dispatched(value):
    return "any"


@dispatched.register
def _(value: int):
    return "int"


def dispatch():
    return dispatched(1), dispatched("a")


@contextlib.contextmanager
def entered():
    yield 8


def managers():
    with entered() as number, contextlib.suppress(ValueError):
        return number


def add(x, y):
    return x + y


STEP = functools.partial(add, 1)


def partials():
    return STEP(2)


def recursion(n=3):
    return n if n < 1 else even(n - 1)


def even(n):
    return recursion(n - 1) if n else 0


def library():
    return json.dumps({"a": 1}), os.path.join("a", "b"), functools.reduce(add, [1, 2])


CONTAINERS = (
    deque([1], 3),
    OrderedDict(b=1, a=2),
    defaultdict(list, a=[1]),
    decimal.Decimal("1.10"),
    range(3),
    Path("a") / "b",
)


def containers():
    return [len(str(item)) for item in CONTAINERS]


class Runner:
    """Runs with a state."""

    def __init__(self, state):
        self.state = state

    def run(self):
        return self.state

    def __call__(self):
        return self.state


def argument(x, y, call):
    return x, y, call()


STEPS = {
    step.__name__: step
    for step in (
        constants, sets, texts, control, handlers, asserts, documented, matches,
        comprehensions, generators, coroutines, keywords, with_default, globals_read, objects,
        helper_call, module_table, submodule, local_import, classes, dataclasses_used, enums,
        named_tuples, cached_call, exceptions, flags_and_aliases, dispatch, managers, partials,
        recursion, library, containers,
    )
}  # fmt: skip
STEPS |= {
    "closure_int": make(31, None),
    "closure_set": make({"a": {"x", "y"}}, [frozenset({1, "b"})]),
    "first_lambda": one,
    "second_lambda": two,
    "decorated": decorated,
    "bound_method": Runner([1, {2}]).run,
    "callable": Runner((3,)).__call__,
}


def quiet(step):
    """Return an action that forgets what the step returns: doit would take it for its result."""

    def run():
        step()

    return run


def task_step():
    for name, step in STEPS.items():
        yield {"name": name, "actions": [quiet(step)], "file_dep": ["in.txt"]}


def note(*args, **kwargs):
    argument(*args, **kwargs)


def task_arguments():
    return {
        "actions": [(note, [1, Path("a")], {"call": lambda: {"s", "t"}})],
        "file_dep": ["in.txt"],
    }


def task_command():
    return {"actions": ["echo command", ["echo", "list", "of", "words"]], "file_dep": ["in.txt"]}


def task_script():
    return {"actions": ["python script.py", "bash tool.sh"], "file_dep": ["in.txt"]}
