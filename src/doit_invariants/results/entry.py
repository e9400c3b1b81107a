"""The entry that a store or an export keeps about one success of a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doit_invariants.core.model import Json
from doit_invariants.core.paths import moved
from doit_invariants.results.parts import Artifact, DamagedResult

#: Version of the layout. An entry of another version is not read: it is a miss.
SCHEMA = 1

#: Replaces the project directory in values, so that an entry is the same in every checkout.
ROOT = "/<project>"

# Limits in seconds: the year 3000, which every calendar supports, and three years of execution.
_LATEST = 32_503_680_000.0
_LONGEST = 1e8


@dataclass(frozen=True, slots=True)
class ResultEntry:
    """One success of a task: its targets, values and output.

    :ivar signature: of the task when it ran, the same on every machine; empty if it had none
    :ivar task: its name at that time
    :ivar artifacts: its targets in order
    :ivar values: the values as doit keeps them, a JSON object; paths in the project begin with
        ``root``
    :ivar result: the result as doit keeps it, a string, an object or None; with paths as in
        ``values``
    :ivar root: string that replaces the project directory; empty if nothing does
    :ivar output: for each action, what it wrote to stdout and stderr, None for nothing; empty if
        unknown because the entry was made long after the run: then ``result`` is unknown too
    :ivar executed_at: when its actions ran, in seconds since the epoch
    :ivar took: how long they took, in seconds
    """

    signature: str
    task: str
    artifacts: tuple[Artifact, ...]
    values: dict[str, Json]
    result: Json
    output: tuple[tuple[str | None, str | None], ...]
    executed_at: float
    took: float
    root: str = ""

    def values_in(self, root: str) -> tuple[dict[str, Json], Json]:
        """Return the values and the result with their paths moved into the project at ``root``."""
        if not self.root:
            return self.values, self.result
        return moved(self.values, self.root, root), moved(self.result, self.root, root)

    def to_json(self) -> Json:
        """Return the stored form of the entry; ``blobs`` lists all file contents that it needs."""
        blobs: dict[str, int] = {}
        for artifact in self.artifacts:
            blobs.update(artifact.blobs())
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "task": self.task,
            "artifacts": [artifact.to_json() for artifact in self.artifacts],
            "blobs": blobs,
            "values": self.values,
            "result": self.result,
            "output": [list(pair) for pair in self.output],
            "executed_at": self.executed_at,
            "took": self.took,
            "root": self.root,
        }

    @staticmethod
    def from_json(data: Json) -> ResultEntry:
        """Read a stored entry.

        :raises DamagedResult: if it has another version or is not an entry; the message is one line
        """
        if not isinstance(data, dict) or type(data.get("schema")) is not int:
            raise DamagedResult("it is not an entry")
        if data["schema"] != SCHEMA:
            raise DamagedResult(
                f"it has version {data['schema']}; this doit-invariants reads version {SCHEMA}"
            )
        try:
            return ResultEntry(
                signature=_is(str, data["signature"]),
                task=_is(str, data["task"]),
                artifacts=tuple(Artifact.from_json(one) for one in _is(list, data["artifacts"])),
                values=_is(dict, data["values"]),
                result=_result(data["result"]),
                output=tuple((_text(out), _text(err)) for out, err in _is(list, data["output"])),
                executed_at=_number(data["executed_at"], _LATEST),
                took=_number(data["took"], _LONGEST),
                root=_is(str, data.get("root", "")),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise DamagedResult("it is not an entry") from error

    def differs_in(self, other: ResultEntry) -> list[str]:
        """Return the targets that differ between two successes, plus ``values`` if those differ."""
        mine = {one.path: one for one in self.artifacts}
        theirs = {one.path: one for one in other.artifacts}
        found = [path for path in {**mine, **theirs} if not _same(mine.get(path), theirs.get(path))]
        partial = not (self.output and other.output)
        if self.values != other.values or (self.result != other.result and not partial):
            found.append("values")
        return found


def _same(one: Artifact | None, other: Artifact | None) -> bool:
    if one is None or other is None:
        return False
    # Equal states suffice. Different ones do not: plugins may define the digests differently by
    # now.
    return (one.state != "" and one.state == other.state) or one.parts == other.parts


def _is(wanted: type, value: Any) -> Any:
    if not isinstance(value, wanted):
        raise TypeError
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(_is(str, value))


def _result(value: Any) -> Json:
    if value is not None and not isinstance(value, (str, dict)):
        raise TypeError  # doit has no others
    return value


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise TypeError
    return float(value)
