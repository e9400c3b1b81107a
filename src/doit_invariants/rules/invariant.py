"""The contract of a kind: what a class must offer so that its instances can be invariants."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Protocol

from doit_invariants.core.model import Difference, Json
from doit_invariants.core.project import Project
from doit_invariants.files.state import FileView
from doit_invariants.hashing.values import ValueDigester

#: What an invariant records: a dict with at least a text ``digest``; equal means "unchanged".
Fingerprint = dict[str, Json]


class Context(Protocol):
    """What an invariant may ask for while it is checked. One exists for each task and check.

    :ivar task: name of the task
    :ivar root: absolute path of the directory that the paths of the task are relative to
    :ivar files: looks at files and hashes each content once a run
    :ivar now: the time of the check, in seconds since the epoch, by the run's clock
    :ivar executed_at: when the actions last ran with success, None if never; neither a restore
        nor an accept changes it
    :ivar targets: the targets of the task and the files of doit's DB: what a run writes itself
        is no input
    :ivar memo: answers that stay the same for the whole run, by any key of the kind's own
    :ivar tree_exclude: patterns that no directory is looked at for, from the settings
    :ivar digester: what plugins teach of values, as a function, None if nobody does
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
        """Return the digest of a Python value, plugins' types included.

        :raises CannotFingerprint: naming the place inside the value
        """

    def signature_of(self, task: str) -> str:
        """Return the present signature of another task.

        :raises CannotFingerprint: if there is no such task, or it depends on itself
        """

    def say(self, text: str) -> None:
        """Tell the user something that need not be wrong, in one line; once, however often asked.

        Commands that only list tasks keep it to themselves.
        """

    def intern(self, details: Json) -> str:
        """Store JSON beside the records, once for all tasks that keep the same; return its key.

        A fingerprint that holds the key as its ``details`` brings it into doit's DB when it is
        recorded. For what explains a difference or makes a check cheap: it may be gone later.
        """

    def lookup(self, key: object) -> Json:
        """Return what was kept under a key, None if it is gone. Shared: not to be changed."""


class Invariant(abc.ABC):
    """Something that must not have changed since a task last succeeded.

    A kind is a subclass; a plugin makes it known by returning it from the hook
    ``invariants_register_kinds``::

        class Weather(Invariant):
            kind = "Weather"

            def __init__(self, city):
                self.city = city

            def identity(self):
                return self.city

            def fingerprint(self, context, previous):
                return {"digest": read_barometer(self.city)}

    Constructors only keep what they are given: what is wrong with it is said by :meth:`validate`,
    once the task is known.
    """

    #: Name of the kind. It is stored in records: renaming a kind reruns the tasks that use it.
    kind: ClassVar[str]

    #: Raise it when the meaning of the fingerprint changes; see :meth:`upgrade`.
    version: ClassVar[int] = 1

    #: Whether its difference is worth saying only where nothing else differs.
    secondary: bool = False

    #: Whether an object gives the same answers all through a run, to whatever task asks. Those
    #: that are true are asked once where tasks share it and have recorded the same.
    stable_in_run: ClassVar[bool] = False

    #: Names the invariant within its task, where the kind has no identity of its own.
    name: str | None = None

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "portable" in vars(cls):
            from doit_invariants.rules.renamed import adopt_portable

            adopt_portable(cls)

    def identity(self) -> str | None:
        """Return what tells this invariant from others of its kind in the same task.

        An invariant whose identity is new in a task is an added one. Return None where nothing
        does (a value is a value): its place among those of its kind then decides.
        """
        return None

    def label(self) -> str:
        """Return the name under which a user meets it in explanations: ``Value(THEME)``."""
        inner = self.name if self.name is not None else self.identity()
        return f"{self.kind}({inner})" if inner else self.kind

    def validate(self) -> None:  # noqa: B027 - most plugins have nothing to check
        """Check the arguments, when the task is loaded. No I/O: this happens on every command.

        :raises InvalidOption: saying what was given, what is allowed and how to mend it
        """

    def needs_tasks(self) -> tuple[str, ...]:
        """Return the names of tasks that must be done before this invariant can be checked."""
        return ()

    @abc.abstractmethod
    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Return what is recorded when the task succeeds: JSON with a text ``digest``.

        :param previous: the recorded fingerprint, to make this check cheap; it was made by the
            same kind and version, nothing else is certain
        :raises CannotFingerprint: if it can't be determined; the task then fails with this text
        """

    def upgrade(self, old: Fingerprint, version: int) -> Fingerprint | None:
        """Return a recorded fingerprint of an earlier version as this one would have made it.

        None, the default, where that can't be told: what there is now is then taken as it stands,
        and recorded, so that a new version of a kind reruns nothing. Where such a fingerprint must
        not be believed, return one that equals no other.

        :param version: of the kind that recorded it
        """
        return None

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Return how ``new`` differs from ``old``, None if it is unchanged. No I/O.

        A stored fingerprint can be damaged: an exception here counts as "changed".
        """
        return None if old["digest"] == new["digest"] else Difference("changed")

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return what stands for a present fingerprint in the signature of the task.

        It must be the same on every machine, under every user and version of Python, and tell
        nothing of what must stay secret.

        :raises CannotFingerprint: if nothing can stand for it: the task is then never restored
        """
        digest: str = fingerprint["digest"]
        return digest

    @classmethod
    def contents(cls, recorded: Fingerprint) -> list[str]:  # noqa: ARG003 - for subclasses
        """Return lines that say what a recorded fingerprint stands for, for ``show``.

        :param recorded: the fingerprint; for its ``details`` what is kept under that key, None if
            that is gone
        """
        return []

    def __repr__(self) -> str:
        return self.label()
