"""The landscape: a project whose tasks use code in forty ways, and edits that hit some of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from doit_invariants.testing import Outcome, Project, settings_toml

from .execute import ENVIRONMENT

LANDSCAPE = Path(__file__).parent / "landscape"


@dataclass(frozen=True)
class Edit:
    """One edit of a file of the landscape.

    :ivar hits: the tasks that must run after it, and no others
    """

    file: str
    old: str
    new: str
    hits: tuple[str, ...] = ()

    def apply(self, project: Project) -> None:
        """Edit the file."""
        project.edit(self.file, self.old, self.new)

    def undo(self, project: Project) -> None:
        """Edit it back."""
        project.edit(self.file, self.new, self.old)


#: Edits that count, one of a kind.
COUNTS = {
    "closure": Edit("dodo.py", "make(31, None)", "make(32, None)", ("step:closure_int",)),
    "default": Edit("dodo.py", "with_default(x=3", "with_default(x=4", ("step:with_default",)),
    "global": Edit(
        "dodo.py", "NUMBER = 5", "NUMBER = 6", ("step:comprehensions", "step:globals_read")
    ),
    "helper": Edit("helpers.py", 'text + "!"', 'text + "?"', ("script", "step:helper_call")),
    "set": Edit("dodo.py", '{"x", "y"}}, [f', '{"x", "w"}}, [f', ("step:closure_set",)),
    "constant": Edit("dodo.py", '"a  b"', '"a b"', ("step:constants",)),
    "method": Edit("shapes.py", "return 7\n", "return 8\n", ("step:classes",)),
    "lambda": Edit("dodo.py", "lambda: 22", "lambda: 23", ("step:second_lambda",)),
    "argument": Edit("dodo.py", '{"s", "t"}', '{"s", "u"}', ("arguments",)),
}
#: Edits that do not count.
DOES_NOT_COUNT = {
    "comment": Edit("dodo.py", "def constants():", "# A comment.\n\n\ndef constants():"),
    "comment_inside": Edit("dodo.py", "    found = []\n", "    found = []  # begin\n"),
    "docstring": Edit("dodo.py", "A docstring\n", "Another \\\\ docstring\n\n    longer\n"),
    "docstring_of_class": Edit(
        "shapes.py", "A class with everything.", "A class.\n\n    More.\n    "
    ),
    "docstring_of_helper": Edit(
        "helpers.py", "    In several lines, with \\\\ a", "  With \\t a\n  "
    ),
    "layout": Edit("dodo.py", "1, 1.0, True", "(1),\\\n        1.0, True"),
    "annotation": Edit("helpers.py", "def deeper(text: str) -> str:", "def deeper(text):"),
}


def make_landscape(path: Path) -> Project:
    """Copy the landscape."""
    shutil.copytree(LANDSCAPE, path, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(path)
    project.write({"pyproject.toml": settings_toml(), "in.txt": ""})
    return project


def run(project: Project, *arguments: str, **more: str) -> Outcome:
    """Run doit in a process of its own; environment variables go by keyword."""
    return run_with(project, *arguments, env=more)


def run_with(project: Project, *arguments: str, env: Mapping[str, str], **how: str) -> Outcome:
    """Run doit in a process of its own, return what it did; it must succeed without a warning."""
    outcome = project.run(*arguments, process=True, env={**ENVIRONMENT, **env}, **how)  # type: ignore[arg-type]
    outcome.assert_success()
    assert not outcome.stderr, repr(outcome)
    return outcome


def hits(*edits: Edit) -> list[str]:
    """Return the tasks that edits hit together."""
    return sorted({task for edit in edits for task in edit.hits})
