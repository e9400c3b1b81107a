"""Pictures of the terminal, drawn from stories of the pages: ``python -m tests.docs.pictures``.

A picture can't show what doit does not print: its text is a block that the tests run. Only drawing
needs rich; what is committed is read, and compared with its block, without it.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .blocks import DOCS, PAGES, Block, read_blocks

if TYPE_CHECKING:
    from rich.text import Text

PICTURES = DOCS / "pictures"
NARROWEST = 92  # columns; a smaller picture would be shown with larger letters than its neighbours

# rich's own frame asks a server for a font.
FRAME = """\
<svg viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

# The first pattern that matches a line colors it: each group in the style at its place.
COLORS: list[tuple[str, tuple[str, ...]]] = [
    (r"(\$ )(.*)", ("bold green", "bold white")),
    (r"(\.  )(.*)", ("bold yellow", "yellow")),
    (r"(-- \S+)(  \(restored.*)", ("cyan", "bold cyan")),
    (r"(-- .*)", ("grey62",)),
    (r"(\w\S*: )(not up-to-date)", ("bold white", "bold red")),
    (r"(\w\S*: )(may run.*)", ("bold white", "yellow")),
    (r"(\w\S*: )(up-to-date)", ("bold white", "green")),
    (r"( +)((?:---|\+\+\+) .*)", ("", "bold white")),
    (r"( +)(@@ .*)", ("", "cyan")),
    (r"( +)(-.*)", ("", "red")),
    (r"( +)(\+.*)", ("", "green")),
    (r"(  \S[^:]*: )(.*)", ("cyan", "white")),
]


def pictured() -> Iterator[Block]:
    """Yield the blocks of the documentation that are drawn."""
    for page in PAGES:
        for block in read_blocks(page):
            if "picture" in block.marks:
                yield block


def picture_of(block: Block) -> Path:
    """Return the file of the picture of a block."""
    return PICTURES / f"{block.marks['picture']}.svg"


def colored(line: str) -> Text:
    """Return a line of a terminal in colors."""
    from rich.text import Text

    for pattern, styles in COLORS:
        if found := re.fullmatch(pattern, line):
            return Text.assemble(*zip(found.groups(), styles, strict=True))
    return Text(line)


def draw(block: Block) -> str:
    """Return the picture of a block, as SVG."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI

    lines = block.text.splitlines()
    width = max(NARROWEST, *map(len, lines))
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(colored(line), soft_wrap=True)
    name = block.marks["picture"]
    svg = console.export_svg(title="", theme=MONOKAI, code_format=FRAME, unique_id=name)
    svg = re.sub(r"<text [^>]*>\n</text>", "\n", svg)  # the ends of the lines
    return "".join(f"{line.strip()}\n" for line in svg.splitlines() if line.strip())


def shown(svg: str) -> list[str]:
    """Return the lines of text in a picture, without the spaces: rich leaves some of them out."""
    rows: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        rows[float(text.attrib["y"])].append((float(text.attrib["x"]), text.text or ""))
    lines = ("".join(text for _, text in sorted(row)) for _, row in sorted(rows.items()))
    return [without_spaces(line) for line in lines]


def without_spaces(line: str) -> str:
    """Return a line without its spaces."""
    return re.sub(r"\s", "", line)


def main() -> None:
    """Draw every picture, and remove those that no page asks for."""
    PICTURES.mkdir(exist_ok=True)
    drawn = {picture_of(block): draw(block) for block in pictured()}
    for former in set(PICTURES.glob("*.svg")) - drawn.keys():
        former.unlink()
    for path, svg in drawn.items():
        path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
