"""A unit of code, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from doit_invariants.code.loaded.bytecode import Structure
from doit_invariants.code.loaded.library import Library
from doit_invariants.hashing.outline import Outline
from doit_invariants.hashing.values import ValueDigester, digest_value

_PLACE = re.compile(r"[.\[]")


@dataclass(slots=True, eq=False)
class Ref:
    """One thing that a unit refers to.

    :ivar label: how the unit calls it: ``global helpers.clean``, ``default of k``, ``closure n``
    :ivar leaf: a text that stands for it, None if it is a unit
    :ivar unit: the unit
    :ivar rest: attributes that are taken of it: ``.limit``
    :ivar shown: short texts of a value, to explain a difference; None if it must not be shown
    """

    label: str
    leaf: str | None = None
    unit: Unit | None = None
    rest: str = ""
    shown: Outline | None = None

    @property
    def is_named(self) -> bool:
        """Whether the label counts in a function as well, where most are names of its globals."""
        return is_named(self.label)


def is_named(label: str) -> bool:
    """Return whether what a function refers to under a label counts by it, not by its place."""
    return label.startswith(("default of ", "attribute "))


def head_of(label: str) -> str:
    """Return the name of a global, or of a variable of a closure, without what is read of it."""
    return _PLACE.split(label.partition(" ")[2], maxsplit=1)[0]


@dataclass(slots=True, eq=False)
class Unit:
    """A function, a class, or a thing made of others.

    :ivar obj: the object, kept so that no other comes to its address
    :ivar name: as people call it: ``clean()``, ``Config``
    :ivar where: file and line, for people
    :ivar tag: what kind of thing it is, with all that counts of itself but its code
    :ivar code: the structure of a function of the project
    :ivar problems: what of a value can't be compared
    :ivar refs: what it refers to, in an order that does not depend on names for functions
    """

    obj: Any
    name: str
    where: str
    tag: str
    code: Structure | None = None
    refs: list[Ref] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _own: str | None = None

    def rename(self, leaves: Mapping[str, str]) -> None:
        """Put other texts in the place of some that stand for what the unit refers to."""
        if rename(self.refs, leaves):
            self._own = None

    def own_digest(self) -> str:
        """Return the digest of the unit without the units that it refers to.

        What a function refers to counts by its place, so that names do not matter.
        """
        if self._own is None:
            refs = [[ref.leaf, ref.rest] for ref in self.refs]
            labels = [ref.label for ref in self.refs if self.code is None or ref.is_named]
            code = self.code.digest if self.code else None
            self._own = digest_value([self.tag, code, refs, labels])
        return self._own


class CodeFinder(Protocol):
    """Finds the code in values: what encoders and lookups of names ask of an explorer.

    :ivar library: tells installed code from the project's
    :ivar narrow: whether no more of a value counts than the code reads
    :ivar digester: tells which objects a plugin knows
    """

    library: Library
    narrow: bool
    digester: ValueDigester | None

    def code(self, label: str, obj: Any) -> Ref | None:
        """Return the reference to code, None if the object is a value."""

    def refs(
        self, label: str, value: Any, unit: Unit, rest: str = "", *, identity: bool = True
    ) -> list[Ref]:
        """Return the references that one value makes: itself, and code that is inside of it."""

    def reader(self, label: str, cls: type) -> Ref | None:
        """Return a reference to an installed class whose package reads annotations."""

    def module(self, module: ModuleType) -> str:
        """Return what stands for a module as a whole."""

    def fill(self) -> None:
        """Look at all units that were found and not looked at."""


def rename(refs: list[Ref], leaves: Mapping[str, str]) -> bool:
    """Put other texts in the place of some; return whether any was there."""
    found = False
    for ref in refs:
        if ref.leaf is not None and ref.leaf in leaves:
            ref.leaf, found = leaves[ref.leaf], True
    return found


def tell_apart(refs: list[Ref]) -> None:
    """Give references that share a label, such as two functions in a set, labels of their own."""
    counts: dict[str, int] = {}
    for ref in refs:
        count = counts[ref.label] = counts.get(ref.label, 0) + 1
        if count > 1:
            ref.label = f"{ref.label} #{count}"
