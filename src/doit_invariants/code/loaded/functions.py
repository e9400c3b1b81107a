"""The callables of one run of doit: each is fingerprinted once, however many tasks share it."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from doit_invariants.code.loaded.explorer import Explorer
from doit_invariants.code.loaded.graph import CodeGraph, Row, portable_digest
from doit_invariants.code.loaded.library import Library
from doit_invariants.code.loaded.operations import slot
from doit_invariants.code.loaded.unit import Unit
from doit_invariants.core.model import Difference
from doit_invariants.files.state import EDITED_SINCE_LOADED
from doit_invariants.rules.invariant import Context, Fingerprint

if TYPE_CHECKING:
    from doit_invariants.code.loaded.function_sources import FunctionSources
    from doit_invariants.code.loaded.module_digests import FileEntries, ModuleDigests

T = TypeVar("T")

#: Increased when more of the same code starts to count. The first version did not store it.
_LOOKS = 2
#: Answers that stay valid when a module changes: units, and comparisons of records.
_WITHOUT_MODULES = frozenset({"group", "before", "why"})


class Functions:
    """The known callables of a run; kept in :attr:`Context.memo`.

    :param before: the callables as they were before the first action
    :ivar explorers: one for each combination of ``follow`` and ``narrow``
    """

    def __init__(self, context: Context, before: Functions | None = None) -> None:
        library = Library(context.project)
        self._context = context
        earlier = before.explorers if before is not None else {}
        self.explorers: dict[tuple[bool, bool], Explorer] = {
            (follow, narrow): Explorer(
                library,
                context.digester,
                self._module_digest,
                follow=follow,
                narrow=narrow,
                before=earlier.get((follow, narrow)),
            )
            for follow in (True, False)
            for narrow in (True, False)
        }
        self._before = before
        self._sources: FunctionSources | None = None
        # The keys are id()s: keep the callables alive so that an id is never reused.
        self._graphs: dict[tuple[int, bool], tuple[Any, CodeGraph]] = {}
        self._answers: dict[Any, Any] = {}

    @property
    def sources(self) -> FunctionSources:
        """Finds the sources of functions; one per run, because it reads each file once."""
        if self._before is not None:
            return self._before.sources
        if self._sources is None:
            # Imported late: no source is read if all code is unchanged.
            from doit_invariants.code.loaded.function_sources import FunctionSources

            self._sources = FunctionSources()
        return self._sources

    def _module_digest(self, name: str) -> str | None:
        return self._modules(name)

    @functools.cached_property
    def _modules(self) -> ModuleDigests:
        from doit_invariants.code.loaded.module_digests import ModuleDigests  # late: few ask

        return ModuleDigests(self._context)

    def graph(
        self, func: Any, *, follow: bool = True, previous: Fingerprint | None = None
    ) -> CodeGraph:
        """Return a callable with everything that it uses.

        :param previous: the recorded fingerprint: unchanged modules then need not be parsed
        """
        known = self._graphs.get((id(func), follow))
        if known is None:
            recorded = usable(previous)
            if recorded is not None and recorded.get("modules"):
                self._modules.hint(recorded["modules"])
            explorer = self.explorers[follow, True]
            known = self._graphs[id(func), follow] = (
                func,
                CodeGraph(explorer, explorer.unit(func)),
            )
        return known[1]

    def graph_of(self, unit: Unit) -> CodeGraph:
        """Return the graph of a unit from :meth:`group`."""
        return self.memoised(
            ("graph", id(unit)), lambda: CodeGraph(self.explorers[True, True], unit)
        )

    def look_at_creator(self, creator: Any) -> None:
        """Inspect everything that the creator of late tasks uses.

        If it takes functions of a module by name, that includes all functions and classes that the
        module defines.
        """
        explorer = self.explorers[True, True]
        for name in self.graph(creator).modules():
            module = sys.modules.get(name)
            for one in list(getattr(module, "__dict__", {}).values()):
                if isinstance(one, (types.FunctionType, type)) and one.__module__ == name:
                    explorer.unit(one)

    def watch_globals(self) -> Callable[[], None]:
        """Return a function that records, when called, which globals have changed until then."""
        before = {key: one.present_globals() for key, one in self.explorers.items()}

        def note() -> None:
            for key, explorer in self.explorers.items():
                now = explorer.present_globals()
                explorer.seen.changed.update(k for k in now if now[k] != before[key].get(k))

        return note

    def group(self, key: Any, name: str, values: Mapping[str, Any]) -> Unit:
        """Return a unit that represents several values, made once for each key in a run.

        Later calls return the result of the first one: actions may change objects that other tasks
        receive.
        """
        return self.memoised(
            ("group", key), lambda: self.explorers[True, True].group(name, values.items())
        )

    @property
    def uses_modules(self) -> bool:
        """Whether any module of the project counts as a whole."""
        return "_modules" in self.__dict__ and self._modules.found_any

    def look_again_at_modules(self) -> bool:
        """Inspect modules again that were not loaded at first: a task may have made them since.

        Everything else stays as it was before the first action.

        :returns: whether any module has changed
        """
        changed = self._modules.look_again()
        if changed:
            graphs = [graph for _, graph in self._graphs.values()]
            kept = {key: one for key, one in self._answers.items() if key[0] in _WITHOUT_MODULES}
            units = [unit for graph in graphs for unit in graph.units]
            units += [one for one in kept.values() if isinstance(one, Unit)]
            for unit in units:
                unit.rename(changed)
            for explorer in self.explorers.values():
                explorer.seen.rename(changed)
            self._graphs, self._answers = {}, kept
        return bool(changed)

    def imported_late(self, names: Iterable[str], *, first: bool = False) -> FileEntries:
        """Return the files of modules that were not loaded when they were first inspected.

        :param first: whether to return their state at that time instead of the present one
        """
        found: FileEntries = {}
        for name in names:
            found.update(self._modules.imported_late(name, first=first))
        return found

    def describe(
        self, graph: CodeGraph, previous: Fingerprint | None, context: Context
    ) -> Fingerprint:
        """Return the fingerprint of a callable: the recorded one itself if its code is the same.

        If the code is only equivalent (it was reformatted, or this is another version of Python),
        return the recorded fingerprint with this version's code added.
        """
        previous = usable(previous)
        if previous is not None and previous["slots"].get(slot()) == graph.code:
            return marked(previous)
        details = None if previous is None else previous.get("details")
        return self.memoised(
            ("describe", id(graph), details), lambda: self._describe(graph, previous, context)
        )

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Return how the code of a callable differs from the recorded one, None if it is equal."""
        if usable(old) is None:
            return Difference("the recorded fingerprint is damaged")
        if old["digest"] == new["digest"]:
            return None
        # Imported late: in nearly every run the code is the same.
        from doit_invariants.code.loaded import compare
        from doit_invariants.code.loaded.explain import explain

        if compare.same(old, new):
            return None
        return self.memoised(
            ("why", old["details"], new["details"]),
            lambda: explain(context.lookup(old["details"]), context.lookup(new["details"])),
        )

    def memoised(self, key: Any, make: Callable[[], T]) -> T:
        """Return an answer that the tasks of a run share."""
        if key not in self._answers:
            self._answers[key] = make()
        answer: T = self._answers[key]
        return answer

    def _describe(
        self, graph: CodeGraph, previous: Fingerprint | None, context: Context
    ) -> Fingerprint:
        rows = self.memoised(("rows", id(graph)), lambda: graph.rows(self.sources))
        digest = portable_digest(rows)
        merged = (
            None if previous is None else _merged(context.lookup(previous.get("details")), rows)
        )
        slots = {slot(): graph.code}
        if previous is not None and (
            merged is not None
            or previous["digest"] == digest
            or self._same_as_before(graph, previous, context)
        ):
            digest, slots = previous["digest"], {**previous["slots"], **slots}
        details: dict[str, Any] = {"units": merged or rows, "sources": graph.texts(self.sources)}
        if graph.problems:
            details["left_out"] = graph.left_out()
        found: Fingerprint = marked(
            {"digest": digest, "slots": slots, "details": context.intern(details)}
        )
        modules = {name: self._modules.details(name) for name in graph.modules()}
        return {**found, "modules": modules} if modules else found

    def _same_as_before(self, graph: CodeGraph, previous: Fingerprint, context: Context) -> bool:
        """Return whether nothing changed in the parts that earlier versions tracked.

        They recorded each global as a whole, and less of decorators, annotations, and objects that
        pickle can't save. Parts that they did not record are adopted.
        """
        if "looks" in previous:
            return False
        follow = graph.explorer.follow
        explorer, root = self.explorers[follow, False], graph.units[0]
        given = root.tag == "values"
        unit = explorer.group(root.name, root.obj) if given else explorer.unit(root.obj)
        before = CodeGraph(explorer, unit)
        if previous["slots"].get(slot()) == before.code:
            return True
        rows = before.rows(self.sources)
        recorded = context.lookup(previous.get("details"))
        return previous["digest"] == portable_digest(rows) or _merged(recorded, rows) is not None

    def as_before(self, unit: Unit) -> Unit:
        """Return the unit that :meth:`group` would have made in earlier versions."""
        return self.memoised(
            ("before", id(unit)), lambda: self.explorers[True, False].group(unit.name, unit.obj)
        )


