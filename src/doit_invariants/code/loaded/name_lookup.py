"""Look up the names that a function reads: globals, and places inside their values."""

from __future__ import annotations

import builtins
import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

from doit_invariants.code.loaded.access_paths import WHOLE, Steps, behind
from doit_invariants.code.loaded.bytecode import Chain, Structure
from doit_invariants.code.loaded.operations import closure_of
from doit_invariants.code.loaded.unit import CodeFinder, Key, Ref, SeenCode, Unit

#: Types whose values are never opaque.
PLAIN = frozenset({str, int, float, bool, bytes, type(None), list, tuple, dict, set})


class NameLookup:
    """Looks names up, and passes the objects to a finder.

    :param seen: stores the results
    """

    def __init__(self, finder: CodeFinder, seen: SeenCode) -> None:
        self._finder = finder
        self._library = finder.library
        self._seen = seen

    def read(
        self, unit: Unit, namespace: dict[str, Any], chain: Chain, reads: Iterable[Steps]
    ) -> Iterable[Ref]:
        """Return what a global refers to. A later exploration returns the first result."""
        key = (id(namespace), chain, tuple(reads))
        look = functools.partial(self.look_up, unit, namespace, chain, key[2])
        return self._seen.read(unit, namespace, key, look)

    def present(self, again: NameLookup) -> dict[Key, Any]:
        """Return what the inspected globals refer to now, in a comparable form.

        :param again: a lookup that stores its results elsewhere
        """
        unit = Unit(None, "", "", "values")
        return {
            key: [
                (ref.label, ref.leaf, ref.rest, ref.unit and (ref.unit.tag, ref.unit.name))
                for ref in again.look_up(unit, namespace, *key[1:])
            ]
            for key, namespace in self._seen.reads()
        }

    def look_up(
        self, unit: Unit, namespace: dict[str, Any], chain: Chain, reads: Iterable[Steps]
    ) -> Iterable[Ref]:
        """Return what a global refers to now."""
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
                return self.places_of(unit, label, obj, chain, reads, number - 1)
            if self._library.owns(obj):
                names = ".".join(chain[number:])
                added = self._foreign(vars(obj).get(attribute), label, unit)
                return added or (Ref(label, f"library {self._library.name(obj)}.{names}"),)
            if attribute not in vars(obj):  # not imported yet, or the module creates it on demand
                return (Ref(label, f"{self._finder.module(obj)} {'.'.join(chain[number:])}"),)
            obj = vars(obj)[attribute]
        return self.places_of(unit, label, obj, chain, reads, len(chain) - 1)

    def closure(self, unit: Unit, func: types.FunctionType, code: Structure) -> Iterator[Ref]:
        """Yield what the closure variables of a function refer to."""
        cells = closure_of(func)
        # Only some versions name the variable of `super()` in the code.
        frees = dict(zip(code.frees, code.inside, strict=True))
        frees.pop("__class__", None)
        if "__class__" in func.__code__.co_freevars:
            frees["__class__"] = WHOLE
        for name, reads in frees.items():
            if name in cells:
                yield from self.places_of(unit, f"closure {name}", cells[name], (name,), reads)
            else:
                yield Ref(f"closure {name}", "empty")

    def places_of(
        self, unit: Unit, label: str, obj: Any, chain: Chain, reads: Iterable[Steps], skip: int = 0
    ) -> list[Ref]:
        """Refer to the places of a value that are read; ``skip`` attributes lead to the value."""
        from doit_invariants.code.loaded.places import MISSING, NOTHING, places

        steps = behind(reads, skip) if self._finder.narrow else WHOLE
        label = label.removesuffix("".join(f".{name}" for name in chain[skip + 1 :]))
        found: list[Ref] = []
        for place in places(label, obj, chain[skip + 1 :], steps, self._is_opaque):
            if place.value is MISSING:
                found.append(Ref(place.label, "missing", rest=place.rest, shown=NOTHING))
            else:
                found += self._finder.refs(place.label, place.value, unit, place.rest)
        return found

    def _is_opaque(self, value: Any) -> bool:
        if type(value) in PLAIN:
            return False
        from doit_invariants.code.loaded.places import is_opaque

        return is_opaque(value, self._library, self._finder.digester)

    def _foreign(self, obj: Any, label: str, unit: Unit) -> list[Ref]:
        """Return references to project code that was put into an installed module."""
        if not isinstance(obj, types.FunctionType) or self._library.owns(obj):
            return []
        return self._finder.refs(label, obj, unit)
