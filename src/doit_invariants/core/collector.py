"""Python's garbage collector, kept from what lives until the end anyway.

It looks at all objects again and again while their number grows: a third of the time that thousands
of tasks take to load and to check, in which it finds nothing.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Have nothing collected meanwhile, and what there is then left alone until the next time.

    What nothing refers to any more is freed all the same; here it is about circles of objects.
    At the end of the process Python has less to look at, too.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    gc.unfreeze()  # of another run in this process
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
