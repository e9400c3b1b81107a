"""The hooks of doit-invariants, in the way of pytest's.

A plugin is any module with functions that are marked with ``@hookimpl`` and named as below:
the ``dodo.py`` itself, or a module that a distribution names in the entry-point group
``doit_invariants``. All arguments go by keyword: an implementation names only those it wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from doit_invariants.plugins.registry import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doit_invariants.code.programs.table import Program
    from doit_invariants.core.model import Verdict
    from doit_invariants.plugins.settings import Settings
    from doit_invariants.policies.base import Policy
    from doit_invariants.results.entry import ResultEntry
    from doit_invariants.rules.invariant import Invariant
    from doit_invariants.rules.record import Record
    from doit_invariants.stores.base import Store

hookspec = pluggy.HookspecMarker(PROJECT)

#: Marks a function as the implementation of a hook.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def invariants_register_kinds() -> Iterable[type[Invariant]]:  # type: ignore[empty-body]
    """Make kinds known. Called once, when tasks are loaded, built-in kinds first.

    :returns: subclasses of :class:`doit_invariants.Invariant`
    """


@hookspec
def invariants_register_policies() -> Iterable[type[Policy]]:  # type: ignore[empty-body]
    """Make cache policies known. Called once, when tasks are loaded, built-in ones first.

    :returns: subclasses of :class:`doit_invariants.Policy`
    """


@hookspec
def invariants_register_stores() -> Iterable[type[Store]]:  # type: ignore[empty-body]
    """Make stores known. Called once, when tasks are loaded, built-in ones first.

    The setting ``store = "NAME://LOCATION"`` chooses one by its name.

    :returns: subclasses of :class:`doit_invariants.Store`
    """


@hookspec
def invariants_register_programs() -> Iterable[Program]:  # type: ignore[empty-body]
    """Make programs known that run scripts. Called once, when tasks are loaded.

    What is given here is asked before the programs that come with the package.

    :returns: instances of :class:`doit_invariants.Program`
    """


@hookspec(firstresult=True)
def invariants_digest_value(value: Any) -> str | None:
    """Teach how a Python value is compared. Stops at the first result that is not None.

    Called for every value inside a ``Value`` that is not of a plain built-in type, before the
    package tries itself. It must say the same in every process and on every machine.

    :param value: the value
    :returns: a text that is equal if and only if the values are, None for "not mine"
    """


@hookspec(firstresult=True)
def invariants_digest_file(path: str) -> str | None:
    """Teach how the content of a file is compared. Stops at the first result that is not None.

    Called instead of hashing, whenever the stat of a file differs from the recorded one: for a
    format with parts that do not matter (a time stamp in an archive, outputs in a notebook).

    :param path: path of a regular file
    :returns: a text that is equal if and only if the files are, with a prefix of the plugin's
        own (``"zip:5f0c"``), None for "not mine"
    """


@hookspec
def invariants_for_task(task: Any, settings: Settings) -> Iterable[Invariant]:  # type: ignore[empty-body]
    """Give a task invariants that its author did not list. Called before each check of it.

    They are adopted as they stand where this plugin was not yet asked when the task last
    succeeded, so installing a plugin reruns nothing.

    :param task: doit's task; it must not be changed
    :param settings: the settings of the project
    :returns: the invariants, empty for none
    """


@hookspec
def invariants_verdict(task: Any, verdict: Verdict) -> None:
    """Learn the outcome of a check. Called after each, in the main process.

    :param task: doit's task
    :param verdict: the status and all reasons
    """


@hookspec
def invariants_restored(task: Any, entry: ResultEntry | None) -> None:
    """Learn that the targets of a task were restored instead of made. Called in the main process.

    :param task: doit's task
    :param entry: what is known of the success that it was restored from; None for files that
        somebody put into an export directory by hand
    """


@hookspec
def invariants_saved(task: Any, record: Record) -> None:
    """Learn that a record was saved: a task ran, was accepted, or was adopted as it stands.

    :param task: doit's task
    :param record: what was saved
    """
