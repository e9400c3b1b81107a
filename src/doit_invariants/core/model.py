"""The small immutable values that the packages exchange."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from doit_invariants.core.text import printable

#: What can be stored in doit's DB. Not spelled out recursively: mypy would then demand a cast
#: at every read of a record, and a record is validated once, where it is read.
Json = Any

Status = Literal["run", "up-to-date", "error"]


class Change(NamedTuple):
    """One difference inside something that changed: a file of a tree, a key of a value.

    :ivar what: ``changed``, ``added`` or ``removed``
    :ivar where: the place inside: a relative path, ``$.key[3]``, the name of a variable
    :ivar old, new: short texts of both sides, None where there is none or it must not be shown
    """

    what: Literal["changed", "added", "removed"]
    where: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        """``$.k: 3 -> 4``, or what happened where the two sides are not shown."""
        if self.what == "changed" and self.old is not None and self.new is not None:
            return f"{self.where}: {self.old} -> {self.new}"
        value = self.new if self.what == "added" else self.old if self.what == "removed" else None
        return f"{self.where} {self.what}" + (f" ({value})" if value is not None else "")

    def to_json(self) -> Json:
        """Return the change as a dict, without what is not known."""
        fields = {"what": self.what, "where": self.where, "old": self.old, "new": self.new}
        return {key: value for key, value in fields.items() if value is not None}


class Difference(NamedTuple):
    """How the fingerprint of one thing differs from the recorded one.

    :ivar text: what happened, to be read after the name of the thing: ``"1 changed (a.txt)"``
    :ivar code: the machine's word for it, as in :class:`Reason`
    :ivar detail: lines that show it, such as a short diff
    """

    text: str
    changes: tuple[Change, ...] = ()
    code: str = "changed_invariant"
    detail: tuple[str, ...] = ()


class Reason(NamedTuple):
    """Why a task is not up-to-date, or why that can't be known.

    :ivar code: the machine's word: doit's own where doit has one (``changed_file_dep``,
        ``missing_target``, ...), else one of ours (``changed_invariant``, ``changed_target``, ...)
    :ivar subject: what it is about: a path, ``Value(THEME)``
    :ivar text: what about it
    :ivar changes: what changed inside, complete, where the text shows only the first few
    :ivar detail: lines that show it, such as a short diff
    """

    code: str
    subject: str
    text: str
    changes: tuple[Change, ...] = ()
    detail: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The one line that a user reads: ``templates/: 1 changed (templates/head.html)``."""
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
    """The outcome of comparing a record with now.

    :ivar task: name of the task
    :ivar status: as doit's: ``run``, ``up-to-date`` or ``error``
    :ivar reasons: every reason that was found; empty if the task is as it was recorded
    :ivar policy: what the cache policy, or the command line, makes of the reasons, if anything:
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
# What settings and options must know of stores and exports, without importing them.

#: Name of a directory for what is not a target yet; no tracked directory contains it.
ASIDE = ".doit-invariants"

#: The ways in which a target can be exported, as users write them.
HOWS = ("copy", "hardlink", "symlink", "move", "gzip")

#: How a file may leave a store; see :class:`~doit_invariants.stores.base.StoreOptions`.
LINKS = ("auto", "hardlink", "copy")

#: Maximum size of a store, in bytes, unless the settings give one.
MAX_SIZE = 20 * 2**30
