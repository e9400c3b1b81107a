"""A unit of code, its references, and the results from before the first action."""

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
    """One reference of a unit.

    :ivar label: its name in the unit: ``global helpers.clean``, ``default of k``, ``closure n``
    :ivar leaf: a string that represents the target, None if that is a unit
    :ivar unit: the target if it is a unit
    :ivar rest: attributes that the code reads of the target: ``.limit``
    :ivar shown: short strings for a value, to explain a difference; None if it must not be shown
    """

    __slots__ = ("label", "leaf", "rest", "shown", "unit")

    # No dataclass, like below: defining one costs each run half a millisecond.
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
        """Return an equal reference: each unit may change the labels of its own references."""
        return Ref(self.label, self.leaf, self.unit, self.rest, self.shown)

    @property
    def is_named(self) -> bool:
        """Whether the label counts in a function, where most labels are names that do not."""
        return is_named(self.label)


def is_named(label: str) -> bool:
    """Return whether a function's reference counts by its label, not by its position."""
    return label.startswith(("default of ", "attribute "))


def head_of(label: str) -> str:
    """Return the name of a global or closure variable from a label, without the path."""
    return label.partition(" ")[2].partition(".")[0].partition("[")[0]


class Unit:
    """A function, a class, or an object made of others.

    :ivar obj: the object, kept alive so that its id() is not reused
    :ivar name: for display: ``clean()``, ``Config``
    :ivar where: file and line, for display
    :ivar tag: type of the object, with everything that counts of itself except its code
    :ivar code: the structure of a function of the project
    :ivar problems: the parts of a value that can't be compared
    :ivar refs: its references; for functions the order does not depend on names
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
        """Replace leaves of references."""
        if rename(self.refs, leaves):
            self._own = None

    def own_digest(self) -> str:
        """Return the digest of the unit without the units that it refers to.

        References of a function count by their position, so that names do not matter.
        """
        if self._own is None:
            refs = [[ref.leaf, ref.rest] for ref in self.refs]
            labels = [ref.label for ref in self.refs if self.code is None or ref.is_named]
            code = self.code.digest if self.code else None
            self._own = digest_value([self.tag, code, refs, labels])
        return self._own


class CodeFinder(Protocol):
    """Finds the code in values, for encoders and lookups of names. An explorer implements it.

    :ivar library: tells installed code from the project's
    :ivar narrow: whether only the parts of a value count that the code reads
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
        """Return the references that one value makes: to itself, and to code inside it."""

    def annotation_reader(self, label: str, cls: type) -> Ref | None:
        """Return a reference to an installed class whose package reads annotations."""

    def module(self, module: ModuleType) -> str:
        """Return the leaf that represents a module as a whole."""

    def fill(self) -> None:
        """Inspect all units that were found but not inspected yet."""


def rename(refs: list[Ref], leaves: Mapping[str, str]) -> bool:
    """Replace leaves of references; return whether any was replaced."""
    found = False
    for ref in refs:
        if ref.leaf is not None and ref.leaf in leaves:
            ref.leaf, found = leaves[ref.leaf], True
    return found


def tell_apart(refs: list[Ref]) -> None:
    """Make labels unique, such as those of two functions in a set."""
    counts: dict[str, int] = {}
    for ref in refs:
        count = counts[ref.label] = counts.get(ref.label, 0) + 1
        if count > 1:
            ref.label = f"{ref.label} #{count}"


#: Id of a namespace, the names read in it, and the places read in their values.
Key = tuple[int, Chain, tuple[Steps, ...]]


class _Read:
    """The result of reading a global; keeps the namespace alive so that its id() is not reused."""

    def __init__(self, namespace: dict[str, Any], refs: list[Ref], readers: list[Unit]) -> None:
        self.namespace = namespace
        self.refs = refs
        self.readers = readers


class SeenCode:
    """The results of an exploration: units of code and of values, and the globals that led to them.

    A delayed task is explored after actions have run. If they filled a cache, its code was not
    edited. Therefore the earlier results are used for everything that was explored before. The
    exception is what a task-creator has changed since then, and code that uses it: task-creators
    change such values on purpose.

    :param before: an earlier exploration, whose unchanged results are used
    :ivar units, values: by the id() of their objects
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
        """Return what a global that a unit reads refers to.

        :param look: called if it is not known from before
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
        """Replace leaves in all results."""
        for unit in (*self.units.values(), *self.values.values()):
            unit.rename(leaves)
        for read in self._reads.values():
            rename(read.refs, leaves)

    def reads(self) -> Iterable[tuple[Key, dict[str, Any]]]:
        """Return the globals that were inspected, each with its namespace."""
        return [(key, read.namespace) for key, read in self._reads.items()]

    def known(self, stale: set[int]) -> dict[Key, list[Ref]]:
        """Return the results of globals, without those that are no longer valid."""
        return {
            key: read.refs
            for key, read in self._reads.items()
            if key not in self.changed and all(id(ref.unit) not in stale for ref in read.refs)
        }

    def stale(self) -> set[int]:
        """Return the id() of each unit that depends on something that was changed."""
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
