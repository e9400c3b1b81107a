"""Attaches a session to a command of doit, right before the command loads its tasks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from doit import loader as doit_loader
from doit.cmd_clean import Clean
from doit.cmd_forget import Forget
from doit.cmd_ignore import Ignore
from doit.cmd_info import Info
from doit.cmd_list import List
from doit.cmd_resetdep import ResetDep
from doit.dependency import Dependency, MD5Checker
from doit.exceptions import InvalidCommand, InvalidDodoFile

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.text import printable
from doit_invariants.engine.session import Mode
from doit_invariants.hosts.doit import runners, task_dicts
from doit_invariants.hosts.doit.checker import ContentChecker
from doit_invariants.hosts.doit.database.opening import open_db
from doit_invariants.hosts.doit.dependency import InvariantsDependency
from doit_invariants.hosts.doit.process import outlive_readers
from doit_invariants.hosts.doit.sessions import DoitSession, create_session
from doit_invariants.plugins.settings import Settings, as_policy, read_settings


def attach(
    command: Any,
    config: Mapping[str, Any] | None,
    namespace: Mapping[str, Any] | None,
    *,
    parallel: bool,
    always: bool = True,
    override: str | None = None,
    waits: bool = True,
    clock: Callable[[], float] = time.time,
) -> DoitSession:
    """Give a command our dependency manager, our checker and a session.

    :param command: doit's command, which has already opened its DB
    :param config: doit's configuration
    :param namespace: the names that ``dodo.py`` defines
    :param parallel: whether tasks may run with ``-n``
    :param always: whether tasks that are up-to-date may also be recorded, as with ``-a``
    :param override: the policy from the command line; None for that of the environment, if any
    :param waits: whether a command that writes waits while another one uses the same DB
    :param clock: returns the present time in seconds since the epoch
    :raises InvalidCommand: if the DB is in use and the command does not wait
    :raises InvalidDodoFile: for a wrong setting or plugin, in one line
    """
    task_dicts.install()
    outlive_readers()
    runs = bool(command.execute_tasks)
    writes = runs or isinstance(command, ResetDep)
    writes = writes or getattr(command, "writes_records", False)
    explains = hasattr(command, "writes_records")
    dep_manager = command.dep_manager
    try:
        settings = _settings(config or {}, namespace or {})
        session = create_session(
            settings,
            namespace,
            dep_manager,
            Mode(
                writes=writes,
                runs=runs,
                runs_all=runs and always,
                always=always,
                guarded=parallel or explains,
                explains=explains,
            ),
            override=as_policy(override or os.environ.get("DOIT_CACHE") or None),
            clock=clock,
        )
    except InvalidOption as error:
        raise InvalidDodoFile(str(error)) from error
    if type(dep_manager) not in (Dependency, InvariantsDependency):
        raise InvalidCommand(
            "doit-invariants can't work with the dependency manager "
            f"{type(dep_manager).__qualname__} of another plugin; use one of the two"
        )
    dep_manager.__class__ = InvariantsDependency
    locks = writes or isinstance(command, (Clean, Forget, Ignore))
    open_db(dep_manager, session, command, locks=locks, waits=waits)
    if isinstance(command, (Clean, Forget)):
        _forget_ends(dep_manager, session)
    # Only doit's default checker `md5` is replaced: any other checker was chosen by the user.
    if type(dep_manager.checker) is MD5Checker:
        dep_manager.checker = ContentChecker(session.files)
    if runs:
        runners.install()
    if runs and parallel:
        from doit_invariants.hosts.doit import workers

        workers.install()
    if isinstance(command, (Info, List)):
        from doit_invariants.hosts.doit.info import answer_with_needs, explain_reasons

        answer_with_needs(command)
        command.get_reasons = explain_reasons
    return session


def _forget_ends(dep_manager: Any, session: DoitSession) -> None:
    """Have ``forget`` and ``clean`` also drop how a task ended, as if it had never run."""
    remove = dep_manager.remove

    def remove_all_of(task: str) -> None:
        remove(task)
        session.ends.drop(task)

    dep_manager.remove = remove_all_of


def resume(command: Any, session: DoitSession, tasks: Any, options: Mapping[str, Any]) -> None:
    """Apply the options ``--resume`` and ``--resume-inferred``.

    :raises InvalidCommand: for an unknown task, a missing target, or if ``-a`` is given too
    """
    strict, inferred = options.get("resume") or [], options.get("resume_inferred") or []
    if not strict and not inferred:
        return
    if session.runs_all:
        raise InvalidCommand("--resume accepts tasks as they stand, -a runs them all: choose one")
    from doit_invariants.hosts.doit.resume import Resume

    session.host.resume = Resume(session, strict, inferred)
    if command.execute_tasks:
        session.host.resume.check({task.name: task for task in tasks})


def speak_of_restores(
    command: Any, session: DoitSession, tasks: Any, options: MutableMapping[str, Any]
) -> None:
    """Have doit's reporters say what was restored, if any task may be."""
    # Delayed tasks do not exist yet: any of them may be restored.
    wanted = session.caches or session.settings.summary is True
    if session.runs and (wanted or any(task.loader for task in tasks)):
        from doit_invariants.hosts.doit.reporters import report_restores

        report_restores(command, session, options)


def _settings(config: Mapping[str, Any], namespace: Mapping[str, Any]) -> Settings:
    project = config.get("GLOBAL", {}).get("invariants", {})
    in_dodo = namespace.get("DOIT_CONFIG", {}).get("invariants", {})
    _say_what_is_misplaced(namespace.get("DOIT_CONFIG", {}))
    return read_settings(
        ("[tool.doit.invariants] in pyproject.toml", project),
        ("[invariants] in doit.cfg", config.get("invariants", {})),
        ("DOIT_CONFIG['invariants']", in_dodo),
    )


def _say_what_is_misplaced(in_dodo: Any) -> None:
    directories = (doit_loader.initial_workdir or os.curdir, os.curdir)
    found = isinstance(in_dodo, Mapping) and any(_may_be_misplaced(str(key)) for key in in_dodo)
    if not found and not any(map(_may_have_misplaced, directories)):
        return
    from doit_invariants.hosts.doit.misplaced import misplaced  # late: compiles regexes

    for line in misplaced(directories, in_dodo):
        sys.stderr.write(printable(f"doit-invariants: {line}\n"))


def _may_have_misplaced(directory: str) -> bool:
    """Return whether a directory may have misplaced settings: a cheap test to rule most out."""
    if os.path.exists(os.path.join(directory, "doit.cfg")):
        return True
    try:
        with open(os.path.join(directory, "pyproject.toml"), encoding="utf-8") as stream:
            return any(map(_may_be_misplaced, stream))
    except (OSError, ValueError):
        return False


def _may_be_misplaced(line: str) -> bool:
    name = line.strip()
    if not name.startswith("["):
        name = name.partition("=")[0].rstrip()
    if name in _SETTINGS:
        return name not in _OF_DOIT
    return "invariant" in name.lower() and name.replace(" ", "") != "[tool.doit.invariants]"


_SETTINGS = frozenset(Settings._fields)
#: The settings whose names are also options of doit.
_OF_DOIT = ("cache", "invariants")
