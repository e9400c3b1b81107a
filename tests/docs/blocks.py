"""Reads the fenced blocks of a page of Markdown, with the marks that say how to run them.

A reader can copy all that a snippet needs. A line ``**`tools/rows.py`**`` before a block is the
name of its file; without one, Python with tasks is a ``dodo.py``. A fence ``sh setup`` holds the
commands that make the other files of the next ``dodo.py``.

A mark is an HTML comment on a line of its own before the fence:

``script``
    the named block is run by ``python build.py`` instead of doit
``plain doit``
    the snippet is run without the loader
``story: name``
    the commands of the block are run in the project of the ``dodo.py`` before it. Blocks with
    the same name continue each other. A ``cd`` holds until the next one, as in a shell
``edit: name``
    the named file is saved at this point of the story, over the earlier one
``picture: name``
    the block of a story is also drawn, as ``docs/pictures/name.svg`` (``doit pictures``); its
    page must show the picture
``not run: reason``
    the commands of the block are not run
``needs: program``
    the snippet and its stories are run only where this program is installed

A fence ``python no-run`` is loaded, but its tasks are not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

_MARK = re.compile(r"<!-- (?P<key>[a-z ]+?)(?:: (?P<value>.*?))? -->")
_NAME = re.compile(r"\*\*`(?P<path>[^`]+)`\*\*")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    :ivar info: the words after the fence: a language, perhaps followed by ``no-run``
    :ivar marks: what the comments before it say
    """

    page: Path
    line: int
    info: tuple[str, ...]
    text: str
    marks: dict[str, str]

    @property
    def language(self) -> str:
        """The language, empty if none is given."""
        return self.info[0] if self.info else ""

    @property
    def place(self) -> str:
        """Where it stands, for a failed assertion and as the id of a test."""
        return f"{page_name(self.page)}:{self.line}"

    @property
    def has_tasks(self) -> bool:
        """Whether it is Python that creates tasks."""
        return self.language == "python" and "def task_" in self.text

    @property
    def has_tests(self) -> bool:
        """Whether it is Python for pytest."""
        return self.language == "python" and "def test_" in self.text

    @property
    def path(self) -> str:
        """The name of its file, ``dodo.py`` if the page gives none."""
        return self.marks.get("file", "dodo.py")

    @property
    def is_dodo(self) -> bool:
        """Whether it is a ``dodo.py``, or a script in its place."""
        named = self.path.endswith("dodo.py") or "script" in self.marks
        return self.has_tasks and not self.has_tests and named


@dataclass
class Snippet:
    """A ``dodo.py`` or a script with all that belongs to it.

    :ivar files: the other files of its project
    :ivar setup: the commands that make files
    :ivar stories: by the name of the story, its blocks: commands, and files that are saved
    """

    block: Block
    files: dict[str, str]
    setup: list[str]
    stories: dict[str, list[Block]] = field(default_factory=dict)


def page_name(page: Path) -> str:
    """Return the path of a page below the project, with slashes."""
    return page.relative_to(ROOT).as_posix()


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    marks: dict[str, str] = {}
    info: tuple[str, ...] | None = None
    start, inside = 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if info is not None:
            if line != "```":
                inside.append(line)
                continue
            yield Block(page, start, info, "\n".join([*inside, ""]), marks)
            info, marks, inside = None, {}, []
        elif line.startswith("```"):
            info, start = tuple(line.removeprefix("```").split()), number
        elif mark := _MARK.fullmatch(line):
            marks[mark["key"]] = mark["value"] or ""
        elif name := _NAME.fullmatch(line):
            marks["file"] = name["path"]
        elif line.strip():
            marks = {}
    assert info is None, f"{page_name(page)}:{start}: the block has no end"


def read_snippets(page: Path) -> Iterator[Snippet]:
    """Yield the snippets of a page that are a project: those of Python with tasks."""
    snippet: Snippet | None = None
    files: dict[str, str] = {}
    setup: list[str] = []
    for block in read_blocks(page):
        told = block.marks.get("edit", block.marks.get("story"))
        if told is not None:
            assert snippet is not None, f"{block.place}: a story without a dodo.py before it"
            snippet.stories.setdefault(told, []).append(block)
        elif block.is_dodo:
            if snippet is not None:
                yield snippet
            snippet, files, setup = Snippet(block, files, setup), {}, []
        elif "file" in block.marks:
            files[block.path] = block.text
        elif block.info == ("sh", "setup"):
            setup += block.text.splitlines()
    if snippet is not None:
        yield snippet


def headings(page: Path) -> list[str]:
    """Return the headings of a page, without their marks."""
    fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    text = fenced.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


def section(page: Path, heading: str) -> str:
    """Return the text between a heading and the next one of the same or a higher level."""
    lines = page.read_text(encoding="utf-8").splitlines()
    level, found, fenced = 0, list[str](), False
    for line in lines:
        fenced ^= line.startswith("```")
        marks, _, title = line.partition(" ")
        is_heading = not fenced and bool(marks) and set(marks) == {"#"}
        if level and is_heading and len(marks) <= level:
            break
        if level:
            found.append(line)
        elif is_heading and title == heading:
            level = len(marks)
    assert level, f"{page_name(page)} has no heading {heading!r}"
    return "\n".join(found)


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of the tables in a page: by the code in their first cell, all cells."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
            cells = cells[1:-1]
            for name in re.findall(r"`([^`]+)`", cells[0]):
                found[name] = cells
    return found
