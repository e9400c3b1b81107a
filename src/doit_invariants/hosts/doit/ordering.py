"""A dispatcher that checks a task with ``getargs`` after the tasks that provide the values.

To doit, a task named in ``getargs`` is a setup task: doit waits for it only after the task is known
to run. So a task may be checked too early: it is compared with the values of the last run, and
counts as up-to-date although the values of this run make its output wrong. Without ``-n`` this
happens if the task is defined first, with ``-n`` by chance.

Waiting for values must never block a run. The whole order is not known before a run, because tasks
are created late and a ``calc_dep`` adds dependencies. So nothing is planned: if no task can
continue, tasks that only wait for values are released and checked as in plain doit. If tasks still
wait after that, they wait for each other in a cycle, which doit would not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doit.control import ExecNode, TaskDispatcher
from doit.exceptions import InvalidDodoFile


class Dispatcher(TaskDispatcher):  # type: ignore[misc]
    """doit's dispatcher, except that a task waits for the tasks that it gets values from."""

    def __init__(self, tasks: dict[str, Any], targets: Any, selected_tasks: list[str]) -> None:
        #: For each node, the names of the tasks whose values it waits for.
        self._awaited: dict[ExecNode, set[str]] = {}
        #: Nodes that no longer wait for values.
        self._released: set[ExecNode] = set()
        #: Nodes that were handed to the runner.
        self._out: set[ExecNode] = set()
        self._asked: tuple[int, set[str], list[str]] = (-1, set(), [])
        super().__init__(tasks, targets, selected_tasks)

    # ------------------------------------------------------------ one task

    def _add_task(self, node: ExecNode) -> Iterator[Any]:
        for step in super()._add_task(node):
            if step is node.task and node.run_status is None and step.getargs:
                yield from self._wait_for_values(node)
            yield step

    def _wait_for_values(self, node: ExecNode) -> Iterator[Any]:
        while node not in self._released:
            sure, possible = self._sources(node)
            for name in sure:
                # No parent: a cycle through this edge is not an error, the waiting just ends.
                new = self._gen_node(None, name)
                if new is not None:
                    yield new
            if not sure and not possible:
                break
            self._awaited[node] = {*sure, *possible}
            yield "wait"
        for group in sorted({name for name, _ in node.task.getargs.values()}):
            for name in [group] if self._is_done(group) else self._parts(group):
                source = self.nodes.get(name)
                if self._is_done(name) and source not in (*node.bad_deps, *node.ignored_deps):
                    node.parent_status(source)

    def _sources(self, node: ExecNode) -> tuple[list[str], list[str]]:
        """Return the tasks that a task gets values from.

        A task that nothing else in the run needs is in neither list. It stays a setup task, which
        is not run for a task that is up-to-date.

        :returns: the names of those that are checked in this run, and of those that may be
        """
        sure: list[str] = []
        possible: list[str] = []
        for group in sorted({name for name, _ in node.task.getargs.values()}):
            creator = self._creator(group)
            if creator is not None:
                sure.append(creator)  # only it can create the task, without which doit fails
                continue
            for name in (group, *self._parts(group)):
                if name not in self.tasks or name == node.task.name or self._is_done(name):
                    continue
                if name in self.nodes or name in self._all_asked():
                    sure.append(name)
                elif self._is_open(node.task.name):
                    possible.append(name)
        return sure, possible

    def _creator(self, name: str) -> str | None:
        """Return the delayed task that will create a task; None if the task exists."""
        base = name.partition(":")[0]
        waits = name not in self.tasks and base in self.tasks and self.tasks[base].loader
        return base if waits and not self._is_done(base) else None

    def _parts(self, name: str) -> list[str]:
        task = self.tasks.get(name)
        return list(task.task_dep) if task is not None and task.has_subtask else []

    def _is_done(self, name: str) -> bool:
        node = self.nodes.get(name)
        return node is not None and node.run_status not in (None, "run")

    # ------------------------------------------------------------ the tasks of the run

    def _all_asked(self) -> set[str]:
        """Return the tasks that are certain to be checked, as far as known."""
        if self._asked[0] != len(self.tasks):
            asked: set[str] = set()
            todo = list(self.selected_tasks)
            while todo:
                name = todo.pop()
                task = self.tasks.get(name)
                if task is not None and name not in asked:
                    asked.add(name)
                    todo += [*task.task_dep, *task.calc_dep]
            tasks = self.tasks
            open_ended = [name for name in asked if tasks[name].calc_dep or tasks[name].loader]
            self._asked = (len(self.tasks), asked, open_ended)
        return self._asked[1]

    def _is_open(self, but: str) -> bool:
        """Return whether a task of the run, other than one, may still add tasks to the run."""
        self._all_asked()
        open_ended = self._asked[2]
        while open_ended and self._is_done(open_ended[-1]):
            open_ended.pop()
        return any(name != but and not self._is_done(name) for name in reversed(open_ended))

    # ------------------------------------------------------------ the run

    def _dispatcher_generator(self, selected_tasks: list[str]) -> Iterator[Any]:
        inner = super()._dispatcher_generator(selected_tasks)
        processed = None
        while True:
            try:
                step = inner.send(processed)
            except StopIteration:
                return
            if step == "hold on":
                if not self._out:
                    self._go_on()
                    processed = None
                    continue
            else:
                self._out.add(step)
            processed = yield step
            self._out.discard(processed)

    def _update_waiting(self, processed: ExecNode | None) -> None:
        super()._update_waiting(processed)
        if processed is None or processed.run_status == "run":
            return
        name = processed.task.name
        for node, waits in list(self._awaited.items()):
            if name in waits:
                waits.remove(name)
                if not waits:
                    self._wake(node)

    def _wake(self, node: ExecNode) -> None:
        del self._awaited[node]
        self.waiting.remove(node)
        self.ready.append(node)

    def _go_on(self) -> None:
        """Release tasks that wait for values, because no task can continue.

        :raises doit.exceptions.InvalidDodoFile: if there is a cycle of other dependencies
        """
        # Tasks without a node are not part of the run: waiting for them is in vain.
        vain = [node for node, waits in self._awaited.items() if waits.isdisjoint(self.nodes)]
        last = [node for node in self._awaited if not self._reached(node) & self._awaited.keys()]
        found = vain or last[:1] or list(self._awaited)[:1]
        if not found:
            circle = self._circle()
            raise InvalidDodoFile(
                f"Cyclic/recursive dependencies for task {circle[0]}: [{' -> '.join(circle)}]"
            )
        for node in found:
            self._released.add(node)
            self._wake(node)

    def _next(self, node: ExecNode) -> list[ExecNode]:
        names = node.wait_run | node.wait_run_calc | self._awaited.get(node, set())
        return [self.nodes[name] for name in sorted(names) if name in self.nodes]

    def _reached(self, start: ExecNode) -> set[ExecNode]:
        """Return all nodes that a node waits for, directly or not, without itself."""
        found: set[ExecNode] = set()
        todo = [start]
        while todo:
            for node in self._next(todo.pop()):
                if node not in found:
                    found.add(node)
                    todo.append(node)
        return found - {start}

    def _circle(self) -> list[str]:
        """Return the names of tasks that wait for each other, and the first name again."""
        names: list[str] = []
        node = min(self.waiting, key=lambda one: str(one.task.name))
        while node.task.name not in names:
            names.append(node.task.name)
            after = self._next(node)
            if not after:
                break
            node = after[0]
        return [*names[names.index(node.task.name) :], node.task.name]
