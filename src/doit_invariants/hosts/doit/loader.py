"""The loader: set ``loader = "invariants"`` in doit's configuration, or call :func:`run`."""

from __future__ import annotations

import sys
import time
from typing import Any, NoReturn

from doit.cmd_base import DodoTaskLoader, ModuleTaskLoader
from doit.doit_cmd import DoitMain

from doit_invariants.files.loaded_sources import load_begins, watch_imports
from doit_invariants.hosts.doit import process, runners
from doit_invariants.hosts.doit.attach import attach, resume, speak_of_restores
from doit_invariants.hosts.doit.bind import finish_loading
from doit_invariants.hosts.doit.database import use_backends
from doit_invariants.hosts.doit.sessions import DoitSession


def own_options() -> tuple[dict[str, Any], ...]:
    """Return the options that our loaders add to every command that loads tasks.

    Each loader gets new objects: doit appends to the lists while it reads the command line.
    """
    return (
        {
            "name": "cache",
            "long": "cache",
            "type": str,
            "default": None,
            "env_var": "DOIT_CACHE",
            "help": "use this cache policy for all tasks, instead of their own: True (run what "
            "changed), False (run everything), export, force, once, shared, or the name of a "
            "plugin's policy",
        },
        {
            "name": "resume",
            "long": "resume",
            "type": _Repeated(),
            "default": [],
            "help": "accept every task upstream of TASK as it is: none is checked, run or "
            "recorded, and all their targets must exist; repeatable",
        },
        {
            "name": "resume_inferred",
            "long": "resume-inferred",
            "type": _Repeated(),
            "default": [],
            "help": "like --resume, but targets upstream of TASK may be missing; repeatable",
        },
        {
            "name": "no_wait",
            "long": "no-wait",
            "type": bool,
            "default": False,
            "help": "fail at once if another doit is using the same DB; by default, wait for it",
        },
    )


class _Repeated:
    """The type of an option that may be repeated.

    With doit's own type for that, ``list``, an option before the name of the command is an error:
    ``doit --resume TASK``. doit reads such options twice, so a repeated name is added only once.
    """

    __name__ = "list"

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, text: str) -> list[str]:
        if text not in self.given:
            self.given.append(text)
        return self.given


class LoaderMixin:
    """Creates a session for the tasks that doit loads: the common part of both loaders."""

    #: Returns the present time in seconds since the epoch. Tests replace it.
    clock = staticmethod(time.time)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        process.install()
        self.cmd_options = (*self.cmd_options, *own_options())  # type: ignore[has-type]

    @property
    def config(self) -> Any:
        """doit's configuration. doit sets it before it looks for DB backends."""
        return self._config

    @config.setter
    def config(self, config: Any) -> None:
        if config is not None:
            use_backends(config)
        self._config = config

    def setup(self, opt_values: Any) -> None:
        """Load the namespace, and keep the options object: doit adds DOIT_CONFIG to it later."""
        watch_imports()
        load_begins(earlier=isinstance(self, ModuleTaskLoader))
        self._options = opt_values
        super().setup(opt_values)  # type: ignore[misc]

    def load_tasks(self, cmd: Any, pos_args: Any) -> Any:
        """Load the tasks of ``dodo.py``; doit passes the arguments by keyword."""
        session = attach(
            cmd,
            self.config,
            self.namespace,  # type: ignore[attr-defined]
            parallel=bool(self._options.get("num_process")),
            # Only `run` has this option. Other commands decide themselves what they record.
            always=bool(self._options.get("always", True)),
            override=self._options.get("cache"),
            waits=not self._options.get("no_wait"),
            clock=self.clock,
        )
        try:
            with process.gc_paused():
                tasks = super().load_tasks(cmd=cmd, pos_args=pos_args)  # type: ignore[misc]
            self._prepare(cmd, session, tasks)
        except BaseException:
            session.host.unlock()
            raise
        return tasks

    def _prepare(self, cmd: Any, session: DoitSession, tasks: Any) -> None:
        finish_loading(session, tasks)
        if session.runs:
            runners.order_by_values()
        resume(cmd, session, tasks, self._options)
        speak_of_restores(cmd, session, tasks, self._options)


class Loader(LoaderMixin, DodoTaskLoader):  # type: ignore[misc]
    """The loader for a ``dodo.py``; doit finds it by the entry point ``invariants``."""


class ModuleLoader(LoaderMixin, ModuleTaskLoader):  # type: ignore[misc]
    """The loader for a module or a dict, for scripts and for ``doit.api.run_tasks``.

    :param mod_dict: a module or a dict with task-creators, like ``globals()``
    """


def run(task_creators: Any) -> NoReturn:
    """Run doit on the tasks of a module or a dict, and exit. A replacement for ``doit.run``.

    The arguments of the script, ``sys.argv[1:]``, are the command line of doit.

    :param task_creators: a module or a dict with task-creators, like ``globals()``
    :raises SystemExit: always, with doit's exit code
    """
    sys.exit(DoitMain(ModuleLoader(task_creators)).run(sys.argv[1:]))
