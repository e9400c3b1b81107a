"""Lists what was found of a callable, for people who wonder what is tracked."""

from __future__ import annotations

from collections.abc import Iterator

from doit_invariants.code.loaded.graph import Row
from doit_invariants.core.model import Json

#: How lines begin that say what was left out.
NOT_COMPARED = "not compared: "


def contents(details: Json) -> list[str]:
    """Return a line for each unit of a callable: where it is, and what it refers to itself."""
    try:
        lines = [line for row in details["units"] for line in _lines(row, details["units"])]
        return [*lines, *not_compared(details)]
    except (TypeError, KeyError, IndexError, ValueError):
        return []  # gone, or damaged


def not_compared(found: Json) -> list[str]:
    """Return a line for each thing that was left out, as it can't be compared."""
    return [f"{NOT_COMPARED}{text}" for text in found.get("left_out", ())]


def _lines(row: Row, rows: list[Row]) -> Iterator[str]:
    where = f" ({row['where']})" if row["where"] else ""
    found = [text for ref in row["refs"] if (text := _text(ref, rows)) is not None]
    if where or found:
        yield f"{row['name']}{where}" + (f": {', '.join(found)}" if found else "")


def _text(ref: Json, rows: list[Row]) -> str | None:
    label, target, _, shown = ref
    if isinstance(target, int):
        target = rows[target]["tag"]  # of an object that can be changed: its value
        if not target.startswith(("value ", "incomplete ")):
            return None
    if target.startswith("builtin "):
        return None
    kind, _, what = target.partition(" ")
    if kind == "value":
        plain = shown.get("$") if isinstance(shown, dict) and len(shown) == 1 else None
        return f"{label} = {plain}" if plain is not None else str(label)
    if kind == "library":
        return str(what)
    if kind in ("module", "compiled"):
        return f"{kind} {what.partition(' ')[0]}"
    if kind == "incomplete":
        return f"{label} (what can't be compared in it is left out)"
    return f"{label} ({target})"
