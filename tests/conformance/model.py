"""A case: a project, an edit, and whether its task must run after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["run", "keep"]
Files: TypeAlias = Mapping[str, str]
#: The whole new content, one replacement (old, new), or None for a removed file.
Change: TypeAlias = "str | tuple[str, str] | None"

#: Stands for the task where a ``dodo.py`` defines none.
TASK = """

def task_work():
    return {"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""


@dataclass(frozen=True)
class Case:
    """One edit.

    :ivar group: the class of edits that it belongs to
    :ivar name: unique in its group
    :ivar says: what is edited, in one sentence
    :ivar before, after: the files of the project, by path
    :ivar verdict: what is right: ``run`` where the target would be another, else ``keep``
    :ivar needs: modules without which the case cannot be run
    :ivar touched: files that get a new modification time, whatever else is edited
    """

    group: str
    name: str
    says: str
    before: Files
    after: Files
    verdict: Verdict
    needs: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of its test."""
        return f"{self.group}/{self.name}"


class Group:
    """Collects the cases of one class.

    :ivar name: of the class, as the score shows it
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def run(
        self, name: str, says: str, before: str | Files, edit: Change | Mapping[str, Change],
        needs: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Add an edit after which the task must run.

        :param before: the files of the project, or the text of its ``dodo.py``
        :param edit: changes by path, or that of ``dodo.py``
        """
        self._add("run", name, says, before, edit, needs)

    def keep(
        self, name: str, says: str, before: str | Files, edit: Change | Mapping[str, Change],
        needs: Iterable[str] = (), touched: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Add an edit after which the task must not run; the parameters are those of ``run``."""
        self._add("keep", name, says, before, edit, needs, touched)

    def _add(
        self, verdict: Verdict, name: str, says: str, before: str | Files,
        edit: Change | Mapping[str, Change], needs: Iterable[str], touched: Iterable[str] = (),
    ) -> None:  # fmt: skip
        files = {"dodo.py": before} if isinstance(before, str) else dict(before)
        changes = edit if isinstance(edit, Mapping) else {"dodo.py": edit}
        case = Case(
            self.name,
            name,
            says,
            _complete(files),
            _complete(_edited(files, changes)),
            verdict,
            tuple(needs),
            tuple(touched),
        )
        assert case.id not in {other.id for other in self.cases}, f"{case.id} twice"
        assert case.before != case.after or case.touched, f"{case.id} edits nothing"
        self.cases.append(case)


def edited(text: str, old: str, new: str) -> str:
    """Return a string with a part replaced that must be in it once."""
    found = text.count(old)
    assert found == 1, f"{old!r} is {found} times in {text}"
    return text.replace(old, new)


def gives(expression: str, definitions: str = "", *, inside: str = "") -> str:
    """Return a ``dodo.py`` whose task writes the value of an expression.

    :param definitions: what stands above the action
    :param inside: what stands in the action, before the expression
    """
    return (
        f"{definitions}\n"
        f"def work(targets):\n{indent(inside, '    ')}"
        f'    with open(targets[0], "w") as out:\n'
        f"        out.write(repr({expression}))\n"
    )


def nested(*dodos: str) -> list[str]:
    """Return each source from :func:`gives` with its definitions moved into the action.

    Every tool notices an edit of the action itself, but not of a helper.
    """
    found = []
    for dodo in dodos:
        definitions, _, action = dodo.partition("\ndef work(targets):\n")
        found.append(f"def work(targets):\n{indent(definitions, '    ')}\n{action}")
    return found


def task_with(options: str, definitions: str = "") -> str:
    """Return a ``dodo.py`` whose task has these options, beside its input and its target."""
    return (
        f"{definitions}\n\ndef task_work():\n"
        f'    return {{{options}, "file_dep": ["in.txt"], "targets": ["out.txt"]}}\n'
    )


def _complete(files: Files) -> Files:
    dodo = files["dodo.py"]
    has_task = "task_work" in dodo
    return {"in.txt": "input", **files, "dodo.py": dodo if has_task else dodo.rstrip() + TASK}


def _edited(files: Files, changes: Mapping[str, Change]) -> Files:
    after = dict(files)
    for name, change in changes.items():
        if change is None:
            del after[name]
        elif isinstance(change, str):
            after[name] = change
        else:
            after[name] = edited(files[name], *change)
    return after
