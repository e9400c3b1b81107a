"""Calls the hooks of plugins for digests of values and files, and checks what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.files.state import FileDigester
from doit_invariants.hashing.values import ValueDigester


def checked(teach: Callable[..., Any]) -> ValueDigester:
    """Return a caller of invariants_digest_value that only accepts a string or None."""

    def taught(value: Any) -> str | None:
        text: str | None = teach(value=value)
        if not isinstance(text, (str, type(None))):
            raise CannotFingerprint(
                f"invariants_digest_value must return a string or None, not {type(text).__name__}"
            )
        return text

    return taught


def guarded(teach: Callable[..., Any]) -> FileDigester:
    """Return a caller of invariants_digest_file whose errors only fail the task that needs it."""

    def taught(path: str) -> str | None:
        try:
            digest: str | None = teach(path=path)
            if not isinstance(digest, (str, type(None))):
                raise TypeError(f"it must return a string or None, not {type(digest).__name__}")
        except Exception as error:
            text = f"invariants_digest_file failed with {type(error).__name__}: {error}"
            raise CannotFingerprint(f"{path}: {text}") from error
        return digest

    return taught
