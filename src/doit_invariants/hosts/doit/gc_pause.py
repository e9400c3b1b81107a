"""Python's garbage collector, kept from what lives until the end anyway.

It looks at all objects again and again while their number grows: a third of the time that thousands
of tasks take to load and to check, in which it finds nothing.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: So many objects may pile up in a process that runs doit again and again.
_MANY = 500_000
#: How many there were after the last time that all were looked at.
_kept = [0]


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Have nothing collected meanwhile, and what there is then left alone until the next time.

    What nothing refers to any more is freed all the same; here it is about circles of objects.
    At the end of the process Python has less to look at, too.
    """
    if not gc.isenabled():
        yield
        return
    if gc.get_freeze_count() > _MANY + _kept[0]:
        # What earlier runs of a notebook have left in circles; not each time, as it takes long.
        gc.unfreeze()
        gc.collect()
        _kept[0] = len(gc.get_objects())
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
