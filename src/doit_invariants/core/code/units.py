"""What a function consists of: units of code, and what each of them refers to.

A unit is a function, a class, or a thing made of others (a partial, a property, what a
decorator returned). It refers to other units, to installed code, which is named with its
version, and to values, which count by their encoding. Only objects that exist are looked at:
what code refers to is looked up where the code itself would find it, and nothing is called.
"""

from __future__ import annotations

import builtins
import datetime
import enum
import pathlib
import re
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit_invariants.core.code import objects
from doit_invariants.core.code.bytecode import Chain, Import, structure
from doit_invariants.core.code.library import Library
from doit_invariants.core.code.places import MISSING, NOTHING, is_opaque, places
from doit_invariants.core.code.reads import WHOLE, Steps, behind
from doit_invariants.core.code.shown import shown
from doit_invariants.core.code.unit import Ref, Unit, tell_apart
from doit_invariants.core.code.values import CodeEncoder, without_environment
from doit_invariants.core.digest import digest_bytes
from doit_invariants.core.encode import Teacher
from doit_invariants.core.errors import CannotFingerprint

#: Returns a digest of the source of a project module and of what it imports by its name, None
#: if it is not one of the project's.
ModuleDigest = Callable[[str], "str | None"]

_PLAIN = frozenset({str, int, float, bool, bytes, type(None), list, tuple, dict, set})
#: Equal ones are the same for every purpose.
_FIXED: tuple[type, ...] = (
    str,
    int,
    float,
    complex,
    bytes,
    type(None),
    tuple,
    frozenset,
    range,
    enum.Enum,
)
_FIXED += (pathlib.PurePath, re.Pattern, datetime.date, datetime.time, datetime.timedelta)


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
        narrow: bool = True,
    ) -> None:
        self.library = library
        self.follow = follow
        self.narrow = narrow
        self._stop = False
        self.teach = teach
        self.module_digest = module_digest
        self.problems: dict[int, list[str]] = {}
        self._units: dict[int, Unit] = {}
        self._values: dict[int, Unit] = {}
        self._extras: dict[tuple[int, tuple[str, ...]], list[Ref]] = {}
        self._todo: list[Unit] = []

    def unit(self, obj: Any) -> Unit:
        """Return the unit of a callable, with everything that it refers to."""
        ref = self.code("function", obj)
        unit = ref.unit if ref is not None else None
        if unit is None:  # installed, compiled, or an object with __call__
            unit = Unit(obj, objects.shown_name(obj), "", "callable")
            unit.refs = [ref] if ref is not None else self.refs("object", obj, unit)
        self.fill()
        return unit

    def group(self, name: str, values: Iterable[tuple[str, Any]]) -> Unit:
        """Return a unit that stands for several values at once."""
        given = list(values)
        unit = Unit(given, name, "", "values")
        for label, value in given:
            unit.refs += self.refs(label, value, unit, identity=False)
        tell_apart(unit.refs)
        self.fill()
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
                for ref in self.refs(label, value, unit, identity=False)
            ]
        return self._extras[key]

    def fill(self) -> None:
        """Look at all units that were found and not looked at."""
        # A loop, not recursion: a chain of calls may be longer than Python's stack.
        stop = self._stop  # called for a set within a unit that is being looked at, as well
        while self._todo:
            unit = self._todo.pop()
            try:
                self._look_at(unit)
            except Exception as error:
                text = f"{unit.name} can't be looked at ({type(error).__name__}: {error})"
                self.problems.setdefault(id(unit.obj), []).append(text)
            tell_apart(unit.refs)
        self._stop = stop

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
        for chain, reads in zip(code.reads, code.places, strict=True):
            yield from self._global(unit, func.__globals__, chain, reads)
        cells = dict(zip(func.__code__.co_freevars, func.__closure__ or (), strict=True))
        # What `super()` looks at is named in the code of some versions only.
        frees = dict(zip(code.frees, code.inside, strict=True))
        frees.pop("__class__", None)
        for name, reads in (
            *frees.items(),
            *((("__class__", WHOLE),) if "__class__" in cells else ()),
        ):
            yield from self._cell(unit, name, cells[name], reads)
        for label, value in objects.own_values(func):
            yield from self.refs(label, value, unit)
        if "subclasses" in code.reflects:
            classes = [ref.unit.obj for ref in unit.refs if ref.unit and ref.unit.tag == "class"]
            for cls in objects.subclasses(classes):
                yield from self.refs(f"subclass {cls.__qualname__}", cls, unit)
        for one in code.imports:
            yield from self._import(func, one)
        if private := objects.private_names(func):
            # The name of the class is part of them, and no part of the source.
            yield Ref("private names", f"names {', '.join(private)}")
        if code.dynamic:
            name = str(func.__globals__.get("__name__", ""))
            yield Ref(f"module {name}", self._source(name))

    def _global(
        self, unit: Unit, namespace: dict[str, Any], chain: Chain, reads: Iterable[Steps]
    ) -> Iterable[Ref]:
        label, head = f"global {'.'.join(chain)}", chain[0]
        if head in namespace:
            obj = namespace[head]
        elif hasattr(builtins, head):
            added = self._foreign(getattr(builtins, head), label, unit)
            return added or (Ref(label, f"builtin {'.'.join(chain)}"),)
        else:
            return (Ref(label, f"undefined {'.'.join(chain)}"),)
        for number, attribute in enumerate(chain[1:], 1):
            if not isinstance(obj, types.ModuleType):
                return self._inside(unit, label, obj, chain, reads, number - 1)
            if self.library.owns(obj):
                names = ".".join(chain[number:])
                added = self._foreign(vars(obj).get(attribute), label, unit)
                return added or (Ref(label, f"library {self.library.name(obj)}.{names}"),)
            if attribute not in vars(obj):  # not imported yet, or the module makes it
                return (Ref(label, f"{self._module(obj)} {'.'.join(chain[number:])}"),)
            obj = vars(obj)[attribute]
        return self._inside(unit, label, obj, chain, reads, len(chain) - 1)

    def _inside(
        self, unit: Unit, label: str, obj: Any, chain: Chain, reads: Iterable[Steps], skip: int = 0
    ) -> list[Ref]:
        """Refer to the places of a value that are read; ``skip`` attributes lead to the value."""
        steps = behind(reads, skip) if self.narrow else WHOLE
        label = label.removesuffix("".join(f".{name}" for name in chain[skip + 1 :]))
        found: list[Ref] = []
        for place in places(label, obj, chain[skip + 1 :], steps, self._is_opaque):
            if place.value is MISSING:
                found.append(Ref(place.label, "missing", rest=place.rest, shown=NOTHING))
            else:
                found += self.refs(place.label, place.value, unit, place.rest)
        return found

    def _is_opaque(self, value: Any) -> bool:
        return type(value) not in _PLAIN and is_opaque(value, self.library, self.teach)

    def _foreign(self, obj: Any, label: str, unit: Unit) -> list[Ref]:
        """Return references to code of the project that was put into an installed module."""
        if not isinstance(obj, types.FunctionType) or self.library.owns(obj):
            return []
        return self.refs(label, obj, unit)

    def _cell(
        self, unit: Unit, name: str, cell: types.CellType, reads: Iterable[Steps]
    ) -> Iterable[Ref]:
        try:
            value = cell.cell_contents
        except ValueError:
            return (Ref(f"closure {name}", "empty"),)
        return self._inside(unit, f"closure {name}", value, (name,), reads)

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

    def refs(
        self, label: str, value: Any, unit: Unit, rest: str = "", *, identity: bool = True
    ) -> list[Ref]:
        """Return the references that one value makes: itself, and code that is inside of it.

        :param identity: whether an object that can be changed is told from others that are equal
        """
        try:
            return self._refs(label, value, unit, rest, identity)
        except Exception as error:
            # A proxy, a lazy object, a class that raises when it is looked at: it worked so far
            # because nobody did.
            text = f"{unit.name}: {label} can't be looked at ({type(error).__name__}: {error})"
            self.problems.setdefault(id(unit.obj), []).append(text)
            return [Ref(label, f"incomplete {type(value).__qualname__}", rest=rest)]

    def _refs(self, label: str, value: Any, unit: Unit, rest: str, identity: bool) -> list[Ref]:
        found = self.code(label, value) if type(value) not in _PLAIN else None
        if found is not None:
            found.rest = rest
            return [found]
        held = self._value(label, without_environment(value))
        installed = isinstance(unit.obj, types.FunctionType) and self.library.owns(unit.obj)
        if held.problems and not installed:
            # What an installed decorator keeps for itself is part of its version.
            known = self.problems.setdefault(id(unit.obj), [])
            known += [f"{unit.name}: {text}" for text in held.problems]
        texts = shown(label, value, self.library.project.root)
        if identity and not isinstance(value, _FIXED):
            return [Ref(label, unit=held, rest=rest, shown=texts)]
        return [Ref(label, held.tag, rest=rest, shown=texts), *held.refs]

    def _value(self, label: str, value: Any) -> Unit:
        """Return the unit that stands for a value, once for each object: some are large."""
        if id(value) in self._values and not isinstance(value, _FIXED):
            return self._values[id(value)]
        encoder = CodeEncoder(self, label, self.library.project.root, self.teach)
        try:
            digest = digest_bytes(encoder.encode(value, label))
        except (CannotFingerprint, RecursionError) as error:
            problem = f"{label} is nested too deep" if isinstance(error, RecursionError) else error
            encoder.problems.append(str(problem))
            digest = type(value).__qualname__
        kind = "incomplete" if encoder.problems else "value"
        held = Unit(value, label, "", f"{kind} {digest}", refs=encoder.refs)
        held.problems = encoder.problems
        if not isinstance(value, _FIXED):
            for ref in held.refs:  # the value may have another name the next time
                ref.label = ref.label.replace(label, "it")
            tell_apart(held.refs)
            self._values[id(value)] = held
        return held

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
