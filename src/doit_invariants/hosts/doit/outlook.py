"""Predicts what a run would do with tasks, for the read-only commands.

A verdict is about one task in its present state. But a run first executes the tasks that it needs,
and those may change its inputs: a task that is up-to-date now *may run* then. Whether it runs is
only known after the others have run: if they make the same outputs as before, it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from doit_invariants.core.model import Json, Reason, Verdict
from doit_invariants.core.text import listing
from doit_invariants.policies.base import Facts, answer_of

if TYPE_CHECKING:
    from doit_invariants.hosts.doit.dependency import InvariantsDependency

Prospective = Literal["run", "may-run", "up-to-date", "error", "ignored"]

#: Reasons that may disappear after the task that makes the file has run.
_IN_DOUBT = {"awaited_file_dep", "changed_file_dep"}

_IGNORED = "by `doit ignore`; `doit forget` undoes that"


class Prospect(NamedTuple):
    """The prediction of what a run would do with a task.

    :ivar verdict: the verdict on the task in its present state
    :ivar status: the status of the verdict, or ``may-run`` or ``ignored``
    :ivar after: the names of the earlier tasks that the status depends on
    """

    verdict: Verdict
    status: Prospective
    after: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether the task runs, or may run."""
        return self.status in ("run", "may-run")

    def text(self) -> str:
        """Return the status in words."""
        after = listing(list(self.after), 3)
        if self.status == "may-run":
            return f"may run, after {after}"
        if self.status == "ignored" and after:
            return f"ignored because it needs {after}"
        return {"run": "not up-to-date", "error": "can't be checked"}.get(self.status, self.status)

    def to_json(self) -> Json:
        """Return the prospect as ``doit invariants why --json`` prints it."""
        found = {**self.verdict.to_json(), "status": self.status}
        return {**found, "after": list(self.after)} if self.after else found


