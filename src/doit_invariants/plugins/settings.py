"""The settings of a project: one frozen object, read once, every key checked."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doit_invariants.core.errors import InvalidOption

#: Names that no directory is looked at for: what tools leave beside the data.
TREE_EXCLUDE = (
    "__pycache__",
    ".git",
    ".hg",
    ".svn",
    ".ipynb_checkpoints",
    ".doit.db*",
    ".DS_Store",
    "Thumbs.db",
)

_TRUE = {"1", "yes", "true", "on"}
_FALSE = {"0", "no", "false", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Project-wide settings; the first five are defaults of the task options of the same name.

    :ivar invariants: invariants for every task that can be up-to-date; only in ``DOIT_CONFIG``
    :ivar cache: the cache policy
    :ivar ttl: age, for every task that can be up-to-date
    :ivar track_code: whether the code of actions is tracked without being listed
    :ivar track_targets: whether the contents of targets are
    :ivar block: names of plugins that stay out
    :ivar tree_exclude: patterns of names that count in no directory
    :ivar code_roots: directories of code that is followed like the project's own
    """

    invariants: tuple[Any, ...] = ()
    cache: bool | str = True
    ttl: Any = None
    track_code: bool = True
    track_targets: bool = True
    block: tuple[str, ...] = ()
    tree_exclude: tuple[str, ...] = TREE_EXCLUDE
    code_roots: tuple[str, ...] = ()


def read_settings(*sources: tuple[str, Mapping[str, Any]]) -> Settings:
    """Return the settings from several places, later ones before earlier ones.

    :param sources: each the name of a place, for messages, and what it holds
    :raises InvalidOption: for an unknown key or a wrong type, naming the place
    """
    values: dict[str, Any] = {}
    for place, given in sources:
        if not isinstance(given, Mapping):
            raise InvalidOption(f"{place}: settings must be a table, got {given!r:.60}")
        for key, value in given.items():
            values[key] = _convert(place, key, value)
    return Settings(**values)


def _convert(place: str, key: str, value: Any) -> Any:
    known = [field.name for field in dataclasses.fields(Settings)]
    if key not in known:
        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InvalidOption(
            f"{place}: unknown setting {key!r}; {hint}allowed are {', '.join(known)}"
        )
    if key in ("track_code", "track_targets"):
        return _boolean(place, key, value)
    if key in ("block", "tree_exclude", "code_roots"):
        return _texts(place, key, value)
    if key == "invariants":
        if not isinstance(value, (list, tuple)):
            raise InvalidOption(
                f"{place}: setting 'invariants' must be a list of invariants, which only "
                f"DOIT_CONFIG in dodo.py can hold; got {value!r:.60}"
            )
        return tuple(value)
    if key == "ttl" and isinstance(value, str) and value.strip().isdigit():
        return int(value)  # a number of seconds, from doit.cfg
    if key == "cache" and isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return value


def _boolean(place: str, key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    # doit.cfg holds texts only
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise InvalidOption(f"{place}: setting {key!r} must be true or false, got {value!r:.60}")


def _texts(place: str, key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # doit.cfg
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise InvalidOption(f"{place}: setting {key!r} must be a list of texts, got {value!r:.60}")
