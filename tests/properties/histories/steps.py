"""What may happen to a pipeline: Hypothesis draws lists of these."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import strategies as st

from .pipeline import Shape, Sources

#: All of one size, so that an edit can leave every stat but the change time as it was.
TEXTS = ("ax", "bx", "!x", "cx", "dx")
NAMES = ("d/x.txt", "d/y", "d/sub/z.txt", "d/sub", "g1.txt", "g2.txt")
DAMAGES = (
    "removed",
    "edited",
    "slyly edited",
    "emptied",
    "another sort",
    "a link",
    "more inside",
)
ENVIRONMENTS = ("e", "f", "")

_few = st.integers(0, 11)


def shapes() -> st.SearchStrategy[Shape]:
    """Return a strategy for tasks."""
    numbers = {f.name: _few for f in dataclasses.fields(Shape) if f.name != "reads"}
    reads = st.lists(_few, min_size=1, max_size=3).map(tuple)
    return st.builds(Shape, reads=reads, **numbers)


def sources() -> st.SearchStrategy[Sources]:
    """Return a strategy for pipelines."""
    inputs = {"a.txt": "ax", "b.txt": "bx", "c.txt": "cx", "d": None, "d/x.txt": "ax"}
    return st.builds(
        Sources,
        shapes=st.lists(shapes(), min_size=2, max_size=6).map(tuple),
        inputs=st.just(inputs),
        helpers=st.tuples(_few, _few, _few),
    )


_where = st.integers(0, 1)
_sly = st.booleans()
#: A run in which something is to do has some 300 calls.
_calls = st.integers(1, 120) | st.integers(100, 400)
WAYS_TO_RUN: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("-n", "2"),
    ("-n", "2", "-P", "thread"),
    ("-a",),
    ("--continue",),
    ("--cache", "shared"),
    ("--cache", "True"),
    ("one",),
)
_ways = st.sampled_from(WAYS_TO_RUN)
#: How often inputs are edited during one run at most.
_EDITS = 2
_disturbed = st.sampled_from(((), (), ("-a",), ("-a",), ("-n", "2"), ("-a", "-n", "2"), ("one",)))
_fields = [field.name for field in dataclasses.fields(Shape)]


def _step(name: str, *rest: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), _where, *rest)


def edits() -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for what a user writes."""
    write = _step(
        "input", st.sampled_from(["a.txt", "b.txt", "c.txt"]), st.sampled_from(TEXTS), _sly
    )
    return st.one_of(
        write,
        write,
        _step("file", st.sampled_from(NAMES), st.sampled_from([None, *TEXTS]), _sly),
        _step("field", _few, st.sampled_from(_fields), _few, _sly),
        _step("task", _few, shapes(), _sly),
        _step("helper", st.integers(0, 2), _few, _sly),
        _step(
            "number",
            st.sampled_from(["constant", "words", "value", "remark"]),
            st.integers(0, 3),
            _sly,
        ),
        _step("env", st.sampled_from(ENVIRONMENTS), _sly),
        _step("undo", st.integers(1, 4), _sly),
        _step("pull", _sly),
    )


def accidents() -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for what happens to targets, to doit's DB and to the store."""
    return st.one_of(
        _step("touch", st.integers(0, 30), st.sampled_from(["now", "long ago", "later"])),
        _step(
            "damage",
            _few,
            st.sampled_from(DAMAGES),
        ),
        _step(
            "database",
            st.sampled_from(["removed", "copied aside", "put back", "journal removed"]),
        ),
        _step("forget", st.none() | _few),
        _step("store", st.sampled_from(["contents", "entries", "gone", "pruned"])),
        _step("clone"),
        _step("wait", st.sampled_from([1, 40, 99, 100, 101, -30])),
    )


def runs(*, two_on_one_db: bool, pythons: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for runs of all sorts."""
    return st.one_of(
        _step("run", _ways, _few, st.booleans()),
        _step("run", _ways, _few, st.booleans()),
        _step("kill", _disturbed, _few, _calls),
        _step("kill after", _disturbed, _few, st.integers(0, 120)),
        _step(
            "race",
            _disturbed,
            _few,
            st.lists(st.tuples(_calls, st.sampled_from(TEXTS)), min_size=1, max_size=_EDITS),
            st.sampled_from(["a.txt", "b.txt", "c.txt", "d/x.txt"]),
        ),
        _step("both", _ways, _ways, _few),
        *([_step("twice", _ways, _ways, _few)] if two_on_one_db else []),
        *([_step("python", st.integers(0, pythons - 1))] if pythons else []),
    )


def episodes(run: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Return a strategy for events that seldom coincide by chance, all in one checkout."""
    plain = _step("run", st.just(()), _few, st.booleans())
    undo = _step("undo", st.just(1), _sly)
    damage = _step("damage", _few, st.sampled_from(DAMAGES))
    together = st.one_of(
        st.tuples(edits(), run, undo, plain),
        st.tuples(run, undo, plain),
        st.tuples(plain, edits(), run, damage, undo, plain),
        st.tuples(plain, damage, run, plain),
    )
    return st.builds(
        lambda where, steps: [(what, where, *rest) for what, _, *rest in steps], _where, together
    )


def histories(
    *, longest: int, two_on_one_db: bool = False, pythons: int = 0
) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Return a strategy for histories."""
    run = runs(two_on_one_db=two_on_one_db, pythons=pythons)
    step = st.one_of(edits(), accidents(), run, run).map(lambda step: [step])
    parts = st.lists(step | episodes(run), min_size=longest // 4, max_size=longest // 2)
    return parts.map(lambda lists: [step for steps in lists for step in steps])
