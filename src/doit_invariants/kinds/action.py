"""``Action``: the arguments of an action that is a function, or the string of a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from doit_invariants.code.loaded.functions import Functions, functions_of, marked, unless_edited
from doit_invariants.code.loaded.graph import edited_modules, modules_of
from doit_invariants.code.loaded.load_time import without_time
from doit_invariants.code.loaded.unit import Unit
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Change, Difference
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Action(Invariant):
    """Unchanged while an action of a task gets the same arguments or command.

    :param values: the arguments by label: ``{"argument 0": 3}``, ``{"command": "gcc a.c"}``
    :param name: identifies the action within the task

    The plugin ``track-actions`` adds it; there is no need to list it. Instances of the project's
    classes count by their state and the code of their class, functions by their code, and paths of
    the project by their relative form. The load time of ``dodo.py`` does not count, see
    :mod:`~doit_invariants.code.loaded.load_time`. Values that can't be compared, such as an open
    file or a lock, do not count either.
    """

    kind: ClassVar[str] = "Action"

    def __init__(self, values: Mapping[str, Any], *, name: str) -> None:
        self.values, self.times = without_time(values)
        self.name = name

    def identity(self) -> str | None:
        """The name."""
        return self.name

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record a digest of the values, and the code of the functions and classes in them."""
        functions = functions_of(context)
        unit = functions.group((context.task, self.name), str(self.name), self.values)
        found = self._present(unit, functions, previous, context)
        if previous is None or "looks" in previous or "details" in previous:
            return found
        if found["digest"] != previous["digest"] and "edited" not in found:
            # Adopt values that earlier versions did not compare.
            before = _digest(functions.as_before(unit))
            if before == previous["digest"]:
                return {**found, "adopts": before}
        return found

    def _present(
        self, unit: Unit, functions: Functions, previous: Fingerprint | None, context: Context
    ) -> Fingerprint:
        if any(ref.unit is not None for ref in unit.refs):
            graph = functions.graph_of(unit)
            return unless_edited(functions.describe(graph, previous, context), graph.edited)
        digest = _digest(unit)
        if previous is not None and previous["digest"] == digest:
            return marked(previous)
        found = marked({"digest": digest, "shown": {ref.label: ref.shown for ref in unit.refs}})
        if any(str(ref.leaf).startswith("incomplete ") for ref in unit.refs):
            found["left_out"] = functions.graph_of(unit).left_out()
        return unless_edited(found, edited_modules([unit]))

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return the digest of the values; raise if one of them can't be compared.

        A record may leave out such a value. A signature must not, because other projects trust it.
        """
        if self.times:
            raise CannotFingerprint(
                f"{', '.join(self.times)} holds the time at which dodo.py was loaded"
            )
        functions = functions_of(context)
        unit = functions.group((context.task, self.name), str(self.name), self.values)
        problems = functions.graph_of(unit).problems
        if problems:
            raise CannotFingerprint(problems[0])
        return super().signature_part(fingerprint, context)

    def modules(self, context: Context) -> list[str]:
        """Return the names of the modules that count as a whole."""
        functions = functions_of(context)
        unit = functions.group((context.task, self.name), str(self.name), self.values)
        if any(ref.unit is not None for ref in unit.refs):
            return functions.graph_of(unit).modules()
        return modules_of([unit])

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:
        """List the functions and classes, with the values and versions that they use."""
        # Imported late: only `show` needs it.
        from doit_invariants.code.loaded.explain import contents, not_compared

        found = contents(recorded.get("details"))
        return found or [*_shown(recorded.get("shown") or {}), *not_compared(recorded)]

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the arguments that changed, old and new."""
        if "details" in old and "details" in new:
            return functions_of(context).difference(old, new, context)
        if old["digest"] in (new["digest"], new.get("adopts")):
            return None
        changes = _changes(old.get("shown") or {}, new.get("shown") or {})
        return Difference(", ".join(map(str, changes)) or "changed", changes)


def _digest(unit: Unit) -> str:
    return digest_value([[ref.label, ref.leaf] for ref in unit.refs])


def _shown(shown: dict[str, Any]) -> list[str]:
    return [
        f"{label}{where.removeprefix('$')}: {text}"
        for label, found in shown.items()
        for where, text in (found or {}).items()
    ]


def _changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    from doit_invariants.hashing.outline import outline_changes  # late: few actions change

    found: list[Change] = []
    for label in dict.fromkeys([*old, *new]):
        if label not in new or label not in old:
            found.append(Change("added" if label in new else "removed", label))
            continue
        for change in outline_changes(old[label], new[label]):
            where = label + change.where.removeprefix("$")
            found.append(Change(change.what, where, change.old, change.new))
    return tuple(found)