class Outlook:
    """Checks tasks, and the tasks that they need, each of them once.

    :param tasks: all tasks by name
    :param selected: the names of the tasks that a run would be started with
    :param full: whether to check everything that a run would check; False to stop as soon as the
        answer is known
    """

    def __init__(
        self,
        dep_manager: InvariantsDependency,
        tasks: Mapping[str, Any],
        selected: Iterable[str],
        *,
        full: bool,
    ) -> None:
        self._dep_manager = dep_manager
        self._graph = dep_manager.session.graph
        self.tasks = tasks
        self._selected = list(selected)
        self._full = full
        self._looked: dict[str, Prospect] = {}
        self._known: dict[str, Prospect] = {}
        self._stands_for: dict[str, tuple[str, ...]] = {}
        self._asked_for: set[str] | None = None

    def of(self, name: str) -> Prospect:
        """Return what a run would do with a task, or with the tasks of a group."""
        todo, begun = [name], set[str]()
        while todo:
            one = todo[-1]
            if one in self._known:
                todo.pop()
                continue
            own = self._own(one)
            needs = [] if self._is_final(own) else self._needs(one)
            # A cycle of tasks is an error that a run reports. This loop only has to end.
            unknown = [name for name in needs if name not in self._known and name not in begun]
            begun.add(one)
            if unknown:
                todo += unknown
            else:
                self._known[todo.pop()] = self._combined(own, needs)
        return self._known[name]

    def know(self, verdict: Verdict) -> None:
        """Use a verdict that is already known, for a task that is not ignored."""
        self._looked.setdefault(verdict.task, Prospect(verdict, verdict.status))

    def all(self) -> list[Prospect]:
        """Return the prospects of the selected tasks, then those of the tasks that they need."""
        through = self._walk()
        parts = dict.fromkeys(part for name in self._selected for part in self._parts(name))
        rest = [name for name in through if name not in parts and self._does_something(name)]
        found = []
        for name in (*parts, *rest):
            prospect, user = self.of(name), through[name]
            if prospect.status == "run" and user:
                # It is a setup task: if the task that it sets up does not run, it does not either.
                prospect = prospect._replace(status="may-run", after=self.of(user).after)
            found.append(prospect)
        return found

    # ------------------------------------------------------------ a single task

    def _own(self, name: str) -> Prospect:
        if name not in self._looked:
            self._looked[name] = self._look(self.tasks[name])
        return self._looked[name]

    def _look(self, task: Any) -> Prospect:
        dep_manager = self._dep_manager
        if dep_manager.status_is_ignore(task):
            reason = Reason("ignored", "task", _IGNORED)
            return Prospect(Verdict(task.name, "up-to-date", (reason,)), "ignored")
        if task.has_subtask or not (task._actions or task.file_dep or task.uptodate):
            return Prospect(Verdict(task.name, "up-to-date"), "up-to-date")
        # The method of the class: that of the object may be replaced to call this (see info).
        check = type(dep_manager).get_status
        verdict: Verdict = check(dep_manager, task, self.tasks, get_log=self._full).verdict
        return Prospect(verdict, verdict.status)

    def _does_something(self, name: str) -> bool:
        return bool(self.tasks[name]._actions)

    def _is_final(self, own: Prospect) -> bool:
        """Return whether no earlier task can change the status of a task."""
        if own.status in ("error", "ignored"):
            return not self._lacks_calculated(own.verdict)
        return own.status == "run" and not self._full and not self._is_in_doubt(own.verdict)

    def _is_in_doubt(self, verdict: Verdict) -> bool:
        """Return whether all reasons of a task are about files that other tasks make."""
        return bool(verdict.reasons) and all(
            one.code in _IN_DOUBT and self._graph.producer(one.subject, self.tasks) is not None
            for one in verdict.reasons
        )

    def _lacks_calculated(self, verdict: Verdict) -> bool:
        """Return whether a task can't be checked only because files that a calc_dep named are gone.

        If the calc_dep runs, it may no longer name them, as after a deleted header.
        """
        if verdict.status != "error" or not self.tasks[verdict.task].calc_dep:
            return False
        codes = {one.code for one in verdict.reasons}
        lacking = {one.subject for one in verdict.reasons if one.code == "missing_file_dep"}
        listed = set(self.tasks[verdict.task].file_dep)
        return bool(lacking) and "cannot_check" not in codes and not lacking & listed

    def _accepts_changes(self, name: str) -> bool:
        """Return whether an up-to-date task stays up-to-date when its inputs change."""
        session = self._dep_manager.session
        if session.host.resume is not None and session.host.resume.accepted(name, self.tasks):
            return True
        change = Reason("changed_file_dep", "file_dep", "changed")
        targets = tuple(self.tasks[name].targets)
        facts = Facts((change,), targets, (), True, False, False, False)
        return answer_of(session.spec(name).policy, facts) in ("accept", "placeholder")

    # ------------------------------------------------------------ with the tasks that it needs

    def _needs(self, name: str) -> list[str]:
        """Return the names of the tasks that a run executes before it checks a task."""
        found = self._graph.awaits(name, self.tasks, self._dep_manager.get_values)
        gotten = dict.fromkeys(one for one, _ in self.tasks[name].getargs.values())
        # These are executed first if they are part of the run anyway; see hosts.doit.ordering.
        return [*found, *(one for one in gotten if one not in found and self._is_asked_for(one))]

    def _is_asked_for(self, name: str) -> bool:
        if self._asked_for is None:
            values = self._dep_manager.get_values
            self._asked_for = self._graph.awaited(self._selected, self.tasks, values)
        return name in self._asked_for

    def _combined(self, own: Prospect, needs: list[str]) -> Prospect:
        name = own.verdict.task
        before = {one: self._known[one] for one in needs if one in self._known}
        ignored = tuple(one for one, known in before.items() if known.status == "ignored")
        if ignored and own.status in ("up-to-date", "run"):
            return own._replace(status="ignored", after=ignored)
        active = [one for one, known in before.items() if known.runs or known.status == "error"]
        # A task without actions, such as a group, only represents the tasks that it needs.
        found = (self._stands_for.get(one, (one,)) for one in active)
        causes = tuple(dict.fromkeys(cause for some in found for cause in some))
        if not causes:
            return own
        if not self._does_something(name):
            self._stands_for[name] = causes
            if any(before[one].status == "run" for one in active):
                return own._replace(status="run")
        elif self._accepts_changes(name):
            return own
        if self._lacks_calculated(own.verdict):
            causes = tuple(one for one in self.tasks[name].calc_dep if before[one].runs)
            return own._replace(status="may-run", after=causes) if causes else own
        if own.status == "up-to-date" or self._is_in_doubt(own.verdict):
            return own._replace(status="may-run", after=causes)
        return own

    # ------------------------------------------------------------ all tasks of a run

    def _parts(self, name: str) -> Iterator[str]:
        """Yield a task, or the sub-tasks of a group."""
        task = self.tasks[name]
        if not task.has_subtask:
            yield name
            return
        for one in task.task_dep:
            if self.tasks[one].subtask_of == name:
                yield from self._parts(one)

    def _walk(self) -> dict[str, str]:
        """Return the names of all tasks that a run would or might check.

        :returns: for each name an empty string; or, for a setup task that is only needed if
            another task runs, the name of that task
        """
        found: dict[str, str] = {}
        certain = [(name, "") for name in reversed(self._selected)]
        uncertain: list[tuple[str, str]] = []
        while certain or uncertain:
            name, user = (certain or uncertain).pop()
            if name in found:
                continue
            found[name] = user
            if not user and self.of(name).status == "may-run":
                uncertain += [(one, name) for one in self.tasks[name].setup_tasks]
            elif self.of(name).runs:
                certain += [(one, user) for one in reversed(self.tasks[name].setup_tasks)]
            certain += [(one, user) for one in reversed(self._needs(name))]
        return found
