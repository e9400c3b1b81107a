"""Write the report: an HTML page with an SVG chart, from the graph of imports."""

from __future__ import annotations

import json
import platform
from collections import Counter
from datetime import date
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any


def report(graph: Path, look: dict[str, Any], targets: list[str]) -> None:
    """Fill the templates with data from the graph."""
    loaded = json.loads(graph.read_text(encoding="utf-8"))
    modules, imports = loaded["modules"], loaded["imports"]
    total: Counter[str] = Counter()
    for counts in modules.values():
        total.update(counts)
    importers = Counter(imported for _, imported in imports)
    today = date.today()
    texts = {
        "style": Path("templates/style.css").read_text(encoding="utf-8"),
        "python": platform.python_version(),
        "doit": version("doit"),
        "today": f"{today.day} {today:%B %Y}",
        "modules": f"{len(modules):,}",
        "imports": f"{len(imports):,}",
        "chart": bar_chart(importers.most_common(look["top"]), look["accent"]),
        "rows": table_rows(modules, imports, look["top"]),
    }
    for kind in ("files", "lines", "functions", "classes", "unreadable"):
        texts[kind] = f"{total[kind]:,}"
    template = Template(Path("templates/report.html").read_text(encoding="utf-8"))
    Path(targets[0]).write_text(template.substitute(texts), encoding="utf-8")


def bar_chart(bars: list[tuple[str, int]], accent: str) -> str:
    """Return an SVG with a name, a horizontal bar and a number for each pair, largest first."""
    step, left, width = 24, 120, 720
    scale = (width - left - 50) / max((number for _, number in bars), default=1)
    rows = []
    for place, (name, number) in enumerate(bars):
        y, end = step * (place + 0.5), left + number * scale
        rows.append(
            f'<text x="{left - 10}" y="{y}" dy=".35em" text-anchor="end">{name}</text>\n'
            f'<path d="M{left} {y}H{end:.1f}" stroke="{accent}" stroke-width="16"/>\n'
            f'<text x="{end + 8:.1f}" y="{y}" dy=".35em">{number}</text>\n'
        )
    frame = f'viewBox="0 0 {width} {step * len(bars)}" role="img" aria-label="Bar chart"'
    return f'<svg {frame} font-size="13" fill="#66707a">\n{"".join(rows)}</svg>'


def table_rows(modules: dict[str, Any], imports: list[list[str]], most: int) -> str:
    """Return the rows of a table of the modules with the most lines."""
    importing, imported = (Counter(edge[end] for edge in imports) for end in (0, 1))
    rows = []
    for name in sorted(modules, key=lambda name: -modules[name]["lines"])[:most]:
        counts = modules[name]
        numbers = [counts.get(kind, 0) for kind in ("files", "lines", "functions", "classes")]
        cells = "".join(f"<td>{n:,}</td>" for n in (*numbers, importing[name], imported[name]))
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return "\n".join(rows)
