"""Outlines of values that may be kept: short, and without secrets."""

from __future__ import annotations

import re
from typing import Any

from doit_invariants.code.loaded.process_state import portable_text
from doit_invariants.hashing.outline import Outline, outline

_MOST_SHOWN = 20
_WIDTH = 400
_SECRET = re.compile(
    r"secret|passw|passphrase|credential|token(?!i)|(api|private|auth|access)_?key"
    r"|(?<![a-z])(auth|pwd|pat|dsn|key)(?![a-z])",
    re.IGNORECASE,
)
#: A text that holds one itself: in a URL, behind an option of a command.
_HOLDS_SECRET = re.compile(
    r"://[^/\s:@]*:[^@\s/]+@|\s-u\s+\S+:\S"
    r"|(password|passwd|passphrase|pwd|token|secret|api[-_]?key)['\"]?[\s=:,]+\S",
    re.IGNORECASE,
)


def redacted_outline(label: str, value: Any, root: str) -> Outline | None:
    """Return texts for the parts of a value; None if it has too many of them.

    :param label: how code calls the value: a telling name is a reason to keep nothing
    :param root: directory of the project, cut off paths below it
    """
    try:
        found = outline(value, _WIDTH, lambda text: portable_text(text, root))
    except Exception:  # a class that raises when it is looked at: to explain is no reason to fail
        return None
    if found is None or len(found) > _MOST_SHOWN:
        return None
    return {
        where: text
        for where, text in found.items()
        if not _SECRET.search(f"{label}{where}") and not _HOLDS_SECRET.search(text)
    }
