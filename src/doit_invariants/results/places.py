"""The contract of places for results that the policy of a plugin defines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from doit_invariants.results.entry import ResultEntry


class ResultKey(NamedTuple):
    """The key under which the result of a task is kept and looked up.

    :ivar task: name of the task
    :ivar signature: present signature of the task, the same in every checkout. It is empty if the
        task has none: then it is unknown which result the actions would make now. That includes
        tasks that get values from others, because those values are known only when the task runs
    :ivar root: absolute path of the project directory
    :ivar targets: maps the absolute path of each target to its name relative to the project
    """

    task: str
    signature: str
    root: str
    targets: Mapping[str, str]


class Source(Protocol):
    """Where to restore the result of a task from, instead of running its actions.

    A policy returns it in the main process. It is used where the actions would run, so it must
    support pickling.

    :ivar where: the place in words, for ``restored from ...``
    """

    where: str

    def restore(self) -> ResultEntry | None:
        """Restore all targets or none; return what is known about the success that made them.

        If the returned entry has the signature of the task, the targets are compared with it. The
        task is then recorded as if it had run. With another entry or None, they are only accepted
        for now.

        :raises InvariantsError: in one line, if it can't be restored; the actions then run
        """


class Sink(Protocol):
    """Where to keep the result of a task after its actions have succeeded.

    A policy returns it in the main process. :meth:`put` is called where the actions ran, on a
    pickled copy; :meth:`finish` is called in the main process.

    :ivar where: the place in words, for ``not put into ...``
    """

    where: str

    def put(self, path: str) -> None:
        """Keep the content of one file of the targets.

        :raises InvariantsError: in one line, if it can't be kept; the task has succeeded
            nevertheless
        """

    def finish(self, entry: ResultEntry) -> None:
        """Keep the entry, after the task is known to have succeeded.

        This is not called for a task with a signature if one of its dependencies changed while it
        ran: then it is unknown what the result was made from.

        :raises InvariantsError: in one line, if it can't be kept; the task has succeeded
            nevertheless
        """
