"""``Function``: the code of a function and of everything it uses."""

from __future__ import annotations

from typing import Any, ClassVar

from doit_invariants.code.loaded import objects
from doit_invariants.code.loaded.functions import functions_of, unless_edited
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Function(Invariant):
    """Unchanged while the code of a function, and of everything it uses, is the same.

    :param func: a function, lambda, method, class, ``functools.partial``, decorated function or
        callable object
    :param name: identifies this function among the task's others, and names it in reasons;
        without a name its position among the task's unnamed functions identifies it
    :param follow: ``"project"`` follows the function into the project's own code; installed code
        counts by the name and version of its distribution. False stops at the function

    The code, defaults, closure, globals that are read, and bound arguments count. Comments,
    docstrings, annotations, layout, and names that can't matter do not. The code is unchanged if
    its normalized source *or* its bytecode is the same, so that neither a formatter nor another
    version of Python makes the task run. Values are always compared.

    Three things are not seen: modules that are only named in an argument
    (``import_module(name)``), data that the function reads, and functions that it receives as
    arguments when it runs.
    """

    kind: ClassVar[str] = "Function"
    version: ClassVar[int] = 2

    #: The code counts as it was loaded: it is fingerprinted before the first action can change it.
    stable_in_run: ClassVar[bool] = True

    #: Whether a value that can't be compared is an error. It is not for functions that are tracked
    #: without being listed: there a lock or an open file does not count.
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
        """Return the name of the function; for a callable object, the name of its class."""
        return objects.shown_name(self.func)

    def validate(self) -> None:
        """Accept a callable, a string as name, and a known ``follow``."""
        if not callable(self.func):
            raise InvalidOption(f"Function: give a function, got {self.func!r:.60}")
        if self.name is not None and not isinstance(self.name, str):
            raise InvalidOption(f"Function: name must be a string, got {self.name!r:.60}")
        if self.follow not in ("project", False):
            raise InvalidOption(
                f"Function: follow must be 'project' or False, got {self.follow!r:.60}"
            )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the digests of code and sources; return ``previous`` itself if nothing changed."""
        functions = functions_of(context)
        graph = functions.graph(self.func, follow=bool(self.follow), previous=previous)
        if self.strict and graph.problems:
            raise CannotFingerprint(graph.problems[0])
        return unless_edited(functions.describe(graph, previous, context), graph.edited)

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return the digest of the sources; raise if a value can't be compared.

        A record may leave out such a value. A signature must not, because other projects trust it.
        """
        graph = functions_of(context).graph(self.func, follow=bool(self.follow))
        if graph.problems:
            raise CannotFingerprint(graph.problems[0])
        return super().signature_part(fingerprint, context)

    def modules(self, context: Context) -> list[str]:
        """Return the names of the modules that count as a whole."""
        return functions_of(context).graph(self.func, follow=bool(self.follow)).modules()

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:
        """List the functions and classes, with the values and versions that they use."""
        from doit_invariants.code.loaded.explain import contents  # late: only `show` needs it

        return contents(recorded["details"])

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the function that changed, where it is, and what changed in it."""
        return None if old is new else functions_of(context).difference(old, new, context)
