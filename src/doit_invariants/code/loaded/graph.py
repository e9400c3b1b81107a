"""The code of a callable as a whole: its units, numbered, digested, and converted to JSON.

Units are numbered in the order in which they are reached from the callable. Thus the numbers do not
depend on names, addresses, or earlier fingerprints. Mutually recursive functions are two units that
refer to each other's number. The whole has two digests:

- that of the *code*, exact, for one Python version: if it equals the recorded one, the callable is
  unchanged, and most checks need nothing else;
- that of the *sources*, which is the same on every machine and Python, for signatures.

If neither is equal, the units are compared one by one, see
:mod:`~doit_invariants.code.loaded.compare`.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doit_invariants.code.loaded.explorer import Explorer
from doit_invariants.code.loaded.operations import slot
from doit_invariants.code.loaded.unit import Ref, Unit, head_of
from doit_invariants.core.model import Json
from doit_invariants.files.state import EDITED_SINCE_LOADED
from doit_invariants.hashing.digest import digest_bytes, digest_json

if TYPE_CHECKING:
    from doit_invariants.code.loaded.function_sources import FunctionSources

#: Maximum number of characters kept of the sources of one callable and everything it uses.
MOST_SOURCE = 65_536

#: Maximum number of left-out items kept for display.
_MOST_LEFT_OUT = 20

#: A unit as JSON. Each reference is a list: label, leaf or number of a unit, rest, shown.
Row = dict[str, Json]


class CodeGraph:
    """A callable with everything that it uses.

    :ivar units: the units in canonical order; the first is the callable
    :ivar code: digest for this version of Python
    :ivar edited: names of modules that count as a whole and have changed since they were loaded
    """

    def __init__(self, explorer: Explorer, root: Unit) -> None:
        self.explorer = explorer
        self.units: list[Unit] = []
        self._numbers: dict[int, int] = {}
        self._extras = self._find(root, explorer)
        self._written = {name for unit in self.units if unit.code for name in unit.code.writes}
        self._refs = [
            [*unit.refs, *extras] if extras else unit.refs
            for unit, extras in zip(self.units, self._extras, strict=True)
        ]
        self.problems = [
            text for unit in self.units for text in explorer.problems.get(id(unit.obj), ())
        ]
        self.code = digest_bytes(b"\n".join(self._parts()))
        self.edited = edited_modules(self.units)

    def _parts(self) -> Iterator[bytes]:
        for unit, extras in zip(self.units, self._extras, strict=True):
            yield unit.own_digest().encode()
            yield b",".join(
                b"%d" % self._numbers[id(ref.unit)] for ref in unit.refs if ref.unit is not None
            )
            for ref in extras:
                yield str(self._target(ref)).encode()
            if self._written:
                yield "\n".join(map(self._rest, unit.refs)).encode()

    def _find(self, root: Unit, explorer: Explorer) -> list[list[Ref]]:
        """Find all units, and the parts of each that count because some code reads them."""
        looks: set[str] = set()
        todo = [root]
        while True:
            self._number(todo)
            known = len(looks)
            looks.update(*(_looks_of(unit, by_libraries=explorer.narrow) for unit in self.units))
            extras = [explorer.extras(unit, tuple(sorted(looks))) for unit in self.units]
            # Annotations lead to classes, whose code may read more.
            todo = [ref.unit for refs in extras for ref in refs if ref.unit is not None]
            if len(looks) == known and all(id(unit) in self._numbers for unit in todo):
                return extras

    def _number(self, todo: list[Unit]) -> None:
        for unit in todo:  # grows while it is walked
            if id(unit) not in self._numbers:
                self._numbers[id(unit)] = len(self.units)
                self.units.append(unit)
                todo += [ref.unit for ref in unit.refs if ref.unit is not None]

    def _rest(self, ref: Ref) -> str:
        """Return what counts in a reference besides its target.

        This includes the name of a global that some unit assigns, because its value changes.
        """
        kind, _, name = ref.label.partition(" ")
        if kind == "global" and head_of(ref.label) in self._written:
            return f"{ref.rest} as {name}"
        return ref.rest

    def _target(self, ref: Ref) -> int | str:
        return str(ref.leaf) if ref.unit is None else self._numbers[id(ref.unit)]

    # ------------------------------------------------------------------ what is recorded

    def rows(self, sources: FunctionSources) -> list[Row]:
        """Return the units as JSON, with the digests of their sources if available."""
        rows: list[Row] = []
        for unit, refs in zip(self.units, self._refs, strict=True):
            source = sources.of(unit.obj) if unit.code is not None else None
            rows.append(
                {
                    "name": unit.name,
                    "where": unit.where,
                    "tag": unit.tag,
                    "source": source.digest if source is not None else None,
                    "slots": {slot(): unit.code.digest} if unit.code is not None else {},
                    "refs": [
                        [ref.label, self._target(ref), self._rest(ref), ref.shown] for ref in refs
                    ],
                }
            )
        return rows

    def modules(self) -> list[str]:
        """Return the names of the modules that count as a whole."""
        return modules_of(self.units)

    def left_out(self) -> list[str]:
        """Return what can't be compared with a later run, for display."""
        texts = list(dict.fromkeys(text.partition(", which ")[0] for text in self.problems))
        more = [f"and {len(texts) - _MOST_LEFT_OUT} more"] if len(texts) > _MOST_LEFT_OUT else []
        return texts[:_MOST_LEFT_OUT] + more

    def texts(self, sources: FunctionSources) -> str | None:
        """Return the sources of the units, compressed; None if there are none."""
        found = [sources.of(unit.obj) if unit.code else None for unit in self.units]
        return pack([source.text if source is not None else None for source in found])


