"""The events of a pipeline, except runs."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from doit_invariants.testing import Outcome

from .checkout import START, Checkout
from .forked import Run
from .pipeline import Shape, Sources, jobs_of


class Events:
    """Two checkouts that share a store, and their events, except runs.

    :ivar lines: the history, to be read by people
    :ivar figures: how often something has happened
    """

    def __init__(
        self, directory: Path, sources: Sources, backend: str, pythons: tuple[str, ...] = ()
    ) -> None:
        self.directory = directory
        self.lines = [f"backend {backend}"]
        self.both = [Checkout(directory, name, sources, backend) for name in ("one", "two")]
        self.pythons = pythons
        self.now = START
        self.figures: Counter[str] = Counter()

    def tell(self, what: str) -> None:
        self.lines.append(what)

    def start(self, one: Checkout, arguments: tuple[str, ...], **more: Any) -> Run:
        return Run(one.path, arguments, one.environment(self.now), **more)

    def ended(self, run: Run) -> Outcome:
        outcome = run.end()
        assert outcome is not None
        return outcome

    def that(self, holds: bool, text: str) -> None:
        assert holds, text

    # -- what a user writes --

    def edit(self, one: Checkout, what: str, sources: Sources, sly: bool) -> None:
        changed = one.write(sources, sly=sly)
        kept = " (sizes and times kept)" if sly else ""
        self.tell(f"{one.name}: {what}{kept}; changed: {', '.join(changed) or 'nothing'}")

    def do_input(self, one: Checkout, name: str, text: str, sly: bool) -> None:
        inputs = {**one.sources.inputs, name: text}
        self.edit(one, f"in/{name} is {text!r}", replace(one.sources, inputs=inputs), sly)

    def do_file(self, one: Checkout, name: str, text: str | None, sly: bool) -> None:
        inputs = {k: v for k, v in one.sources.inputs.items() if not f"{k}/".startswith(f"{name}/")}
        if name == "d/sub":
            inputs |= {name: None} if text is not None else {}
        elif text is not None:
            inputs |= {name: text}
        self.edit(one, f"in/{name} is {text!r}", replace(one.sources, inputs=inputs), sly)

    def do_field(self, one: Checkout, number: int, field: str, value: int, sly: bool) -> None:
        shapes = list(one.sources.shapes)
        number %= len(shapes)
        given: Any = (value,) if field == "reads" else value
        shapes[number] = replace(shapes[number], **{field: given})
        self.edit(
            one, f"{field} of t{number} is {given}", replace(one.sources, shapes=tuple(shapes)), sly
        )

    def do_task(self, one: Checkout, number: int, shape: Shape, sly: bool) -> None:
        shapes = list(one.sources.shapes)
        number %= len(shapes) + 1
        shapes[number : number + 1] = [shape]
        self.edit(one, f"t{number} is another", replace(one.sources, shapes=tuple(shapes)), sly)

    def do_helper(self, one: Checkout, number: int, value: int, sly: bool) -> None:
        helpers = list(one.sources.helpers)
        helpers[number] = value
        self.edit(one, f"helper {number}", replace(one.sources, helpers=tuple(helpers)), sly)

    def do_number(self, one: Checkout, field: str, value: int, sly: bool) -> None:
        given: dict[str, Any] = {field: value}
        self.edit(one, f"{field} is {value}", replace(one.sources, **given), sly)

    def do_env(self, one: Checkout, value: str, sly: bool) -> None:
        self.edit(one, f"HX_ENV is {value!r}", replace(one.sources, env=value), sly)

    def do_undo(self, one: Checkout, back: int, sly: bool) -> None:
        if one.before:
            self.edit(one, f"back by {back}", one.before[-min(back, len(one.before))], sly)

    def do_pull(self, one: Checkout, sly: bool) -> None:
        other = self.both[one is self.both[0]]
        self.edit(one, "as the other checkout", other.sources, sly)

    # -- accidents --

    def do_touch(self, one: Checkout, number: int, when: str) -> None:
        self.tell(f"{one.name}: {one.touch(number, when)} touched: {when}")

    def do_damage(self, one: Checkout, number: int, how: str) -> None:
        targets = one.targets()
        if targets:
            name = targets[number % len(targets)]
            one.damage(name, how)
            self.tell(f"{one.name}: {name}: {how}")

    def do_database(self, one: Checkout, how: str) -> None:
        one.database(how)
        self.tell(f"{one.name}: the DB: {how}")

    def do_forget(self, one: Checkout, number: int | None) -> None:
        jobs = jobs_of(one.sources)
        names = ("--all",) if number is None else (jobs[number % len(jobs)].name,)
        one.clean.clear()
        outcome = self.ended(self.start(one, ("forget", *names)))
        self.tell(f"{one.name}: doit forget {names[0]}")
        self.that(outcome.returncode == 0, repr(outcome))

    def do_store(self, one: Checkout, how: str) -> None:
        self.tell(f"the store: {how}")
        store = self.directory / "store"
        if how == "gone":
            shutil.rmtree(store, ignore_errors=True)
        elif how == "pruned":
            self.ended(self.start(one, ("invariants", "store", "prune", "--max-size", "200")))
        kind = {"contents": "blobs"}.get(how, how)
        for path in sorted(p for p in (store / kind).rglob("*") if p.is_file())[:2]:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"~")

    def do_clone(self, one: Checkout) -> None:
        other = self.both[one is self.both[0]]
        other.clone(one)
        self.tell(f"{other.name}: is now a copy of {one.name}")

    def do_wait(self, one: Checkout, seconds: int) -> None:
        self.now += seconds
        self.tell(f"{seconds} s pass")
