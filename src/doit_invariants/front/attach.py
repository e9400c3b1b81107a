"""Puts invariants into one command of doit, just before it loads its tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from doit.cmd_info import Info
from doit.cmd_resetdep import ResetDep
from doit.dependency import Dependency, MD5Checker
from doit.exceptions import InvalidCommand, InvalidDodoFile

from doit_invariants.adapters import task_dicts
from doit_invariants.adapters.checker import ContentChecker
from doit_invariants.adapters.dependency import InvariantsDependency
from doit_invariants.adapters.session import Session, attach_session, create_session
from doit_invariants.core.errors import InvalidOption
from doit_invariants.front.info import explain_reasons
from doit_invariants.plugins.settings import Settings, read_settings


def attach(
    command: Any,
    config: Mapping[str, Any] | None,
    namespace: Mapping[str, Any] | None,
    *,
    parallel: bool,
    always: bool = True,
    clock: Callable[[], float] = time.time,
) -> Session:
    """Give a command our dependency manager, our checker and a session.

    :param command: doit's command, which has opened its DB already
    :param config: doit's configuration
    :param namespace: the names that ``dodo.py`` defines
    :param parallel: whether tasks will run with ``-n``
    :param always: whether tasks that are up-to-date may be recorded as well, as with ``-a``
    :raises InvalidDodoFile: for a wrong setting or plugin, in one line
    """
    task_dicts.install()
    writes = bool(command.execute_tasks) or isinstance(command, ResetDep)
    writes = writes or getattr(command, "writes_records", False)
    try:
        settings = _settings(config or {}, namespace or {})
        session = create_session(
            settings, namespace, writes=writes, guarded=parallel, always=always, clock=clock
        )
    except InvalidOption as error:
        raise InvalidDodoFile(str(error)) from error
    session.explains = hasattr(command, "writes_records")
    session.guarded = session.guarded or session.explains
    dep_manager = command.dep_manager
    if type(dep_manager) not in (Dependency, InvariantsDependency):
        raise InvalidCommand(
            "doit-invariants can't work with the dependency manager "
            f"{type(dep_manager).__qualname__} of another plugin; use one of the two"
        )
    dep_manager.__class__ = InvariantsDependency
    attach_session(dep_manager, session)
    # In the place of doit's `md5`, its default; another checker was chosen, and stays.
    if type(dep_manager.checker) is MD5Checker:
        dep_manager.checker = ContentChecker(session.files)
    if isinstance(command, Info):
        command.get_reasons = explain_reasons
    return session


def _settings(config: Mapping[str, Any], namespace: Mapping[str, Any]) -> Settings:
    project = config.get("GLOBAL", {}).get("invariants", {})
    in_dodo = namespace.get("DOIT_CONFIG", {}).get("invariants", {})
    return read_settings(
        ("[tool.doit.invariants] in pyproject.toml", project),
        ("[invariants] in doit.cfg", config.get("invariants", {})),
        ("DOIT_CONFIG['invariants']", in_dodo),
    )
