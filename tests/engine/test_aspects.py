"""Each rule of being up-to-date: if its cheap answer is "unchanged", the full check agrees."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doit_invariants import Env, Value
from doit_invariants.engine.check.aspects import ASPECTS, is_unchanged
from doit_invariants.engine.check.aspects.base import Aspect, StoredTask
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.session import Session
from doit_invariants.engine.status import begin_observation
from doit_invariants.engine.task import SimpleTask
from tests.engine.plain import Project
from tests.oracle import reasons_of_full_look
from tests.support.choices import examples

NAME = "t"
RECORD = "invariants:"


def make() -> None:
    """Make the targets."""
    for path in ("x", "y"):
        Path(path).write_text("made")


def make_otherwise() -> None:
    """Make them in another way."""
    for path in ("y", "x"):
        Path(path).write_text("made")


class State:
    """A task that has run, and what is edited since."""

    def __init__(self) -> None:
        for path in ("a", "b"):
            Path(path).write_text(path)
        self.project = Project([self.task(make)])
        self.project.options = {NAME: {"invariants": [Value(1), Env("ASPECTS")]}}
        assert self.project.run() == {NAME: "executed"}
        time.sleep(0.012)  # until the files are older than a tick of their clock
        self.project.run()
        self.facts = HostFacts()
        self.marks: list[Callable[[Session], object]] = []

    def task(self, action: Callable[[], None], **more: Any) -> SimpleTask:
        """Return the task."""
        return SimpleTask(
            **{
                "name": NAME,
                "actions": [action],
                "file_dep": ["a", "b"],
                "targets": ["x", "y"],
                **more,
            }
        )

    @property
    def row(self) -> Any:
        """The stored row."""
        return self.project.db.rows[NAME]

    @property
    def record(self) -> Any:
        """Our record in it."""
        return self.row.get(RECORD, {})

    def options(self, **more: Any) -> None:
        """Give the task other options."""
        self.project.options = {NAME: {**self.project.options[NAME], **more}}

    def session(self) -> Session:
        """Return a session that may be asked."""
        session = self.project.session(runs=True)
        for mark in self.marks:
            mark(session)
        return session


def touch(path: str) -> None:
    """Give a file another time."""
    if os.path.exists(path):
        os.utime(path, (1, 1))


def tamper(key: str, value: Any) -> Callable[[State], object]:
    """Return what changes a value of the record."""
    return lambda s: s.record.update({key: value})


def entries(change: Callable[[list[Any]], object]) -> Callable[[State], object]:
    """Return what changes each recorded invariant."""
    return lambda s: [change(one) for one in s.record.get("entries", {}).values()]


def flag(change: Callable[[Session], object]) -> Callable[[State], object]:
    """Return what has the session know something."""
    return lambda s: s.marks.append(change)


def replace(**more: Any) -> Callable[[State], object]:
    """Return what changes the task."""
    return lambda s: [setattr(s.project.tasks[0], key, value) for key, value in more.items()]


EDITS: dict[str, Callable[[State], object]] = {
    "input": lambda s: Path("a").write_text("other"),
    "input, as long": lambda s: Path("a").write_text("c"),
    "input, the same": lambda s: Path("a").write_text("a"),
    "input touched": lambda s: touch("b"),
    "no input": lambda s: Path("b").unlink(missing_ok=True),
    "target": lambda s: Path("x").write_text("hand"),
    "target touched": lambda s: touch("y"),
    "no target": lambda s: Path("y").unlink(missing_ok=True),
    "action": replace(actions=[make_otherwise]),
    "two actions": replace(actions=[make, make_otherwise]),
    "fewer inputs": replace(file_dep=["a"]),
    "no inputs": replace(file_dep=[]),
    "more inputs": replace(file_dep=["a", "b", "x"]),
    "fewer targets": replace(targets=["x"]),
    "targets in another order": replace(targets=["y", "x"]),
    "calculated": replace(calc_dep={NAME}),
    "value": lambda s: s.options(invariants=[Value(2), Env("ASPECTS")]),
    "nothing listed": lambda s: s.options(invariants=[]),
    "another order": lambda s: s.options(invariants=[Env("ASPECTS"), Value(1)]),
    "policy": lambda s: s.options(cache=False),
    "another policy": lambda s: s.options(cache="force"),
    "targets not tracked": lambda s: s.options(track_targets=False),
    "code not tracked": lambda s: s.options(track_code=False),
    "newer record": tamper("schema", 99),
    "of another place": tamper("root", "/elsewhere"),
    "odd origin": tamper("origin", "odd"),
    "no targets recorded": tamper("targets", None),
    "no plugins asked": tamper("sources", []),
    "no stats": tamper("stats", {}),
    "endless age": tamper("executed_at", float("nan")),
    "no record": lambda s: s.row.pop(RECORD, None),
    "no row": lambda s: s.row.clear(),
    "checker": lambda s: s.row.update({"checker:": "Other"}),
    "checker of a later name": lambda s: s.row.update({"checker:": "md5"}),
    "names": lambda s: s.row.update({"deps:": ["a"]}),
    "plain doit saved": lambda s: s.row.update({"a": [1.0, 1, "0" * 32]}),
    "older kind": entries(lambda one: one.__setitem__(1, one[1] - 1)),
    "newer kind": entries(lambda one: one.__setitem__(1, one[1] + 1)),
    "other digest": entries(lambda one: one[3].update(digest="xxh3_128:" + "0" * 32)),
    "edited while it ran": entries(lambda one: one[3].update(digest="edited-meanwhile")),
    "interrupted": flag(lambda session: session.unfinished.set(NAME, "interrupted")),
    "failed": flag(lambda session: session.unfinished.set(NAME, "failed")),
    "damaged": flag(lambda session: session.damaged.update({NAME: "it is damaged"})),
    "running": flag(lambda session: session.running.update({NAME: "another doit"})),  # type: ignore[dict-item]
    "false": lambda s: s.facts.uptodate_false.append((False, (), {})),
    "true": lambda s: setattr(s.facts, "counted", True),
}


@contextlib.contextmanager
def in_new_directory() -> Any:
    """Change to an empty directory."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            yield
        finally:
            os.chdir(before)


