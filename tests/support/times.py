"""Waits for what depends on the clock of the file system."""

from __future__ import annotations

import time


def let_settle() -> None:
    """Wait until the stats of files that were just written are trusted.

    Two writes within one tick of the clock can leave the same times, so a file is read again if it
    was written less than 20 ms before it was recorded.
    """
    time.sleep(0.03)
