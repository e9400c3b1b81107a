"""The command ``doit invariants``, with its verbs."""

from __future__ import annotations

import fnmatch
import getopt
from importlib import import_module
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand

from doit_invariants.hosts.doit.activation import activate
from doit_invariants.hosts.doit.attach import attach
from doit_invariants.hosts.doit.dependency import InvariantsDependency

#: For each verb its arguments and its help. The module with its name in ``verbs`` does the work.
VERBS = {
    "why": ("[TASK ...]", "explain why tasks are not up-to-date"),
    "show": ("TASK ...", "show what is recorded about tasks"),
    "accept": ("TASK ...", "record tasks as valid without running"),
    "store": ("ls|verify|prune", "list, check or prune the store"),
    "kinds": ("", "list kinds, policies, stores and hooks"),
}

_USAGE = "\n".join(f"    {f'{verb} {takes}':24}{does}" for verb, (takes, does) in VERBS.items())


class Invariants(DoitCmdBase):  # type: ignore[misc]
    """One command with verbs, because doit allows no task with the name of a command."""

    name = "invariants"
    doc_purpose = "explain, show and accept what doit-invariants records"
    doc_usage = "VERB [TASK ...]"
    doc_description = (
        f"VERB is one of:\n\n{_USAGE}\n\n"
        "TASK is a task, a group (which means its sub-tasks), or a pattern with `*`. Without TASK, "
        "`why` explains the default tasks. For `why` and `accept`, a task's own options may follow "
        "its name.\n\n"
        "Examples:\n\n"
        "    doit invariants why report\n"
        "    doit invariants accept 'fetch:*'\n"
        "    doit invariants store prune --max-age=30d --dry-run\n\n"
        "Exit codes: 0 for success. 1 if `accept` refused a task, `why` found a task "
        "that is not up-to-date, or `store verify` found damage. 3 for a mistake on the command "
        "line or in dodo.py."
    )
    cmd_options = (
        {
            "name": "json",
            "short": "",
            "long": "json",
            "type": bool,
            "default": False,
            "help": "print JSON, for programs",
        },
        {
            "name": "max_size",
            "long": "max-size",
            "type": str,
            "default": None,
            "help": "store prune: remove the least recently used results until the rest fits into "
            "this size, like 20GB (default: the setting store_max_size)",
        },
        {
            "name": "max_age",
            "long": "max-age",
            "type": str,
            "default": None,
            "help": "store prune: remove results that were not used for this long, like 30d",
        },
        {
            "name": "all",
            "long": "all",
            "type": bool,
            "default": False,
            "help": "why: explain each task separately, even if many have the same reasons; store "
            "prune: remove everything that no run in progress may need",
        },
        {
            "name": "dry_run",
            "long": "dry-run",
            "type": bool,
            "default": False,
            "help": "store prune: only print what would be removed",
        },
    )

    verb = ""
    part = ""

    @property
    def writes_records(self) -> bool:
        """Whether the verb may write records."""
        return self.verb == "accept"

    def parse_execute(self, in_args: list[str]) -> Any:
        """Accept options after the names of tasks too, where most people write them."""
        if {"-h", "--help"} & set(in_args):
            self.write(self.help())
            return 0
        given, names = self._split(in_args)
        return super().parse_execute([*given, "--", *names])

    def _split(self, in_args: list[str]) -> tuple[list[str], list[str]]:
        """Split the arguments into our options, and names of tasks with the tasks' own options."""
        given, names, rest = list[str](), list[str](), list(in_args)
        while rest:
            word = rest[0]
            if word == "--":
                return given, [*names, *rest[1:]]
            if not word.startswith("-") or word == "-":
                names.append(rest.pop(0))
                continue
            try:
                count = self._length(rest)
            except getopt.GetoptError as error:
                if len(names) < 2 or names[0] not in ("why", "accept"):
                    text = f"`invariants`: {error}; see `doit help invariants`"
                    raise CmdParseError(text) from error
                names.append(rest.pop(0))
            else:
                given += rest[:count]
                del rest[:count]
        return given, names

    def _length(self, words: list[str]) -> int:
        """Return the number of words of our option at the start; raise if it is not ours."""
        short, long = self.cmdparser.get_short(), self.cmdparser.get_long()
        try:
            getopt.getopt(words[:1], short, long)
        except getopt.GetoptError as error:
            if "argument" not in str(error) or len(words) < 2:
                raise
            return 2
        return 1

    def execute(self, params: Any, args: list[str]) -> Any:
        """Remove the verb from the arguments; doit then loads the tasks and calls _execute."""
        listed = ", ".join(VERBS)
        if not args:
            raise InvalidCommand(f"`invariants` needs a verb, one of: {listed}")
        if args[0] not in VERBS:
            raise InvalidCommand(f"`invariants` has no verb {args[0]!r}; allowed are {listed}")
        self.verb = args[0]
        self._activate_beside_dodo()
        if self.verb == "store":
            self.part = self._part_of_store(args[1:])
            return super().execute(params, [])
        if self.verb in ("show", "accept") and not args[1:]:
            raise InvalidCommand(f"`invariants {self.verb}` needs the name of a task")
        return super().execute(params, args[1:])

    def _part_of_store(self, args: list[str]) -> str:
        from doit_invariants.hosts.doit.verbs.store import PARTS

        if len(args) != 1 or args[0] not in PARTS:
            raise InvalidCommand(f"`invariants store` needs one of: {', '.join(PARTS)}")
        return args[0]

    def _activate_beside_dodo(self) -> None:
        """Apply the configuration next to a dodo.py in another directory (``-f``, ``-k``).

        For other commands the import in dodo.py does that, but for this command the package is
        imported already. doit asks the loader for its configuration after it has found dodo.py and
        before it loads the tasks.
        """
        load_doit_config = self.loader.load_doit_config

        def load() -> Any:
            activate()
            return load_doit_config()

        self.loader.load_doit_config = load

    def _execute(
        self,
        json: bool,
        max_size: str | None,
        max_age: str | None,
        all: bool,  # noqa: A002 - doit passes options by name
        dry_run: bool,
        pos_args: list[str],
    ) -> int:
        dep_manager = self.dep_manager
        if not isinstance(dep_manager, InvariantsDependency):
            # Without the loader nothing is tracked automatically: say what plain doit would say.
            session = attach(self, self.config, None, parallel=True)
            session.default = session.parse({"track_code": False, "track_targets": False})
        if self.verb == "store":
            limits = {"max_size": max_size, "max_age": max_age, "all": all, "dry_run": dry_run}
            from doit_invariants.hosts.doit.verbs import store

            return store.execute(self, self.part, {"json": json, **limits})
        if self.verb == "why":
            from doit_invariants.hosts.doit.verbs import why

            # For a group, `why` also explains the tasks that run before its sub-tasks.
            return why.execute(self, self.chosen(pos_args), json, each=all)
        module = import_module(f"doit_invariants.hosts.doit.verbs.{self.verb}")
        code: int = module.execute(self, self.select(pos_args), json)
        return code

    def select(self, names: list[str]) -> list[Any]:
        """Return the selected tasks, with the sub-tasks instead of each group.

        :raises InvalidCommand: for a name that is not a task
        """
        tasks = {task.name: task for task in self.task_list}
        leaves = (leaf for name in self.chosen(names) for leaf in _leaves(tasks, tasks[name]))
        return list({task.name: task for task in leaves}.values())

    def chosen(self, names: list[str]) -> list[str]:
        """Return the names of the selected tasks and groups.

        :raises InvalidCommand: for a name that is not a task
        """
        tasks = {task.name: task for task in self.task_list}
        selected: dict[str, None] = {}
        for name in self._without_options(names or self.sel_tasks or list(tasks), tasks):
            found = [n for n in tasks if fnmatch.fnmatchcase(n, name)] if "*" in name else [name]
            if not found:
                raise InvalidCommand(f"no task matches {name!r}")
            for one in found:
                if one not in tasks:
                    raise InvalidCommand(f"'{one}' is not a task.")
                selected[one] = None
        return list(selected)

    def _without_options(self, words: list[str], tasks: dict[str, Any]) -> list[str]:
        """Give tasks the options after their names, as a run does; return the names."""
        names: list[str] = []
        rest = list(words)
        while rest:
            names.append(rest.pop(0))
            task = tasks.get(names[-1])
            if task is not None and any(word.startswith("-") for word in rest):
                rest = list(task.init_options(rest) or [])
            if rest and task is not None and task.pos_arg is not None and task.pos_arg_val is None:
                task.pos_arg_val, rest = rest, []
        return names

    def write(self, text: str) -> None:
        """Write a line."""
        self.outstream.write(text + "\n")


def _leaves(tasks: dict[str, Any], task: Any) -> list[Any]:
    if not task.has_subtask:
        return [task]
    names = [name for name in task.task_dep if tasks[name].subtask_of == task.name]
    return [leaf for name in names for leaf in _leaves(tasks, tasks[name])]
