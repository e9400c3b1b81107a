"""Encode values that may contain code: functions in a table, instances of a class."""

from __future__ import annotations

import datetime
import enum
import functools
import pathlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.code.loaded import beyond_pickle, objects
from doit_invariants.code.loaded.process_state import identities, portable_text
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.hashing.limits import Folded, TooLarge
from doit_invariants.hashing.scalars import type_name
from doit_invariants.hashing.values import Encoder, ValueDigester

if TYPE_CHECKING:
    from doit_invariants.code.loaded.unit import CodeFinder, Ref
    from doit_invariants.hashing.value_graph import ValueGraph

#: Immutable types: equal values are the same for every purpose.
IMMUTABLE = (
    *(type(None), str, int, float, complex, bytes, tuple, frozenset, range, enum.Enum),
    *(pathlib.PurePath, re.Pattern, datetime.date, datetime.time, datetime.timedelta),
)


class CodeEncoder(Encoder):
    """Encodes a value; code in it is written as "the second one", and listed in ``refs``.

    Strings that are paths in the project count by their relative form: many paths are derived from
    ``__file__``, and a moved checkout is the same project.
    """

    def __init__(
        self, finder: CodeFinder, label: str, root: str, digester: ValueDigester | None
    ) -> None:
        super().__init__(root, digester)
        self.finder = finder
        self.label = label
        self.refs: list[Ref] = []
        self.problems: list[str] = []
        self._kept: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self.places: dict[int, tuple[Any, Any]] = {}
        plain = self.exact[str]
        self.exact = {**self.exact, str: lambda text: plain(portable_text(text, root))}

    @functools.cached_property
    def _process(self) -> dict[int, str]:
        return identities()  # late: most values are strings and numbers

    def container(self, value: Any, where: str) -> bytes:
        """Write lists and dicts of the process, such as ``sys.modules``, by name."""
        if type(value) in (dict, list) and self.finder.narrow and id(value) in self._process:
            return b"process " + self._process[id(value)].encode()
        return super().container(value, where)

    def special(self, value: Any, where: str) -> bytes | None:
        """Write code by its number; rules of plugins take precedence."""
        taught = super().special(value, where)
        if taught is not None:
            return taught
        ref = self.finder.code(where, value)
        if ref is not None:
            return self._refer(ref)
        name = self._process.get(id(value))
        if name is not None:
            return b"process " + name.encode()
        parts = beyond_pickle.all_parts(value) if self.finder.narrow else None
        return None if parts is None else self._by_parts(value, parts, where)

    def _by_parts(
        self, value: Any, parts: list[tuple[str, Any]], where: str, *codes: bytes
    ) -> bytes:
        self._kept.append(
            parts
            # Some parts were made for this: keep them alive so that their ids are not reused.
        )
        kind = b"union" if beyond_pickle.is_union(value) else self.name(type(value))
        pairs = [
            self.frame(b"p", label.encode(), self.encode(one, f"{where}.{label}"))
            for label, one in parts
        ]
        return self.frame(b"K", kind, *pairs, *codes)

    def refuse(self, value: object, where: str) -> bytes:
        """Leave out a value that can't be compared, except its code; note it in ``problems``."""
        try:
            return super().refuse(value, where)
        except CannotFingerprint as error:
            self.problems.append(str(error))
        inside = [self.finder.code(where, one) for one in objects.code_inside(value)]
        codes = [self._refer(ref) for ref in inside if ref is not None]
        parts = beyond_pickle.some_parts(value) if self.finder.narrow else None
        if parts:
            return self._by_parts(value, parts, where, *codes)
        left_out = b"left out " + type_name(type(value)).encode()
        return left_out if self.graph is None else self.frame(left_out, *codes)

    def maker(self, maker: Any, cls: type, where: str) -> bytes:
        """Return the encoding of the callable that makes an object; project code is followed."""
        if self.finder.narrow and maker is not cls:
            ref = self.finder.code(where, maker)
            if ref is not None and ref.unit is not None:
                return self._refer(ref)
        return super().maker(maker, cls, where)

    def beside_pickle(self, value: Any, reduced: Any, where: str) -> list[bytes]:
        """Return what pickle does not save: the code in an object, or everything behind a name."""
        cls = type(value)
        if not (self.finder.narrow and beyond_pickle.customises_pickle(cls)):
            return []
        own = list(beyond_pickle.own_attributes(value))
        if beyond_pickle.is_saved_by_name(reduced) and not self.finder.library.owns(cls):
            self._kept.append(own)
            return [self.encode(dict(own), where)]
        codes: list[bytes] = []
        for label, one in own or beyond_pickle.referents(value):
            if type(one) not in self.exact and not isinstance(one, (list, dict, tuple)):
                ref = self.finder.code(f"{where}.{label}", one)
                if ref is not None and ref.unit is not None:
                    codes += [label.encode(), self._refer(ref)]
        return codes

    def unordered(self, items: Iterable[Any]) -> Iterable[Any]:
        """Sort functions by name: in the order of a set, their numbers would change."""
        listed = list(items)
        if len(listed) < 2 or all(type(item) in self.exact for item in listed):
            return listed
        return sorted(listed, key=self._place)

    def _place(self, item: Any) -> Any:
        """Return a sort key for an item of a set that does not depend on hashes."""
        known = self.places.get(id(item))
        if known is None:
            self.places[id(item)] = (item, None)
            known = self.places[id(item)] = (item, self._find_place(item))
        elif known[1] is None:
            raise TooLarge  # it contains a set that contains it
        return known[1]

    def _find_place(self, item: Any) -> tuple[bytes, list[Any]]:
        alone = self.fresh()
        alone.above = self.above + len(self._chain)
        alone.places = self.places
        data = alone.written_out(item, self.label)
        self.finder.fill()
        return data, [description(ref) for ref in alone.refs]

    def fresh(self) -> CodeEncoder:
        """Return an encoder with the same settings that has encoded nothing."""
        return CodeEncoder(self.finder, self.label, self.root or "", self.digester)

    def fold(self, graph: ValueGraph) -> Folded:
        """Return the encoding of a value, and number the code in it."""
        order = None
        if not graph.has_order():
            self.finder.fill()
            texts = [repr(description(ref)).encode() for ref in self.refs]
            order = graph.digests(texts.__getitem__)
        numbers = graph.order_of_codes(order)
        # Some are only listed, not written: a class that reads annotations.
        others = set(range(len(self.refs))).difference(numbers)
        numbers += sorted(others, key=lambda number: repr(description(self.refs[number])))
        places = {number: b"code %d" % place for place, number in enumerate(numbers)}
        self.refs = [self.refs[number] for number in numbers]
        for ref in self.refs:
            ref.label = self.label  # otherwise it would depend on the order of the traversal
        digests = graph.digests(places.__getitem__)
        return Folded(digests[0], graph.sizes(digests), self)

    def take_over(self, other: CodeEncoder) -> None:
        """Take over what another encoder found when it split the value."""
        self.refs, self.problems = other.refs, other.problems

    def name(self, cls: type) -> bytes:
        """Write a project class by its number: its name may change, its code counts."""
        if self.finder.library.owns(cls):
            reader = self.finder.annotation_reader(self.label, cls)
            if reader is not None:
                self._refer(reader)
            return type_name(cls).encode()
        ref = self.finder.code(f"class of {self.label}", cls)
        return type_name(cls).encode() if ref is None else self._refer(ref)

    def _refer(self, ref: Ref) -> bytes:
        # A leaf is listed each time it occurs if the value is written out, and once if the value is
        # folded.
        key = ref.leaf if ref.unit is None else id(ref.unit)
        number = self._numbers.get(key)
        if number is None or (ref.unit is None and self.graph is None):
            number = self._numbers[key] = len(self.refs)
            self.refs.append(ref)
            if ref.unit is None:
                self.depends_on_place()
        return b"code %d" % number if self.graph is None else self.graph.code(number)


def description(ref: Ref) -> list[str]:
    """Return strings that distinguish code from other code, by everything that it leads to."""
    if ref.unit is None:
        return [str(ref.leaf)]
    units, known = [ref.unit], {id(ref.unit)}
    for unit in units:  # grows while it is walked
        for one in unit.refs:
            if one.unit is not None and id(one.unit) not in known:
                known.add(id(one.unit))
                units.append(one.unit)
    return [
        f"{unit.name} {unit.where} {unit.tag} {[ref.leaf for ref in unit.refs]}" for unit in units
    ]
