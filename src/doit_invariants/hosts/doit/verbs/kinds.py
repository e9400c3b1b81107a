"""``doit invariants kinds``: lists everything that is registered, with the plugins."""

from __future__ import annotations

import inspect
import json
from typing import Any

from doit_invariants.plugins import hookspecs
from doit_invariants.plugins.manager import Plugins
from doit_invariants.plugins.registry import Registry


def execute(command: Any, tasks: list[Any], as_json: bool) -> int:  # noqa: ARG001 - as every verb
    """List kinds, policies, stores and hooks; return 0."""
    plugins: Plugins = command.dep_manager.session.plugins
    found = {
        "kinds": _classes(plugins.kinds),
        "policies": _classes(plugins.policies),
        "stores": _classes(plugins.stores),
        "hooks": _hooks(plugins),
    }
    if as_json:
        command.write(json.dumps(found, indent=2))
        return 0
    for title, rows in found.items():
        command.write(title)
        for row in rows or [{"name": "(none)", "plugin": "", "summary": ""}]:
            line = f"  {row['name']:29} {row['plugin']:18} {row['summary']}"
            command.write(line.rstrip())
    return 0


def _classes(registry: Registry) -> list[dict[str, str]]:
    return [
        {"name": name, "plugin": one.plugin, "summary": _summary(one.cls)}
        for name, one in sorted(registry.entries.items())
    ]


def _hooks(plugins: Plugins) -> list[dict[str, str]]:
    rows = []
    for name, hook in sorted(vars(hookspecs).items()):
        if name.startswith("invariants_"):
            by = ", ".join(one.plugin_name for one in plugins.implementations(name))
            summary = _summary(hook)
            rows.append({"name": name, "plugin": by or "-", "summary": summary})
    return rows


def _summary(described: Any) -> str:
    text = inspect.getdoc(described) or ""
    return text.partition("\n")[0].replace("``", "")
