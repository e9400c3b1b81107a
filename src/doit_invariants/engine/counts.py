"""What became of the tasks of a run, for the line at its end."""

from __future__ import annotations

from typing import Any

from doit_invariants.core.text import listing


class Counts:
    """Tasks by what became of them.

    :ivar ran, up_to_date, restored, failed: how many; tasks without actions do not count
    :ivar not_run: how many of the asked for did not run, because others failed
    :ivar saved: how long the tasks that were restored took when they ran, in seconds
    :ivar compared: how many ran to be compared with what the store has
    :ivar not_reproducible: names of tasks that made something else than the store has
    """

    def __init__(self) -> None:
        self.ran = self.up_to_date = self.restored = self.failed = self.compared = 0
        self.not_run = 0
        self.saved = 0.0
        self.not_reproducible: list[str] = []

    def text(self) -> str:
        """Return the line: ``3 ran, 2 up-to-date, 5 restored (saved 4m 10s)``."""
        parts = [f"{self.ran} ran", f"{self.up_to_date} up-to-date"]
        if self.restored:
            from doit_invariants.core.units import format_duration  # late: few runs restore

            parts.append(f"{self.restored} restored (saved {format_duration(self.saved)})")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.not_run:
            parts.append(f"{self.not_run} not run")
        if self.compared:
            parts.append(f"{self.compared} compared")
        if self.not_reproducible:
            parts.append(f"not reproducible: {listing(self.not_reproducible)}")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as the JSON reporter writes them."""
        return {
            "ran": self.ran,
            "up_to_date": self.up_to_date,
            "restored": self.restored,
            "failed": self.failed,
            "not_run": self.not_run,
            "saved_seconds": round(self.saved, 3),
            "compared": self.compared,
            "not_reproducible": self.not_reproducible,
        }
