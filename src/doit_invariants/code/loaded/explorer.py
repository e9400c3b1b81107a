"""Explore what a function consists of: units of code, and the references of each.

A unit is a function, a class, or an object made of others (a partial, a property, the result of a
decorator). It refers to other units, to installed code, which is named with its version, and to
values, which count by their encoding. Only existing objects are inspected. Names are looked up
where the code itself would find them, and nothing is called.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit_invariants.code.loaded import objects
from doit_invariants.code.loaded.bytecode import Structure, structure
from doit_invariants.code.loaded.dynamic_imports import UNKNOWN, Import, resolved, taken_modules
from doit_invariants.code.loaded.library import Library
from doit_invariants.code.loaded.name_lookup import PLAIN, NameLookup
from doit_invariants.code.loaded.unit import Key, Ref, SeenCode, Unit, tell_apart
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.hashing.values import ValueDigester

#: Returns a digest of the source of a project module and its imports, None for other modules.
ModuleDigest = Callable[[str], "str | None"]

#: Labels of values that code made during a run did not receive: they existed before.
_OUTSIDE = ("global ", "self")

#: Only methods may belong to a hidden object of a library; functions belong to a module or class.
_METHODS = (types.MethodType, types.BuiltinMethodType)
_OWNERS = (types.ModuleType, type, type(None))


class Explorer:
    """Finds the units of a run. Each is inspected once, before any action has changed a value.

    :param before: an earlier exploration; its results are reused, except for values that functions
        made since then receive
    :ivar library: tells installed code from the project's
    :ivar seen: the results
    :ivar problems: what can't be compared, by the ``id()`` of the unit's object
    """

    def __init__(
        self,
        library: Library,
        digester: ValueDigester | None,
        module_digest: ModuleDigest,
        *,
        follow: bool = True,
        narrow: bool = True,
        before: Explorer | None = None,
    ) -> None:
        self.library = library
        self.follow = follow
        self.narrow = narrow
        self._stop = False
        self.digester = digester
        self.module_digest = module_digest
        self.seen: SeenCode = SeenCode(before.seen if before is not None else None)
        self.problems: dict[int, list[str]] = dict(before.problems) if before else {}
        self._extras: dict[tuple[int, tuple[str, ...]], list[Ref]] = {}
        self._todo: list[Unit] = []
        self.names = NameLookup(self, self.seen)

    def fresh(self) -> Explorer:
        """Return an explorer that inspects values again but knows the units of code."""
        again = Explorer(
            self.library, self.digester, self.module_digest, follow=self.follow, narrow=self.narrow
        )
        again.seen.units = dict(self.seen.units)
        return again

    def present_globals(self) -> dict[Key, Any]:
        """Return what the inspected globals refer to now, in a comparable form."""
        return self.names.present(self.fresh().names)

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
        """Return a unit that represents several values at once."""
        given = list(values)
        unit = Unit(given, name, "", "values")
        for label, value in given:
            unit.refs += self.refs(label, value, unit, identity=False)
        tell_apart(unit.refs)
        self.fill()
        return unit

    def extras(self, unit: Unit, looks: tuple[str, ...]) -> list[Ref]:
        """Return references that count only because some code reads them, such as a unit's name."""
        if not looks:
            return []
        key = (id(unit), looks)
        if key not in self._extras:
            self._extras[key] = [
                ref
                for label, value in objects.extras(unit.obj, looks)
                for ref in self.refs(label, value, unit)
            ]
            tell_apart(self._extras[key])
            self.fill()
        return self._extras[key]

    def fill(self) -> None:
        """Inspect all units that were found but not inspected yet."""
        # A loop, not recursion: a chain of calls may be deeper than Python's stack.
        stop = self._stop  # also called for a set inside a unit that is being inspected
        while self._todo:
            unit = self._todo.pop()
            try:
                self._look_at(unit)
            except Exception as error:
                text = f"{unit.name} can't be inspected ({type(error).__name__}: {error})"
                self.problems.setdefault(id(unit.obj), []).append(text)
            tell_apart(unit.refs)
        self._stop = stop

    def _look_at(self, unit: Unit) -> None:
        self._stop = not self.follow and unit.code is not None
        if unit.code is not None:
            for ref in self._of_function(unit):
                unit.refs.append(ref)
            return
        for label, value in objects.parts(unit.obj, self.library, as_before=not self.narrow):
            unit.refs += self.refs(label, value, unit)

    # ------------------------------------------------------------------ what a function refers to

    def _of_function(self, unit: Unit) -> Iterator[Ref]:
        func, code = unit.obj, unit.code
        assert code is not None
        for chain, reads in zip(code.reads, code.places, strict=True):
            yield from self.names.read(unit, func.__globals__, chain, reads)
        yield from self.names.closure(unit, func, code)
        for label, value in objects.own_values(func):
            yield from self.refs(label, value, unit)
        if "subclasses" in code.reflects:
            classes = [ref.unit.obj for ref in unit.refs if ref.unit and ref.unit.tag == "class"]
            for cls in objects.subclasses(classes):
                yield from self.refs(f"subclass {cls.__qualname__}", cls, unit)
        for one in code.imports:
            yield from self._import(func, one)
        if private := objects.private_names(func):
            # They contain the name of the class, which is not part of the source.
            yield Ref("private names", f"names {', '.join(private)}")
        yield from self._by_name(func, code) if self.narrow else ()
        if code.dynamic or (code.names_importers and not self.narrow):
            yield self._own_module(func)

    def _own_module(self, func: types.FunctionType) -> Ref:
        name = str(func.__globals__.get("__name__", ""))
        return Ref(f"module {name}", self._source(name))

    def _by_name(self, func: types.FunctionType, code: Structure) -> Iterator[Ref]:
        """Refer to modules that a function takes by a name that is a value."""
        for call in code.dynamic_imports:
            found = resolved(call, func)
            yield from self._import(func, found) if found else (Ref("import by name", UNKNOWN),)
        texts, own, unknown = taken_modules(func, code.reads, code.imports)
        names = [text for text in texts if self.module_digest(text) is not None]
        for name in names:
            yield from self._import(func, Import(0, name, ()))
        if unknown and not names:
            yield Ref("module by name", UNKNOWN)
        if own and not code.dynamic:
            yield self._own_module(func)

    def _import(self, func: types.FunctionType, one: Import) -> Iterator[Ref]:
        """Refer to a module that the function imports when it runs: only its source is known."""
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

    def module(self, module: types.ModuleType) -> str:
        """Return the leaf that represents a module as a whole."""
        if self.library.owns(module):
            return f"library {self.library.name(module)}"
        return self._source(module.__name__)

    def _source(self, name: str) -> str:
        from doit_invariants.code.loaded.module_digests import leaf

        return leaf(name, self.module_digest(name))

    # ------------------------------------------------------------------ anything at all

    def refs(
        self, label: str, value: Any, unit: Unit, rest: str = "", *, identity: bool = True
    ) -> list[Ref]:
        """Return the references that one value makes: to itself, and to code inside it.

        :param identity: whether to distinguish a mutable object from equal ones
        """
        try:
            return self._refs(label, value, unit, rest, identity)
        except Exception as error:
            # A proxy, a lazy object, or a class that raises: it works as long as nothing inspects
            # it.
            text = f"{unit.name}: {label} can't be inspected ({type(error).__name__}: {error})"
            self.problems.setdefault(id(unit.obj), []).append(text)
            left = Ref(label, f"incomplete {type(value).__qualname__}", rest=rest)
            return [left, *self._of_class(label, value)]

    def _of_class(self, label: str, value: Any) -> list[Ref]:
        """Refer to the class of an object that can't be inspected, if it is the project's."""
        try:
            ref = self.code(f"class of {label}", type(value)) if self.narrow else None
        except Exception:
            return []
        return [ref] if ref is not None and ref.unit is not None else []

    def _refs(self, label: str, value: Any, unit: Unit, rest: str, identity: bool) -> list[Ref]:
        found = self.code(label, value) if type(value) not in PLAIN else None
        if found is not None:
            found.rest = rest
            return [found]
        # Imported late: most functions use only functions and modules.
        from doit_invariants.code.loaded.process_state import without_environment
        from doit_invariants.code.loaded.redacted import redacted_outline

        held = self._value(label, without_environment(value))
        if held.problems and not objects.is_installed(unit.obj, self.library):
            # The internal state of an installed decorator is part of its version.
            known = self.problems.setdefault(id(unit.obj), [])
            known += [f"{unit.name}: {text}" for text in held.problems]
        texts = redacted_outline(label, value, self.library.project.root)
        if identity and not _is_fixed(value):
            return [Ref(label, unit=held, rest=rest, shown=texts)]
        return [Ref(label, held.tag, rest=rest, shown=texts), *held.refs]

    def _value(self, label: str, value: Any) -> Unit:
        """Return the unit for a value, made once per object because some values are large."""
        if label.startswith(_OUTSIDE) and id(value) in self.seen.earlier:
            return self.seen.earlier[id(value)]
        if id(value) in self.seen.values and not _is_fixed(value):
            return self.seen.values[id(value)]
        from doit_invariants.code.loaded.values import CodeEncoder

        encoder = CodeEncoder(self, label, self.library.project.root, self.digester)
        try:
            digest = digest_bytes(encoder.whole(value, label))
        except (CannotFingerprint, RecursionError) as error:
            problem = f"{label} is nested too deep" if isinstance(error, RecursionError) else error
            encoder.problems.append(str(problem))
            digest = type(value).__qualname__
        kind = "incomplete" if encoder.problems else "value"
        held = Unit(value, label, "", f"{kind} {digest}", refs=encoder.refs)
        held.problems = encoder.problems
        if not _is_fixed(value):
            for ref in held.refs:  # the value may have another name next time
                ref.label = ref.label.replace(label, "it")
            tell_apart(held.refs)
            self.seen.values[id(value)] = held
        return held

    def code(self, label: str, obj: Any) -> Ref | None:
        """Return the reference to code, None if the object is a value."""
        # Not __class__: a proxy passes itself off as another object.
        kind = type(obj) if self.narrow else obj.__class__
        if issubclass(kind, types.ModuleType):
            return self._of_module(label, obj)
        if self._stop and objects.is_code(obj, self.library):
            return Ref(label, "code")
        known = self.seen.units.get(id(obj))
        if known is not None:
            return Ref(label, unit=known)
        if kind is types.FunctionType:
            if self.library.owns(obj) and not objects.carries(obj):
                return Ref(label, f"library {self.library.name(obj)}")
            return Ref(label, unit=self._function(obj))
        if objects.is_class(obj) and self.library.owns(obj):
            return Ref(label, f"library {self.library.name(obj)}")
        hidden = _library_method(obj, self.library) if self.narrow else None
        if hidden is not None:
            return Ref(label, f"library {hidden}")
        tag = objects.tag(obj, self.library, as_before=not self.narrow)
        if tag is not None:
            where = objects.home(obj, self.library) if tag == "class" else ""
            return Ref(label, unit=self._add(Unit(obj, objects.shown_name(obj), where, tag)))
        if issubclass(kind, objects.COMPILED) or objects.is_cython(obj):
            return self._compiled(label, obj)
        return None

    def annotation_reader(self, label: str, cls: type) -> Ref | None:
        """Return a reference to an installed class whose package reads annotations."""
        from doit_invariants.code.loaded import hints

        package = str(cls.__module__).partition(".")[0]
        if self.narrow and hints.are_read(package):
            return Ref(label, f"library {self.library.name(cls)}")
        return None

    def _of_module(self, label: str, module: types.ModuleType) -> Ref:
        if not (self.narrow and objects.is_made_by_hand(module, self.library)):
            return Ref(label, "code" if self._stop else self.module(module))
        known = self.seen.units.get(id(module))
        return Ref(label, unit=known or self._add(Unit(module, module.__name__, "", "made")))

    def _compiled(self, label: str, obj: Any) -> Ref:
        digest = self.library.extension(obj)
        name = self.library.name(obj)
        return Ref(label, f"compiled {name} {digest}" if digest else f"library {name}")

    def _function(self, func: types.FunctionType) -> Unit:
        name = f"{func.__qualname__.rpartition('<locals>.')[2]}()"
        if self.library.owns(func):
            return self._add(Unit(func, name, "", f"library {self.library.name(func)}"))
        code = func.__code__
        where = objects.place(code, self.library)
        return self._add(Unit(func, name, where, "function", structure(code)))

    def _add(self, unit: Unit) -> Unit:
        self.seen.units[id(unit.obj)] = unit
        self._todo.append(unit)
        return unit


def _is_fixed(value: Any) -> bool:
    """Return whether a value is immutable: equal ones are then the same."""
    from doit_invariants.code.loaded.values import IMMUTABLE

    return issubclass(type(value), IMMUTABLE)


def _library_method(obj: Any, library: Library) -> str | None:
    # No isinstance: it makes a lazy proxy create the object that it stands for.
    if not issubclass(type(obj), _METHODS) or isinstance(obj.__self__, _OWNERS):
        return None
    from doit_invariants.code.loaded.process_state import library_method

    return library_method(obj, library)
