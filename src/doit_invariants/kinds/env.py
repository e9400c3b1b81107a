"""``Env``: environment variables."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import secrets
from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Change, Difference
from doit_invariants.files.lock import HELD
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

# Slow on purpose: somebody who has the DB could otherwise guess short values by brute force.
_ROUNDS = 50_000
# A signature must be the same in every project, so it can't use the salt of one. The digested
# string begins with the name of the variable.
_PORTABLE = "doit-invariants"
_PATTERN = re.compile(r"[*?\[]")
# Occurs in regular expressions, lists and references, but never in the name of a variable.
_MISTAKEN = re.compile(r"[\s,;|$^{}\\!]|\.[*+]|\A%.+%\Z")


class Env(Invariant):
    """Unchanged while these environment variables are the same; unset differs from empty.

    :param names: names of the variables. Names with ``*``, ``?`` and ``[...]`` are patterns: they
        match all variables that are set when the task is checked, and a variable that was set or
        unset since counts as a change

    A value is never stored or shown. The record has a salted, deliberately slow digest of it
    (PBKDF2-HMAC-SHA256), and a reason only names the variable.
    """

    kind: ClassVar[str] = "Env"

    def __init__(self, *names: str) -> None:
        self.names = names
        self._shown = ", ".join(sorted(map(str, names)))

    def identity(self) -> str:
        """The names, in any order."""
        return self._shown

    def validate(self) -> None:
        """Accept at least one name, each a string that can name a variable."""
        if not self.names:
            raise InvalidOption("Env() needs at least one name: Env('API_REGION')")
        for name in self.names:
            if not isinstance(name, str) or not name or "=" in name or "\0" in name:
                raise InvalidOption(
                    f"Env: the name of a variable must be a string without '=', got {name!r:.60}"
                )
            if _MISTAKEN.search(name):
                raise InvalidOption(
                    f"Env: {name!r:.60} is not the name of a variable; give one name in each "
                    "argument, or a shell pattern: Env('API_REGION', 'NEXT_*')"
                )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record a digest of each variable, None for a listed one that is unset."""
        salt = _salt(context, previous)
        values = _digests(context, salt, _expanded(self.names))
        if previous is not None and previous.get("values") == values:
            return previous
        return {"digest": digest_value(values), "salt": salt, "values": values}

    def signature_part(self, fingerprint: Fingerprint, context: Context) -> str:
        """Return a digest without the project's salt, so that every machine gets the same one.

        It is as slow as the recorded one.
        """
        return digest_value(_digests(context, _PORTABLE, _expanded(self.names)))

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Say which variable changed, was set or unset."""
        before, after = old["values"], new["values"]
        if any(before.get(name, "") is None for name in filter(_PATTERN.search, self.names)):
            return None  # recorded by a version that took the pattern for a name: adopted
        names = sorted(before.keys() | after.keys())
        changed = [name for name in names if before.get(name) != after.get(name)]
        if not changed:
            return None
        text = ", ".join(f"{name} {_what(before.get(name), after.get(name))}" for name in changed)
        return Difference(text, tuple(Change("changed", name) for name in changed))


def _expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed variables, and those that match the patterns now."""
    if not any(map(_PATTERN.search, names)):
        return names
    found: set[str] = set()
    for name in names:
        if not _PATTERN.search(name):
            found.add(name)
            continue
        pattern = name.upper() if os.name == "nt" else name
        found.update(one for one in os.environ if fnmatch.fnmatchcase(one, pattern))
    return tuple(sorted(found - {HELD}))  # we set it ourselves, to a new value in each run


def _what(old: str | None, new: str | None) -> str:
    if new is None:
        return "was unset"
    return "was set" if old is None else "changed"


def _salt(context: Context, previous: Fingerprint | None) -> str:
    """Return the recorded salt, so that digests can be compared, or a new one for this run."""
    if previous is not None and isinstance(previous.get("salt"), str):
        return str(previous["salt"])
    # All tasks of a run share the new salt, so that each variable is digested only once.
    return str(context.memo.setdefault("Env salt", secrets.token_hex(16)))


def _digests(context: Context, salt: str, names: tuple[str, ...]) -> dict[str, str | None]:
    """Return the digest of each variable, from the memo if another task asked for the same ones."""
    present = tuple(map(os.environ.get, names))
    key = ("Env", salt, names, present)
    found: dict[str, str | None] | None = context.memo.get(key)
    if found is None:
        pairs = sorted(set(zip(names, present, strict=True)))
        found = {name: _digest(context, salt, name, value) for name, value in pairs}
        context.memo[key] = found
    return found


def _digest(context: Context, salt: str, name: str, value: str | None) -> str | None:
    if value is None:
        return None
    key = ("Env", salt, name, value)
    digest = context.memo.get(key)
    if digest is None:
        secret = os.fsencode(f"{name}={value}")
        raw = hashlib.pbkdf2_hmac("sha256", secret, salt.encode(), _ROUNDS)
        digest = context.memo[key] = "pbkdf2_sha256:" + raw.hex()
    return str(digest)
