"""Where results come from and go to: the contract of places that a policy of a plugin brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from doit_invariants.results.entry import ResultEntry


class ResultKey(NamedTuple):
    """What the result of a task is kept and asked for by.

    :ivar task: name of the task
    :ivar signature: of the task as it stands, the same in every checkout; empty if it has none:
        then nobody can tell which result would be the one that the actions make now. That is so
        for a task that gets values from others, too: they are known only when it runs
    :ivar root: absolute path of the directory of the project
    :ivar targets: absolute path of each target, to its name relative to the project
    """

    task: str
    signature: str
    root: str
    targets: Mapping[str, str]


class Source(Protocol):
    """Where the result of a task comes from, in the place of its actions.

    A policy returns it in the main process; it is used where the actions would run, so it can be
    pickled.

    :ivar where: that place in words, for ``restored from ...``
    """

    where: str

    def restore(self) -> ResultEntry | None:
        """Put all targets in place, or none; return what is known of the success they are of.

        With an entry of the signature of the task the targets are compared with it, and the task
        is recorded as if it had run. With another one, or None, they are taken for now.

        :raises InvariantsError: in one line, if that can't be; the actions then run
        """


class Sink(Protocol):
    """Where the result of a task goes once its actions have succeeded.

    A policy returns it in the main process. :meth:`put` is called where the actions ran, on a
    pickled copy, :meth:`finish` in the main process.

    :ivar where: that place in words, for ``not put into ...``
    """

    where: str

    def put(self, path: str) -> None:
        """Take the content of one file of the targets.

        :raises InvariantsError: in one line, if that can't be; the task has succeeded nevertheless
        """

    def finish(self, entry: ResultEntry) -> None:
        """Take what is known of the success, once it is known to be one.

        With a signature this is not called where something that the task depends on changed while
        it ran: nobody can tell what the result was made of.

        :raises InvariantsError: in one line, if that can't be; the task has succeeded nevertheless
        """
