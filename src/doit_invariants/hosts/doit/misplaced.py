"""Finds settings in places that are not read. doit ignores names that it does not know."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser, Error
from typing import Any

from doit_invariants.plugins.settings import Settings

#: Without `cache` and `invariants`, which are also options of doit.
_KEYS = frozenset(Settings._fields) - {"cache", "invariants"}

#: Tables with our name in the wrong place. Other tables, of package managers, may have our name.
_TABLES = {
    ("invariants",),
    ("doit", "invariants"),
    ("doit_invariants",),
    ("tool", "invariants"),
    ("tool", "doit_invariants"),
    ("tool", "doit", "doit_invariants"),
}
_SECTIONS = {".".join(path) for path in _TABLES if path != ("invariants",)}
_SECTIONS.add("tool.doit.invariants")

_RIGHT = "[tool.doit.invariants]"
_RIGHT_INI = "[invariants]"

#: A file without any of these words has no misplaced settings.
_WORDS = re.compile("invariants?|" + "|".join(sorted(_KEYS)), re.IGNORECASE)


_NAMED = re.compile(
    r"""^[ \t]*\[?[\w."' -]*invariant[\w."' -]*[]=]""", re.MULTILINE | re.IGNORECASE
)
_KEYED = re.compile(rf"^[ \t]*(?:{'|'.join(sorted(_KEYS))})\s*=", re.MULTILINE)


def misplaced(directories: Iterable[str], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a message for each setting, or table of settings, that is not read.

    :param directories: the directories that may have doit's configuration
    :param config: ``DOIT_CONFIG`` of ``dodo.py``
    """
    for directory in dict.fromkeys(map(os.path.abspath, directories)):
        text = _read(os.path.join(directory, "pyproject.toml"))
        if text:
            yield from _in_toml(text)
        text = _read(os.path.join(directory, "doit.cfg"))
        if text:
            yield from _in_ini(text)
    if isinstance(config, Mapping):
        for key in config:
            if _plain(key) == "doit_invariants" or key in _KEYS:
                name = "DOIT_CONFIG['invariants']"
                inner = f"{name}[{key!r}]" if key in _KEYS else name
                yield _line(f"DOIT_CONFIG[{key!r}]", inner)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, ValueError):
        return ""
    return text if _WORDS.search(text) else ""


def _in_toml(text: str) -> Iterator[str]:
    # doit has parsed the file already, and parsing is slow: most files can be ruled out first.
    named = {match[0].replace(" ", "") for match in _NAMED.finditer(text)}
    if not named - {"[tool.doit.invariants]"} and not _KEYED.search(text):
        return
    from doit.doit_cmd import DoitConfig

    toml = DoitConfig().toml
    try:
        data = toml.loads(text) if toml else {}
    except ValueError:
        return  # doit reports it
    for path, table in _tables(data, ()):
        shown = ".".join(path)
        if path == ("tool", "doit", "invariants"):
            continue
        known = sorted(_KEYS & table.keys())
        ours = any("invariant" in _plain(one) for one in path)
        if tuple(map(_plain, path)) in _TABLES or (ours and known):
            yield _line(f"[{shown}] in pyproject.toml", _RIGHT)
        elif path[:2] == ("tool", "doit") and path[2:3] in ((), ("commands",)):
            for key in known:
                yield _line(f"{key!r} under [{shown}] in pyproject.toml", _RIGHT)


def _tables(
    data: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the tables of a file with their names, as deep as settings may be misplaced."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield (*path, key), value
            if len(path) < 3:
                yield from _tables(value, (*path, key))


def _in_ini(text: str) -> Iterator[str]:
    parser = ConfigParser(allow_no_value=True, delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except Error:
        return  # doit reports it
    for section in parser.sections():
        if _plain(section) in _SECTIONS or section.lower() == "invariants" != section:
            yield _line(f"[{section}] in doit.cfg", _RIGHT_INI)
        elif section == "GLOBAL":
            for key in sorted(_KEYS & set(parser[section])):
                yield _line(f"{key!r} under [{section}] in doit.cfg", _RIGHT_INI)


def _plain(name: object) -> str:
    return str(name).lower().replace("-", "_")


def _line(found: str, right: str) -> str:
    return f"{found} is ignored; move it to {right}"
