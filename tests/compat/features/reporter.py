"""A custom reporter that reads the tasks that it reports."""

from doit.reporter import ConsoleReporter


class Reporter(ConsoleReporter):
    def initialize(self, tasks, selected_tasks):
        self.write(f"{sorted(tasks)} {selected_tasks}\n")

    def execute_task(self, task):
        self.write(f"> {task.title()} {sorted(task.dep_changed)}\n")

    def skip_uptodate(self, task):
        self.write(f"= {task.title()} {sorted(task.values.items())}\n")

    def add_success(self, task):
        self.write(f"< {task.name} {sorted(task.values.items())} {task.executed}\n")


DOIT_CONFIG = {"reporter": Reporter}


def task_values():
    return {"actions": [lambda: {"x": 1}], "file_dep": ["in.txt"]}


def task_group():
    yield {"name": "a", "actions": ["echo a"], "uptodate": [True]}
