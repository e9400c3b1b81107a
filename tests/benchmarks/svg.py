"""Draws curves on logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator

Points = list[tuple[float, float]]

WIDTH, HEIGHT, MARGIN = 640, 400, 60
COLORS = ("#888888", "#0b6fb8", "#c2410c", "#15803d")


def draw(title: str, curves: dict[str, Points], across: str, up: str) -> str:
    """Return a drawing of curves by their names.

    :param across, up: what the axes show
    """
    axes = _Axes([point for points in curves.values() for point in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{WIDTH / 2}" y="24" text-anchor="middle" font-size="15">{title}</text>',
        *axes.grid(),
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">{across}</text>',
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {HEIGHT / 2})">{up}</text>',
    ]
    for number, (name, points) in enumerate(curves.items()):
        color = COLORS[number % len(COLORS)]
        places = [axes.place(*point) for point in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in places]
        y = MARGIN + 18 * number
        parts.append(f'<text x="{MARGIN + 12}" y="{y}" fill="{color}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axes:
    """Both axes: from the power of ten below all points to the one above."""

    def __init__(self, points: Points) -> None:
        self._x = _decades([x for x, _ in points])
        self._y = _decades([y for _, y in points])

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn."""
        right = _share(x, self._x) * (WIDTH - 2 * MARGIN)
        high = _share(y, self._y) * (HEIGHT - 2 * MARGIN)
        return MARGIN + right, HEIGHT - MARGIN - high

    def grid(self) -> Iterator[str]:
        """Yield a line and a number for each power of ten."""
        low, high = 10.0 ** self._y[0], 10.0 ** self._y[1]
        for power in range(self._x[0], self._x[1] + 1):
            x, bottom = self.place(10.0**power, low)
            _, top = self.place(10.0**power, high)
            yield f'<line x1="{x}" y1="{bottom}" x2="{x}" y2="{top}" stroke="#dddddd"/>'
            yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{10**power:,}</text>'
        left, right = 10.0 ** self._x[0], 10.0 ** self._x[1]
        for power in range(self._y[0], self._y[1] + 1):
            x, y = self.place(left, 10.0**power)
            end, _ = self.place(right, 10.0**power)
            yield f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="#dddddd"/>'
            yield f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'


def _decades(values: list[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)


def _share(value: float, decades: tuple[int, int]) -> float:
    return (math.log10(value) - decades[0]) / (decades[1] - decades[0])