def modules_of(units: Iterable[Unit]) -> list[str]:
    """Return the names of the modules that units refer to as a whole."""
    leaves = (ref.leaf for unit in units for ref in unit.refs if ref.leaf is not None)
    return sorted({leaf.split(" ")[1] for leaf in leaves if leaf.startswith("module ")})


def edited_modules(units: Iterable[Unit]) -> list[str]:
    """Return the names of modules that units refer to and that no file matches any more."""
    leaves = (ref.leaf for unit in units for ref in unit.refs if ref.leaf is not None)
    edited = (leaf for leaf in leaves if leaf.endswith(EDITED_SINCE_LOADED))
    return sorted({leaf.split(" ")[1] for leaf in edited})


def _looks_of(unit: Unit, *, by_libraries: bool) -> set[str]:
    """Return what a unit reads besides its names: ``name``, ``doc``, ``annotations``."""
    found = set(unit.code.reflects) if unit.code is not None else set()
    for leaf in (unit.tag, *(ref.leaf for ref in unit.refs)) if by_libraries else ():
        if leaf is not None and leaf.startswith("library "):
            from doit_invariants.code.loaded.hints import read_by

            found |= read_by(leaf)
    return found


def portable_digest(rows: list[Row]) -> str:
    """Return the digest of the sources: the same on every machine and version of Python.

    If a unit has no source, its code is used. References are sorted by label, because their order
    in the code differs between versions.
    """
    numbers: dict[int, int] = {}
    content: list[Json] = []
    todo = [0]
    for index in todo:  # grows while it is walked
        if index in numbers:
            continue
        numbers[index] = len(numbers)
        todo += [ref[1] for ref in _by_label(rows[index]) if isinstance(ref[1], int)]
    for index in numbers:
        row = rows[index]
        own = row["source"] or row["slots"]
        refs = [
            [label, numbers[target] if isinstance(target, int) else target, rest]
            for label, target, rest, _ in _by_label(row)
        ]
        content.append([row["tag"], own, refs])
    return digest_json(content)


def _by_label(row: Row) -> list[Json]:
    return sorted(row["refs"], key=lambda ref: ref[0])


def pack(texts: list[str | None]) -> str | None:
    """Return sources as one compressed string, without those beyond ``MOST_SOURCE``."""
    kept: list[str | None] = []
    total = 0
    for text in texts:
        total += len(text or "")
        kept.append(text if total <= MOST_SOURCE else None)
    if not any(kept):
        return None
    return base64.b85encode(zlib.compress(json.dumps(kept).encode())).decode()


def unpack(packed: Json) -> list[str | None]:
    """Return the sources from :func:`pack`; an empty list if the string is damaged."""
    try:
        raw = zlib.decompressobj().decompress(base64.b85decode(packed), 16 * MOST_SOURCE)
        texts = json.loads(raw)
    except (ValueError, TypeError, zlib.error):
        return []
    return texts if isinstance(texts, list) else []
