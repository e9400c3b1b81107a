"""Types of values that nobody can change."""

from __future__ import annotations

import datetime
import enum
import pathlib
import re

#: Equal ones are the same for every purpose.
FIXED: tuple[type, ...] = (
    str,
    int,
    float,
    complex,
    bytes,
    type(None),
    tuple,
    frozenset,
    range,
    enum.Enum,
)
FIXED += (pathlib.PurePath, re.Pattern, datetime.date, datetime.time, datetime.timedelta)
