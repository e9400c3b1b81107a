"""``Git``: a commit."""

from __future__ import annotations

import subprocess
from typing import ClassVar

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Change, Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant

_SHORT = 12


class Git(Invariant):
    """Unchanged while a ref names the same commit.

    :param ref: anything that ``git rev-parse`` accepts for a commit: ``HEAD``, ``main``, ``v1.2``

    Uncommitted changes do not count: track the files to see them. Git runs in the project's
    directory, once in a run of doit.
    """

    kind: ClassVar[str] = "Git"

    def __init__(self, ref: str = "HEAD") -> None:
        self.ref = ref

    def identity(self) -> str:
        """The ref."""
        return str(self.ref)

    def validate(self) -> None:
        """Accept a string that git can't take for an option."""
        if not isinstance(self.ref, str) or not self.ref.strip() or self.ref.startswith("-"):
            raise InvalidOption(f"Git: the ref must be a string like 'HEAD', got {self.ref!r:.60}")

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the full hash of the commit."""
        key = ("Git", self.ref)
        if key not in context.memo:
            context.memo[key] = self._commit(context.root)
        return {"digest": context.memo[key]}

    def _commit(self, root: str) -> str:
        command = ["git", "rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}"]
        try:
            done = subprocess.run(
                command,
                cwd=root,
                check=False,
                timeout=60,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError as error:
            raise CannotFingerprint(f"{self}: git is not installed") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotFingerprint(f"{self}: git can't be run: {error}") from error
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            why = said[-1] if said else f"no commit is named {self.ref}"
            raise CannotFingerprint(f"{self}: {why}")
        return f"git:{done.stdout.strip()}"

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name both commits, abbreviated."""
        if old["digest"] == new["digest"]:
            return None
        sides = (str(side["digest"]).removeprefix("git:")[:_SHORT] for side in (old, new))
        change = Change("changed", "commit", *sides)
        return Difference(str(change), (change,))
