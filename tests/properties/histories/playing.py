"""Plays a history, and says what is not as it should be."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from doit_invariants.stores.local.store import DirectoryStore
from doit_invariants.testing import Outcome

from .checkout import Checkout, needless
from .events import Events
from .forked import kill
from .pipeline import Sources, jobs_of
from .writing import texts

#: Inputs that are not edited while doit runs if a task looks at them so: a command is asked once.
_SEEN_BY = {"c.txt": ("output",)}


class Story(Events):
    """Two checkouts that share a store, and a history of runs in them."""

    def arguments(self, one: Checkout, way: tuple[str, ...], number: int) -> tuple[str, ...]:
        if way != ("one",):
            return way
        jobs = jobs_of(one.sources)
        return (jobs[number % len(jobs)].name,)

    def too_old(self, one: Checkout) -> set[str]:
        """Return the tasks whose TTL has expired."""
        found = set()
        for job in jobs_of(one.sources):
            stamp = one.stamp(job) if job.ttl is not None else ""
            if job.ttl is not None and not (
                stamp.isdigit() and 0 <= self.now - int(stamp) < job.ttl
            ):
                found.add(job.name)
        return found

    def do_run(self, one: Checkout, way: tuple[str, ...], number: int, again: bool) -> None:
        arguments = self.arguments(one, way, number)
        old = self.too_old(one)
        outcome = self.ended(self.start(one, arguments))
        self.judge(one, arguments, outcome, old)
        if again and outcome.returncode == 0 and "-a" not in arguments:
            self.judge(one, arguments, self.ended(self.start(one, arguments)), set())

    def judge(
        self, one: Checkout, arguments: tuple[str, ...], outcome: Outcome, old: set[str]
    ) -> None:
        """Compare what a run has left with the model."""
        model = one.model()
        self.tell(
            f"{one.name}: doit {' '.join(arguments)}: exit code {outcome.returncode}, "
            f"executed {' '.join(outcome.executed) or 'nothing'}"
        )
        self.count(outcome)
        self.that(outcome.returncode < 3, repr(outcome))
        names = {job.name for job in model.jobs}
        selected = names.intersection(arguments)
        if selected:
            only = next(job for job in model.jobs if job.name in selected)
            if only.loose:
                for name in outcome.executed:
                    one.clean.pop(name, None)  # what they are recorded with is not known
                return
            names = {only.name, *only.above}
        failing = model.failing & names
        self.that((outcome.returncode != 0) == bool(failing), f"fails? {failing}\n{outcome!r}")
        found = []
        if not failing or "--continue" in arguments:
            found = one.differences(model, names - failing, self.now)
        everything = "-a" in arguments
        ran = needless(one, model, outcome, old, everything)
        self.that(not found, "\n".join(found) + f"\n{outcome!r}")
        self.that(not ran, f"ran for nothing: {ran}\n{outcome!r}")
        self.figures["runs judged"] += 1
        if failing:
            one.clean.clear()
            return
        one.clean.update({name: model.made[name].key for name in names})

    def count(self, outcome: Outcome) -> None:
        restored = sum("(restored from the store" in line for line in outcome.up_to_date)
        self.figures["tasks executed"] += len(outcome.executed)
        self.figures["tasks restored"] += restored
        self.figures["tasks up-to-date"] += len(outcome.up_to_date) - restored
        self.figures["runs that failed"] += outcome.returncode != 0

    def do_kill(self, one: Checkout, way: tuple[str, ...], number: int, at: int) -> None:
        arguments = self.arguments(one, way, number)
        old = self.too_old(one)
        outcome = self.start(one, arguments, disturb=[(at, kill)]).end()
        self.killed(one, arguments, outcome, old, f"at call {at}")

    def do_kill_after(self, one: Checkout, way: tuple[str, ...], number: int, at: int) -> None:
        arguments = self.arguments(one, way, number)
        old = self.too_old(one)
        outcome = self.start(one, arguments).end(kill_after=at / 1000)
        self.killed(one, arguments, outcome, old, f"after {at} ms")

    def killed(
        self,
        one: Checkout,
        arguments: tuple[str, ...],
        outcome: Outcome | None,
        old: set[str],
        when: str,
    ) -> None:
        if outcome is None:
            one.clean.clear()
            self.figures["runs killed"] += 1
            self.tell(f"{one.name}: doit {' '.join(arguments)}: killed {when}")
        else:
            self.judge(one, arguments, outcome, old)

    def do_race(
        self,
        one: Checkout,
        way: tuple[str, ...],
        number: int,
        edits: list[tuple[int, str]],
        name: str,
    ) -> None:
        """Edit an input while doit runs, perhaps back and forth."""
        seen = any(job.sees in _SEEN_BY.get(name, ()) for job in jobs_of(one.sources))
        if one.sources.inputs.get(name) is None or seen:
            return
        arguments = self.arguments(one, way, number)
        path = one.path / "in" / name
        before = path.stat().st_ctime_ns
        disturb = [(at, lambda text=text: path.write_text(text)) for at, text in edits]
        outcome = self.ended(self.start(one, arguments, disturb=disturb))
        happened = path.stat().st_ctime_ns != before
        one.clean.clear()
        self.figures["runs with an edit in between"] += happened
        became = ", ".join(f"{text!r} at call {at}" for at, text in edits)
        self.tell(
            f"{one.name}: doit {' '.join(arguments)}: exit code {outcome.returncode}, executed "
            f"{' '.join(outcome.executed) or 'nothing'}; while in/{name} became {became}"
            + ("" if happened else ", but it ended before")
        )
        self.count(outcome)
        self.that(outcome.returncode < 3, repr(outcome))
        inputs = {**one.sources.inputs, name: path.read_text()}
        one.write(replace(one.sources, inputs=inputs))

    def do_both(
        self, one: Checkout, way: tuple[str, ...], other_way: tuple[str, ...], number: int
    ) -> None:
        """Run in both checkouts at once."""
        ways = (way, other_way)
        given = [self.arguments(c, w, number) for c, w in zip(self.both, ways, strict=True)]
        old = [self.too_old(c) for c in self.both]
        started = [self.start(c, a) for c, a in zip(self.both, given, strict=True)]
        outcomes = [self.ended(run) for run in started]
        self.tell("at once:")
        self.figures["runs at once"] += 2
        for each, arguments, outcome, expired in zip(self.both, given, outcomes, old, strict=True):
            self.judge(each, arguments, outcome, expired)

    def do_twice(
        self, one: Checkout, way: tuple[str, ...], other_way: tuple[str, ...], number: int
    ) -> None:
        """Run twice at once in one checkout, on one DB: one of them waits."""
        given = [self.arguments(one, w, number) for w in (way, other_way)]
        old = self.too_old(one)
        started = [self.start(one, arguments) for arguments in given]
        outcomes = [self.ended(run) for run in started]
        self.tell("at once, on one DB:")
        self.figures["runs at once on one DB"] += 2
        for arguments, outcome in zip(given, outcomes, strict=True):
            one.clean.clear()  # the other one may have been the first
            self.judge(one, arguments, outcome, old)
        jobs = {job.name for job in jobs_of(one.sources) if job.can_be_up_to_date}
        both = jobs.intersection(*(outcome.executed for outcome in outcomes))
        failed = any(outcome.returncode for outcome in outcomes)
        twice = set() if failed or any("-a" in arguments for arguments in given) else both
        self.that(not twice, f"ran in both: {twice}\n{outcomes!r}")

    def do_python(self, one: Checkout, number: int) -> None:
        """Run in another Python."""
        old = self.too_old(one)
        python = self.pythons[number]
        outcome = one.project.run(process=True, python=python, env=one.environment(self.now))
        self.tell(f"{one.name}: with {python}:")
        self.figures["runs in another Python"] += 1
        self.judge(one, (), outcome, old)

    # -- all of it --

    def play(self, steps: list[tuple[Any, ...]]) -> None:
        """Play a history; it ends with runs and with a check of the store."""
        try:
            for what, where, *rest in steps:
                getattr(self, "do_" + what.replace(" ", "_"))(self.both[where], *rest)
            for one in self.both:
                self.do_run(one, (), 0, again=one is self.both[0])
            problems = DirectoryStore(str(self.directory / "store")).verify().problems
            if not any(step[0] == "store" for step in steps):
                self.that(not problems, repr(problems))
        except AssertionError as error:
            raise AssertionError(self.report(str(error))) from None

    def report(self, error: str) -> str:
        """Return the history with what is wrong at its end."""
        last = texts(self.both[0].sources)
        return "\n".join(
            [
                *self.lines,
                "---- what is wrong:",
                error,
                f"---- dodo.py of checkout one:\n{last['dodo.py']}",
                f"---- helpers.py:\n{last['helpers.py']}",
                *(f"---- {n}:\n{t}" for n, t in last.items() if n[0] == "t"),
            ]
        )

    def compare_with_a_rebuild(self) -> None:
        """Really build all in clean checkouts, and compare the targets file by file.

        Left out is what says when it was made, and what a directory with former targets led to.
        """
        for one in self.both:
            clean = Checkout(self.directory, f"clean-{one.name}", one.sources, "json")
            outcome = self.ended(self.start(clean, ("-a",)))
            model = clean.model()
            own = {j.name for j in model.jobs if j.ttl is not None or j.sees == "neighbour"}
            for job in model.jobs if outcome.returncode == 0 else ():
                if not own & {job.name, *job.above}:
                    found = [one.left(f"out/{job.name}"), clean.left(f"out/{job.name}")]
                    names = list(model.made[job.name].files)
                    both = [
                        {n: tree.get(n.split("/", 2)[2], "missing") for n in names}
                        for tree in found
                    ]
                    self.that(both[0] == both[1], f"rebuilt: {both[1]}, was {both[0]}")
                    self.figures["tasks rebuilt"] += 1


def play(
    steps: list[tuple[Any, ...]],
    sources: Sources,
    backend: str,
    *,
    pythons: tuple[str, ...] = (),
    rebuild: bool = False,
) -> Story:
    """Play a history in a temporary directory."""
    with tempfile.TemporaryDirectory() as name:
        story = Story(Path(name).resolve(), sources, backend, pythons)
        story.play(steps)
        if rebuild:
            story.compare_with_a_rebuild()
        return story
