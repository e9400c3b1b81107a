"""``Function``: the code of a function and of all that it uses."""

from __future__ import annotations

from typing import Any, ClassVar

from doit_invariants.code.loaded import objects
from doit_invariants.code.loaded.functions import functions_of, unless_edited
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Function(Invariant):
    """Unchanged while the code of a function, and of all that it uses, is the same.

    :param func: a function, lambda, method, class, ``functools.partial``, decorated function or
        callable object
    :param name: tells this function from the task's others, and names it in explanations;
        without it the place among the task's unnamed functions does
    :param follow: ``"project"`` follows what it uses into the project's own code; installed code
        counts by its distribution's name and version; False stops at the function

    Counted are its code, defaults, closure, the globals that it reads, and bound arguments.
    Comments, docstrings, annotations, layout, and names that can't matter do not count. The code
    is unchanged if its normalised source *or* its bytecode is the same, so neither a formatter
    nor another version of Python makes it run; values are compared in any case.

    Not seen: what is only named in an argument (``import_module(name)``), the data that it
    reads, what it calls through a value that it is passed when it runs.
    """

    kind: ClassVar[str] = "Function"
    version: ClassVar[int] = 2

    #: What was loaded counts: it is looked at before the first action can change it.
    stable_in_run: ClassVar[bool] = True

    #: Whether what can't be compared is an error. Not for what is tracked without being listed:
    #: there a lock or an open file does not count.
    strict = True

    def __init__(
        self, func: Any, *, name: str | None = None, follow: str | bool = "project"
    ) -> None:
        self.func = func
        self.name = name
        self.follow = follow

    def identity(self) -> str | None:
        """The name, if one was given."""
        return self.name

    def label(self) -> str:
        """``Function(report)``."""
        return f"Function({self.name or self.shown_name()})"

    def shown_name(self) -> str:
        """Return the name of the function itself, of a callable object that of its class."""
        return objects.shown_name(self.func)

    def validate(self) -> None:
        """Something with Python code."""
        if not callable(self.func):
            raise InvalidOption(f"Function: give a function, got {self.func!r:.60}")
        if self.name is not None and not isinstance(self.name, str):
            raise InvalidOption(f"Function: name must be a string, got {self.name!r:.60}")
        if self.follow not in ("project", False):
            raise InvalidOption(
                f"Function: follow must be 'project' or False, got {self.follow!r:.60}"
            )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the digests of code and sources; ``previous`` itself if nothing has changed."""
        functions = functions_of(context)
        graph = functions.graph(self.func, follow=bool(self.follow), previous=previous)
        if self.strict and graph.problems:
            raise CannotFingerprint(graph.problems[0])
        return unless_edited(functions.describe(graph, previous, context), graph.edited)

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """The digest of the sources; what was left out as it can't be compared is missed there."""
        graph = functions_of(context).graph(self.func, follow=bool(self.follow))
        if graph.problems:
            raise CannotFingerprint(graph.problems[0])
        return super().signature_part(fingerprint, context)

    def modules(self, context: Context) -> list[str]:
        """Return the names of the modules of which all counts."""
        return functions_of(context).graph(self.func, follow=bool(self.follow)).modules()

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:
        """List the functions and classes, with the values and versions that they use."""
        from doit_invariants.code.loaded.explain import contents  # late: only users ask for it

        return contents(recorded["details"])

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Say which function changed, where it is, and what about it."""
        return None if old is new else functions_of(context).difference(old, new, context)
