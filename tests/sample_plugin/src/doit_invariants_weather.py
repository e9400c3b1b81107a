"""A sample plugin: everything that a distribution can add to doit-invariants."""

from __future__ import annotations

from pathlib import Path

from doit_invariants import Invariant, hookimpl


class Weather(Invariant):
    """Unchanged while the weather of a city is the same (as a file says)."""

    kind = "Weather"

    def __init__(self, city):
        self.city = city

    def identity(self):
        return self.city

    def fingerprint(self, context, previous):
        return {"digest": Path(context.root, f"{self.city}.weather").read_text().strip()}


class Money:
    """A value that has no plain state: only the plugin knows how it is compared."""

    def __init__(self, amount):
        self.amount = lambda: amount


@hookimpl
def invariants_register_kinds():
    return [Weather]


@hookimpl
def invariants_digest_value(value):
    return str(value.amount()) if isinstance(value, Money) else None


@hookimpl
def invariants_digest_file(path):
    """A log is the same while its lines without their time stamps are."""
    if not path.endswith(".log"):
        return None
    lines = [line.partition(" ")[2] for line in Path(path).read_text().splitlines()]
    return "log:" + "|".join(lines)


@hookimpl
def invariants_for_task(task):
    return [Weather("here")] if (task.meta or {}).get("outdoors") else []


@hookimpl
def invariants_verdict(task, verdict):
    with open("verdicts.txt", "a") as out:
        out.write(f"{task.name} {verdict.status}\n")


@hookimpl
def invariants_saved(task, record):
    with open("saved.txt", "a") as out:
        out.write(f"{task.name} {record.origin}\n")
