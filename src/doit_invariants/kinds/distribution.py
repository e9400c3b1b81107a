"""``Distribution``: the versions of installed packages."""

from __future__ import annotations

import re
from importlib import metadata
from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Change, Difference
from doit_invariants.hashing.values import digest_value
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

# PEP 508.
_NAME = re.compile(r"\s*[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*")


class Distribution(Invariant):
    """Unchanged while the installed versions are the same: ``Distribution("numpy", "pandas")``.

    :param names: names of distributions as pip installs them, in any spelling pip accepts

    "Not installed" counts as a version. A change without a new version, such as an edit in an
    editable install, is not seen: track its files or functions instead.
    """

    kind: ClassVar[str] = "Distribution"

    def __init__(self, *names: str) -> None:
        self.names = names

    def identity(self) -> str:
        """The names, in any order."""
        return ", ".join(sorted(map(str, self.names)))

    def validate(self) -> None:
        """Accept at least one name, each the name of a distribution."""
        if not self.names:
            raise InvalidOption("Distribution() needs at least one name: Distribution('numpy')")
        for name in self.names:
            if not isinstance(name, str) or not name.strip():
                raise InvalidOption(
                    f"Distribution: the name of a distribution must be a string, got {name!r:.60}"
                )
            if not _NAME.fullmatch(name):
                raise InvalidOption(
                    f"Distribution: {name!r:.60} is not the name of a distribution; give names "
                    "without patterns, versions or extras: Distribution('numpy', 'pandas')"
                )

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record each version, None for a distribution that is not installed."""
        versions = {name: _version(context, name) for name in sorted(set(self.names))}
        return {"digest": digest_value(versions), "versions": versions}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the versions that changed, old and new."""
        if old["digest"] == new["digest"]:
            return None
        before, after = old["versions"], new["versions"]
        changes = tuple(
            Change(
                "changed", name, before.get(name) or "not installed", after[name] or "not installed"
            )
            for name in after
            if before.get(name) != after[name]
        )
        return Difference(", ".join(map(str, changes)) or "changed", changes)


def _version(context: Context, name: str) -> str | None:
    key = ("Distribution", name)
    if key not in context.memo:
        try:
            context.memo[key] = metadata.version(name)
        except metadata.PackageNotFoundError:
            context.memo[key] = None
    version: str | None = context.memo[key]
    return version
