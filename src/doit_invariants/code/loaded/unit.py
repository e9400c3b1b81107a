"""A unit of code, what it refers to, and which of them were seen before the first action."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from doit_invariants.code.loaded.access_paths import Steps
from doit_invariants.code.loaded.bytecode import Chain, Structure
from doit_invariants.code.loaded.library import Library
from doit_invariants.hashing.values import ValueDigester, digest_value

if TYPE_CHECKING:
    from doit_invariants.hashing.outline import Outline


class Ref:
    """One thing that a unit refers to.

    :ivar label: how the unit calls it: ``global helpers.clean``, ``default of k``, ``closure n``
    :ivar leaf: a text that stands for it, None if it is a unit
    :ivar unit: the unit
    :ivar rest: attributes that are taken of it: ``.limit``
    :ivar shown: short texts of a value, to explain a difference; None if it must not be shown
    """

    __slots__ = ("label", "leaf", "rest", "shown", "unit")

    # No dataclass, as below: to make one takes half a millisecond of each run.
    def __init__(
        self,
        label: str,
        leaf: str | None = None,
        unit: Unit | None = None,
        rest: str = "",
        shown: Outline | None = None,
    ) -> None:
        self.label, self.leaf, self.unit = label, leaf, unit
        self.rest, self.shown = rest, shown

    def copy(self) -> Ref:
        """Return another one that is equal: a unit may change the labels of its own."""
        return Ref(self.label, self.leaf, self.unit, self.rest, self.shown)

    @property
    def is_named(self) -> bool:
        """Whether the label counts in a function as well, where most are names of its globals."""
        return is_named(self.label)


def is_named(label: str) -> bool:
    """Return whether what a function refers to under a label counts by it, not by its place."""
    return label.startswith(("default of ", "attribute "))


def head_of(label: str) -> str:
    """Return the name of a global, or of a variable of a closure, without what is read of it."""
    return label.partition(" ")[2].partition(".")[0].partition("[")[0]


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

    __slots__ = ("_own", "code", "name", "obj", "problems", "refs", "tag", "where")

    def __init__(
        self,
        obj: Any,
        name: str,
        where: str,
        tag: str,
        code: Structure | None = None,
        refs: list[Ref] | None = None,
    ) -> None:
        self.obj, self.name, self.where, self.tag, self.code = obj, name, where, tag, code
        self.refs: list[Ref] = [] if refs is None else refs
        self.problems: list[str] = []
        self._own: str | None = None

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

    def annotation_reader(self, label: str, cls: type) -> Ref | None:
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


#: A namespace by its identity, what is taken of it, and how far that is read.
Key = tuple[int, Chain, tuple[Steps, ...]]


class _Read:
    """What a global has led to; the namespace is kept so that no other comes to its address."""

    def __init__(self, namespace: dict[str, Any], refs: list[Ref], readers: list[Unit]) -> None:
        self.namespace = namespace
        self.refs = refs
        self.readers = readers


class SeenCode:
    """What was looked at: the units of code and of values, and the globals that led to them.

    A task that is created late is looked at when actions have run already. What they filled into
    a cache is no edit of its code, so what was looked at before counts as it was then. But for
    what a task-creator has changed since, and what uses that: it does so on purpose.

    :param before: an earlier look, of which holds what was not changed since
    :ivar units, values: by the identity of what they are of
    :ivar earlier: values that are known from before
    :ivar changed: globals that task-creators have changed since
    """

    def __init__(self, before: SeenCode | None = None) -> None:
        stale = before.stale() if before is not None else set()
        self.units: dict[int, Unit] = _without(stale, before.units) if before is not None else {}
        self.earlier: dict[int, Unit] = _without(stale, before.values) if before is not None else {}
        self.values: dict[int, Unit] = {}
        self.changed: set[Key] = set()
        self._reads: dict[Key, _Read] = {}
        self._known = before.known(stale) if before is not None else {}

    def read(
        self, unit: Unit, namespace: dict[str, Any], key: Key, look: Callable[[], Iterable[Ref]]
    ) -> list[Ref]:
        """Return what a global leads to that a unit reads.

        :param look: asked if it is not known from before
        """
        refs = self._known.get(key)
        if refs is None:
            found = list(look())
            read = self._reads.setdefault(key, _Read(namespace, [], []))
            read.readers.append(unit)
            read.refs[:] = map(Ref.copy, found)
            return found
        return list(map(Ref.copy, refs))

    def rename(self, leaves: Mapping[str, str]) -> None:
        """Put other texts in the place of some that stand for what was looked at."""
        for unit in (*self.units.values(), *self.values.values()):
            unit.rename(leaves)
        for read in self._reads.values():
            rename(read.refs, leaves)

    def reads(self) -> Iterable[tuple[Key, dict[str, Any]]]:
        """Return the globals that were looked at, each with its namespace."""
        return [(key, read.namespace) for key, read in self._reads.items()]

    def known(self, stale: set[int]) -> dict[Key, list[Ref]]:
        """Return what globals lead to, without those that do not hold any more."""
        return {
            key: read.refs
            for key, read in self._reads.items()
            if key not in self.changed and all(id(ref.unit) not in stale for ref in read.refs)
        }

    def stale(self) -> set[int]:
        """Return the identities of the units that rest on what was changed."""
        todo: list[Unit] = []
        for key in self.changed:
            read = self._reads[key]
            todo += read.readers
            todo += [ref.unit for ref in read.refs if ref.unit is not None and not ref.unit.code]
        users: dict[int, list[Unit]] = {}
        for unit in (*self.units.values(), *self.values.values()) if todo else ():
            for ref in unit.refs:
                users.setdefault(id(ref.unit), []).append(unit)
        stale: set[int] = set()
        for unit in todo:  # grows while it is walked
            if id(unit) not in stale:
                stale.add(id(unit))
                todo += users.get(id(unit), ())
        return stale


def _without(stale: set[int], units: dict[int, Unit]) -> dict[int, Unit]:
    return {key: unit for key, unit in units.items() if id(unit) not in stale}
