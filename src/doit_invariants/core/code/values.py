"""The encoding of values that may hold code: functions in a table, instances of a class."""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.code import objects
from doit_invariants.core.encode import Encoder, Teacher
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.scalars import type_name

if TYPE_CHECKING:
    from doit_invariants.core.code.unit import Ref, Unit
    from doit_invariants.core.code.units import Explorer

#: What belongs to the process, not to the code that reads it: never taken for its value.
_OF_PROCESS: tuple[tuple[types.ModuleType, str], ...] = (
    (os, "environ"),
    *((sys, name) for name in ("argv", "path", "modules", "stdin", "stdout", "stderr")),
)


class CodeEncoder(Encoder):
    """Encodes a value; code in it is written as "the second one", and listed in ``refs``.

    Texts that are paths of the project count by their relative form: much is anchored on
    ``__file__``, and a moved checkout is the same project.
    """

    def __init__(self, explorer: Explorer, label: str, root: str, teach: Teacher | None) -> None:
        super().__init__(root, teach)
        self.explorer = explorer
        self.label = label
        self.refs: list[Ref] = []
        self.problems: list[str] = []
        plain = self.exact[str]
        self.exact = {**self.exact, str: lambda text: plain(inside(text, root))}

    def special(self, value: Any, where: str) -> bytes | None:
        """Write code by its number; what a plugin teaches comes first."""
        taught = super().special(value, where)
        if taught is not None:
            return taught
        ref = self.explorer.code(where, value)
        if ref is not None:
            return self._refer(ref)
        name = of_process(value)
        return None if name is None else b"process " + name.encode()

    def refuse(self, value: object, where: str) -> bytes:
        """Leave out what can't be compared, but for code in it, and note it in ``problems``."""
        try:
            return super().refuse(value, where)
        except CannotFingerprint as error:
            self.problems.append(str(error))
        inside = [self.explorer.code(where, one) for one in objects.code_inside(value)]
        for ref in inside:
            if ref is not None:
                self._refer(ref)
        return b"left out " + type_name(type(value)).encode()

    def unordered(self, items: Iterable[Any]) -> Iterable[Any]:
        """Return functions by their names: in the order of a set their numbers would change."""
        listed = list(items)
        if len(listed) < 2 or all(type(item) in self.exact for item in listed):
            return listed
        return sorted(listed, key=self._place)

    def _place(self, item: Any) -> tuple[bytes, list[Any]]:
        """Return what puts the items of a set into an order that no hash decides."""
        alone = CodeEncoder(self.explorer, self.label, self.root or "", self.teach)
        data = alone.encode(item, self.label)
        self.explorer.fill()
        return data, [_description(ref.unit) for ref in alone.refs if ref.unit is not None]

    def name(self, cls: type) -> bytes:
        """Write a class of the project by its number: its name may change, its code counts."""
        if self.explorer.library.owns(cls):
            return type_name(cls).encode()
        ref = self.explorer.code(f"class of {self.label}", cls)
        return type_name(cls).encode() if ref is None else self._refer(ref)

    def _refer(self, ref: Ref) -> bytes:
        for number, known in enumerate(self.refs):
            if known.unit is not None and known.unit is ref.unit:
                return b"code %d" % number
        self.refs.append(ref)
        return b"code %d" % (len(self.refs) - 1)


def inside(text: str, root: str) -> str:
    """Return a text with the directory of the project cut off every path below it.

    The interpreter that runs counts by a name of its own: commands are built with its path.
    """
    if sys.executable and sys.executable in text:
        text = text.replace(sys.executable, "<python>")
    if root not in text or root == os.sep:
        return text
    # Not where the name goes on: /data/project2 is another directory.
    return re.sub(re.escape(root) + r"(?![\w.-])", "<project>", text)


def of_process(value: Any) -> str | None:
    return next((name for module, name in _OF_PROCESS if value is getattr(module, name)), None)


def _description(start: Unit) -> list[str]:
    """Return texts that tell a unit from others, by all that it leads to."""
    units = [start]
    for unit in units:  # grows while it is walked
        units += [ref.unit for ref in unit.refs if ref.unit is not None and ref.unit not in units]
    return [
        f"{unit.name} {unit.where} {unit.tag} {[ref.leaf for ref in unit.refs]}" for unit in units
    ]


def without_environment(value: Any) -> Any:
    """Return a copy of the environment without what is the same in it: of the process, that is."""
    if type(value) is not dict or value.get("PATH") is None:
        return value
    if value["PATH"] != os.environ.get("PATH") or len(value) < len(os.environ):
        return value
    present = dict(os.environ)
    return {name: text for name, text in value.items() if present.get(name) != text}
