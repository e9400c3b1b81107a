"""The small immutable values that the packages exchange."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from doit_invariants.core.text import printable

#: A value that doit's DB can store. The type is not recursive, because mypy would then demand a
#: cast at each access to a record. A record is validated once, when it is read.
Json = Any

Status = Literal["run", "up-to-date", "error"]


class Change(NamedTuple):
    """One difference inside something that changed: a file of a tree, a key of a value.

    :ivar what: ``changed``, ``added`` or ``removed``
    :ivar where: the place inside: a relative path, ``$.key[3]``, the name of a variable
    :ivar old: a short string for the recorded value; None if there is none or it must not be shown
    :ivar new: the same for the present value
    """

    what: Literal["changed", "added", "removed"]
    where: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        """Return ``$.k: 3 -> 4``, or ``$.k changed`` if the two sides are not shown."""
        if self.what == "changed" and self.old is not None and self.new is not None:
            return f"{self.where}: {self.old} -> {self.new}"
        value = self.new if self.what == "added" else self.old if self.what == "removed" else None
        return f"{self.where} {self.what}" + (f" ({value})" if value is not None else "")

    def to_json(self) -> Json:
        """Return the change as a dict without the fields that are None."""
        fields = {"what": self.what, "where": self.where, "old": self.old, "new": self.new}
        return {key: value for key, value in fields.items() if value is not None}


class Difference(NamedTuple):
    """How a fingerprint differs from the recorded one.

    :ivar text: what happened, worded to follow the name of the thing: ``"1 changed (a.txt)"``
    :ivar changes: all changes inside; the text shows only the first few
    :ivar code: machine-readable, as in :class:`Reason`
    :ivar detail: lines that show the difference, such as a short diff
    """

    text: str
    changes: tuple[Change, ...] = ()
    code: str = "changed_invariant"
    detail: tuple[str, ...] = ()


class Reason(NamedTuple):
    """Why a task is not up-to-date, or why there is no verdict.

    :ivar code: machine-readable: doit's own code if doit has one (``changed_file_dep``,
        ``missing_target``, ...), otherwise one of ours (``changed_invariant``,
        ``changed_target``, ...)
    :ivar subject: what the reason is about: a path, ``Value(THEME)``
    :ivar text: what happened to the subject
    :ivar changes: all changes inside the subject; the text shows only the first few
    :ivar detail: lines that show the difference, such as a short diff
    """

    code: str
    subject: str
    text: str
    changes: tuple[Change, ...] = ()
    detail: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the line that a user reads: ``templates/: 1 changed (templates/head.html)``."""
        return printable(f"{self.subject}: {self.text}")

    def to_json(self) -> Json:
        """Return the reason as ``doit invariants why --json`` prints it."""
        data: dict[str, Json] = {"code": self.code, "subject": self.subject, "text": self.text}
        if self.changes:
            data["changes"] = [change.to_json() for change in self.changes]
        if self.detail:
            data["detail"] = list(self.detail)
        return data


class Verdict(NamedTuple):
    """The result of comparing a record with the current state.

    :ivar task: name of the task
    :ivar status: doit's status: ``run``, ``up-to-date`` or ``error``
    :ivar reasons: every reason that was found; empty if nothing changed
    :ivar policy: how the cache policy or the command line overrides the reasons, if it does:
        ``accepted: every target exists (cache: once)``
    """

    task: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    policy: str = ""

    def to_json(self) -> Json:
        """Return the verdict as ``doit invariants why --json`` prints it."""
        reasons = [reason.to_json() for reason in self.reasons]
        found = {"task": self.task, "status": self.status, "reasons": reasons}
        return {**found, "policy": self.policy} if self.policy else found


# ---------------------------------------------------------------------- choices
#
# Constants of stores and exports, for settings and options that must not import those packages.

#: Name of the directory for files that are not targets yet. It never counts in a tracked directory.
ASIDE = ".doit-invariants"

#: The ways to export a target, as users write them.
HOWS = ("copy", "hardlink", "symlink", "move", "gzip")

#: The ways to take a file from a store; see :class:`~doit_invariants.stores.base.StoreOptions`.
LINKS = ("auto", "hardlink", "copy")

#: Maximum size of a store, in bytes, unless the settings give one.
MAX_SIZE = 20 * 2**30
