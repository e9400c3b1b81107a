"""Outlines of values that may be stored: short, and without secrets."""

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
#: Strings that contain a secret themselves: in a URL, or after an option of a command.
_HOLDS_SECRET = re.compile(
    r"://[^/\s:@]*:[^@\s/]+@|\s-u\s+\S+:\S"
    r"|(password|passwd|passphrase|pwd|token|secret|api[-_]?key)['\"]?[\s=:,]+\S",
    re.IGNORECASE,
)


def redacted_outline(label: str, value: Any, root: str) -> Outline | None:
    """Return short strings for the parts of a value; None if it has too many parts.

    :param label: name of the value in the code: a name that suggests a secret hides the value
    :param root: project directory, which is replaced in paths
    """
    try:
        found = outline(value, _WIDTH, lambda text: portable_text(text, root))
    except Exception:  # a class raises; do not fail only because an explanation can't be made
        return None
    if found is None or len(found) > _MOST_SHOWN:
        return None
    return {
        where: text
        for where, text in found.items()
        if not _SECRET.search(f"{label}{where}") and not _HOLDS_SECRET.search(text)
    }
