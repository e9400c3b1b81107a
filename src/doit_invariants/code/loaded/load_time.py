"""Recognize the load time of ``dodo.py`` in arguments of actions, and leave it out.

``f"build --stamp {time.time()}"`` is a different command at each load, although nobody has edited
it. A time is recognized with certainty because it lies between the beginning of the load and the
check. Random values count: they can't be told from a setting that was read from a file.

Full minutes count as well: somebody who passes the beginning of a day means that day, even if a
scheduler starts the run in its first second. So do times without seconds, and times of day without
a date.
"""

from __future__ import annotations

import calendar
import datetime
import pathlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from doit_invariants.files.loaded_sources import load_began

#: Replaces a time.
PLACE = "<time of the load>"

#: Larger containers are data, which no task-creator writes by hand.
_LARGEST = 1_000
_DEEPEST = 5

# Forms of times: a number of s, ms, us or ns since the epoch; date and time; `time.ctime()`. The
# patterns are compiled only for strings that are long enough to contain a time, which are few.
_NUMBER = r"(?<![\d.])(\d{10}(?:\d{3}|\d{6}|\d{9})?)(?:\.\d+)?(?!\d)"
_MOMENT = (
    r"(?<!\d)(\d{4})([-/._]?)(\d\d)\2(\d\d)[ T_.-]*(\d\d)([:.h_-]?)(\d\d)\6(\d\d)"
    r"(?:[.,](\d{1,9}))?(?:Z|[+-]\d\d:?\d\d)?(?!\d)"
)
_CTIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
_ANY = r"\d{10}|\d\d.?\d\d.?\d\d"


def without_time(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """Return values with the times of this load replaced, and the labels of the changed ones."""
    known: _Known = {}
    found = {label: _without(value, 0, known) for label, value in values.items()}
    labels = [label for label, value in values.items() if found[label] is not value]
    return (found, labels) if labels else (values, [])


#: Containers without times, by their ids: lists may share parts.
_Known = dict[tuple[int, int], Any]


def _without(value: Any, depth: int, known: _Known) -> Any:
    """Return a value without times: the same object if it has none."""
    # No isinstance: it makes a lazy proxy create the object that it stands for.
    kind = type(value)
    if kind is str:
        return _in_text(value)
    if kind is int or kind is float:
        return PLACE if _is_now(_seconds(value)) else value
    replace = _INSIDE.get(kind)
    if replace is not None and depth < _DEEPEST and len(value) <= _LARGEST:
        key = (id(value), depth)
        if key not in known:
            known[key] = replace(value, depth + 1, known)
        return known[key]
    if issubclass(kind, datetime.datetime):
        try:
            return PLACE if _is_now(value.timestamp()) else value
        except (ValueError, OverflowError, OSError):
            return value
    if issubclass(kind, pathlib.PurePath):
        text = str(value)
        changed = _in_text(text)
        return value if changed is text else changed
    return value


def _in_list(value: Any, depth: int, known: _Known) -> Any:
    items = [_without(item, depth, known) for item in value]
    same = all(one is other for one, other in zip(items, value, strict=True))
    return value if same else type(value)(items)


def _in_dict(value: Any, depth: int, known: _Known) -> Any:
    items = {key: _without(item, depth, known) for key, item in value.items()}
    return value if all(items[key] is value[key] for key in value) else items


_INSIDE: dict[type, Callable[[Any, int, _Known], Any]] = {
    list: _in_list,
    tuple: _in_list,
    dict: _in_dict,
}


def _in_text(text: str) -> str:
    if len(text) < 10 or re.search(_ANY, text) is None:
        return text
    changed = text
    for pattern, moments in ((_CTIME, _of_ctime), (_MOMENT, _of_moment), (_NUMBER, _of_number)):
        changed = re.sub(
            pattern,
            lambda match, moments=moments: (  # type: ignore[misc]
                PLACE if any(map(_is_now, moments(match))) else match.group()
            ),
            changed,
        )
    return text if changed == text else changed


def _of_number(match: re.Match[str]) -> Iterator[float]:
    yield _seconds(float(match.group()) if "." in match.group() else int(match.group()))


def _of_moment(match: re.Match[str]) -> Iterator[float]:
    fields = [int(match.group(number)) for number in (1, 3, 4, 5, 7, 8)]
    fraction = float(f"0.{match.group(9) or 0}")
    return (moment + fraction for moment in _both(fields))


def _of_ctime(match: re.Match[str]) -> Iterator[float]:
    try:
        parsed = time.strptime(match.group(), "%a %b %d %H:%M:%S %Y")
    except ValueError:  # another language
        return iter(())
    return _both(list(parsed[:6]))


def _both(fields: list[int]) -> Iterator[float]:
    """Yield a moment as local time and as UTC."""
    try:
        datetime.datetime(*fields)  # type: ignore[arg-type]
        yield float(calendar.timegm((*fields, 0, 0, -1)))
        yield time.mktime((*fields, 0, 0, -1))  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return


def _seconds(number: float) -> float:
    for digits in (10, 13, 16, 19):
        if 10 ** (digits - 1) <= number < 10**digits:
            return float(number) / 10.0 ** (digits - 10)
    return 0.0


def _is_now(moment: float) -> bool:
    # Seconds may have been truncated or rounded.
    return moment % 60 != 0 and load_began() - 1 <= moment <= time.time() + 1
