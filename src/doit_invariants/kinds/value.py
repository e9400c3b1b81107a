"""``Value``: a Python value."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.core.text import listing
from doit_invariants.hashing.outline import outline, outline_changes
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Value(Invariant):
    """Unchanged while a value is equal, types included: ``1``, ``1.0`` and ``True`` differ.

    :param obj: any JSON value, dataclass, enum, path, date, set, bytes, numpy array or pandas
        frame, an object of a class with plain state, or an object that a plugin digests with the
        hook ``invariants_digest_value``. The order of lists counts; that of dicts and sets does
        not
    :param name: identifies this value among the task's others, and names it in reasons; without
        a name its position among the task's unnamed values identifies it

    The value is read when the task is checked. The record has a short outline of it, so that a
    reason can say what changed. For a secret, use :class:`~doit_invariants.kinds.env.Env`, or
    give a digest of it.
    """

    kind: ClassVar[str] = "Value"

    def __init__(self, obj: object, *, name: str | None = None) -> None:
        self.obj = obj
        self.name = name

    def identity(self) -> str | None:
        """The name, if one was given."""
        return self.name

    def validate(self) -> None:
        """Accept a string as name; the check reports a value that can't be encoded."""
        if self.name is not None and not isinstance(self.name, str):
            raise InvalidOption(f"Value: name must be a string, got {self.name!r:.60}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the digest, and an outline if the value is small enough for one."""
        digest = context.digest_value(self.obj)
        if previous is not None and previous["digest"] == digest:
            return previous
        return {"digest": digest, "outline": outline(self.obj)}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the places inside the value that differ, with old and new."""
        if old["digest"] == new["digest"]:
            return None
        changes = outline_changes(old.get("outline"), new.get("outline"))
        texts = [str(change).removeprefix("$: ") for change in changes]
        return Difference(listing(texts) if texts else "value changed", changes)
