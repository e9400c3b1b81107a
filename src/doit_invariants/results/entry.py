"""What is kept of one success of a task, in a store or beside an export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doit_invariants.core.model import Json
from doit_invariants.core.paths import moved
from doit_invariants.results.parts import Artifact, DamagedResult

#: Version of the layout. An entry of another one is not read: it is a miss.
SCHEMA = 1

#: Stands for the directory of the project in values: an entry is the same from every checkout.
ROOT = "/<project>"

# In seconds: what a calendar can show everywhere, and three years of work.
_LATEST = 32_503_680_000.0
_LONGEST = 1e8


@dataclass(frozen=True, slots=True)
class ResultEntry:
    """One success of a task: what it made and what it said.

    :ivar signature: of the task when it ran, the same on every machine; empty if it had none
    :ivar task: its name then
    :ivar artifacts: its targets in order
    :ivar values, result: as doit keeps them: a JSON object, and text, object or None; paths of the
        project begin with ``root``
    :ivar root: what stands for the directory of the project; empty if nothing does
    :ivar output: of each action what it wrote to its output and its errors, None for nothing;
        empty where that is not known, as the result was kept long after: the result isn't then
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
        """Return the values and the result, with the paths that files have in a project there."""
        if not self.root:
            return self.values, self.result
        return moved(self.values, self.root, root), moved(self.result, self.root, root)

    def to_json(self) -> Json:
        """Return the entry as it is kept; ``blobs`` names all contents that it needs."""
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
        """Read a kept entry.

        :raises DamagedResult: in one line, for another version and for what is not an entry
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
        """Return the targets that two successes made differently; ``values`` for their values."""
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
    # States are digests that plugins may teach otherwise since.
    return (one.state != "" and one.state == other.state) or one.parts == other.parts


def _is(wanted: type, value: Any) -> Any:
    if not isinstance(value, wanted):
        raise TypeError
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(_is(str, value))


def _result(value: Any) -> Json:
    if value is not None and not isinstance(value, (str, dict)):
        raise TypeError  # doit knows no other
    return value


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise TypeError
    return float(value)
