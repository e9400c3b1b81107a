"""Describe in words which code is tracked, and what changed in it."""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from doit_invariants.code.loaded.compare import Changed, Comparison, compare
from doit_invariants.code.loaded.graph import Row, unpack
from doit_invariants.code.source import normal_form
from doit_invariants.core.model import Change, Difference, Json
from doit_invariants.core.text import shorten
from doit_invariants.hashing.outline import outline_changes

#: Maximum number of differences named in one line, and of lines shown of a diff.
_MOST_NAMED = 3
_MOST_LINES = 12
#: Prefix of the lines that report what was left out.
NOT_COMPARED = "not compared: "


def explain(old: Json, new: Json) -> Difference:
    """Return how the recorded code of a callable differs from the present one.

    :param old, new: details of both: units and their sources; None if they are gone
    """
    try:
        was, now = _Side(old), _Side(new)
        result = compare(was.rows, now.rows)
        found = [_one(one, was, now, result) for one in result.changed]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        found = []
    if not found:
        return Difference("bytecode changed")
    texts = [text for text, _, _ in found]
    more = f"; and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    changes = tuple(change for _, some, _ in found for change in some)
    lines = tuple(line for _, _, some in found[:_MOST_NAMED] for line in some)
    return Difference("; ".join(texts[:_MOST_NAMED]) + more, changes, detail=lines)


class _Side:
    """The units of one side with their sources."""

    def __init__(self, details: Json) -> None:
        self.rows: list[Row] = details["units"]
        self._texts = unpack(details["sources"]) if details["sources"] else []

    def text(self, number: int) -> str | None:
        """Return the source of a unit, None if it is unavailable."""
        return self._texts[number] if number < len(self._texts) else None

    def name(self, ref: Json) -> str:
        """Return a readable name for the target of a reference."""
        target = ref[1]
        name = self.rows[target]["name"] if isinstance(target, int) else _leaf_name(target)
        return f"{name}{ref[2].rpartition('|')[2]}"


_Found = tuple[str, tuple[Change, ...], list[str]]


def _one(one: Changed, was: _Side, now: _Side, result: Comparison) -> _Found:
    row = now.rows[one.new]
    place = f"{row['where']} {row['name']}".strip()
    used = _used_by(one.new, now.rows, result)
    if one.label == "code":
        before, after = was.text(one.old), now.text(one.new)
        what = _code_text(before, after)
        change = Change("changed", place)
        return f"bytecode changed: {place}{what}{used}", (change,), _diff(before, after, row)
    changes = _value_changes(one, was, now, place)
    shown = ", ".join(str(change).removeprefix(f"{place} ") for change in changes[:_MOST_NAMED])
    return f"value changed: {place} {shown}{used}", changes, []


def _used_by(number: int, rows: list[Row], result: Comparison) -> str:
    """Return a note with the nearest unit that led to this one and that a person wrote."""
    name, user = rows[number]["name"], number
    seen: set[int] = set()  # a recursion leads back to its start
    while user in result.users and user not in seen:
        seen.add(user)
        user = result.users[user]
        if rows[user]["where"] and rows[user]["name"] != name:
            return f" (used by {rows[user]['name']})"
    return ""


def _value_changes(one: Changed, was: _Side, now: _Side, place: str) -> tuple[Change, ...]:
    where = f"{place} {one.label}"
    if one.was is None:
        return (Change("added", where, None, now.name(one.now)),)
    if one.now is None:
        return (Change("removed", where, was.name(one.was)),)
    # Although the code reads these attributes, all of the value counts: the change may be elsewhere
    # in it.
    where = where.removesuffix(one.now[2].rpartition("|")[2])
    inside = outline_changes(one.was[3], one.now[3])
    if inside:
        return tuple(
            Change(c.what, f"{where}{c.where.removeprefix('$')}", c.old, c.new) for c in inside
        )
    before, after = was.name(one.was), now.name(one.now)
    return (Change("changed", where, *((before, after) if before != after else (None, None))),)