def cheap_answers(session: Session, task: Any, facts: HostFacts) -> dict[Aspect, bool]:
    """Return what each aspect answers, whatever the others do."""
    stored, found = StoredTask(session, task, facts), {}
    for aspect in sorted(ASPECTS, key=lambda one: one.cost):
        found[aspect] = False
        with contextlib.suppress(Exception):
            found[aspect] = aspect.unchanged(stored)
    return found


@pytest.mark.parametrize("number", range(len(ASPECTS)), ids=[type(one).__name__ for one in ASPECTS])
@examples(30)
@example(edits=["no plugins asked"])
@given(edits=st.lists(st.sampled_from(sorted(EDITS)), max_size=3))
def test_what_is_unchanged_gives_no_reasons(number: int, edits: list[str]) -> None:
    with in_new_directory():
        state = State()
        for name in edits:
            EDITS[name](state)
        task, facts = state.project.tasks[0], state.facts
        answers = cheap_answers(state.session(), task, facts)
        observation = begin_observation(state.session(), task, [])
        found = {aspect: list(aspect.reasons(observation, facts)) for aspect in ASPECTS}
        if any(one.code == "checker_changed" for some in found.values() for one in some):
            return  # to doit the task never ran then: its record is forgotten, not compared
        reasons = found[ASPECTS[number]]
        if any(one.code == "unreadable_record" for one in reasons):
            # One reason stands for damage in any part: the aspect of that part has said no.
            assert not all(answers.values())
        else:
            assert not (answers[ASPECTS[number]] and reasons)


@pytest.mark.parametrize("edit", EDITS)
def test_a_task_that_is_unchanged_has_no_reasons(edit: str) -> None:
    """All aspects together, after each single edit."""
    with in_new_directory():
        state = State()
        EDITS[edit](state)
        task, facts = state.project.tasks[0], state.facts
        if is_unchanged(state.session(), task, facts):
            assert not reasons_of_full_look(state.session(), task, facts)


def test_each_aspect_can_say_unchanged() -> None:
    """Otherwise the tests above would prove nothing."""
    with in_new_directory():
        state = State()
        found = cheap_answers(state.session(), state.project.tasks[0], HostFacts())
        assert all(found.values()), found
