"""What a function consists of: units of code, and what each of them refers to.

A unit is a function, a class, or a thing made of others (a partial, a property, what a
decorator returned). It refers to other units, to installed code, which is named with its
version, and to values, which count by their encoding. Only objects that exist are looked at:
what code refers to is looked up where the code itself would find it, and nothing is called.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from doit_invariants.core.code import objects
from doit_invariants.core.code.bytecode import Chain, Import, Structure, structure
from doit_invariants.core.code.library import Library
from doit_invariants.core.code.values import CodeEncoder
from doit_invariants.core.digest import digest_bytes
from doit_invariants.core.encode import Teacher, digest_value
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.outline import Outline, outline

#: Returns a digest of the source of a project module and of what it imports by its name, None
#: if it is not one of the project's.
ModuleDigest = Callable[[str], "str | None"]

_MOST_SHOWN = 20
_PLAIN = frozenset({str, int, float, bool, bytes, type(None), list, tuple, dict, set})
_SECRET = ("secret", "passw", "token", "credential", "api_key", "apikey", "private_key", "auth")


@dataclass(slots=True)
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


@dataclass(slots=True)
class Unit:
    """A function, a class, or a thing made of others.

    :ivar obj: the object, kept so that no other comes to its address
    :ivar name: as people call it: ``clean()``, ``Config``
    :ivar where: file and line, for people
    :ivar tag: what kind of thing it is, with all that counts of itself but its code
    :ivar code: the structure of a function of the project
    :ivar refs: what it refers to, in an order that does not depend on names for functions
    """

    obj: Any
    name: str
    where: str
    tag: str
    code: Structure | None = None
    refs: list[Ref] = field(default_factory=list)
    _own: str | None = None

    def own_digest(self) -> str:
        """Return the digest of the unit without the units that it refers to.

        What a function refers to counts by its place, so that names do not matter.
        """
        if self._own is None:
            refs = [[ref.leaf, ref.rest] for ref in self.refs]
            labels = [] if self.code else [ref.label for ref in self.refs]
            code = self.code.digest if self.code else None
            self._own = digest_value([self.tag, code, refs, labels])
        return self._own


class Explorer:
    """Finds the units of a run. Each is looked at once, before any action has changed a value.

    :ivar library: tells installed code from the project's
    :ivar problems: what can't be compared, by the identity of its unit
    """

    def __init__(
        self,
        library: Library,
        teach: Teacher | None,
        module_digest: ModuleDigest,
        *,
        follow: bool = True,
    ) -> None:
        self.library = library
        self.follow = follow
        self._stop = False
        self.teach = teach
        self.module_digest = module_digest
        self.problems: dict[int, list[str]] = {}
        self._units: dict[int, Unit] = {}
        self._extras: dict[tuple[int, tuple[str, ...]], list[Ref]] = {}
        self._todo: list[Unit] = []

    def unit(self, obj: Any) -> Unit:
        """Return the unit of a callable, with everything that it refers to.

        :raises CannotFingerprint: if it holds values that are nested too deep
        """
        ref = self.code("function", obj)
        unit = ref.unit if ref is not None else None
        if unit is None:  # installed, compiled, or an object with __call__
            unit = Unit(obj, objects.shown_name(obj), "", "callable")
            unit.refs = [ref] if ref is not None else self.refs("object", obj, unit)
        self._fill()
        self._stop = False
        return unit

    def group(self, name: str, values: Iterable[tuple[str, Any]]) -> Unit:
        """Return a unit that stands for several values at once."""
        unit = Unit(None, name, "", "values")
        for label, value in values:
            unit.refs += self.refs(label, value, unit)
        self._fill()
        return unit

    def extras(self, unit: Unit, looks: tuple[str, ...]) -> list[Ref]:
        """Return what counts of a unit because some code looks at it: its name, say."""
        if not looks:
            return []
        key = (id(unit), looks)
        if key not in self._extras:
            self._extras[key] = [
                ref
                for label, value in objects.extras(unit.obj, looks)
                for ref in self.refs(label, value, unit)
            ]
        return self._extras[key]

    def _fill(self) -> None:
        # A loop, not recursion: a chain of calls may be longer than Python's stack.
        while self._todo:
            unit = self._todo.pop()
            try:
                self._look_at(unit)
            except RecursionError as error:
                raise CannotFingerprint(f"{unit.name} holds values nested too deep") from error

    def _look_at(self, unit: Unit) -> None:
        self._stop = not self.follow and unit.code is not None
        if unit.code is not None:
            for ref in self._of_function(unit):
                unit.refs.append(ref)
            return
        for label, value in objects.parts(unit.obj, self.library):
            unit.refs += self.refs(label, value, unit)

    # ------------------------------------------------------------------ what a function refers to

    def _of_function(self, unit: Unit) -> Iterator[Ref]:
        func, code = unit.obj, unit.code
        assert code is not None
        for chain in code.reads:
            yield from self._global(unit, func.__globals__, chain)
        cells = dict(zip(func.__code__.co_freevars, func.__closure__ or (), strict=True))
        # What `super()` looks at is named in the code of some versions only.
        frees = [name for name in code.frees if name != "__class__"]
        for name in (*frees, *(("__class__",) if "__class__" in cells else ())):
            yield from self._cell(unit, name, cells[name])
        for label, value in objects.own_values(func):
            yield from self.refs(label, value, unit)
        if "subclasses" in code.reflects:
            classes = [ref.unit.obj for ref in unit.refs if ref.unit and ref.unit.tag == "class"]
            for cls in objects.subclasses(classes):
                yield from self.refs(f"subclass {cls.__qualname__}", cls, unit)
        for one in code.imports:
            yield from self._import(func, one)
        if code.dynamic:
            name = str(func.__globals__.get("__name__", ""))
            yield Ref(f"module {name}", self._source(name))

    def _global(self, unit: Unit, namespace: dict[str, Any], chain: Chain) -> Iterable[Ref]:
        label, head = f"global {'.'.join(chain)}", chain[0]
        if head in namespace:
            obj = namespace[head]
        elif hasattr(builtins, head):
            added = self._foreign(getattr(builtins, head), label, unit)
            return added or (Ref(label, f"builtin {'.'.join(chain)}"),)
        else:
            return (Ref(label, f"undefined {head}"),)
        for number, attribute in enumerate(chain[1:], 1):
            if not isinstance(obj, types.ModuleType):
                rest = "".join(f".{name}" for name in chain[number:])
                return self.refs(label, obj, unit, rest)
            if self.library.owns(obj):
                names = ".".join(chain[number:])
                added = self._foreign(vars(obj).get(attribute), label, unit)
                return added or (Ref(label, f"library {self.library.name(obj)}.{names}"),)
            if attribute not in vars(obj):  # not imported yet, or the module makes it
                return (Ref(label, f"{self._module(obj)} {'.'.join(chain[number:])}"),)
            obj = vars(obj)[attribute]
        return self.refs(label, obj, unit)

    def _foreign(self, obj: Any, label: str, unit: Unit) -> list[Ref]:
        """Return references to code of the project that was put into an installed module."""
        if not isinstance(obj, types.FunctionType) or self.library.owns(obj):
            return []
        return self.refs(label, obj, unit)

    def _cell(self, unit: Unit, name: str, cell: types.CellType) -> Iterable[Ref]:
        try:
            value = cell.cell_contents
        except ValueError:
            return (Ref(f"closure {name}", "empty"),)
        return self.refs(f"closure {name}", value, unit)

    def _import(self, func: types.FunctionType, one: Import) -> Iterator[Ref]:
        """Refer to a module that the function imports when it runs: its source alone is known."""
        name = one.module
        if one.level:
            package = str(func.__globals__.get("__package__") or "").split(".")
            base = package[: len(package) - one.level + 1]
            name = ".".join([*base, *([name] if name else [])])
        for full in (name, *(f"{name}.{inner}" for inner in one.names)):
            if self.module_digest(full) is not None:
                yield Ref(f"import {full}", "code" if self._stop else self._source(full))
            elif full == name and (version := self.library.version(name)):
                yield Ref(f"import {full}", f"library {version}{name}")

    def _module(self, module: types.ModuleType) -> str:
        if self.library.owns(module):
            return f"library {self.library.name(module)}"
        return self._source(module.__name__)

    def _source(self, name: str) -> str:
        return f"module {name} {self.module_digest(name)}"

    # ------------------------------------------------------------------ anything at all

    def refs(self, label: str, value: Any, unit: Unit, rest: str = "") -> list[Ref]:
        """Return the references that one value makes: itself, and code that is inside of it."""
        found = self.code(label, value) if type(value) not in _PLAIN else None
        if found is not None:
            found.rest = rest
            return [found]
        encoder = CodeEncoder(self, label, self.library.project.root, self.teach)
        try:
            leaf = digest_bytes(encoder.encode(value, label))
        except CannotFingerprint as error:  # nested too deep
            encoder.problems.append(str(error))
            leaf = type(value).__qualname__
        installed = isinstance(unit.obj, types.FunctionType) and self.library.owns(unit.obj)
        if encoder.problems and not installed:
            # What an installed decorator keeps for itself is part of its version.
            known = self.problems.setdefault(id(unit.obj), [])
            known += [f"{unit.name}: {text}" for text in encoder.problems]
        leaf = f"incomplete {leaf}" if encoder.problems else f"value {leaf}"
        return [Ref(label, leaf, rest=rest, shown=_shown(label, value)), *encoder.refs]

    def code(self, label: str, obj: Any) -> Ref | None:
        """Return the reference to code, None if the object is a value."""
        if isinstance(obj, types.ModuleType):
            return Ref(label, "code" if self._stop else self._module(obj))
        if self._stop and objects.is_code(obj, self.library):
            return Ref(label, "code")
        known = self._units.get(id(obj))
        if known is not None:
            return Ref(label, unit=known)
        if isinstance(obj, types.FunctionType):
            if self.library.owns(obj) and not objects.carries(obj):
                return Ref(label, f"library {self.library.name(obj)}")
            return Ref(label, unit=self._function(obj))
        if objects.is_class(obj):
            if self.library.owns(obj):
                return Ref(label, f"library {self.library.name(obj)}")
            return Ref(label, unit=self._add(Unit(obj, obj.__name__, self._home(obj), "class")))
        tag = objects.tag(obj, self.library)
        if tag is not None:
            return Ref(label, unit=self._add(Unit(obj, objects.shown_name(obj), "", tag)))
        if isinstance(obj, objects.COMPILED) or objects.is_cython(obj):
            digest = self.library.extension(obj)
            name = self.library.name(obj)
            return Ref(label, f"compiled {name} {digest}" if digest else f"library {name}")
        return None

    def _function(self, func: types.FunctionType) -> Unit:
        name = f"{func.__qualname__.rpartition('<locals>.')[2]}()"
        if self.library.owns(func):
            return self._add(Unit(func, name, "", f"library {self.library.name(func)}"))
        code = func.__code__
        where = f"{_file(code.co_filename, self.library)}:{code.co_firstlineno}"
        return self._add(Unit(func, name, where, "function", structure(code)))

    def _home(self, cls: type) -> str:
        for value in vars(cls).values():
            code = getattr(value, "__code__", None)
            if isinstance(code, types.CodeType) and self.library.project.contains(code.co_filename):
                return f"{_file(code.co_filename, self.library)}:{code.co_firstlineno}"
        return cls.__module__

    def _add(self, unit: Unit) -> Unit:
        self._units[id(unit.obj)] = unit
        self._todo.append(unit)
        return unit


def _file(path: str, library: Library) -> str:
    return path if path.startswith("<") else library.project.relative(path)


def _shown(label: str, value: Any) -> Outline | None:
    """Return what of a value may be kept to explain a difference: nothing that seems secret."""
    found = outline(value)
    if found is None or len(found) > _MOST_SHOWN:
        return None
    return {where: text for where, text in found.items() if not _is_secret(label + where)}


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET)
