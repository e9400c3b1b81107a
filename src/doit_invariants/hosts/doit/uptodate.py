"""The ``uptodate`` item ``invariants(...)``, which also works without the loader."""

from __future__ import annotations

import sys
from typing import Any

from doit.dependency import UptodateCalculator
from doit.exceptions import InvalidTask

from doit_invariants.core.model import Verdict
from doit_invariants.engine.listed import ListedItem
from doit_invariants.engine.options import OPTIONS
from doit_invariants.rules.invariant import Invariant


class invariants(ListedItem, UptodateCalculator):  # type: ignore[misc]  # noqa: N801 - reads as a sentence
    """An item of ``uptodate`` that is true while none of its invariants has changed.

    ::

        def task_fetch():
            return {
                "actions": ["curl -o raw.csv https://example.org/raw.csv"],
                "targets": ["raw.csv"],
                "uptodate": [invariants(TTL("1d"), Env("API_REGION"))],
            }

    It works in any ``dodo.py``, with and without the loader. Only the loader tracks the code of
    actions and the contents of targets, and only with the loader can a task set options such as
    ``cache``.

    :param listed: the invariants
    :param ttl: how long a result is valid, like ``"1d"``: short for one more ``TTL``
    :param options: not allowed; names of task options lead to an error that says where they belong
    :raises doit.exceptions.InvalidTask: for a wrong argument, when doit creates the task
    """

    def __init__(self, *listed: Invariant, ttl: Any = None, **options: Any) -> None:
        super().__init__()
        self.listed = listed
        self.ttl = ttl
        self.options = options
        self.dep_manager: Any = None
        self.verdict: Verdict | None = None

    def configure_task(self, task: Any) -> None:
        """Check the arguments; doit calls this when it creates the task."""
        from doit_invariants.hosts.doit.standalone import check_item

        for option in self.options:
            if option in OPTIONS:
                raise InvalidTask(
                    f"task {task.name!r}: invariants({option}=...): option {option!r} needs the "
                    f'loader: set loader = "invariants" under [tool.doit] in pyproject.toml '
                    f"and set it as a key of the task dict"
                )
            raise InvalidTask(
                f"task {task.name!r}: invariants() has no option {option!r}; allowed is 'ttl'"
            )
        check_item(self, task)

    def setup(self, dep_manager: Any, tasks_dict: Any) -> None:
        """Keep doit's dependency manager; doit calls this before :meth:`__call__`."""
        super().setup(dep_manager, tasks_dict)
        self.dep_manager = dep_manager

    def __call__(self, task: Any, values: Any) -> bool | None:
        """Return whether nothing changed; only plain doit calls this, not the loader."""
        from doit_invariants.hosts.doit.standalone import check

        items = [item for item, _, _ in task.uptodate if isinstance(item, invariants)]
        if items[0] is not self:
            return None  # the first item answers for all of them: a task has one record
        self.verdict = check(self.dep_manager, self.tasks_dict, task, items)
        for reason in self.verdict.reasons:
            if reason.code == "cannot_check":
                sys.stderr.write(f"{task.name}: {reason}; the task runs\n")
        return self.verdict.status == "up-to-date"

    def __repr__(self) -> str:
        """Return the line that ``doit info`` prints, with the reasons after a check."""
        ttl = [] if self.ttl is None else [f"ttl={self.ttl!r}"]
        inner = ", ".join([*map(repr, self.listed), *ttl])
        if self.verdict is None or not self.verdict.reasons:
            return f"invariants({inner})"
        return f"invariants({inner}): {'; '.join(map(str, self.verdict.reasons))}"
