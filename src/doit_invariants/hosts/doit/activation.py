"""Activates the loader if doit does not find the configuration that asks for it.

doit only reads its configuration from the directory where it is started. With ``doit -f
sub/dodo.py``, or ``doit -k`` below the project, it therefore never sees the ``loader =
"invariants"`` next to the ``dodo.py``. But if that ``dodo.py`` imports doit_invariants, it does so
before doit loads its tasks. This module then applies the configuration next to the ``dodo.py``.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from doit import loader as doit_loader
from doit.cmd_base import NamespaceTaskLoader

from doit_invariants.files.loaded_sources import watch_imports
from doit_invariants.hosts.doit import task_dicts


def activate() -> None:
    """Add our task options to doit; do the loader's work if doit missed that setting."""
    task_dicts.install()
    watch_imports()  # without the loader, imports before this line are not seen
    started = doit_loader.initial_workdir
    if started is None or os.path.realpath(started) == os.path.realpath(os.curdir):
        return
    config = _project_config()
    if config.get("GLOBAL", {}).get("loader") == "invariants":
        _work_in_any_loader(config)


def _project_config() -> Any:
    """Return the configuration in the directory of the dodo.py, read as doit reads it."""
    from doit.doit_cmd import DoitConfig

    names = [name for name in ("pyproject.toml", "doit.cfg") if os.path.exists(name)]
    config = DoitConfig()
    config.loads(names)
    return config.as_dict()


def _learn_always(command: Any, session: Any) -> None:
    """Note whether ``-a`` was given, when doit calls the command: other loaders don't know it."""
    original = command._execute

    @functools.wraps(original)  # doit inspects the signature
    def _execute(*args: Any, **options: Any) -> Any:
        session.runs_all = session.runs and bool(options.get("always", False))
        return original(*args, **options)

    command._execute = _execute


def _work_in_any_loader(config: Any) -> None:
    original = NamespaceTaskLoader.load_tasks

    @functools.wraps(original)
    def load_tasks(self: Any, cmd: Any, pos_args: Any) -> Any:
        from doit_invariants.hosts.doit.attach import attach, speak_of_restores
        from doit_invariants.hosts.doit.bind import finish_loading
        from doit_invariants.hosts.doit.loader import LoaderMixin

        if isinstance(self, LoaderMixin):
            return original(self, cmd=cmd, pos_args=pos_args)
        # It is not known here whether -n was given. The guards for it are harmless in other runs.
        session = attach(cmd, config, self.namespace, parallel=True)
        _learn_always(cmd, session)
        try:
            tasks = original(self, cmd=cmd, pos_args=pos_args)
            finish_loading(session, tasks)
        except BaseException:
            session.host.unlock()
            raise
        speak_of_restores(cmd, session, tasks, {})
        return tasks

    NamespaceTaskLoader.load_tasks = load_tasks
