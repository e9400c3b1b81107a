"""The code of a callable as a whole: its units, numbered, digested, and made JSON.

The units are numbered in the order in which they are met from the callable on, so the numbers
do not depend on names, addresses, or on what was fingerprinted before; mutual recursion is two
units that refer to each other's number. Two digests are made of the whole:

- that of the *code*, exact, for one Python version: equal to the recorded one means unchanged,
  and that is all that most checks need;
- that of the *sources*, the same on every machine and Python, which a signature consists of.

Where neither is equal the units are compared one by one, see
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

#: Of the sources of one callable and all it uses so much is kept, in characters.
MOST_SOURCE = 65_536

#: So much of what is left out is kept, to be shown.
_MOST_LEFT_OUT = 20

#: A unit as JSON; what it refers to is a list of label, text or number of a unit, rest, shown.
Row = dict[str, Json]


class CodeGraph:
    """A callable with everything that it uses.

    :ivar units: the units in canonical order; the first is the callable
    :ivar code: digest for this version of Python
    :ivar edited: names of modules of which all counts, and which are not as they were loaded
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
        """Find all units, and what counts of each because some code looks at it."""
        looks: set[str] = set()
        todo = [root]
        while True:
            self._number(todo)
            known = len(looks)
            looks.update(*(_looks_of(unit, by_libraries=explorer.narrow) for unit in self.units))
            extras = [explorer.extras(unit, tuple(sorted(looks))) for unit in self.units]
            # Annotations lead to classes, of which some code may look at more.
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
        """Return what counts of a reference beside what it leads to.

        That is the name of a global which some unit assigns: it has another value afterwards.
        """
        kind, _, name = ref.label.partition(" ")
        if kind == "global" and head_of(ref.label) in self._written:
            return f"{ref.rest} as {name}"
        return ref.rest

    def _target(self, ref: Ref) -> int | str:
        return str(ref.leaf) if ref.unit is None else self._numbers[id(ref.unit)]

    # ------------------------------------------------------------------ what is recorded

    def rows(self, sources: FunctionSources) -> list[Row]:
        """Return the units as JSON, with the digests of their sources where there are any."""
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
        """Return the names of the modules of which all counts."""
        return modules_of(self.units)

    def left_out(self) -> list[str]:
        """Return what can't be compared with a later run, for people."""
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
    """Return the names of the modules that units refer to and that no file stands for any more."""
    leaves = (ref.leaf for unit in units for ref in unit.refs if ref.leaf is not None)
    edited = (leaf for leaf in leaves if leaf.endswith(EDITED_SINCE_LOADED))
    return sorted({leaf.split(" ")[1] for leaf in edited})


def _looks_of(unit: Unit, *, by_libraries: bool) -> set[str]:
    """Return what a unit looks at beside what it names: ``name``, ``doc``, ``annotations``."""
    found = set(unit.code.reflects) if unit.code is not None else set()
    for leaf in (unit.tag, *(ref.leaf for ref in unit.refs)) if by_libraries else ():
        if leaf is not None and leaf.startswith("library "):
            from doit_invariants.code.loaded.hints import read_by

            found |= read_by(leaf)
    return found


def portable_digest(rows: list[Row]) -> str:
    """Return the digest of the sources: the same on every machine and version of Python.

    Of a unit without source its code stands for it. What a unit refers to is taken in the order
    of the labels, as that of the code differs between versions.
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
    """Return sources as one compressed text, those beyond ``MOST_SOURCE`` left out."""
    kept: list[str | None] = []
    total = 0
    for text in texts:
        total += len(text or "")
        kept.append(text if total <= MOST_SOURCE else None)
    if not any(kept):
        return None
    return base64.b85encode(zlib.compress(json.dumps(kept).encode())).decode()


def unpack(packed: Json) -> list[str | None]:
    """Return the sources again; an empty list for what is damaged."""
    try:
        raw = zlib.decompressobj().decompress(base64.b85decode(packed), 16 * MOST_SOURCE)
        texts = json.loads(raw)
    except (ValueError, TypeError, zlib.error):
        return []
    return texts if isinstance(texts, list) else []
