"""Has a task that gets values of another looked at after that one, where both are looked at.

To doit, what ``getargs`` names is a setup task: it is waited for only once the task is known to
run. A task that is asked too early compares with the values of the last run, and is up-to-date with
an output that the values of this run make wrong: with ``-n`` by chance, else if it is defined
first.

What a task waits for here is given up before anything is stuck: what depends on what is not known
before a run, because tasks are created late and a ``calc_dep`` adds dependencies. So nothing is
worked out beforehand. When no task can go on, those that wait for values only are looked at as they
are by doit. What is stuck after that waits for itself, which doit would not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doit.control import ExecNode, TaskDispatcher
from doit.exceptions import InvalidDodoFile


class Dispatcher(TaskDispatcher):  # type: ignore[misc]
    """doit's dispatcher, in which tasks wait for the values that they get."""

    def __init__(self, tasks: dict[str, Any], targets: Any, selected_tasks: list[str]) -> None:
        #: What each node waits for because of its values, by names.
        self._awaited: dict[ExecNode, set[str]] = {}
        #: Nodes that wait for no value any more.
        self._released: set[ExecNode] = set()
        #: Nodes that the runner has.
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
                # Without a parent: a circle through this is no error, but a thing to give up.
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
        """Return what gives a task its values: what is looked at in this run, and what may be.

        What nothing else asks for stays a setup task: it is not run for a task that is up-to-date.
        """
        sure: list[str] = []
        possible: list[str] = []
        for group in sorted({name for name, _ in node.task.getargs.values()}):
            creator = self._creator(group)
            if creator is not None:
                sure.append(creator)  # who else could create it: without it doit fails
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
        """Return the task that is there for those that are still to be created, one among them."""
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
        """Return the tasks that are looked at for certain, as far as it is known by now."""
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
        """Return whether a task of the run, but for one, may still bring in others."""
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
        """Have tasks not wait for values any more, because nothing else can go on.

        :raises doit.exceptions.InvalidDodoFile: if tasks wait for themselves otherwise, too
        """
        # What nobody has asked for will not be looked at.
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
        """Return what a node waits for, itself left out."""
        found: set[ExecNode] = set()
        todo = [start]
        while todo:
            for node in self._next(todo.pop()):
                if node not in found:
                    found.add(node)
                    todo.append(node)
        return found - {start}

    def _circle(self) -> list[str]:
        """Return the names of tasks that wait for each other, the first one twice."""
        names: list[str] = []
        node = min(self.waiting, key=lambda one: str(one.task.name))
        while node.task.name not in names:
            names.append(node.task.name)
            after = self._next(node)
            if not after:
                break
            node = after[0]
        return [*names[names.index(node.task.name) :], node.task.name]
