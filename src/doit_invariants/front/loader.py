"""The loader: ``loader = "invariants"`` in doit's configuration, or :func:`run` in a script."""

from __future__ import annotations

import sys
import time
from typing import Any, NoReturn

from doit.cmd_base import DodoTaskLoader, ModuleTaskLoader
from doit.doit_cmd import DoitMain

from doit_invariants.adapters.specify import complete
from doit_invariants.front.attach import attach


class LoaderMixin:
    """What both loaders add to doit's: a session around the tasks that they load."""

    #: The time in seconds since the epoch; a test may put a clock of its own here.
    clock = staticmethod(time.time)

    def setup(self, opt_values: Any) -> None:
        """Load the namespace, and keep the live options: DOIT_CONFIG is merged in later."""
        self._options = opt_values
        super().setup(opt_values)  # type: ignore[misc]

    def load_tasks(self, cmd: Any, pos_args: Any) -> Any:
        """Load the tasks of ``dodo.py``; doit calls this by keyword."""
        session = attach(
            cmd,
            self.config,  # type: ignore[attr-defined]
            self.namespace,  # type: ignore[attr-defined]
            parallel=bool(self._options.get("num_process")),
            # An option of `run` alone: other commands record what they choose themselves.
            always=bool(self._options.get("always", True)),
            clock=self.clock,
        )
        tasks = super().load_tasks(cmd=cmd, pos_args=pos_args)  # type: ignore[misc]
        complete(session, tasks)
        return tasks


class Loader(LoaderMixin, DodoTaskLoader):  # type: ignore[misc]
    """Loads a ``dodo.py``; doit finds it by the entry point ``invariants``."""


class ModuleLoader(LoaderMixin, ModuleTaskLoader):  # type: ignore[misc]
    """Loads the tasks of a module or a dict, for scripts and for ``doit.api.run_tasks``."""


def run(task_creators: Any) -> NoReturn:
    """Run doit on the tasks of a module or of ``globals()``, as ``doit.run`` does.

    The command line is that of the script.

    :param task_creators: a module or a dict with task-creators
    :raises SystemExit: always, with doit's exit code
    """
    sys.exit(DoitMain(ModuleLoader(task_creators)).run(sys.argv[1:]))
