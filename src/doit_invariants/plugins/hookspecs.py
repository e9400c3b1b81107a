"""Hook specifications: how a plugin extends doit-invariants.

Hooks work as in pytest, which also uses pluggy. A plugin is a module with functions that are marked
with ``@hookimpl`` and have the name of a hook. It is either the ``dodo.py`` itself or a module that
a distribution lists in the entry-point group ``doit_invariants``. Arguments are passed by keyword,
so an implementation names only the ones that it needs.
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

#: Decorator that marks a function as the implementation of the hook with its name.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def invariants_register_kinds() -> Iterable[type[Invariant]]:  # type: ignore[empty-body]
    """Register kinds of invariants. Called once, when tasks are loaded.

    The built-in kinds are registered first. A name that is already in use is an error.

    :returns: subclasses of :class:`doit_invariants.Invariant`, each with its name in the class
        attribute ``kind``; None or an empty list for none
    """


@hookspec
def invariants_register_policies() -> Iterable[type[Policy]]:  # type: ignore[empty-body]
    """Register cache policies. Called once, when tasks are loaded.

    The built-in policies are registered first. A name that is already in use is an error.

    :returns: subclasses of :class:`doit_invariants.Policy`, each with its name in the class
        attribute ``name``; None or an empty list for none
    """


@hookspec
def invariants_register_stores() -> Iterable[type[Store]]:  # type: ignore[empty-body]
    """Register stores. Called once, when tasks are loaded.

    The setting ``store = "NAME://LOCATION"`` selects a store by its name. The built-in store is
    registered first. A name that is already in use is an error.

    :returns: subclasses of :class:`doit_invariants.Store`, each with its name in the class
        attribute ``name``; None or an empty list for none
    """


@hookspec
def invariants_register_programs() -> Iterable[Program]:  # type: ignore[empty-body]
    """Register programs that run scripts. Called once, when tasks are loaded.

    The scripts that these programs run are then tracked. Programs of plugins are tried before the
    built-in ones, so a plugin can also override a built-in program.

    :returns: instances of :class:`doit_invariants.Program`; None or an empty list for none
    """


@hookspec(firstresult=True)
def invariants_digest_value(value: Any) -> str | None:
    """Define how a Python value is compared. The first result that is not None is used.

    Called before the built-in comparison, for every value that is not of a plain built-in type: in
    a ``Value``, in the data that code uses, and in the arguments of actions. The result must be the
    same in every process and on every machine. If the hook raises an exception or returns anything
    but a string or None, the value can't be compared.

    :param value: the value
    :returns: a string that is equal for two values exactly if the values are equal; None to leave
        the value to other plugins and to the built-in comparison
    """


@hookspec(firstresult=True)
def invariants_digest_file(path: str) -> str | None:
    """Define how the content of a file is compared. The first result that is not None is used.

    Use it for formats with parts that do not matter, such as a time stamp in an archive or the
    outputs in a notebook. Called instead of hashing whenever the stat of a file differs from the
    recorded one. An exception, or any result but a string or None, fails the task that uses the
    file.

    :param path: path of a regular file
    :returns: a string that is equal for two files exactly if their contents count as equal, with a
        prefix that is unique to the plugin (``"zip:5f0c"``); None to leave the file to other
        plugins and to the built-in hash
    """


@hookspec
def invariants_for_task(task: Any, settings: Settings) -> Iterable[Invariant]:  # type: ignore[empty-body]
    """Add invariants to a task that its author did not list. Called before each check of it.

    Installing a plugin reruns nothing: if the plugin was not asked when the task last succeeded,
    the present state of its invariants is recorded without running the task. An implementation
    can't be a wrapper.

    :param task: doit's task object, which must not be changed
    :param settings: the settings of the project
    :returns: instances of registered kinds; None or an empty list for none
    """


@hookspec
def invariants_verdict(task: Any, verdict: Verdict) -> None:
    """Receive the verdict on a task. Called after each check, in the main process.

    The result is ignored. An exception fails the task.

    :param task: doit's task object
    :param verdict: the status of the task and all reasons for it
    """


@hookspec
def invariants_restored(task: Any, entry: ResultEntry | None) -> None:
    """Receive a task whose targets were restored instead of made. Called in the main process.

    The result is ignored. An exception is reported on standard error; the task still succeeds.

    :param task: doit's task object
    :param entry: the stored result that the targets come from; None for files that somebody put
        into an export directory by hand
    """


@hookspec
def invariants_saved(task: Any, record: Record) -> None:
    """Receive a record that was saved: the task ran, or was restored, accepted or adopted.

    Called in the main process. The result is ignored. An exception is reported on standard error;
    the task still succeeds.

    :param task: doit's task object
    :param record: what was saved; ``record.origin`` says how it came about: ``run``, ``restore``,
        ``accept`` or ``adopt``
    """
