"""The contract of a kind: what a class must provide so that its instances can be invariants."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Protocol

from doit_invariants.core.model import Difference, Json
from doit_invariants.core.project import Project
from doit_invariants.files.state import FileView
from doit_invariants.hashing.values import ValueDigester

#: What an invariant records: a dict with at least a string ``digest``. Equal digests mean
#: "unchanged".
Fingerprint = dict[str, Json]


class Context(Protocol):
    """The environment in which an invariant is checked. Each check of a task has its own.

    :ivar task: name of the task
    :ivar root: absolute path of the directory that the paths of the task are relative to
    :ivar files: reads and hashes files, each content once a run
    :ivar now: time of the check by the clock of the run, in seconds since the epoch
    :ivar executed_at: when the actions last succeeded, None if never; restoring or accepting a task
        does not change it
    :ivar targets: the targets of the task and the files of doit's DB: files that a run itself
        writes are not inputs
    :ivar memo: cache for answers that stay the same for the whole run; kinds choose the keys
    :ivar tree_exclude: patterns from the settings of files that no directory includes
    :ivar digester: digests values as plugins define it, None if no plugin does
    :ivar project: tells the project's own code from installed code
    """

    task: str
    root: str
    files: FileView
    now: float
    executed_at: float | None
    targets: tuple[str, ...]
    memo: dict[Any, Any]
    tree_exclude: tuple[str, ...]
    digester: ValueDigester | None
    project: Project

    def digest_value(self, value: object) -> str:
        """Return the digest of a Python value, including types that plugins define.

        :raises CannotFingerprint: with the place inside the value
        """

    def signature_of(self, task: str) -> str:
        """Return the present signature of another task.

        :raises CannotFingerprint: if there is no such task, or if it depends on itself
        """

    def say(self, text: str) -> None:
        """Show the user a one-line note about something that need not be wrong.

        Each note is shown once per run. Commands that only list tasks do not show it.
        """

    def intern(self, details: Json) -> str:
        """Store JSON beside the records, once for all tasks that store the same; return its key.

        A fingerprint refers to it by holding the key as its ``details``; it is written to doit's DB
        together with the record. Use it for data that explains a difference or makes a check cheap:
        it may be gone later.
        """

    def lookup(self, key: object) -> Json:
        """Return the JSON stored under a key, None if it is gone. Shared: do not change it."""


class Invariant(abc.ABC):
    """Something that must not have changed since a task last succeeded.

    A kind is a subclass. A plugin registers it by returning it from the hook
    ``invariants_register_kinds``::

        class Weather(Invariant):
            kind = "Weather"

            def __init__(self, city):
                self.city = city

            def identity(self):
                return self.city

            def fingerprint(self, context, previous):
                return {"digest": read_barometer(self.city)}

    Constructors only store their arguments. :meth:`validate` reports invalid ones later, when the
    task is known.
    """

    #: Name of the kind. It is stored in records: renaming a kind reruns the tasks that use it.
    kind: ClassVar[str]

    #: Increase it when the meaning of the fingerprint changes; see :meth:`upgrade`.
    version: ClassVar[int] = 1

    #: Whether to report a difference only if nothing else differs.
    secondary: bool = False

    #: Whether an instance gives the same answers to every task throughout a run. If so, tasks that
    #: share it and have recorded the same fingerprint check it once.
    stable_in_run: ClassVar[bool] = False

    #: Names the invariant within its task if the kind has no identity of its own.
    name: str | None = None

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "portable" in vars(cls):
            from doit_invariants.rules.renamed import adopt_portable

            adopt_portable(cls)

    def identity(self) -> str | None:
        """Return what distinguishes this invariant from others of its kind in the same task.

        A new identity in a task is an added invariant. Return None if nothing distinguishes it (for
        example for a value): its position among those of its kind is used instead.
        """
        return None

    def label(self) -> str:
        """Return the name that users see in explanations, such as ``Value(THEME)``."""
        inner = self.name if self.name is not None else self.identity()
        return f"{self.kind}({inner})" if inner else self.kind

    def validate(self) -> None:  # noqa: B027 - most plugins have nothing to check
        """Check the arguments when the task is loaded. No I/O: this happens on every command.

        :raises InvalidOption: with what was given, what is allowed and how to fix it
        """

    def needs_tasks(self) -> tuple[str, ...]:
        """Return the names of tasks that must be done before this invariant can be checked."""
        return ()

    @abc.abstractmethod
    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Return what to record when the task succeeds: JSON with a string ``digest``.

        :param context: what the kind can use: files, the time, the digests of values
        :param previous: the recorded fingerprint, which can make this check cheap; it was made by
            the same kind and version, but is otherwise unverified
        :raises CannotFingerprint: if it can't be determined; the task then fails with this message
        """

    def upgrade(self, old: Fingerprint, version: int) -> Fingerprint | None:
        """Convert a fingerprint that an earlier version recorded to the present version.

        Return None, the default, if that is impossible: the present fingerprint is then adopted and
        recorded, so that a new version of a kind reruns nothing. If the old fingerprint must not be
        trusted, return one that equals no other.

        :param old: the recorded fingerprint
        :param version: of the kind that recorded it
        """
        return None

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Return how ``new`` differs from ``old``, None if it is unchanged. No I/O.

        A stored fingerprint can be damaged: an exception here counts as "changed".
        """
        return None if old["digest"] == new["digest"] else Difference("changed")

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return what represents a present fingerprint in the signature of the task.

        It must be the same on every machine, for every user and version of Python, and must not
        reveal secrets.

        :raises CannotFingerprint: if nothing can represent it: the task is then never restored
        """
        digest: str = fingerprint["digest"]
        return digest

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:  # noqa: ARG003 - for subclasses
        """Return lines that describe a recorded fingerprint, for ``show``.

        :param recorded: the fingerprint, with ``details`` replaced by the data stored under that
            key, None if that is gone
        """
        return []

    def __repr__(self) -> str:
        return self.label()
