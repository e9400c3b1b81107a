"""Makes the loader's work happen where doit could not know that it was wanted.

doit reads its configuration from the directory where it is started, and from no other. With
``doit -f sub/dodo.py``, or ``doit -k`` below the project, it therefore never sees the ``loader =
"invariants"`` that stands beside the ``dodo.py``. If that ``dodo.py`` imports doit_invariants,
which happens before doit loads its tasks, the configuration beside it is honoured here.
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
    """Teach doit our keys and, if the project asks for the loader unheard, do its work."""
    task_dicts.install()
    watch_imports()  # of what is imported from here on; the loader has begun before
    started = doit_loader.initial_workdir
    if started is None or os.path.realpath(started) == os.path.realpath(os.curdir):
        return
    config = _project_config()
    if config.get("GLOBAL", {}).get("loader") == "invariants":
        _work_in_any_loader(config)


def _project_config() -> Any:
    """Return the configuration beside the dodo.py, read as doit reads it."""
    from doit.doit_cmd import DoitConfig

    names = [name for name in ("pyproject.toml", "doit.cfg") if os.path.exists(name)]
    config = DoitConfig()
    config.loads(names)
    return config.as_dict()


def _learn_always(command: Any, session: Any) -> None:
    """Learn of ``-a`` when doit hands it to the command: its loader was never told."""
    original = command._execute

    @functools.wraps(original)  # doit looks at the signature
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
        # Whether -n was given is not known here: to guard in vain does no harm.
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
