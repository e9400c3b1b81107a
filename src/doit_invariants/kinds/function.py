"""``Function``: the bytecode of a function."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from doit_invariants.core import fingerprint as functions
from doit_invariants.core.encode import relative_to
from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.invariant import Context, Fingerprint, Invariant
from doit_invariants.core.model import Difference


class Function(Invariant):
    """Unchanged while the code of a function is the same.

    :param func: a function, lambda, method, ``functools.partial`` or callable object; decorators
        that keep ``__wrapped__`` are seen through
    :param name: tells this function from the task's others, and names it in explanations;
        without it the place among the task's unnamed functions does

    Counted is the bytecode with its nested functions: comments, docstrings, annotations, layout
    and names of locals do not count. Functions that it calls, defaults, closures and globals
    are not followed. The bytecode of another Python version can't be compared: it runs again.
    """

    kind: ClassVar[str] = "Function"

    def __init__(self, func: Any, *, name: str | None = None) -> None:
        self.func = func
        self.name = name

    def identity(self) -> str | None:
        """The name, if one was given."""
        return self.name

    def label(self) -> str:
        """``Function(report)``."""
        return f"Function({self.name or self.shown_name()})"

    def shown_name(self) -> str:
        """Return the name of the function itself, of a callable object that of its class."""
        inner = getattr(self.func, "func", self.func)
        return str(getattr(inner, "__name__", type(inner).__name__))

    def validate(self) -> None:
        """Something with Python code."""
        if not callable(self.func):
            raise InvalidOption(f"Function: give a function, got {self.func!r:.60}")
        try:
            functions.code_of(self.func)
        except CannotFingerprint as error:
            raise InvalidOption(
                f"Function: {error}; what is written in C is tracked by Distribution(...)"
            ) from error
        if self.name is not None and not isinstance(self.name, str):
            raise InvalidOption(f"Function: name must be a text, got {self.name!r:.60}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the digest of the code in the slot of this Python version."""
        codes = functions.code_of(self.func)
        # By identity: to hash a code object costs more than all the rest. The codes are kept
        # beside the answer, so that no other object can come to the same address.
        key = ("Function", *map(id, codes))
        if key not in context.memo:
            digest = functions.code_digest(codes)
            where = _where(codes[-1], context.root)
            found = {"digest": digest, "slots": {functions.slot(): digest}, "where": where}
            context.memo[key] = (codes, found)
        fingerprint: Fingerprint = context.memo[key][1]
        return fingerprint

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Say where the function is, or that another Python recorded it."""
        slot = functions.slot()
        if slot not in old["slots"]:
            return Difference(f"recorded by {', '.join(old['slots'])}, this is {slot}")
        if old["slots"][slot] == new["slots"][slot]:
            return None
        return Difference(f"bytecode changed: {new['where']}")


def _where(code: Any, root: str) -> str:
    path = os.path.abspath(code.co_filename)
    return f"{relative_to(path, root) or code.co_filename}:{code.co_firstlineno}"