def _leaf_name(leaf: str) -> str:
    kind, _, rest = leaf.partition(" ")
    if kind in ("value", "incomplete", "module", "compiled"):
        return f"a {kind}"
    return rest if kind in ("library", "builtin") else leaf


def _code_text(old: str | None, new: str | None) -> str:
    """Return what changed in the code, if a few words can describe it."""
    before, after = _parse(old), _parse(new)
    if before is None or after is None:
        return ""
    constants = _gone_and_new(_constants(before), _constants(after))
    calls = _gone_and_new(_calls(before), _calls(after))
    parts = []
    if len(constants[0]) == 1 == len(constants[1]):
        parts.append(f"constant {constants[0][0]} -> {constants[1][0]}")
    else:
        parts += [f"constant {text} removed" for text in constants[0]]
        parts += [f"constant {text} added" for text in constants[1]]
    parts += [f"call to {name}() removed" for name in calls[0]]
    parts += [f"call to {name}() added" for name in calls[1]]
    return f" {', '.join(parts)}" if 0 < len(parts) <= _MOST_NAMED else ""


def _gone_and_new(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    before, after = Counter(old), Counter(new)
    return list((before - after).elements()), list((after - before).elements())


def _parse(text: str | None) -> normal_form.AnyFunction | None:
    tree = normal_form.parse(text) if text is not None else None
    # None if the source is for another version of Python.
    first: Any = tree.body[0] if tree is not None and tree.body else None
    node = first.value if isinstance(first, ast.Expr) else first
    return node if isinstance(node, normal_form.AnyFunction) else None


def _constants(tree: normal_form.AnyFunction) -> list[str]:
    return [shorten(repr(node.value)) for node in _walk(tree) if isinstance(node, ast.Constant)]


def _calls(tree: normal_form.AnyFunction) -> list[str]:
    called = (node.func for node in _walk(tree) if isinstance(node, ast.Call))
    names = (getattr(func, "attr", None) or getattr(func, "id", None) for func in called)
    return [name for name in names if isinstance(name, str)]


def _walk(tree: normal_form.AnyFunction) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(normal_form.readable(tree)))


def _diff(old: str | None, new: str | None, row: Row) -> list[str]:
    before, after = _parse(old), _parse(new)
    if before is None or after is None:
        return []
    name = str(row["where"]).rpartition(":")[0]
    lines = difflib.unified_diff(
        normal_form.readable(before).splitlines(),
        normal_form.readable(after).splitlines(),
        name,
        name,
        lineterm="",
        n=1,
    )
    shown = list(lines)
    more = [f"... {len(shown) - _MOST_LINES} more lines"] if len(shown) > _MOST_LINES else []
    return shown[:_MOST_LINES] + more


# ---------------------------------------------------------------------- what is tracked


def contents(details: Json) -> list[str]:
    """Return a line for each unit of a callable: its place, and its own references."""
    try:
        lines = [line for row in details["units"] for line in _lines_of(row, details["units"])]
        return [*lines, *not_compared(details)]
    except (TypeError, KeyError, IndexError, ValueError):
        return []  # gone, or damaged


def not_compared(found: Json) -> list[str]:
    """Return a line for each thing that was left out because it can't be compared."""
    return [f"{NOT_COMPARED}{text}" for text in found.get("left_out", ())]


def _lines_of(row: Row, rows: list[Row]) -> Iterator[str]:
    where = f" ({row['where']})" if row["where"] else ""
    found = [text for ref in row["refs"] if (text := _text_of(ref, rows)) is not None]
    if where or found:
        yield f"{row['name']}{where}" + (f": {', '.join(found)}" if found else "")


def _text_of(ref: Json, rows: list[Row]) -> str | None:
    label, target, _, shown = ref
    if isinstance(target, int):
        target = rows[target]["tag"]  # if the object is mutable: its value
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
        return f"{label} (parts that can't be compared are left out)"
    return f"{label} ({target})"
