"""The settings of a project: an immutable object that is read once, with every key checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import HOWS, LINKS, MAX_SIZE

#: Names that are ignored in every directory: files that tools leave beside the data.
TREE_EXCLUDE = (
    "__pycache__",
    ".git",
    ".hg",
    ".svn",
    ".ipynb_checkpoints",
    ".doit.db*",
    ".DS_Store",
    "Thumbs.db",
    ".doit-invariants",
)

_TRUE = {"1", "yes", "true", "on"}
_FALSE = {"0", "no", "false", "off"}


class Settings(NamedTuple):
    """Project-wide settings. The first nine are the defaults of the task options with their names.

    A plugin receives this object with the hook ``invariants_for_task``. Values are already
    converted: a size is a number of bytes here, whatever unit the project writes.

    :ivar invariants: invariants for every task that can be up-to-date; only ``DOIT_CONFIG`` can
        set it
    :ivar cache: the cache policy: True, False or the name of a policy
    :ivar ttl: how long a result is valid, for every task that can be up-to-date: seconds, a string
        like ``"1d"``, or None for no limit
    :ivar track_code: whether the code of actions is tracked without being listed
    :ivar track_targets: whether the contents of targets are tracked
    :ivar export_dir: the directory that targets are exported to, relative to the project; None for
        no export
    :ivar export_how: how targets are exported: ``copy``, ``hardlink``, ``symlink``, ``move`` or
        ``gzip``
    :ivar export_overwrite: whether an export may overwrite files that this package did not put
        there
    :ivar share: whether targets may go into a store
    :ivar store: location of the store: a directory, which may begin with ``~``, or
        ``NAME://LOCATION`` for the store of a plugin; None for a directory in the user's cache
        directory
    :ivar store_link: how files are taken out of a store: ``auto``, ``hardlink`` or ``copy``
    :ivar store_max_size: maximum size of the store in bytes, None for no limit; projects may write
        a string like ``"20GB"``, or ``"none"``
    :ivar replay: whether a restored task shows the output that was stored with its result
    :ivar verify_hits: fraction from 0 to 1 of the tasks that could be restored from the store, but
        run instead so that their results can be compared
    :ivar summary: whether a run ends with a line of counts: True, False, or ``auto`` for only if
        a task was restored
    :ivar chdir: what to do if an action leaves the process in another working directory:
        ``restore`` changes it back, ``fail`` fails the task
    :ivar block: names of plugins that are not loaded
    :ivar tree_exclude: patterns of names that are ignored in all directories
    :ivar code_roots: directories outside the project whose code is tracked like the project's own
    """

    invariants: tuple[Any, ...] = ()
    cache: bool | str = True
    ttl: Any = None
    track_code: bool = True
    track_targets: bool = True
    export_dir: str | None = None
    export_how: str = "copy"
    export_overwrite: bool = False
    share: bool = True
    store: str | None = None
    store_link: str = "auto"
    store_max_size: int | None = MAX_SIZE
    replay: bool = True
    verify_hits: float = 0.0
    summary: bool | str = "auto"
    chdir: str = "restore"
    block: tuple[str, ...] = ()
    tree_exclude: tuple[str, ...] = TREE_EXCLUDE
    code_roots: tuple[str, ...] = ()


def read_settings(*sources: tuple[str, Mapping[str, Any]]) -> Settings:
    """Return the settings from several places. A later place overrides the earlier ones.

    :param sources: pairs: the name of the place, which is used in messages, and its settings
    :raises InvalidOption: for an unknown key or a wrong type; the message names the place
    """
    values: dict[str, Any] = {}
    for place, given in sources:
        if not isinstance(given, Mapping):
            raise InvalidOption(f"{place}: settings must be a table, got {given!r:.60}")
        for key, value in given.items():
            values[key] = _convert(place, key, value)
    return Settings(**values)


def _convert(place: str, key: str, value: Any) -> Any:
    known = Settings._fields
    if key not in known:
        import difflib  # late: only needed for mistakes

        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InvalidOption(
            f"{place}: unknown setting {key!r}; {hint}allowed are {', '.join(known)}"
        )
    convert = _CONVERTERS.get(key)
    return value if convert is None else convert(place, key, value)


def _invariants(place: str, _key: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise InvalidOption(
            f"{place}: setting 'invariants' must be a list of invariants, which only "
            f"DOIT_CONFIG in dodo.py can hold; got {value!r:.60}"
        )
    return tuple(value)


def _ttl(_place: str, _key: str, value: Any) -> Any:
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)  # seconds, from doit.cfg, where every value is a string
    return value


def as_policy(value: Any) -> Any:
    """Return a policy as ``dodo.py`` writes it: the string ``"true"`` becomes True."""
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return value


def _boolean(place: str, key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    # In doit.cfg every value is a string.
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise InvalidOption(f"{place}: setting {key!r} must be true or false, got {value!r:.60}")


def _texts(place: str, key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # from doit.cfg: separated by commas
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise InvalidOption(f"{place}: setting {key!r} must be a list of strings, got {value!r:.60}")


def _text(place: str, key: str, value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise InvalidOption(f"{place}: setting {key!r} must be a path, got {value!r:.60}")


def _one_of(*allowed: str) -> _Converter:
    def convert(place: str, key: str, value: Any) -> str:
        if value in allowed:
            return str(value)
        raise InvalidOption(
            f"{place}: setting {key!r} must be one of {', '.join(allowed)}, got {value!r:.60}"
        )

    return convert


def _share_of(place: str, key: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number <= 1:
        raise InvalidOption(
            f"{place}: setting {key!r} must be a number from 0 to 1, got {value!r:.60}"
        )
    return number


def _size(place: str, key: str, value: Any) -> int | None:
    if isinstance(value, str) and value.strip().lower() == "none":
        return None
    from doit_invariants.core.units import parse_size

    try:
        return parse_size(value)
    except InvalidOption as error:
        raise InvalidOption(f"{place}: setting {key!r}: {error}, nor 'none'") from error


def _summary(place: str, key: str, value: Any) -> bool | str:
    if value == "auto":
        return "auto"
    try:
        return _boolean(place, key, value)
    except InvalidOption as error:
        text = str(error).replace("true or false", "true, false or 'auto'")
        raise InvalidOption(text) from error


_Converter = Callable[[str, str, Any], Any]

#: For each setting, the function that checks its value and converts it from a string.
_CONVERTERS: dict[str, _Converter] = {
    "invariants": _invariants,
    "cache": lambda _place, _key, value: as_policy(value),
    "ttl": _ttl,
    "track_code": _boolean,
    "track_targets": _boolean,
    "export_dir": _text,
    "export_how": _one_of(*HOWS),
    "export_overwrite": _boolean,
    "share": _boolean,
    "store": _text,
    "store_link": _one_of(*LINKS),
    "store_max_size": _size,
    "replay": _boolean,
    "verify_hits": _share_of,
    "summary": _summary,
    "chdir": _one_of("restore", "fail"),
    "block": _texts,
    "tree_exclude": _texts,
    "code_roots": _texts,
}