def marked(found: Fingerprint) -> Fingerprint:
    """Return a fingerprint that states how much it covers, so that no more is adopted."""
    return found if "looks" in found else {**found, "looks": _LOOKS}


def unless_edited(found: Fingerprint, edited: list[str]) -> Fingerprint:
    """Return the fingerprint, or one that equals no other if modules were edited since loaded."""
    return {**found, "digest": EDITED_SINCE_LOADED, "edited": edited} if edited else found


def usable(recorded: Fingerprint | None) -> Fingerprint | None:
    """Return a recorded fingerprint of a callable, None if it is damaged."""
    if not isinstance(recorded, dict) or not isinstance(recorded.get("slots"), dict):
        return None
    texts = isinstance(recorded.get("digest"), str) and isinstance(recorded.get("details"), str)
    return recorded if texts else None


def _merged(recorded: Any, rows: list[Row]) -> list[Row] | None:
    """Return the units with the slots of other versions added, None if they differ."""
    from doit_invariants.code.loaded import compare

    try:
        result = compare.compare(recorded["units"], rows)
        return None if result.changed else compare.merge(recorded["units"], rows, result.pairs)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None  # gone, or damaged


#: The key in :attr:`Context.memo` of the callables as they were before the first action.
BEFORE = "functions before"


def functions_of(context: Context) -> Functions:
    """Return the known callables in the run of a context."""
    found = context.memo.get("functions")
    if found is None:
        before = context.memo.get(BEFORE)
        found = context.memo["functions"] = Functions(context, before)
    functions: Functions = found
    return functions
