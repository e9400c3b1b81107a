"""Draws the packages and their imports; ``python -m tests.docs.structure`` writes the picture.

The picture is drawn from the imports in the source, so a test can tell whether it is current.
"""

from __future__ import annotations

import ast
import re
import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "doit_invariants"
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "_static" / "architecture.svg"

WIDTH, HEIGHT = 118, 34  # of a box, in pixels
ACROSS, DOWN = 24, 44  # between boxes
MARGIN = 16
COLOR = "#0b6fb8"

Rows = list[list[str]]


def packages() -> list[str]:
    """Return the packages in the order of the table on the page, from the lowest."""
    return re.findall(r"(?m)^\| `([a-z.]+)` \| ", PAGE.read_text(encoding="utf-8").split("## ")[1])


def imports() -> dict[str, set[str]]:
    """Return for each package the packages that its modules import, at any place in them."""
    names = packages()
    found: dict[str, set[str]] = {name: set() for name in names}
    for path in SOURCE.rglob("*.py"):
        here = _package(".".join(path.relative_to(SOURCE).with_suffix("").parts), names)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _targets(node):
                there = _package(target, names)
                if here and there and here != there:
                    found[here].add(there)
    return found


def _targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        full = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        full = [one.name for one in node.names] if isinstance(node, ast.Import) else []
    start = f"{SOURCE.name}."
    return [one.removeprefix(start) for one in full if one.startswith(start)]


def _package(module: str, names: list[str]) -> str:
    return max((one for one in names if f"{module}.".startswith(f"{one}.")), key=len, default="")


def direct(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows that no longer way replaces: A -> C is left out beside A -> B -> C."""
    reach: dict[str, set[str]] = {}
    for name in packages():  # what a package imports comes before it
        reach[name] = graph[name].union(*(reach[one] for one in graph[name]))
    return {
        name: {one for one in below if not any(one in reach[other] for other in below - {one})}
        for name, below in graph.items()
    }


def rows(graph: dict[str, set[str]]) -> Rows:
    """Return the packages by rows, lowest first: each above all that it imports."""
    level: dict[str, int] = {}
    for name in packages():
        level[name] = max((level[one] + 1 for one in graph[name]), default=0)
    return [
        [name for name in level if level[name] == row] for row in range(max(level.values()) + 1)
    ]


def routed(arrows: dict[str, set[str]], levels: Rows) -> tuple[Rows, Rows]:
    """Lay arrows that are longer than a row through the gaps between boxes.

    A gap is a name with an arrow in it, such as ``engine>exports``, and takes part in the order
    within its row: the mean place of the neighbours in the row above (Sugiyama's method).
    """
    level = {name: number for number, names in enumerate(levels) for name in names}
    laid, ways = [list(names) for names in levels], []
    for name in sorted(arrows, key=level.__getitem__, reverse=True):
        for below in sorted(arrows[name]):
            between = range(level[name] - 1, level[below], -1)
            gaps = [f"{name}>{below}" for _ in between]
            for number, gap in zip(between, gaps, strict=True):
                laid[number].append(gap)
            ways.append([name, *gaps, below])
    for number in range(len(laid) - 2, -1, -1):
        above = {one: place for place, one in enumerate(laid[number + 1])}
        place = {one: _mean_place(one, ways, above) for one in laid[number]}
        laid[number].sort(key=place.__getitem__)
    return laid, ways


def _mean_place(name: str, ways: list[list[str]], above: dict[str, int]) -> float:
    leads = {one for way in ways for one, below in pairwise(way) if below == name}
    places = [above[one] for one in leads if one in above]
    return sum(places) / len(places) if places else len(above) / 2


def draw() -> str:
    """Return the picture as SVG."""
    graph = imports()
    laid, ways = routed(direct(graph), rows(graph))
    wide = max(sum(map(_width, names)) - ACROSS for names in laid) + 2 * MARGIN
    high = len(laid) * (HEIGHT + DOWN) - DOWN + 2 * MARGIN
    place: dict[tuple[int, str], tuple[float, float]] = {}
    for row, names in enumerate(laid):
        left = (wide - sum(map(_width, names)) + ACROSS) / 2
        for name in names:
            middle = left + (_width(name) - ACROSS) / 2
            place[row, name] = (middle, MARGIN + (len(laid) - 1 - row) * (HEIGHT + DOWN))
            left += _width(name)
    level = {name: row for row, name in place}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
        'font-family="sans-serif" font-size="13">',
        "<title>The packages of doit-invariants and what they import</title>",
        f'<rect width="{wide}" height="{high}" fill="white"/>',
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#999999"/></marker>',
    ]
    for way in ways:
        stops = [place[level[way[0]] - step, name] for step, name in enumerate(way)]
        path = f"M{stops[0][0]:g} {stops[0][1] + HEIGHT:g}"
        for (x, y), (to_x, to_y) in pairwise(stops):
            half = DOWN / 2
            path += f"L{x:g} {y + HEIGHT:g}C{x:g} {y + HEIGHT + half:g} "
            path += f"{to_x:g} {to_y - half:g} {to_x:g} {to_y - 1:g}"
        lines.append(f'<path d="{path}" fill="none" stroke="#999999" marker-end="url(#tip)"/>')
    for (_, name), (x, y) in place.items():
        if ">" not in name:
            lines.append(
                f'<rect x="{x - WIDTH / 2:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="5" '
                f'fill="{COLOR}"/>'
            )
            lines.append(
                f'<text x="{x:g}" y="{y + HEIGHT / 2 + 5:g}" text-anchor="middle" '
                f'fill="white">{name}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def _width(name: str) -> int:
    return ACROSS if ">" in name else WIDTH + ACROSS


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    for upper, lower in pairwise(reversed(rows(imports()))):
        print(f"{', '.join(upper)} above {', '.join(lower)}", file=sys.stderr)
